# SPDX-License-Identifier: Apache-2.0
"""A journal restored from an old copy: as a new file and in place, of each broker in turn."""

import os
import pathlib
import shutil

from support import BULK, ROUTINE, need, note, prove, same_everywhere, until

SENT = {"pk": ["pk.**"], "pk.sindh": ["pk", "pk.sindh.**"], "pk.sindh.kpt": ["pk"]}


def say_some(tree, promised, label, names=SENT):
    """A few notes of each, in two lanes."""
    for name in names:
        for number in range(6):
            answer = tree[name].publish("note", {"text": f"{name} {label} {number}"},
                                        SENT[name], precedence=(ROUTINE, BULK)[number % 2])
            promised.add(tuple(answer["ref"]))


def settled(tree, promised):
    until(lambda: all(promised <= {note.id for note in broker.notes()}
                      for broker in tree.brokers.values()), "everything is everywhere")
    until(lambda: all(link["lag"] == 0 for broker in tree.brokers.values()
                      for status in [broker.status()]
                      for link in status["children"] + [status.get("parent") or {"lag": 0}]),
          "everything is acknowledged")


def keep_copy(broker):
    """Of a broker at rest: the journal is one file then."""
    broker.stop()
    need(not pathlib.Path(broker.home, "journal.db-wal").exists(), "a WAL is left")
    shutil.copyfile(f"{broker.home}/journal.db", f"{broker.name}.copy")
    broker.start()


def restore(broker, in_place):
    journal = pathlib.Path(broker.home, "journal.db")
    before = journal.stat().st_ino
    for left in ("-wal", "-shm"):
        pathlib.Path(f"{journal}{left}").unlink(missing_ok=True)
    if in_place:
        journal.write_bytes(pathlib.Path(f"{broker.name}.copy").read_bytes())
        need(journal.stat().st_ino == before, "another file")
    else:
        shutil.copyfile(f"{broker.name}.copy", f"{journal}.new")
        os.replace(f"{journal}.new", journal)


def check(tree, promised, victim, epoch):
    """Nothing is lost, nothing is there twice, and the epoch is a new one."""
    need(victim.status()["epoch"] != epoch, f"{victim.name} goes on in its old epoch")
    # What comes back comes in another lane, so its order here is another.
    same_everywhere([broker for broker in tree.brokers.values() if broker is not victim],
                    promised)
    same_everywhere(tree.brokers.values(), promised, ordered=False)
    for broker in tree.brokers.values():
        status = broker.status()
        need(not status["frozen"], f"{broker.name} has frozen {status['frozen']}")
        need(not broker.records(quarantine=True), f"{broker.name} has something in quarantine")


def restored(tree, victim, in_place, early, promised):
    turn = f"{in_place} {early}"
    say_some(tree, promised, f"a {turn}")
    settled(tree, promised)
    keep_copy(victim)
    until(tree.connected, "connected")
    say_some(tree, promised, f"b {turn}")
    settled(tree, promised)
    epoch = victim.status()["epoch"]
    if early:
        # Nobody is there to tell it, and it signs: numbers that were used already.
        neighbours = [broker for broker in tree.brokers.values() if broker is not victim]
        for broker in neighbours:
            broker.kill()
        victim.kill()
        restore(victim, in_place)
        victim.start()
        say_some(tree, promised, f"early {turn}", [victim.name])
        for broker in neighbours:
            broker.start()
    else:
        victim.kill()
        restore(victim, in_place)
        victim.start()
    until(tree.connected, "connected again")
    say_some(tree, promised, f"c {turn}")
    check(tree, promised, victim, epoch)


def every_way(tree, name):
    tree.chain()
    promised = set()
    for in_place in (False, True):
        for early in (False, True):
            restored(tree, tree[name], in_place, early, promised)
            note(f"{'in place' if in_place else 'as a new file'}"
                 f"{', and it spoke before anybody told it' if early else ''}")


def a_child_restored_from_an_old_copy_loses_and_duplicates_nothing(tree):
    every_way(tree, "pk.sindh.kpt")


def a_relay_restored_from_an_old_copy_loses_and_duplicates_nothing(tree):
    every_way(tree, "pk.sindh")


def a_parent_restored_from_an_old_copy_loses_and_duplicates_nothing(tree):
    every_way(tree, "pk")


prove(a_child_restored_from_an_old_copy_loses_and_duplicates_nothing,
      a_relay_restored_from_an_old_copy_loses_and_duplicates_nothing,
      a_parent_restored_from_an_old_copy_loses_and_duplicates_nothing)
