/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/core/attachment.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/fetch.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

/* A file as the broker's answer describes it. */
struct listed {
    struct span name, hash;
    int64_t size, parts, have;
};

static struct listed listed_read (struct span map)
{
    return (struct listed){ .name = body_text (map, "name"),
                            .hash = body_bytes (map, "hash"),
                            .size = body_int (map, "size", 0),
                            .parts = body_int (map, "parts", 0),
                            .have = body_int (map, "have", 0) };
}

static int ask_files (struct call *call, const struct msg_id *id, struct span *answer)
{
    struct ask *question = ask_new ("attachments");
    ask_ref (question, "id", id);
    return talk (call, CLIENT_READ, &question, ASK_TIMEOUT, answer);
}

void attach_print (struct call *call, const struct msg_id *id)
{
    struct span answer;
    struct pack_in in;
    size_t count =
        ask_files (call, id, &answer) == EXIT_DONE ? answer_array (answer, "files", &in) : 0;
    if (count)
        say ("\nAttachments (certbus save writes them)\n");
    while (count--) {
        struct listed file = listed_read (pack_any (&in));
        say ("  %s, %" PRId64 " bytes: ", line_of (file.name).text, file.size);
        if (file.have == file.parts)
            say ("complete\n");
        else if (file.have)
            say ("%" PRId64 " of %" PRId64 " parts\n", file.have, file.parts);
        else
            say ("not here\n");
    }
}

/* --- Names --------------------------------------------------------------------------------- */

/* A name from outside as one of a file in one folder: no way out of it, nothing hidden,
 * nothing that a terminal or a shell takes for more than a letter. */
static void safe_name (struct span name, char out[ATTACHMENT_NAME_MAX + 1])
{
    struct line line = line_of (name);
    static const char bad[] = "/\\<>|:*?\"'`$&;";
    snprintf (out, ATTACHMENT_NAME_MAX + 1, "%.*s", ATTACHMENT_NAME_MAX, line.text);
    for (char *at = out; *at; at++)
        if ((unsigned char) *at < ' ' || *at == 0x7f || strchr (bad, *at))
            *at = '_';
    if (out[0] == '.' || out[0] == '-')
        out[0] = '_';
    if (!out[0])
        snprintf (out, ATTACHMENT_NAME_MAX + 1, "attachment");
}

/* --- Writing ------------------------------------------------------------------------------- */

/* All pieces in order, and whether they are what the message says. */
static int write_file (struct call *call, const struct msg_id *id, const struct listed *file,
                       int fd)
{
    crypto_generichash_state whole;
    uint8_t hash[HASH_SIZE], wanted[HASH_SIZE];
    int64_t size = file->size;
    memcpy (wanted, file->hash.data, HASH_SIZE); /* the next answer takes its place */
    crypto_generichash_init (&whole, NULL, 0, HASH_SIZE);
    for (int64_t i = 0, count = file->parts; i < count; i++) {
        struct span answer;
        struct ask *question = ask_new ("part");
        ask_ref (question, "id", id);
        ask_bytes (question, "hash", span_bytes (wanted, HASH_SIZE));
        ask_int (question, "index", i);
        int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        struct span content = body_bytes (answer, "content");
        if ((int64_t) content.size != part_bytes (size, i))
            return refused ("part %" PRId64 " has another size than the message says", i);
        crypto_generichash_update (&whole, content.data, content.size);
        if (!file_put (fd, content))
            return refused ("it cannot be written: %s", strerror (errno));
    }
    crypto_generichash_final (&whole, hash, HASH_SIZE);
    if (memcmp (hash, wanted, HASH_SIZE) != 0)
        return refused ("its parts are here, but they are not the file that the message lists "
                        "(another hash): it is not written");
    return fsync (fd) == 0 ? EXIT_DONE : refused ("it cannot be written: %s", strerror (errno));
}

