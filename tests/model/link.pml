/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.pml - a model of docs/protocol.md section 9: two ends, their journals, a link that fails
 *
 * docs/model.md says what is modelled, what is left out and what was found; run.sh says which
 * configurations are verified and which mutants must be caught. The names of states, events and
 * verbs are those of bus/core/link.h and bus/core/catalog.h (names.sh compares them).
 *
 * End 0 is the child, end 1 the parent. Everything an end does is one atomic step; between two
 * steps the connection may be cut, an end may crash, and a journal may be put back to a backup.
 */

/* A configuration sets these. Messages 1 to NC are the child's, 4 to 3+NP the parent's. */
#ifndef NC
#define NC 2
#endif
#ifndef NP
#define NP 1
#endif
#ifndef CUTS
#define CUTS 0
#endif
#ifndef CRASHES_C
#define CRASHES_C 0
#endif
#ifndef CRASHES_P
#define CRASHES_P 0
#endif
#ifndef RESTORES_C
#define RESTORES_C 0
#endif
#ifndef RESTORES_P
#define RESTORES_P 0
#endif
#ifndef ROUTINES /* bit m: message m travels in the routine lane */
#define ROUTINES 0
#endif
#ifndef LOCALS /* bit m: message m does not cross the link */
#define LOCALS 0
#endif

mtype:verb = { HELLO, WELCOME, DATA, ACK, RECOVER, REJECT, PING }
mtype:state = { IDLE, WAITING, OPEN }
mtype:event = { START, SILENCE, CUT }

#define FLASH 0
#define ROUTINE 1
#define RECOVERY 2 /* the third of three here: bulk behaves as routine does */
#define LANES 3

#define ORIGIN(m) ((m) > 3)
#define LANE(m) ((ROUTINES >> (m)) & 1)
#define CROSSES(m) (!((LOCALS >> (m)) & 1))
#define LIMIT(me) ((me) -> NP : NC)

/* A cursor in a byte: epoch (0 to 3), position (0 to 7), chain. The chain hash at a position is
 * which life of the journal wrote the record there: within one life a position is written once,
 * and a restore begins another life, so two journals agree on (position, life) exactly when
 * their chain hashes would be equal. */
#define CURSOR(e, p, g) ((e) | ((p) << 2) | ((g) << 5))
#define EPOCH(x) ((x) & 3)
#define POSITION(x) (((x) >> 2) & 7)
#define CHAIN(x) (((x) >> 5) & 1)
#define UNKNOWN 7

/* The epochs in a greeting: current, head, and the ends of epochs 0 to 2. */
#define LISTED(me) (cur[me] | (head[me] << 2) | (ends[(me) * 3] << 5) | \
                    (ends[(me) * 3 + 1] << 8) | (ends[(me) * 3 + 2] << 11))
#define LISTED_HEAD(d) (((d) >> 2) & 7)
#define LISTED_END(d, e) (((d) & 3) == (e) -> LISTED_HEAD (d) : \
                          ((e) == 3 -> UNKNOWN : (((d) >> (5 + 3 * (e))) & 7)))

/* Durable. */
byte log[16];         /* me * 8 + position: which message is there */
byte head[2];
byte has[2];          /* bit m: message m is in the log */
byte cur[2];          /* the current epoch */
byte ends[6];         /* me * 3 + epoch: where an earlier one ends */
byte curs[6];         /* me * 3 + lane: my cursor into the other journal */
bit wanted[2];        /* own messages are still to be recovered from the neighbour */

/* A backup, and what a restore leaves behind. Below head the log never changes. */
byte old_head[2], old_has[2], old_cur[2], old_ends[6], old_curs[6];
bit old_wanted[2], old_there[2];
bit life[2];          /* restored once */
byte r_head[2];       /* head at that moment */

