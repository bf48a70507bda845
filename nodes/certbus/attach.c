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
#include "nodes/certbus/fetch.h"
#include "nodes/certbus/talk.h"

/* No policy lets a file be larger (attachment-mb). */
#define FILE_MAX (INT64_C (1024) * 1024 * 1024)

struct attach_file {
    const char *path, *name; /* borrowed; the name is the last part of the path */
    int fd;
    int64_t size;
    struct hash hash;
    struct hash *pieces; /* of what was read first */
    int64_t sent;        /* pieces, by this command */
};

struct attach {
    size_t count;
    struct attach_file files[ATTACHMENTS_MAX];
};

void attach_free (struct attach **self_p)
{
    struct attach *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        if (self->files[i].fd >= 0)
            close (self->files[i].fd);
        free (self->files[i].pieces);
    }
    free (self);
    *self_p = NULL;
}

/* --- Reading ------------------------------------------------------------------------------- */

/* One piece, or what there is of it. */
static struct span read_piece (const struct attach_file *file, int64_t index,
                               uint8_t buffer[PART_SIZE])
{
    size_t want = (size_t) part_bytes (file->size, index), used = 0;
    while (used < want) {
        ssize_t n = pread (file->fd, buffer + used, want - used, index * PART_SIZE + (off_t) used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t) n;
    }
    return span_bytes (buffer, used);
}

static int changed (const struct attach_file *file)
{
    return refused ("%s: it changed while it was read; nothing more of it is sent",
                    line_text (file->path).text);
}

static int hash_file (struct attach_file *file)
{
    static uint8_t buffer[PART_SIZE];
    crypto_generichash_state whole;
    int64_t count = part_count (file->size);
    file->pieces = calloc ((size_t) count + 1, sizeof *file->pieces);
    if (!file->pieces)
        abort ();
    crypto_generichash_init (&whole, NULL, 0, HASH_SIZE);
    for (int64_t i = 0; i < count; i++) {
        struct span piece = read_piece (file, i, buffer);
        if ((int64_t) piece.size != part_bytes (file->size, i))
            return changed (file);
        crypto_generichash_update (&whole, piece.data, piece.size);
        file->pieces[i] = hash_bytes (piece);
    }
    crypto_generichash_final (&whole, file->hash.bytes, HASH_SIZE);
    return EXIT_DONE;
}

static int open_file (struct attach_file *file, const char *path)
{
    struct stat st;
    const char *slash = strrchr (path, '/');
    file->path = path;
    file->name = slash ? slash + 1 : path;
    file->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 || fstat (file->fd, &st) != 0)
        return refused ("%s: %s", line_text (path).text, strerror (errno));
    if (!S_ISREG (st.st_mode))
        return refused ("%s: not a plain file", line_text (path).text);
    if (st.st_size > FILE_MAX)
        return refused ("%s: %lld bytes; no policy lets a file have more than %lld MiB",
                        line_text (path).text, (long long) st.st_size,
                        (long long) (FILE_MAX / 1024 / 1024));
    if (!span_utf8 (span_of (file->name)) || strlen (file->name) > ATTACHMENT_NAME_MAX)
        return refused ("%s: its name must be UTF-8, of at most %d bytes", line_text (path).text,
                        ATTACHMENT_NAME_MAX);
    file->size = st.st_size;
    return hash_file (file);
}

static struct attach *attach_new (void)
{
    struct attach *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    return self;
}

