/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

static const struct {
    const char *name, *hash, *code;
} printed[] = {
    { "all zero bits", "b(32,00)", "0000-0000-0000-0000" },
    { "all one bits", "b(32,ff)", "ZZZZ-ZZZZ-ZZZZ-ZZZZ" },
    { "the most significant bits come first",
      "#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "04HM-ASW9-NF6Y-Y093" },
    { "one bit in the first symbol",
      "#8000000000000000000000000000000000000000000000000000000000000000", "G000-0000-0000-0000" },
    { "the eightieth bit is the last one shown",
      "#0000000000000000000180000000000000000000000000000000000000000000", "0000-0000-0000-0001" },
    { "the eighty-first bit is not shown",
      "#00000000000000000000ffffffffffffffffffffffffffffffffffffffffffff", "0000-0000-0000-0000" },
};

static const struct {
    const char *name, *typed, *code;
} typed[] = {
    { "as it is printed", "04HM-ASW9-NF6Y-Y093", "04HM-ASW9-NF6Y-Y093" },
    { "in lower case and without dashes", "04hmasw9nf6yy093", "04HM-ASW9-NF6Y-Y093" },
    { "the letters that look like digits", "o4hm-asw9-nf6y-yo93", "04HM-ASW9-NF6Y-Y093" },
    { "i and l are one", "il00-0000-0000-0000", "1100-0000-0000-0000" },
    { "I, L and O in upper case", "ILO0-0000-0000-0000", "1100-0000-0000-0000" },
    { "dashes anywhere", "--0-4HMASW9NF6YY093-", "04HM-ASW9-NF6Y-Y093" },
    { "a symbol too few", "04HM-ASW9-NF6Y-Y09", "none" },
    { "a symbol too many", "04HM-ASW9-NF6Y-Y0933", "none" },
    { "a u, which is no symbol", "u4HM-ASW9-NF6Y-Y093", "none" },
    { "a blank between", "04HM ASW9 NF6Y Y093", "none" },
    { "a blank before", " 04HM-ASW9-NF6Y-Y093", "none" },
    { "a dot", "04HM.ASW9.NF6Y.Y093", "none" },
    { "a dotless i",
      "\xc4\xb1"
      "4HM-ASW9-NF6Y-Y093",
      "none" },
    { "nothing", "", "none" },
    { "dashes only", "----", "none" },
};

void make_code (void)
{
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        struct span packed = say (printed[i].hash); /* with a header of two bytes */
        vector ("code", printed[i].name,
                json_pack ("{s:o}", "hash", hex (span_bytes (packed.data + 2, packed.size - 2))),
                printed[i].code);
    }
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        vector ("code-typed", typed[i].name, json_pack ("{s:s}", "typed", typed[i].typed),
                typed[i].code);
}
