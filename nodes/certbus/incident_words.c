/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/incident.h"

/* Beginnings of words, with bars between; "a b" is a word after the other. English, Roman Urdu
 * and Urdu. The type that is met most often counts, of equals the one that stands first. */
struct word_row {
    const char *means, *words;
};

static const struct word_row types[] = {
    { "malicious-code/infected-system",
      "ransom|encrypted|malware|virus|trojan|worm|infected|taawan|تاوان|وائرس" },
    { "information-content-security/data-leak",
      "leak|published on|for sale|dark web|data chori|chori|stolen data|data stolen|ڈیٹا "
      "چوری|لیک" },
    { "information-content-security/data-loss", "deleted|wiped|erased|lost data|mita diy|ڈیلیٹ" },
    { "information-content-security/unauthorised-information-modification",
      "defaced|defacement|website changed|altered|tabdeel|تبدیل" },
    { "information-content-security/unauthorised-information-access",
      "read mail|records viewed|unauthorised access|unauthorized access" },
    { "fraud/phishing",
      "phish|fake mail|fake e-mail|fake email|fake link|fake login|jaali mail|jali mail|جعلی میل|"
      "جعلی ای میل|فشنگ" },
    { "fraud/masquerade",
      "impersonat|pretend|fake account|fake advisor|forged|hijack|jaali|jali|in our name|جعلی|"
      "نقلی" },
    { "fraud/unauthorised-use-of-resources", "mining|miner|cryptojack" },
    { "availability/ddos", "ddos|flood|botnet attack|traffic attack" },
    { "availability/outage",
      "outage|power cut|power fail|hardware fail|disk fail|bijli|server band|band ho|not "
      "reachable|بجلی|سرور بند" },
    { "availability/misconfiguration", "misconfigur|wrong setting|by mistake" },
    { "availability/sabotage", "sabotage|cable cut|fibre cut|fiber cut|destroyed on purpose" },
    { "intrusions/privileged-account-compromise",
      "administrator|admin account|admin password|root password|domain admin|admin ka|ایڈمن" },
    { "intrusions/unprivileged-account-compromise",
      "account hacked|account taken|mailbox hacked|password stolen|stolen "
      "password|account hack|id hack|اکاؤنٹ ہیک" },
    { "intrusions/system-compromise",
      "hacked|hack ho|backdoor|webshell|web shell|broke in|breach|compromised|intruder|ہیک|ہیکر" },
    { "intrusions/burglary", "burglar|laptop stolen|stolen laptop|theft of|laptop chori|ڈاکہ" },
    { "intrusion-attempts/brute-force",
      "brute force|brute-force|password guess|login attempts|failed logins" },
    { "intrusion-attempts/exploit", "exploit|tried to break|attack attempt|hamla|حملہ" },
    { "information-gathering/scanner", "port scan|scanning|scanned|probing" },
    { "information-gathering/social-engineering",
      "pretended on the phone|caller asked|phone call asked|otp" },
    { "malicious-code/c2-server", "command and control|c2 server|beacon" },
    { "vulnerable/vulnerable-system", "vulnerab|unpatched|kamzori|کمزوری" },
    { "abusive-content/spam", "spam|junk mail|فضول" },
    { "abusive-content/harmful-speech", "hate speech|threatening post|dhamki|دھمکی" },
};

static const struct word_row services[] = {
    { "interrupted",
      "down|interrupted|stopped|does not work|do not work|doesn't work|not working|cannot be "
      "reached|not reachable|unreachable|offline|unavailable|no mail|no internet|band|nahi chal|"
      "nahin chal|kaam nahi|بند|نہیں چل|کام نہیں" },
    { "degraded", "slow|sometimes|partly|degraded|sust|آہستہ|سست" },
};

static const struct word_row data[] = {
    { "encrypted", "encrypt|locked files|files locked|ransom|تاوان" },
    { "deleted", "delet|wiped|erased|mita diy|ڈیلیٹ" },
    { "changed", "changed|altered|defaced|modified|tabdeel|تبدیل" },
    { "published", "published|leaked|for sale|dark web|لیک" },
    { "copied", "copied|stolen|taken|exfiltrat|downloaded|chori|چوری" },
};

/* ASCII letters small, marks and ends of lines as blanks, a blank at both ends. Owned. */
static char *plain (const char *text)
{
    size_t size = strlen (text);
    char *made = malloc (size + 3);
    if (!made)
        abort ();
    made[0] = ' ';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char) text[i];
        made[i + 1] = c >= 0x80 || isalnum (c) || c == '-' || c == '\'' ? (char) tolower (c) : ' ';
    }
    made[size + 1] = ' ';
    made[size + 2] = 0;
    return made;
}

/* Takes out the words that only hold others together: "a laptop was stolen". */
static void without_small (char *said)
{
    static const char *const small[] = { " a ",    " an ",  " the ",  " is ",   " are ", " was ",
                                         " were ", " has ", " have ", " been ", " our ", " my " };
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        for (char *at = said; (at = strstr (at, small[i])) != NULL;)
            memmove (at, at + strlen (small[i]) - 1, strlen (at + strlen (small[i]) - 1) + 1);
}

/* How many of the words a text has, each at the beginning of one of its own. */
static size_t matches (const char *text, const char *words)
{
    char word[64] = " ";
    size_t found = 0;
    while (*words) {
        size_t size = strcspn (words, "|");
        if (size && size + 2 < sizeof word) {
            memcpy (word + 1, words, size);
            word[size + 1] = 0;
            found += strstr (text, word) != NULL;
        }
        words += size + (words[size] == '|');
    }
    return found;
}

static const char *best (const struct word_row *rows, size_t count, const char *text)
{
    char *said = plain (text);
    const char *means = NULL;
    size_t most = 0;
    without_small (said);
    for (size_t i = 0; i < count; i++) {
        size_t found = matches (said, rows[i].words);
        if (found > most) {
            most = found;
            means = rows[i].means;
        }
    }
    free (said);
    return means;
}

const char *incident_type (const char *text)
{
    const char *found = best (types, sizeof types / sizeof types[0], text);
    return found ? found : "other/undetermined";
}

const char *incident_service (const char *text)
{
    return best (services, sizeof services / sizeof services[0], text);
}

json_t *incident_data (const char *text)
{
    char *said = plain (text);
    json_t *found = json_array ();
    without_small (said);
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        if (matches (said, data[i].words))
            json_array_append_new (found, json_string (data[i].means));
    free (said);
    return found;
}

int incident_yes (const char *text)
{
    static const struct word_row answers[] = {
        { "y", "y|yes|haan|han|ji|true|ہاں|جی" },
        { "n", "n|no|nahi|nahin|false|نہیں|نہ" },
        { "u", "u|unknown|no idea|not known|?|don't know|do not know|not sure|pata nahi|pata nahin|"
               "maloom nahi|معلوم نہیں|پتہ نہیں" },
    };
    char *said = plain (text);
    /* The whole answer, without the blanks around it. */
    char *from = said + strspn (said, " ");
    for (size_t size = strlen (from); size && from[size - 1] == ' ';)
        from[--size] = 0;
    const char *compared = strcmp (text, "?") == 0 ? "?" : from;
    int found = 0;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        for (const char *word = answers[i].words; *word && *compared;) {
            size_t size = strcspn (word, "|");
            if (strlen (compared) == size && strncmp (word, compared, size) == 0)
                found = *answers[i].means;
            word += size + (word[size] == '|');
        }
    free (said);
    return found;
}
