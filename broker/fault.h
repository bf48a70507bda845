/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - where a broker can be made to die, for the scenarios
 *
 * Only in the program that is built for them (tests/certbusd-faults): with
 * CERTBUS_FAULT=NAME:N in its environment it kills itself, as kill -9 would, when
 * it passes the place NAME for the Nth time. With CERTBUS_AHEAD=MS its timers are that far
 * ahead, so that what is due next week is due now. In certbusd itself this is nothing.
 */
#ifndef CERTBUS_FAULT_H
#define CERTBUS_FAULT_H

#include <stdint.h>

/* Each place, and what is true there. */
#define FAULTS(X)                                                                                  \
    X (BEFORE_COMMIT, "before-commit", "a batch was written and is not committed")                 \
    X (AFTER_COMMIT, "after-commit", "it is committed; nobody was told")                           \
    X (BEFORE_ACK, "before-ack", "the loop knows; the ACK is not sent")                            \
    X (AFTER_ACK, "after-ack", "the ACK is sent; nothing was forwarded, no receipt is made")       \
    X (BEFORE_SIGN, "before-sign", "drafts were judged and are not signed")                        \
    X (BEFORE_ANSWER, "before-answer", "a message is on disk; who published it was not answered")  \
    X (AFTER_HELLO, "after-hello", "a HELLO was sent")                                             \
    X (AFTER_WELCOME, "after-welcome", "a WELCOME was sent")                                       \
    X (AFTER_SEND, "after-send", "a DATA frame was sent")

#ifdef CERTBUS_FAULTS
enum fault {
#define FAULT_X(NAME, name, text) FAULT_##NAME,
    FAULTS (FAULT_X)
#undef FAULT_X
        FAULT_END
};
void fault_here (enum fault fault);
#define FAULT_HERE(NAME) fault_here (FAULT_##NAME)
int64_t fault_ahead (void);
#define FAULT_AHEAD() fault_ahead ()
#else
#define FAULT_HERE(NAME) ((void) 0)
#define FAULT_AHEAD()    0
#endif

#endif
