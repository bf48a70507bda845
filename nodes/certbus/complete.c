/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#include <string.h>
#include <strings.h>

#include "bus/core/catalog.h"
#include "bus/edge/log.h"

#define PATIENCE_MS 200 /* for all questions together: somebody has pressed a key and waits */
#define RECENT      50

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

/* One completion: the word under the cursor, and what may stand there. */
struct finding {
    struct call *call;
    const char *word;
    json_t *found;  /* texts, each once */
    bool any_files; /* names of files may stand there too, with this ending; "/": folders */
    char files[32];
    int64_t until; /* of clock_steady () */
};

/* What is offered goes into somebody's command line, where a shell reads it when Enter is
 * pressed; numbers and sectors are what others wrote. What would be more than a word is typed by
 * hand. */
static bool harmless (struct span text)
{
    static const char marks[] = "-_./:@*+=,%";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == 0 || !strchr (marks, c)))
            return false;
    }
    return text.size > 0;
}

static void offer_between (struct finding *self, const char *before, struct span text,
                           const char *after)
{
    char all[LINE_MAX_BYTES];
    size_t typed = strlen (self->word);
    int size = snprintf (all, sizeof all, "%s%.*s%s", before, SPAN_ARG (text), after);
    if (!harmless (text) || size <= 0 || (size_t) size >= sizeof all ||
        strncasecmp (all, self->word, typed) != 0)
        return;
    json_t *each;
    size_t i;
    json_array_foreach (self->found, i, each)
    {
        if (strcmp (json_string_value (each), all) == 0)
            return;
    }
    json_array_append_new (self->found, json_string (all));
}

static void offer (struct finding *self, const char *text)
{
    offer_between (self, "", span_of (text), "");
}

/* --- What the broker knows ------------------------------------------------------------------ */

/* Silent: a completion never complains. Frees the question. */
static bool knows (struct finding *self, struct ask **question, struct span *answer)
{
    char why[WHY_MAX];
    int64_t rest = self->until - clock_steady ();
    if (rest > 0 && client_there (self->call->home) &&
        talk_quietly (self->call, CLIENT_READ, question, (int) rest, answer, why, sizeof why) ==
            EXIT_DONE)
        return true;
    ask_free (question);
    return false;
}

static void find_parties (struct finding *self, const char *what)
{
    struct span answer;
    struct pack_in in, sectors;
    struct ask *question = ask_new ("tree");
    bool terms = strcmp (what, "TERM") == 0, roles = strncmp (what, "ROLE", 4) == 0;
    bool names = strcmp (what, "PARTY") == 0, labels = *what == 'S';
    if (!knows (self, &question, &answer))
        return;
    for (size_t left = answer_array (answer, "parties", &in); left; left--) {
        struct span party = pack_any (&in);
        if (terms || names)
            offer_between (self, "", body_text (party, "name"), "");
        if (terms)
            offer_between (self, "", body_text (party, "name"), ".**");
        if (roles)
            offer_between (self, "", body_text (party, "role"), "");
        for (size_t i = answer_array (party, "sectors", &sectors); i && (terms || labels); i--)
            offer_between (self, terms ? "@" : "", pack_str (&sectors, 0, SIZE_MAX), "");
    }
}

/* Ids; what has a number or a code that begins as what was typed, too. */
static void offer_message (struct finding *self, const struct record *record)
{
    char text[ID_TEXT];
    struct hash leaf;
    if (!record->whole)
        return;
    msg_id_text (&record->e.id, text);
    offer (self, text);
    if (!*self->word || record->leaf.size != HASH_SIZE)
        return;
    offer_between (self, "", body_text (record->e.body, "number"), "");
    memcpy (leaf.bytes, record->leaf.data, HASH_SIZE);
    hash_code (&leaf, text);
    offer (self, text);
}

