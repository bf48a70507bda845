/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

/* The sender's journal: epoch 1-5 ends at 10, 2-6 at 20, 3-7 is the current one and its head
 * is 30. The chain hash of position n is 32 times the byte n. */
static json_t *epochs (void)
{
    return json_pack ("[[i, i, i], [i, i, i], [i, i, i]]", 1, 5, 10, 2, 6, 20, 3, 7, 30);
}

static json_t *cursor (int counter, int nonce, int position, int chain)
{
    return json_pack ("[i, i, i, i]", counter, nonce, position, chain);
}

static const struct {
    const char *name;
    int counter, nonce, position, chain, expect;
    bool lost; /* the reader has seen what is not here */
} resumes[] = {
    { "a reader that never read", 0, 0, 0, 0, 0, false },
    { "a reader at the head", 3, 7, 30, 30, 30, false },
    { "a reader in the current epoch", 3, 7, 25, 25, 25, false },
    { "a reader at the beginning", 3, 7, 0, 0, 0, false },
    { "a reader of an earlier epoch, before its end", 1, 5, 7, 7, 7, false },
    { "a reader of an earlier epoch, at its end", 1, 5, 10, 10, 10, false },
    { "the same history in an epoch that is not listed", 9, 9, 7, 7, 7, false },
    { "the same history beyond the end of its epoch", 1, 5, 12, 12, 12, false },
    { "a reader at the beginning of an epoch that is not listed", 9, 9, 0, 0, 0, false },
    { "another history in the current epoch", 3, 7, 25, 26, 0, true },
    { "a position beyond the head", 3, 7, 31, 31, 0, true },
    { "another history beyond the end of an earlier epoch", 1, 5, 12, 99, 10, true },
    { "a position of an earlier epoch beyond the head", 2, 6, 31, 31, 20, true },
    { "another history before the end of an earlier epoch", 1, 5, 7, 99, 0, true },
    { "another history in an epoch that is not listed", 9, 9, 7, 99, 0, true },
    { "another life with the counter of the current epoch", 3, 8, 25, 99, 0, true },
};

static const struct {
    const char *name;
    int counter, nonce, prev;     /* of the frame */
    int at_counter, at_nonce, at; /* the cursor */
    bool first, taken;
} continues[] = {
    { "the next frame", 3, 7, 20, 3, 7, 20, false, true },
    { "a frame that leaves something out", 3, 7, 21, 3, 7, 20, false, false },
    { "a frame that comes again", 3, 7, 19, 3, 7, 20, false, false },
    { "a first frame that continues", 3, 7, 20, 3, 7, 20, true, true },
    { "a first frame that repeats", 3, 7, 0, 3, 7, 20, true, true },
    { "a first frame that leaves something out", 3, 7, 21, 3, 7, 20, true, false },
    { "a first frame of an epoch that is not current", 1, 5, 5, 1, 5, 5, true, false },
    { "a later frame of another epoch", 3, 7, 5, 1, 5, 5, false, false },
    { "a first frame after an earlier epoch", 3, 7, 5, 1, 5, 5, true, true },
    { "a first frame from the end of an earlier epoch", 3, 7, 10, 1, 5, 15, true, true },
    { "a first frame from after the end of an earlier epoch", 3, 7, 11, 1, 5, 15, true, false },
    { "a first frame after an epoch that is not listed", 3, 7, 9, 9, 9, 9, true, true },
    { "a first frame beyond where an unlisted epoch was read", 3, 7, 10, 9, 9, 9, true, false },
    { "a first frame from the beginning after an unlisted epoch", 3, 7, 0, 9, 9, 9, true, true },
    { "a first frame of another life of the sender", 3, 8, 5, 3, 8, 5, true, false },
    { "a first frame for who never read", 3, 7, 0, 0, 0, 0, true, true },
    { "a first frame for who never read that does not begin at the beginning", 3, 7, 1, 0, 0, 0,
      true, false },
};

void make_link (void)
{
    for (size_t i = 0; i < sizeof resumes / sizeof resumes[0]; i++)
        vector_with (
            "resume", resumes[i].name,
            json_pack ("{s:o, s:o}", "epochs", epochs (), "cursor",
                       cursor (resumes[i].counter, resumes[i].nonce, resumes[i].position,
                               resumes[i].chain)),
            "ok", json_pack ("{s:i, s:b}", "position", resumes[i].expect, "lost", resumes[i].lost));
    for (size_t i = 0; i < sizeof continues / sizeof continues[0]; i++)
        vector_with (
            "continue", continues[i].name,
            json_pack ("{s:o, s:o, s:b, s:[i, i], s:i}", "epochs", epochs (), "cursor",
                       cursor (continues[i].at_counter, continues[i].at_nonce, continues[i].at, 0),
                       "first", continues[i].first, "epoch", continues[i].counter,
                       continues[i].nonce, "prev", continues[i].prev),
            "ok", json_pack ("{s:b}", "taken", continues[i].taken));
}