/* Volatile. */
mtype:state st[2] = IDLE;
byte sess[2];
bit heard[2];         /* has seen the neighbour's cursors since the start */
byte sent[6], flying[6]; /* me * 3 + lane: position sent, frames not acknowledged */
bit first[6];         /* me * 3 + lane: no frame was taken in this session */
bit tell[6];          /* me * 3 + lane: the neighbour's cursor must be moved, if only by a word */
bit rewound[2];       /* RECOVER came and is not answered to the end */
short listed[2];      /* the epochs in the neighbour's greeting */
bit batch[2];         /* accepted, not committed: */
byte b_lane[2], b_count[2], b_cursor[2], b_message[4];
bit b_all[2];         /* and with it all that was asked for has come */
bit asked;            /* the child's PING is not answered */

/* The world. Frames cut off may still come late, after those of a new connection. */
chan wire[2] = [7] of { mtype:verb, byte, byte, byte, byte, short };
chan late[2] = [1] of { mtype:verb, byte, byte, byte, byte, short };
byte cuts = CUTS, crashes[2], restores[2];
byte made[2];         /* messages signed, ever */
byte id[7];           /* of a message: epoch | sequence << 2; the origin is ORIGIN (m) */
byte epochs[2];       /* epochs begun, ever: nonces never repeat */

/* Scratch: never carried from step to step. */
hidden mtype:verb v;
hidden mtype:event what;
hidden byte s, a, b, c, i, j, k, l, m, x, r, n;
hidden short d;
hidden byte lost, anew, ok;

#define HAS(me, m) ((has[me] >> (m)) & 1)
#define on(event, me) what = event; printf ("end %d, %e: %e\n", me, st[me], what)
#define LIFE(me, p) (life[me] && (p) > r_head[me])
#define HERE(me, x) (POSITION (x) <= head[me] && CHAIN (x) == LIFE (me, POSITION (x)))
#define ROOM(me) (len (wire[1 - (me)]) < 6)
#define ROOM_FOR_DATA(me) (len (wire[1 - (me)]) < 3)
#define QUIET (empty (wire[0]) && empty (wire[1]) && !batch[0] && !batch[1])
#define FLYING(me) (flying[(me) * 3] + flying[(me) * 3 + 1] + flying[(me) * 3 + 2])

/* --- The journal ------------------------------------------------------------------------- */

/* Appends m: (3) nothing twice, (4) order in a lane per origin and epoch, (6) one message an id. */
inline append (me, message)
{
    j = 1;
    do
    :: j <= head[me] ->
        k = log[(me) * 8 + j];
        assert (k != message);
        assert (ORIGIN (k) != ORIGIN (message) || id[k] != id[message]);
        assert (ORIGIN (k) != ORIGIN (message) || LANE (k) != LANE (message) ||
                EPOCH (id[k]) != EPOCH (id[message]) || id[k] < id[message]);
        j++
    :: else -> break
    od;
    head[me]++;
    assert (head[me] < 7);
    log[(me) * 8 + head[me]] = message;
    has[me] = has[me] | (1 << (message))
}

inline new_epoch (me, end)
{
    assert (epochs[me] < 4);
    ends[(me) * 3 + cur[me]] = end;
    cur[me] = epochs[me];
    epochs[me]++;
    printf ("end %d begins epoch %d, the old one ends at %d\n", me, cur[me], end)
}

/* Property (2): what the journal `from` has, in this lane and up to `upto`, the other end has. */
inline nothing_passed (from, lane, upto)
{
    j = 1;
    do
    :: j <= upto ->
        k = log[(from) * 8 + j];
        assert (ORIGIN (k) != from || !CROSSES (k) || LANE (k) != lane || HAS (1 - (from), k));
        j++
    :: else -> break
    od
}

/* --- Sending ----------------------------------------------------------------------------- */

/* 9.3: r is where to resume for a reader with cursor x; lost: it has seen what is not here. */
inline resume (me, cursor)
{
    x = cursor;
    lost = POSITION (x) > 0 && !HERE (me, x);
    n = (EPOCH (x) == 3 || EPOCH (x) == cur[me] -> UNKNOWN : ends[(me) * 3 + EPOCH (x)]);
    if
    :: !lost -> r = POSITION (x)
#ifdef MUTANT_RESUME_AT_CURSOR
    :: lost -> r = (POSITION (x) < head[me] -> POSITION (x) : head[me])
#else
    :: lost && n != UNKNOWN && POSITION (x) > n -> r = n
    :: lost && (n == UNKNOWN || POSITION (x) <= n) -> r = 0
#endif
    fi
}