/* `kind`: only these; NULL: any. */
static void find_messages (struct finding *self, bool refused, const char *kind)
{
    struct span answer, kinds = span_of (kind ? kind : "");
    struct pack_in in;
    struct ask *question = ask_new ("read");
    if (kind)
        ask_texts (question, "kinds", &kinds, 1);
    ask_int (question, "after", 0);
    ask_int (question, "limit", RECENT);
    ask_bool (question, "back", true);
    ask_bool (question, refused ? "quarantine" : "here", true);
    if (!knows (self, &question, &answer))
        return;
    for (size_t left = answer_array (answer, "records", &in); left; left--) {
        struct record record;
        char position[24];
        if (!record_read (pack_any (&in), &record))
            continue;
        snprintf (position, sizeof position, "%lld", (long long) record.position);
        if (refused)
            offer (self, position);
        else if (!record_quiet (&record))
            offer_message (self, &record);
    }
}

/* --- What this program knows ---------------------------------------------------------------- */

static void find_kinds (struct finding *self)
{
    const struct schemas *schemas = call_schemas (self->call);
    if (!schemas)
        return;
    struct kind_names names = kind_names (schemas, strcmp (self->call->command->name, "list") == 0);
    for (size_t i = 0; names.at[i]; i++)
        offer (self, names.at[i]);
}

/* The types of an incident, as its schema has them. */
static void find_types (struct finding *self)
{
    const struct schemas *schemas = call_schemas (self->call);
    const struct schema *schema = schemas ? schemas_find (schemas, span_of ("incident")) : NULL;
    for (size_t i = 0; schema && i < schema->body.field_count; i++)
        for (size_t at = 0; at < schema->body.fields[i].choice_count; at++)
            if (strcmp (schema->body.fields[i].name, "type") == 0)
                offer (self, schema->body.fields[i].choices[at]);
}

static void find_labels (struct finding *self)
{
    for (unsigned tlp = CB_TLP_CLEAR; tlp < CB_TLP_END; tlp++)
        offer (self,
               strchr (self->word, ':') ? cb_tlp_name (tlp) : strchr (cb_tlp_name (tlp), ':') + 1);
}

static void find_lanes (struct finding *self)
{
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++)
        offer (self, cb_lane_name (lane));
}

static void find_modes (struct finding *self)
{
    for (unsigned mode = 0; mode < CB_MODE_END; mode++)
        offer (self, cb_mode_name (mode));
}

/* Texts one after the other, each with its end; an empty one ends them. */
static void find_words (struct finding *self, const char *words)
{
    for (; *words; words += strlen (words) + 1)
        offer (self, words);
}

static void find_commands (struct finding *self)
{
    for (const struct command *const *at = commands; *at; at++)
        offer_between (self, "", span_bytes ((*at)->name, strcspn ((*at)->name, " ")), "");
}

static void find_files (struct finding *self, const char *what)
{
    const char *end = strchr (what, '.');
    if (strcmp (what, "DIR") == 0 || strcmp (what, "FOLDER") == 0)
        end = "/";
    else if (strcmp (what, "REQUEST") == 0)
        end = ".request";
    else if (strcmp (what, "PROPOSAL") == 0)
        end = ".proposal";
    snprintf (self->files, sizeof self->files, "%s", end ? end : "");
    self->any_files = true;
}

static void find_exercises (struct finding *self)
{
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("exercise");
    if (!knows (self, &question, &answer))
        return;
    for (size_t left = answer_array (answer, "exercises", &in); left; left--)
        offer_between (self, "", body_text (pack_any (&in), "id"), "");
}

/* What one placeholder of the tables (KIND, FILE.json, S1..S5, start) stands for. A word that
 * is no placeholder stands for itself. */
