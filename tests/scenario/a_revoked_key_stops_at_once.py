# SPDX-License-Identifier: Apache-2.0
"""What happens to the link and to the messages of a party whose credential is withdrawn."""

from support import Proxy, QUARANTINE, need, note, prove, until
from support_rogue import Rogue

REVOKED = 14


def a_revoked_key_stops_working_on_its_live_connection(tree):
    pk, sindh, kpt = tree.chain()
    rogue = Rogue(tree)
    try:
        rogue.open()
        rogue.send(rogue.note("before", "pk"))
        rogue.until(lambda: "before" in pk.texts(), "what it said before is at the top")
        # It does not listen when it is told that the session is over.
        rogue.deaf = True
        sindh.certbus("revoke", rogue.name, "--why", "key stolen")
        for text in ("after", "and again"):
            rogue.send(rogue.note(text, "pk"))
            rogue.step()
        until(lambda: not sindh.open_to(rogue.name), "its link is closed", 3)
        rogue.send(rogue.note("after", "pk"))
        rogue.step()
        # Its neighbours go on.
        mark = kpt.say("mark", "pk")
        until(lambda: pk.holds(mark), "another child's note comes through")
        for broker in tree.brokers.values():
            need(not {"after", "and again"} & set(broker.texts()), f"{broker.name} took it")
        need("before" in pk.texts(), "what was taken in before has gone")
        # Nobody lets it in again, and everybody knows.
        rogue.deaf = rogue.is_open = False
        rogue.close()
        mark = kpt.say("mark", "pk")
        rogue.until(lambda: pk.holds(mark), "another note")
        need(not rogue.is_open, "its link is open again")
        for broker in (pk, sindh, kpt):
            until(lambda broker=broker: any(record.kind == "revocation"
                                            for record in broker.records()),
                  f"{broker.name} has the revocation")
        for broker in (pk, sindh):
            need(any(party["name"] == rogue.name and party["revoked"]
                     for party in broker.ask("tree")["parties"]), f"{broker.name} shows it")
    finally:
        rogue.close()


def what_it_signed_later_is_quarantined_wherever_it_comes(tree):
    pk, sindh, kpt = tree.chain()
    punjab = tree.join("pk.punjab", "provincial")
    proxy = Proxy(pk.endpoint, tree.host)
    sindh.stop()
    sindh.configure(parent=proxy.endpoint)
    sindh.start()
    until(tree.connected, "connected through the proxy")
    before = kpt.say("before", "pk")
    until(lambda: pk.holds(before), "what it said before is at the top")
    # Its parent does not hear of it: what it says goes on, and is stopped above.
    proxy.shut = True
    proxy.cut()
    until(lambda: not pk.open_to("pk.sindh") and not sindh.open_to("pk"), "cut off")
    pk.certbus("revoke", "pk.sindh.kpt", "--why", "key stolen")
    later = kpt.say("later", "pk")
    until(lambda: sindh.holds(later), "its parent has stored it")
    proxy.shut = False
    kept = until(lambda: [record for record in pk.records(quarantine=True)
                          if record.text == "later"], "it is in quarantine at the top")
    need(kept[0].reason == REVOKED and kept[0].lane == QUARANTINE, f"for {kept[0].reason}")
    need("later" not in pk.texts() and "later" not in punjab.texts(), "it was taken")
    until(lambda: not sindh.open_to("pk.sindh.kpt"), "its parent has heard of it")
    # Here it was taken in before, and that verdict stays.
    need(sindh.holds(before) and pk.holds(before), "an earlier message has gone")
    need("revoked" in pk.certbus("list", "--quarantine"), "the list does not say why")
    note(pk.certbus("list", "--quarantine").strip().splitlines()[-1])
    proxy.close()


prove(a_revoked_key_stops_working_on_its_live_connection,
      what_it_signed_later_is_quarantined_wherever_it_comes)
