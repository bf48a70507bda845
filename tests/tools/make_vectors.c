/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the test vectors of tests/vectors into a folder, the same bytes each time:
 *
 *     make_vectors FOLDER
 */
#include "tests/tools/make_vectors/make.h"

#include <sodium.h>
#include <stdio.h>

int main (int argc, char **argv)
{
    static const struct {
        const char *name, *about;
        void (*make) (void);
    } files[] = {
        { "canon", "Section 2: the one encoding of each value.", make_canon },
        { "code", "Section 3: codes, as printed and as typed.", make_code },
        { "proof", "Section 4: Merkle trees and paths.", make_proof },
        { "envelope", "Section 3 and 4: envelopes, judged alone with the key.", make_envelope },
        { "statement", "Section 5 and 6: the form of statements, requests and bundles.",
          make_statement },
        { "chain", "Section 5.2: credentials, taken one after the other.", make_chain },
        { "trust", "Sections 5.1 and 6: root files and policies that follow each other.",
          make_trust },
        { "intake", "Section 8: verdicts on messages, up to check 13.", make_intake },
        { "question", "Section 5.7: questions to the tree, and their answers.", make_question },
        { "route", "Section 7: which messages cross which link.", make_route },
        { "frame", "Section 9: the form of frames.", make_frame },
        { "link", "Sections 9.2 and 9.3: where a sender resumes, what a receiver takes.",
          make_link },
    };
    if (argc != 2 || sodium_init () < 0) {
        fprintf (stderr, "usage: make_vectors FOLDER\n");
        return 2;
    }
    world ();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        file_begin (files[i].name, files[i].about);
        files[i].make ();
        file_end (argv[1]);
    }
    return 0;
}