static void find_value (struct finding *self, const char *what)
{
    static const char *const of_parties[] = { "PARTY", "TERM", "ROLE", "ROLES", "S", "S,..", NULL };
    for (size_t i = 0; of_parties[i]; i++)
        if (strcmp (what, of_parties[i]) == 0)
            find_parties (self, what);
    static const char *const of_files[] = { "DIR", "FOLDER", "REQUEST", "PROPOSAL", NULL };
    bool files = strncmp (what, "FILE", 4) == 0;
    for (size_t i = 0; of_files[i]; i++)
        files = files || strcmp (what, of_files[i]) == 0;
    if (files)
        find_files (self, what);
    else if (strcmp (what, "ID") == 0 || strcmp (what, "PREVIOUS") == 0 ||
             strcmp (what, "CASE") == 0)
        find_messages (self, false, NULL);
    else if (strcmp (what, "POSITION") == 0)
        find_messages (self, true, NULL);
    else if (strcmp (what, "EXERCISE") == 0)
        find_exercises (self);
    else if (strcmp (what, "KIND") == 0)
        find_kinds (self);
    else if (strcmp (what, "TYPE") == 0)
        find_types (self);
    else if (strcmp (what, "LABEL") == 0)
        find_labels (self);
    else if (strcmp (what, "LANE") == 0)
        find_lanes (self);
    else if (strcmp (what, "MODE") == 0)
        find_modes (self);
    else if (strcmp (what, "WHEN") == 0)
        find_words (self, "auto\0always\0never\0");
    else if (strcmp (what, "COMMAND") == 0)
        find_commands (self);
    else if (strcmp (what, "S1..S5") == 0 || strcmp (what, "SEVERITY") == 0)
        find_words (self, "S1\0S2\0S3\0S4\0S5\0undetermined\0");
    else if (*what >= 'a' && *what <= 'z')
        offer (self, what);
}

/* Several of them: "start|now", "[COMMAND]", "ID...". */
static void find_values (struct finding *self, const char *placeholders)
{
    char text[128], *rest = text, *what;
    snprintf (text, sizeof text, "%s", placeholders);
    while ((what = strtok_r (rest, "|[]", &rest)) != NULL) {
        char *dots = strstr (what, "...");
        if (dots)
            *dots = '\0';
        find_value (self, what);
    }
}

/* The operand with this number; "FILE.json | --csaf FILE" are two ways to say the same. */
static void find_operand (struct finding *self, const char *operands, size_t number)
{
    char text[256], *rest = text, *way;
    snprintf (text, sizeof text, "%s", operands);
    for (char *bar = text; (bar = strstr (bar, " | ")) != NULL;)
        memcpy (bar, "\n\n\n", 3);
    while ((way = strtok_r (rest, "\n", &rest)) != NULL) {
        char *words = way, *word = strtok_r (words, " ", &words), *last = word;
        for (size_t i = 0; i < number && word; i++) {
            word = strtok_r (words, " ", &words);
            last = word ? word : last;
        }
        if (!word && last && strstr (last, "..."))
            word = last;
        bool of_case = self->call->command && self->call->command->group == GROUP_CASE;
        if (word && of_case && strcmp (word, "ID") == 0)
            find_messages (self, false, "incident");
        else if (word && *word != '-')
            find_values (self, word);
    }
}

/* --- Where in the command line the word stands ---------------------------------------------- */

static const struct option_row *row_of (const struct command *command, const char *word)
{
    const struct option_row *tables[] = { command ? command->options : NULL, common_options };
    size_t size = strcspn (word, "=");
    for (size_t i = 0; i < 2; i++)
        for (const struct option_row *row = tables[i]; row && row->name; row++)
            if ((word[1] == '-' && strlen (row->name) == size - 2 &&
                 strncmp (row->name, word + 2, size - 2) == 0) ||
                (word[1] != '-' && row->letter && word[1] == row->letter && !word[2]))
                return row;
    return NULL;
}

static void find_options (struct finding *self, const struct command *command)
{
    const struct option_row *tables[] = { command ? command->options : NULL, common_options };
    for (size_t i = 0; i < 2; i++)
        for (const struct option_row *row = tables[i]; row && row->name; row++)
            offer_between (self, "--", span_of (row->name), "");
}

