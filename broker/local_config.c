/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

static void put_setting (struct pack_out *out, const struct conf *now, const struct conf *file,
                         enum conf_setting which)
{
    char value[CONF_VALUE], from[CONF_FROM], other[CONF_VALUE], line[CONF_FROM];
    bool differs = file != NULL && !conf_same (now, file, which);
    conf_value (now, which, value);
    conf_from (now, which, from);
    pack_put_map (out, differs ? 6 : 3);
    put_text (out, "from", from);
    put_text (out, "name", conf_about (which).name);
    if (differs) {
        conf_value (file, which, other);
        conf_from (file, which, line);
        put_text (out, "then", other);
        put_text (out, "then_from", line);
        put_text (out, "then_when", conf_about (which).at_start ? "start" : "reload");
    }
    put_text (out, "value", value);
}

/* The file is read again, to say what a reload would change. */
void local_config (const struct question *q)
{
    char why[CONF_WHY] = "";
    struct conf file;
    bool good = conf_load (&file, "certbus.conf", why) == 0;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 3);
    put_bool (&out, "ok", true);
    put_text (&out, "problem", good ? "" : why);
    pack_put_text (&out, "settings");
    pack_put_array (&out, CONF_COUNT);
    for (enum conf_setting which = 0; which < CONF_COUNT; which++)
        put_setting (&out, &q->station->conf, good ? &file : NULL, which);
    answer_send (&q->asker, &out);
    pack_free (&out);
}
