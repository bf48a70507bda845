# SPDX-License-Identifier: Apache-2.0
"""A link of 150 KB a second, megabytes of bulk on it, and one urgent message."""

import time

from support import BULK, FLASH, ROUTINE, Proxy, need, note, prove, until

RATE = 150_000
BULK_COUNT = 60
BULK_SIZE = 30_000


def a_flash_message_overtakes_bulk_on_a_slow_link(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    proxy = Proxy(pk.endpoint, tree.host)
    sindh.stop()
    sindh.configure(parent=proxy.endpoint)
    sindh.start()
    until(tree.connected, "connected through the proxy")
    proxy.rate = RATE
    for number in range(BULK_COUNT):
        pk.say(f"bulk {number} " + "." * BULK_SIZE, "pk.**", precedence=BULK)
    until(lambda: len(sindh.notes()) > 10, "bulk is on its way")
    for overtaker, label in ((FLASH, "flash"), (ROUTINE, "routine"), (FLASH, "flash again")):
        before = len(sindh.notes())
        begun = time.monotonic()
        ident = pk.say(label, "pk.**", precedence=overtaker)
        until(lambda ident=ident: sindh.holds(ident), f"the {label} message is there")
        took = time.monotonic() - begun
        mine = next(number for number, record in enumerate(sindh.notes())
                    if record.text == label)
        note(f"{label}: {took:.2f} s, behind {(mine - before) * BULK_SIZE // 1000} KB of bulk")
        need(mine < BULK_COUNT, "all bulk was there before")
        # What is in flight is bounded by what drains in 250 ms, two frames at least, and by
        # the buffers of two kernels and of the proxy.
        need((mine - before) * BULK_SIZE < 400_000, "too much was in front of it")
        need(took < 5, "it took too long")
    rest = len(sindh.notes())
    need(rest < BULK_COUNT, "the link was not slow enough to show anything")
    proxy.rate = None
    until(lambda: len(sindh.notes()) == BULK_COUNT + 3, "all bulk is there in the end")
    bulk = [record.sequence for record in sindh.notes() if record.lane == BULK]
    need(bulk == sorted(bulk), "bulk is out of order")
    proxy.close()


prove(a_flash_message_overtakes_bulk_on_a_slow_link)