/* The command that `first` and `second` name; NULL: none yet. */
static const struct command *named (const char *first, const char *second)
{
    for (const struct command *const *at = commands; first && *at; at++) {
        const char *space = strchr ((*at)->name, ' ');
        size_t size = strcspn ((*at)->name, " ");
        if (strlen (first) == size && strncmp (first, (*at)->name, size) == 0 &&
            (!space || (second && strcmp (space + 1, second) == 0)))
            return *at;
    }
    return NULL;
}

/* The second words of a group such as `root`, or all first words. */
static void find_names (struct finding *self, const char *first)
{
    if (!first)
        find_commands (self);
    size_t size = first ? strlen (first) : 0;
    for (const struct command *const *at = commands; first && *at; at++)
        if (strncmp ((*at)->name, first, size) == 0 && (*at)->name[size] == ' ')
            offer (self, (*at)->name + size + 1);
}

/* What the words before the last one say. */
struct before {
    const char *names[2]; /* of the command */
    size_t operands;
    const struct option_row *open; /* an option whose value comes now */
    bool only_operands;            /* after -- */
};

static void step (struct finding *self, struct before *before, const char *word)
{
    struct call *call = self->call;
    if (before->open) {
        if (strcmp (before->open->name, "home") == 0)
            call->home = word;
        before->open = NULL;
    } else if (strcmp (word, "--") == 0) {
        before->only_operands = true;
    } else if (*word == '-' && word[1] && !before->only_operands) {
        const struct option_row *row = row_of (call->command, word);
        bool apart = row && row->value && !strchr (word, '=');
        before->open = apart ? row : NULL;
    } else if (!call->command) {
        before->names[before->names[0] ? 1 : 0] = word;
        call->command = named (before->names[0], before->names[1]);
    } else {
        before->operands++;
    }
}

static void find (struct finding *self, const char **words, size_t count)
{
    struct before before = { .operands = 0 };
    const struct command *command;
    self->call->command = NULL;
    for (size_t i = 0; i + 1 < count; i++)
        step (self, &before, words[i]);
    command = self->call->command;
    self->word = count ? words[count - 1] : "";
    const char *equals = strchr (self->word, '=');
    const struct option_row *row =
        strncmp (self->word, "--", 2) == 0 && equals ? row_of (command, self->word) : NULL;
    if (before.open) {
        find_values (self, before.open->value);
    } else if (row && row->value && !before.only_operands) {
        self->word = equals + 1;
        find_values (self, row->value);
    } else if (*self->word == '-' && !before.only_operands) {
        find_options (self, command);
    } else if (command) {
        find_operand (self, command->operands, before.operands);
    } else {
        find_names (self, before.names[0]);
    }
}

static int run (struct call *call)
{
    const struct command *self = call->command;
    struct finding finding = { .call = call,
                               .found = json_array (),
                               .until = clock_steady () + PATIENCE_MS };
    find (&finding, call->args.operands, call->args.operand_count);
    call->command = self;
    if (call->json) {
        say_json (json_pack ("{s:o, s:s?}", "words", finding.found, "files",
                             finding.any_files ? finding.files : NULL),
                  true);
        return EXIT_DONE;
    }
    json_t *each;
    size_t i;
    json_array_foreach (finding.found, i, each)
    {
        say ("%s\n", json_string_value (each));
    }
    if (finding.any_files)
        say (":files %s\n", finding.files);
    json_decref (finding.found);
    return EXIT_DONE;
}

const struct command command_complete = {
    .name = "complete",
    .group = GROUP_HELP,
    .operands = "-- WORD...",
    .most = 4096,
    .summary = "print what the last word of a command line may become (for shells)",
    .about =
        "The words are those after `certbus`; the last one, which may be empty, is completed. A\n"
        "line `:files END` says that names of files with that ending may stand there too, `/`\n"
        "being folders. Without a broker, ids and names of parties are left out; it waits for\n"
        "nobody.",
    .options = options,
    .run = run,
};