inline forget (me)
{
    st[me] = IDLE;
    sess[me] = 0;
    listed[me] = 0;
    rewound[me] = 0;
    i = 0;
    do
    :: i < LANES ->
        flying[(me) * 3 + i] = 0;
        sent[(me) * 3 + i] = 0;
        first[(me) * 3 + i] = 0;
        tell[(me) * 3 + i] = 0;
        i++
    :: else -> break
    od;
    if
    :: me == 0 -> asked = 0
    :: else
    fi
}

/* One lane of a session that begins: x is the neighbour's cursor in it. */
inline begin_lane (me, lane, cursor)
{
    resume (me, cursor);
    sent[(me) * 3 + lane] = r;
    tell[(me) * 3 + lane] = lost;
    anew = anew || (lost && EPOCH (x) == cur[me]);
    wanted[me] = wanted[me] || lost;
    if
    :: !life[1 - (me)] -> nothing_passed (me, lane, r)
    :: else /* an old HELLO may tell of what was lost since */
    fi
}

/* Sees the neighbour's cursors a, b and epochs d; begins the session s, unless (anew) it sees
 * that this run went on in an old memory: then it starts again. */
inline begin (me)
{
    anew = 0;
    st[me] = OPEN;
    sess[me] = s;
    listed[me] = d;
    heard[me] = 1;
    rewound[me] = 0;
    i = 0;
    do
    :: i < LANES -> flying[(me) * 3 + i] = 0; first[(me) * 3 + i] = 1; i++
    :: else -> break
    od;
    sent[(me) * 3 + RECOVERY] = 0;
    begin_lane (me, FLASH, a);
    begin_lane (me, ROUTINE, b);
#if !defined (RESUMED) && !defined (MUTANT_OLD_EPOCH)
    assert (!anew); /* an epoch is one run: nobody knows more of it than there is */
#endif
#ifdef MUTANT_NO_NEW_EPOCH
    anew = 0;
#endif
    if
    :: anew -> new_epoch (me, head[me]); forget (me)
    :: else
    fi
}

/* Whether position p is of interest to lane l: for the recovery lane what is the neighbour's own,
 * else what is this party's own. A frame ends at the first such record; when it does not cross
 * the link, the frame is empty and only moves the cursor. */
#define MATTERS(me, l, p) \
    (sent[(me) * 3 + (l)] < (p) && (p) <= head[me] && ((l) == RECOVERY -> \
     ORIGIN (log[(me) * 8 + (p)]) != (me) : \
     ORIGIN (log[(me) * 8 + (p)]) == (me) && LANE (log[(me) * 8 + (p)]) == (l)))
#define MORE(me, l) (MATTERS (me, l, 1) || MATTERS (me, l, 2) || MATTERS (me, l, 3) || \
                     MATTERS (me, l, 4) || MATTERS (me, l, 5) || MATTERS (me, l, 6))
#ifdef MUTANT_CURSOR_STAYS
#define HAS_WORD(me, l) MORE (me, l)
#else
#define HAS_WORD(me, l) (MORE (me, l) || tell[(me) * 3 + (l)])
#endif
#define MAY_SEND(me, l) (st[me] == OPEN && flying[(me) * 3 + (l)] < 2 && ROOM_FOR_DATA (me))

/* When there is nothing to send, an empty frame with prev = last: it moves a cursor that was not
 * found here, and in the recovery lane it says that this was all. */
inline send_data (me, lane)
{
    l = lane;
    k = sent[(me) * 3 + l];
    m = 0;
    if
    :: MORE (me, l) ->
        k++;
        do
        :: !MATTERS (me, l, k) -> k++
        :: else -> break
        od;
        if
        :: l == RECOVERY || CROSSES (log[(me) * 8 + k]) -> m = log[(me) * 8 + k]
        :: else
        fi
    :: else -> rewound[me] = rewound[me] && l != RECOVERY
    fi;
    wire[1 - (me)]!DATA (sess[me], l, CURSOR (cur[me], k, LIFE (me, k)),
                         sent[(me) * 3 + l] | (m << 3), 0);
    sent[(me) * 3 + l] = k;
    tell[(me) * 3 + l] = 0;
    flying[(me) * 3 + l]++;
    printf ("end %d sends DATA of session %d, lane %d, up to %d: message %d\n", me, sess[me], l,
            k, m)
}