static int save_file (struct call *call, const struct msg_id *id, const struct listed *file,
                      const char *folder)
{
    char name[ATTACHMENT_NAME_MAX + 1], path[PATH_TEXT], made[PATH_TEXT];
    safe_name (file->name, name);
    snprintf (path, sizeof path, "%.3000s/%s", folder, name);
    snprintf (made, sizeof made, "%.3000s/.certbus-%08x", folder, (unsigned) randombytes_random ());
    /* Before its pieces are asked for; what counts is the look when it is put in place. */
    if (access (path, F_OK) == 0)
        return refused ("%s: exists already; it is left as it is", line_text (path).text);
    int fd = open (made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refused ("%s: %s", line_text (folder).text, strerror (errno));
    int code = write_file (call, id, file, fd);
    mode_t mask = umask (0);
    umask (mask);
    fchmod (fd, 0666 & ~mask);
    close (fd);
    if (code == EXIT_DONE && file_place (made, path, false) != 0)
        code = refused ("%s: %s", line_text (path).text, strerror (errno));
    if (code != EXIT_DONE) {
        unlink (made);
        complain ("%s: not saved", line_text (path).text);
    } else if (!call->json) {
        say ("%s\n", line_text (path).text);
    }
    return code;
}

/* --- save ---------------------------------------------------------------------------------- */

static const struct option_row options[] = {
    { "file", 0, false, "NAME", "only this one" },
    { NULL, 0, false, NULL, NULL },
};

static int save_one (struct call *call, const struct msg_id *id, const struct listed *file,
                     const char *folder)
{
    if (file->have < file->parts)
        return refused ("%s: %" PRId64 " of %" PRId64 " parts are here; the rest is on its way, or "
                        "its sender has to send it: certbus attach",
                        line_of (file->name).text, file->have, file->parts);
    return save_file (call, id, file, folder);
}

static int save_all (struct call *call, const struct msg_id *id, const char *folder)
{
    struct span answer;
    struct pack_in in;
    const char *only = args_text (&call->args, "file");
    int worst = EXIT_DONE, code = ask_files (call, id, &answer);
    if (code != EXIT_DONE)
        return code;
    /* An answer lives until the next question. */
    struct pack_out copy;
    pack_init (&copy);
    pack_put_raw (&copy, answer);
    size_t count = answer_array (pack_result (&copy), "files", &in), done = 0;
    for (size_t i = 0; i < count; i++) {
        struct listed file = listed_read (pack_any (&in));
        if (file.hash.size != HASH_SIZE || (only && !span_is (file.name, only)))
            continue;
        done++;
        code = save_one (call, id, &file, folder);
        worst = code != EXIT_DONE ? code : worst;
    }
    if (call->json)
        say_json (value_json (pack_result (&copy)), true);
    pack_free (&copy);
    if (!done)
        return only ? refused ("the message lists no file %s", line_text (only).text)
                    : refused ("the message lists no files");
    return worst;
}

static int run (struct call *call)
{
    struct fetched fetched;
    const char *folder = call->args.operand_count > 1 ? call->args.operands[1] : ".";
    int code = fetch (call, call->args.operands[0], &fetched);
    if (code == EXIT_DONE && !fetched.record.whole)
        code = refused ("%s: the message is no longer kept here",
                        line_text (call->args.operands[0]).text);
    if (code == EXIT_DONE)
        code = save_all (call, &fetched.record.e.id, folder);
    fetch_free (&fetched);
    return code;
}

const struct command command_save = {
    .name = "save",
    .group = GROUP_READ,
    .operands = "ID [DIR]",
    .least = 1,
    .most = 2,
    .summary = "write the files of a message to a folder",
    .about =
        "Each file is checked against the hash that the signed message lists. None is written\n"
        "over one that exists. Characters of a name that could mean more than a letter become\n"
        "`_`. What is not all here is named, and the exit code is 1.\n"
        "\n"
        "A file is what its sender attached, and nothing that was looked into: treat it as\n"
        "one that came by mail.",
    .options = options,
    .run = run,
};
