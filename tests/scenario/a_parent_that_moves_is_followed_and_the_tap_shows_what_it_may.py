# SPDX-License-Identifier: Apache-2.0
"""Small things that an operator counts on: contact messages, the tap, labels."""

import os
import socket

import msgpack
import zmq

from support import AMBER, GREEN, Refused, need, prove, until

ENVELOPE_BODY = 20


def free_port(host):
    with socket.socket() as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


def children_follow_a_parent_that_announces_another_endpoint(tree):
    pk, sindh, kpt = tree.chain()
    new = f"tcp://{tree.host}:{free_port(tree.host)}"
    pk.publish("contact", {"endpoints": [new], "phone_day": "+92 51 0000000"}, ["pk.**"])
    until(lambda: sindh.logged(f"pk: now at {new}"), "the child takes note")
    need(sindh.open_to("pk"), "the link that stands is left alone")
    pk.stop()
    pk.configure(listen=new)
    pk.endpoint = new
    pk.start()
    until(lambda: sindh.open_to("pk"), "the child comes to the new endpoint")
    # And it still knows after a restart of its own.
    sindh.kill()
    sindh.start()
    until(lambda: sindh.open_to("pk"), "it comes there after its own restart")
    mark = kpt.say("still here", "pk")
    until(lambda: pk.holds(mark), "messages flow")


def a_slip_in_the_parents_contact_takes_nobody_off_the_bus(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    dead = f"tcp://{tree.host}:{free_port(tree.host)}"
    pk.publish("contact", {"endpoints": ["tcp//slip", dead]}, ["pk.**"])
    until(lambda: sindh.logged(f"pk: now at {dead}"), "the child takes note")
    pk.stop()
    pk.start()
    until(lambda: sindh.open_to("pk"), "it comes back where the parent is")
    sindh.stop()
    sindh.start()
    until(lambda: sindh.open_to("pk"), "after its own restart, too")


def the_next_endpoint_is_tried_when_one_does_not_answer(tree):
    pk = tree.join("pk")
    sindh = tree.home("pk.sindh", "provincial")
    dead = f"tcp://{tree.host}:{free_port(tree.host)}"
    sindh.configure(parent=[dead, pk.endpoint])
    sindh.start()
    until(lambda: sindh.open_to("pk"), "it comes to the second endpoint")
    need(sindh.link("pk")["endpoint"] == pk.endpoint, "and says so")


def the_tap_shows_what_is_for_this_party_up_to_its_label(tree):
    pk = tree.home("pk")
    pk.configure(tap="ipc://run/tap")
    pk.start()
    sindh = tree.join("pk.sindh", "provincial")
    tap = zmq.Context.instance().socket(zmq.SUB)
    tap.connect(f"ipc://{os.path.join(pk.home, 'run/tap')}")
    tap.subscribe(b"live note")
    seen = []

    def look(text):
        # Lossy, and said so: what was sent before the subscription arrived is missed.
        sindh.say(text, "pk")
        while tap.poll(200):
            topic, envelope = tap.recv_multipart()
            need(topic == b"live note", f"topic {topic}")
            signed = msgpack.unpackb(msgpack.unpackb(envelope)[0])
            seen.append(signed[ENVELOPE_BODY]["text"])
        return text in seen

    until(lambda: look("shown"), "a note at TLP:GREEN is shown")
    secret = sindh.say("not shown", "pk", tlp=AMBER)
    until(lambda: pk.holds(secret), "the note at TLP:AMBER is stored")
    until(lambda: look("shown after it"), "a later note is shown")
    need("not shown" not in seen, "what is above the tap's label was shown")
    tap.close(0)


def red_is_refused_because_nothing_can_seal_it_yet(tree):
    pk = tree["pk"]
    for tlp in (4, 5):
        try:
            pk.say("for named persons", "pk", tlp=tlp)
        except Refused as error:
            need(error.reason == "tlp-needs-sealing", error)
        else:
            need(False, "it was taken")
    pk.say("for the community", "pk", tlp=GREEN)


if __name__ == "__main__":
    prove(children_follow_a_parent_that_announces_another_endpoint,
          a_slip_in_the_parents_contact_takes_nobody_off_the_bus,
          the_next_endpoint_is_tried_when_one_does_not_answer,
          the_tap_shows_what_is_for_this_party_up_to_its_label)
    prove(red_is_refused_because_nothing_can_seal_it_yet, on=lambda tree: tree.join("pk"))