/* --- Receiving --------------------------------------------------------------------------- */

/* 9.2 rule 1, for DATA in a, b, c against cursor x (what was accepted counts); sets ok. */
inline continues (me)
{
    x = (batch[me] && b_lane[me] == a -> b_cursor[me] : curs[(me) * 3 + a]);
    n = c & 7;
    if
    :: first[(me) * 3 + a] ->
        r = LISTED_END (listed[me], EPOCH (x));
        r = (r == UNKNOWN -> 0 : r);
        ok = n <= POSITION (x) && (EPOCH (b) == EPOCH (x) || n <= r)
    :: else -> ok = n == POSITION (x)
    fi;
#ifdef MUTANT_NO_PREV_CHECK
    ok = 1
#endif
}

inline accept (me)
{
    continues (me);
    if
    :: ok ->
        first[(me) * 3 + a] = 0;
        batch[me] = 1;
        b_lane[me] = a;
        b_cursor[me] = b;
        m = c >> 3;
        b_all[me] = a == RECOVERY && m == 0 && n == POSITION (b);
        if
        :: m != 0 -> b_message[(me) * 2 + b_count[me]] = m; b_count[me]++
        :: else
        fi;
#ifdef MUTANT_ACK_BEFORE_COMMIT
        wire[1 - (me)]!ACK (sess[me], a, b, 0, 0)
#endif
    :: !ok && me == 0 -> forget (0) /* out of step: and then START */
    :: else -> wire[0]!REJECT (s, 0, 0, 0, 0)
    fi
}

inline commit (me)
{
    printf ("end %d commits %d of lane %d, cursor at %d\n", me, b_count[me], b_lane[me],
            POSITION (b_cursor[me]));
    i = 0;
    do
    :: i < b_count[me] ->
        m = b_message[(me) * 2 + i];
        if
        :: !HAS (me, m) -> append (me, m)
#ifdef MUTANT_NO_DEDUPE
        :: HAS (me, m) -> append (me, m)
#endif
        :: else
        fi;
        b_message[(me) * 2 + i] = 0;
        i++
    :: else -> break
    od;
    l = b_lane[me];
    b = b_cursor[me];
    curs[(me) * 3 + l] = b;
    if
    :: l == RECOVERY && b_all[me] -> wanted[me] = 0
    :: l != RECOVERY && HERE (1 - (me), b) ->
        nothing_passed (1 - (me), l, POSITION (b))
    :: else
    fi;
    batch[me] = 0;
    b_lane[me] = 0;
    b_count[me] = 0;
    b_cursor[me] = 0;
    b_all[me] = 0;
    if
    :: st[me] == OPEN ->
#ifndef MUTANT_ACK_BEFORE_COMMIT
        wire[1 - (me)]!ACK (sess[me], l, b, 0, 0)
#else
        skip
#endif
    :: else
    fi
}

inline acknowledged (me)
{
    assert (POSITION (b) <= sent[(me) * 3 + a]);
    if
    :: a != RECOVERY && !life[1 - (me)] -> nothing_passed (me, a, POSITION (b))
    :: else
    fi;
    if
    :: POSITION (b) == sent[(me) * 3 + a] -> flying[(me) * 3 + a] = 0
    :: else -> flying[(me) * 3 + a] = 1
    fi
}

inline recover (me)
{
    if
    :: wanted[me] && st[me] == OPEN ->
        wire[1 - (me)]!RECOVER (sess[me], 0, curs[(me) * 3 + RECOVERY], 0, 0)
    :: else
    fi
}

#ifdef MUTANT_NO_SESSION
#define MINE(me) (st[me] == OPEN)
#else
#define MINE(me) (st[me] == OPEN && s == sess[me])
#endif

