# SPDX-License-Identifier: Apache-2.0
"""A home on a small disk of its own, which gets nearly full, then quite full, then free."""

import json
import os
import pathlib
import subprocess

from support import PROJECT, Refused, Skip, need, note, prove, until

ADVISORY = PROJECT / "config/samples/advisory.json"
MEGABYTE = 1024 * 1024


def mounted(path):
    os.mkdir(path)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        os.rmdir(path)
    return done.returncode == 0


def free(path):
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize


def fill(path, left):
    with open(path / "ballast", "ab") as file:
        while free(path) > left:
            try:
                file.write(bytes(min(65536, max(4096, free(path) - left))))
                file.flush()
            except OSError:
                return


def refuses(broker, *audience):
    try:
        broker.say("new", *audience)
    except Refused as refused:
        need(refused.reason == "disk-full", f"it refuses for {refused.reason}")
        need("disk" in refused.detail, f"it says {refused.detail}")
        return True
    return False


def a_full_disk_refuses_what_is_new_and_nothing_else(tree):
    disk = pathlib.Path("pk.sindh").resolve()
    if not mounted(disk):
        raise Skip("no tmpfs can be mounted here")
    try:
        story(tree, disk)
        tree.finish()
    finally:
        for process in tree.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        os.chdir(tree.before)
        subprocess.run(["umount", str(disk)], check=True)
        os.chdir(tree.folder)


def advisory(number):
    """A document of its own: a number is given once."""
    document = json.loads(ADVISORY.read_text(encoding="utf-8"))
    document["body"]["number"] = number
    path = pathlib.Path(f"{number}.json").resolve()
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def story(tree, disk):
    pk = tree.join("pk")
    sindh = tree.home("pk.sindh", "provincial")
    sindh.configure(reserve_mb=8)
    sindh.start()
    kpt = tree.join("pk.sindh.kpt", "organisation", ["maritime"])
    until(tree.connected, "connected")
    ident = sindh.certbus("publish", "--again", "--tlp", "TLP:GREEN", "--to", "pk.sindh.**",
                          advisory("TEST-1")).split()[0]
    until(lambda: sindh.holds(ident)["delivered"], "a receipt while there is room")
    kpt.stop()
    waiting = sindh.certbus("publish", "--again", "--tlp", "TLP:GREEN", "--to", "pk.sindh.**",
                            advisory("TEST-2")).split()[0]

    fill(disk, 6 * MEGABYTE)
    need(refuses(sindh, "pk.sindh.**"), "it took a message with less than its reserve")
    need("disk" in sindh.certbus("publish", "--again", "--tlp", "TLP:GREEN", "--to", "pk.sindh.**",
                                 advisory("TEST-3"), expect=1), "the command line does not say so")
    until(lambda: sindh.status()["disk"]["full"], "status says so")
    need("disk" in sindh.status()["advice"], "it does not advise")
    # What was stored goes on, and receipts and acknowledgements come in.
    kpt.start()
    until(lambda: kpt.holds(waiting), "what was stored before is delivered")
    until(lambda: sindh.holds(waiting)["delivered"], "its receipt is stored")
    until(lambda: sindh.holds(waiting)["children"][0]["acked"], "and acknowledged")
    # A neighbour's new message waits where it is.
    held = kpt.say("an incident on a full disk", "pk")
    passing = pk.say("from above", "pk.sindh.**")
    until(lambda: "nearly full" in (kpt.link("pk.sindh")["refused"]), "the child is told")
    until(lambda: "nearly full" in (pk.link("pk.sindh")["refused"]), "the parent is told")
    need("the parent pk.sindh is reached, but it refused: the disk is nearly full; nothing new is "
         "taken; " in kpt.status()["advice"], kpt.status()["advice"])
    need(not sindh.holds(held) and not sindh.holds(passing), "it took a new one")
    note(kpt.link("pk.sindh")["refused"])

    # Not one byte: it lives, and says what is the matter.
    fill(disk, 0)
    need(refuses(sindh, "pk.sindh.**"), "it took a message without any room")
    need(sindh.answers(), "it has ended")

    os.unlink(disk / "ballast")
    again = sindh.say("there is room again", "pk.sindh.**")
    until(lambda: kpt.holds(again), "a new message is taken and delivered")
    until(lambda: pk.holds(held), "what waited at the child has come through")
    until(lambda: kpt.holds(passing), "what waited at the parent has come through")
    need(not sindh.status()["disk"]["full"], "status still says full")
    for broker in tree.brokers.values():
        texts = broker.texts()
        need(len(texts) == len(set(texts)), f"{broker.name} holds one twice")
        need(not broker.records(quarantine=True), f"{broker.name} has quarantined something")


prove(a_full_disk_refuses_what_is_new_and_nothing_else)