static json_t *listed (const struct attach_file *file)
{
    char hash[sodium_base64_ENCODED_LEN (HASH_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64 (hash, sizeof hash, file->hash.bytes, HASH_SIZE,
                       sodium_base64_VARIANT_ORIGINAL);
    return json_pack ("{s:s, s:s, s:I}", "name", file->name, "hash", hash, "size",
                      (json_int_t) file->size);
}

/* A file takes the place of one of its name that a revision had before. */
static void drop_named (json_t *list, const char *name)
{
    for (size_t i = json_array_size (list); i > 0; i--) {
        const char *before =
            json_string_value (json_object_get (json_array_get (list, i - 1), "name"));
        if (before && strcmp (before, name) == 0)
            json_array_remove (list, i - 1);
    }
}

int attach_add_to_body (struct call *call, struct post *post)
{
    size_t count = args_count (&call->args, "attach");
    json_t *list = json_object_get (post->body, "attachments");
    if (count == 0)
        return EXIT_DONE;
    if (count > ATTACHMENTS_MAX || count + json_array_size (list) > ATTACHMENTS_MAX)
        return refused ("more than %d files", ATTACHMENTS_MAX);
    if (!list)
        json_object_set_new (post->body, "attachments", list = json_array ());
    post->attached = attach_new ();
    for (size_t i = 0; i < count; i++) {
        struct attach_file *file = &post->attached->files[post->attached->count++];
        int code = open_file (file, args_nth (&call->args, "attach", i));
        if (code != EXIT_DONE)
            return code;
        drop_named (list, file->name);
        json_array_append_new (list, listed (file));
    }
    return EXIT_DONE;
}

/* --- Sending ------------------------------------------------------------------------------- */

/* A question that publishes one piece; who it is for is the caller's to add. */
static struct ask *ask_part (const struct attach_file *file, int64_t index, struct span content,
                             const struct msg_id *thread)
{
    struct part part = { .hash = file->hash,
                         .size = file->size,
                         .count = part_count (file->size),
                         .index = index,
                         .content = content };
    struct pack_out body;
    struct ask *question = ask_new ("publish");
    pack_init (&body);
    part_pack (&body, &part);
    ask_text (question, "kind", span_of ("part"));
    ask_raw (question, "body", pack_result (&body));
    ask_ref (question, "thread", thread);
    pack_free (&body);
    return question;
}

int attach_may (struct call *call, const struct post *post)
{
    static uint8_t buffer[PART_SIZE];
    struct party_name party;
    struct span to[AUDIENCE_MAX], answer;
    int code = post->attached ? post_party (call, &party) : EXIT_DONE;
    for (size_t i = 0; i < post->to_count; i++)
        to[i] = span_of (post->to[i]);
    for (size_t i = 0; post->attached && i < post->attached->count && code == EXIT_DONE; i++) {
        const struct attach_file *file = &post->attached->files[i];
        /* The message has no id yet: any of this party will do. */
        struct msg_id thread = { span_of (party.text), { 1, 0 }, 1 };
        if (file->size == 0)
            continue;
        struct ask *question = ask_part (file, 0, read_piece (file, 0, buffer), &thread);
        ask_texts (question, "audience", to, post->to_count);
        ask_int (question, "tlp", post->tlp);
        ask_bool (question, "dry_run", true);
        code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            complain ("%s cannot go with it; nothing was sent", line_text (file->path).text);
    }
    return code;
}

static void ask_like (struct ask *question, const struct envelope *e)
{
    char texts[AUDIENCE_MAX][TERM_MAX + 1];
    struct span to[AUDIENCE_MAX];
    for (size_t i = 0; i < e->audience_count; i++) {
        const struct term *term = &e->audience[i];
        snprintf (texts[i], sizeof texts[i], "%s" SPAN_FMT "%s",
                  term->type == TERM_SECTOR ? "@" : "", SPAN_ARG (term->name),
                  term->type == TERM_SUBTREE ? ".**" : "");
        to[i] = span_of (texts[i]);
    }
    ask_texts (question, "audience", to, e->audience_count);
    ask_int (question, "tlp", e->tlp);
    if (e->mode != CB_MODE_LIVE)
        ask_int (question, "mode", e->mode);
    if (e->exercise.origin.size)
        ask_ref (question, "exercise", &e->exercise);
    if (e->officer.size)
        ask_text (question, "officer", e->officer);
}

/* The first piece of a file that is not in the journal; -1: the message does not list it, or a
 * complaint was made and `*code` says so. `*gaps`: pieces behind that one are there already. */
static int64_t next_piece (struct call *call, const struct msg_id *id, const struct hash *hash,
                           bool *gaps, int *code)
{
    struct pack_in in;
    struct span answer;
    struct ask *question = ask_new ("attachments");
    ask_ref (question, "id", id);
    *code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    size_t count = *code == EXIT_DONE ? answer_array (answer, "files", &in) : 0;
    while (count--) {
        struct span file = pack_any (&in);
        if (!span_equal (body_bytes (file, "hash"), span_bytes (hash->bytes, HASH_SIZE)))
            continue;
        int64_t next = body_int (file, "next", -1);
        *gaps = body_int (file, "have", 0) > next;
        return next;
    }
    return -1;
}

static int send_file (struct call *call, struct attach_file *file, const struct envelope *e,
                      const char *id)
{
    static uint8_t buffer[PART_SIZE];
    struct span answer;
    int code;
    bool gaps = false;
    int64_t count = part_count (file->size);
    int64_t next = next_piece (call, &e->id, &file->hash, &gaps, &code);
    if (code == EXIT_DONE && next < 0)
        return refused ("%s: %s lists no such file: its bytes are not those of one of its "
                        "attachments",
                        line_text (file->path).text, line_text (id).text);
    while (code == EXIT_DONE && next < count) {
        struct span piece = read_piece (file, next, buffer);
        struct hash hash = hash_bytes (piece);
        if (!hash_equal (&hash, &file->pieces[next]))
            return changed (file);
        struct ask *question = ask_part (file, next, piece, &e->id);
        ask_like (question, e);
        code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            break;
        file->sent++;
        /* The broker walks over all pieces to answer, so only a gap is worth the question. */
        next = gaps ? next_piece (call, &e->id, &file->hash, &gaps, &code) : next + 1;
    }
    if (code == EXIT_DONE && !call->json)
        say ("%s: %" PRId64 " of %" PRId64 " parts sent, all %" PRId64 " are on disk here\n",
             line_text (file->name).text, file->sent, count, count);
    return code;
}

/* `sent_to`: the id of the message, whatever was typed. */
static int send_all (struct call *call, struct attach *files, const char *id, char sent_to[ID_TEXT])
{
    struct fetched fetched;
    int code = fetch (call, id, &fetched);
    if (code == EXIT_DONE && !fetched.record.whole)
        code = refused ("%s: the message is no longer kept here", line_text (id).text);
    if (code == EXIT_DONE)
        msg_id_text (&fetched.record.e.id, sent_to);
    size_t i = 0;
    for (; i < files->count && code == EXIT_DONE; i++)
        code = send_file (call, &files->files[i], &fetched.record.e, id);
    if (code != EXIT_DONE && i > 0)
        complain ("%s was accepted without all of its files; when the reason is gone: certbus "
                  "attach %s FILE",
                  line_text (id).text, line_text (id).text);
    fetch_free (&fetched);
    return code;
}

int attach_send (struct call *call, struct attach *files, const char *id)
{
    char sent_to[ID_TEXT];
    return send_all (call, files, id, sent_to);
}

/* --- attach -------------------------------------------------------------------------------- */

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

static void print_json (const struct attach *files, const char *id)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < files->count; i++)
        json_array_append_new (list,
                               json_pack ("{s:s, s:I, s:I}", "name", files->files[i].name, "parts",
                                          (json_int_t) part_count (files->files[i].size), "sent",
                                          (json_int_t) files->files[i].sent));
    say_json (json_pack ("{s:s, s:o}", "id", id, "files", list), true);
}

static int run (struct call *call)
{
    char sent_to[ID_TEXT];
    struct attach *files = attach_new ();
    int code = EXIT_DONE;
    for (size_t i = 1; i < call->args.operand_count && code == EXIT_DONE; i++)
        code = open_file (&files->files[files->count++], call->args.operands[i]);
    if (code == EXIT_DONE)
        code = send_all (call, files, call->args.operands[0], sent_to);
    if (code == EXIT_DONE && call->json)
        print_json (files, sent_to);
    attach_free (&files);
    return code;
}

const struct command command_attach = {
    .name = "attach",
    .group = GROUP_SEND,
    .operands = "ID FILE...",
    .least = 2,
    .most = 1 + ATTACHMENTS_MAX,
    .summary = "send what is missing of a message's files",
    .about = "For a message that was published with --attach and whose files did not all go, as\n"
             "when the machine lost power in between. Each FILE must be one that the message\n"
             "lists, byte by byte; its name does not matter. What went already goes only once.",
    .options = options,
    .run = run,
};