inline handle (me)
{
    printf ("end %d, %e: %e of session %d: %d %d %d\n", me, st[me], v, s, a, b, c);
    if
    :: v == HELLO && me == 1 ->
        begin (1);
        if
        :: st[1] == OPEN -> wire[0]!WELCOME (s, curs[3], curs[4], 0, LISTED (1))
        :: else
        fi;
        recover (1)
    :: v == WELCOME && st[me] == WAITING && s == sess[me] ->
        begin (0);
        recover (0)
    :: v == REJECT ->
#ifndef MUTANT_REJECT_IS_A_NOTE
        if
        :: st[me] != IDLE && s == sess[me] -> forget (me)
#ifdef MUTANT_REJECT_IS_ANSWERED
        :: st[me] == IDLE -> wire[1 - (me)]!REJECT (s, 0, 0, 0, 0)
#endif
        :: else
        fi
#else
        if
        :: st[me] == WAITING && s == sess[me] -> forget (me)
        :: else
        fi
#endif
    :: v != HELLO && v != REJECT && st[me] == IDLE && me == 1 ->
        wire[0]!REJECT (s, 0, 0, 0, 0)
    :: v == DATA && MINE (me) -> accept (me)
    :: v == ACK && MINE (me) -> acknowledged (me)
    :: v == RECOVER && MINE (me) ->
        resume (me, b);
        sent[(me) * 3 + RECOVERY] = r;
        flying[(me) * 3 + RECOVERY] = 0;
        rewound[me] = 1
    :: else /* another session's */
    fi
}

/* --- The two ends ------------------------------------------------------------------------ */

/* The smallest session id that nothing carries: what is not there cannot be told from fresh. */
#define CARRIED(q, n) (q??[HELLO, eval (n), _, _, _, _] || q??[WELCOME, eval (n), _, _, _, _] || \
                       q??[DATA, eval (n), _, _, _, _] || q??[ACK, eval (n), _, _, _, _] || \
                       q??[RECOVER, eval (n), _, _, _, _] || q??[REJECT, eval (n), _, _, _, _] || \
                       q??[PING, eval (n), _, _, _, _])
inline fresh ()
{
    s = 1;
    do
    :: s == sess[1] || CARRIED (wire[0], s) || CARRIED (wire[1], s) || CARRIED (late[0], s) ||
       CARRIED (late[1], s) -> s++
    :: else -> break
    od
}

inline sign (me)
{
    n = 1;
    j = 1;
    do
    :: j <= head[me] ->
        k = log[(me) * 8 + j];
        n = n + (ORIGIN (k) == me && EPOCH (id[k]) == cur[me]);
        j++
    :: else -> break
    od;
    made[me]++;
    m = made[me] + 3 * (me);
    id[m] = cur[me] | (n << 2);
    printf ("end %d signs message %d: epoch %d, sequence %d\n", me, m, cur[me], n);
    append (me, m)
}

/* A greeting tells the cursors: it waits until what was accepted is committed. */
#ifdef MUTANT_GREET_BEFORE_COMMIT
#define DRAINED(me) (1)
#define TAKES(q, me) (!batch[me] || q?[HELLO, _, _, _, _, _] || \
                      (b_count[me] < 2 && q?[DATA, _, eval (b_lane[me]), _, _, _]))
#else
#define DRAINED(me) (!batch[me])
#define TAKES(q, me) (!batch[me] || \
                      (b_count[me] < 2 && q?[DATA, _, eval (b_lane[me]), _, _, _]))
#endif

/* Time-outs are what would never end by itself: nothing is under way, something is unanswered. */
#ifdef MUTANT_NO_ACK_TIMEOUT
#define UNANSWERED(me) (wanted[me] && !rewound[1 - (me)])
#elif defined (MUTANT_NO_RECOVER_TIMEOUT)
#define UNANSWERED(me) (FLYING (me) > 0)
#else
#define UNANSWERED(me) (FLYING (me) > 0 || (wanted[me] && !rewound[1 - (me)]))
#endif
/* The parent pings too, in a session that the child does not know. */
#ifdef MUTANT_ANY_SESSION_IS_LIFE
#define HEARD (st[1] == OPEN)
#elif defined (MUTANT_REJECT_IS_A_NOTE)
#define HEARD (1) /* a REJECT for each PING */
#else
#define HEARD (0)
#endif

proctype broker (bit me)
{
end:
    do
    :: d_step { made[me] < LIMIT (me) && heard[me] -> sign (me); skip }
    :: d_step { batch[me] && ROOM (me) -> commit (me); skip }
    :: d_step { nempty (wire[me]) && TAKES (wire[me], me) && ROOM (me) ->
        wire[me]?v, s, a, b, c, d;
        handle (me); skip }
    :: d_step { nempty (late[me]) && TAKES (late[me], me) && ROOM (me) ->
        late[me]?v, s, a, b, c, d;
        handle (me); skip }
    :: d_step { MAY_SEND (me, FLASH) && HAS_WORD (me, FLASH) -> send_data (me, FLASH) }
    :: d_step { MAY_SEND (me, ROUTINE) && HAS_WORD (me, ROUTINE) -> send_data (me, ROUTINE) }
    :: d_step { MAY_SEND (me, RECOVERY) && rewound[me] -> send_data (me, RECOVERY) }
    :: d_step { QUIET && st[me] == OPEN && UNANSWERED (me) -> on (SILENCE, me); forget (me); skip }
    od
}

/* What only the child does. A PING that would be answered by PONG changes nothing: left out. */
proctype dialler ()
{
end:
    do
    :: d_step { st[0] == IDLE && DRAINED (0) && ROOM (0) ->
        on (START, 0);
        fresh ();
        st[0] = WAITING;
        sess[0] = s;
        wire[1]!HELLO (s, curs[0], curs[1], 0, LISTED (0)) }
    :: d_step { QUIET && st[0] == WAITING -> on (SILENCE, 0); forget (0); skip }
    :: d_step { QUIET && st[0] == OPEN && !asked && !(st[1] == OPEN && sess[1] == sess[0]) ->
        asked = 1;
        wire[1]!PING (sess[0], 0, 0, 0, 0) }
    :: d_step { QUIET && st[0] == OPEN && asked && !HEARD -> on (SILENCE, 0); forget (0); skip }
    od
}

/* --- Faults ------------------------------------------------------------------------------ */

/* Of what is in flight one frame, the one numbered `stays`, is still under way: all others go. */
inline lose (to, stays)
{
    i = 0;
    do
    :: nempty (wire[to]) ->
        wire[to]?v, s, a, b, c, d;
        i++;
        if
        :: i == stays && len (late[to]) == 0 ->
            printf ("to end %d: %e comes late\n", to, v);
            late[to]!v, s, a, b, c, d
        :: i != stays || len (late[to]) > 0
        fi
    :: empty (wire[to]) -> break
    od
}

inline start (me)
{
    printf ("end %d starts again, head %d\n", me, head[me]);
    batch[me] = 0;
    b_lane[me] = 0;
    b_count[me] = 0;
    b_cursor[me] = 0;
    b_all[me] = 0;
    b_message[(me) * 2] = 0;
    b_message[(me) * 2 + 1] = 0;
    forget (me);
#ifdef MUTANT_RECOVERY_FORGOTTEN
    wanted[me] = 0;
#endif
    do
    :: nempty (wire[me]) -> wire[me]?v, s, a, b, c, d
    :: empty (wire[me]) -> break
    od
}

/* Each run has an epoch of its own. RESUMED: not a start but an old memory that goes on, and signs
 * nothing before it has heard of the neighbour. */
#ifdef MUTANT_OLD_EPOCH
#define run_begins(me) skip
#else
#define run_begins(me) new_epoch (me, head[me])
#endif
#ifdef RESUMED
#define came_back(me) heard[me] = 0
#else
#define came_back(me) run_begins (me)
#endif

inline backup (me)
{
    old_there[me] = 1;
    old_head[me] = head[me];
    old_has[me] = has[me];
    old_cur[me] = cur[me];
    old_wanted[me] = wanted[me];
    i = 0;
    do
    :: i < 3 ->
        old_ends[(me) * 3 + i] = ends[(me) * 3 + i];
        old_curs[(me) * 3 + i] = curs[(me) * 3 + i];
        i++
    :: else -> break
    od
}

/* The journal as it was at the backup; the ids of what is lost may be used again. */
inline restore (me)
{
    j = old_head[me] + 1;
    do
    :: j <= head[me] -> log[(me) * 8 + j] = 0; j++
    :: else -> break
    od;
    head[me] = old_head[me];
    has[me] = old_has[me];
    cur[me] = old_cur[me];
    wanted[me] = old_wanted[me];
    i = 0;
    do
    :: i < 3 ->
        ends[(me) * 3 + i] = old_ends[(me) * 3 + i];
        curs[(me) * 3 + i] = old_curs[(me) * 3 + i];
        old_ends[(me) * 3 + i] = 0;
        old_curs[(me) * 3 + i] = 0;
        i++
    :: else -> break
    od;
    life[me] = 1;
    r_head[me] = head[me];
    old_there[me] = 0;
    old_head[me] = 0;
    old_has[me] = 0;
    old_cur[me] = 0;
    old_wanted[me] = 0
}

proctype faults ()
{
    byte to_child, to_parent, noticed;
end:
    do
    :: atomic { cuts > 0 ->
        select (to_child : 0 .. len (wire[0]));
        select (to_parent : 0 .. len (wire[1]));
        select (noticed : 0 .. 3);
        d_step {
            printf ("the connection is cut\n");
            cuts--;
            lose (0, to_child);
            lose (1, to_parent);
            to_child = 0;
            to_parent = 0;
            if
            :: (noticed & 1) && st[0] != IDLE -> on (CUT, 0); forget (0)
            :: else
            fi;
            if
            :: (noticed & 2) && st[1] != IDLE -> on (CUT, 1); forget (1)
            :: else
            fi;
            noticed = 0
        } }
    :: d_step { crashes[0] > 0 -> crashes[0]--; start (0); run_begins (0); skip }
    :: d_step { crashes[1] > 0 -> crashes[1]--; start (1); run_begins (1); skip }
    :: d_step { restores[0] > 0 && !old_there[0] -> backup (0); skip }
    :: d_step { restores[1] > 0 && !old_there[1] -> backup (1); skip }
    :: d_step { restores[0] > 0 && old_there[0] -> restores[0]--; restore (0); start (0);
                came_back (0); skip }
    :: d_step { restores[1] > 0 && old_there[1] -> restores[1]--; restore (1); start (1);
                came_back (1); skip }
    :: d_step { cuts + crashes[0] + crashes[1] + restores[0] + restores[1] > 0 ->
        cuts = 0; crashes[0] = 0; crashes[1] = 0; restores[0] = 0; restores[1] = 0 }
    od
}

/* --- Property (5), (6): when nothing more can happen, everything is where it belongs ------- */

proctype judge ()
{
    timeout ->
    d_step {
        assert (st[0] == OPEN && st[1] == OPEN && sess[0] == sess[1]);
        assert (!wanted[0] && !wanted[1]);
        /* The next session will not see the same loss again. */
        assert (POSITION (curs[0]) == 0 || HERE (1, curs[0]));
        assert (POSITION (curs[1]) == 0 || HERE (1, curs[1]));
        assert (POSITION (curs[3]) == 0 || HERE (0, curs[3]));
        assert (POSITION (curs[4]) == 0 || HERE (0, curs[4]));
        m = 1;
        do
        :: m <= 6 ->
            assert (!HAS (ORIGIN (m), m) || !CROSSES (m) || HAS (1 - ORIGIN (m), m));
            assert (!HAS (1 - ORIGIN (m), m) || HAS (ORIGIN (m), m));
            m++
        :: else -> break
        od;
        skip
    }
}

init {
    d_step {
        i = 0;
        do
        :: i < 6 -> ends[i] = UNKNOWN; i++
        :: else -> break
        od;
        epochs[0] = 1;
        epochs[1] = 1;
        heard[0] = 1;
        heard[1] = 1;
        crashes[0] = CRASHES_C;
        crashes[1] = CRASHES_P;
        restores[0] = RESTORES_C;
        restores[1] = RESTORES_P
    }
    atomic {
        run broker (0);
        run broker (1);
        run dialler ();
        run faults ();
        run judge ()
    }
}
