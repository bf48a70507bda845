/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - all that a board shows, asked for at once, and drawn as often as it takes
 */
#ifndef CERTBUS_SCENE_H
#define CERTBUS_SCENE_H

#include "nodes/certbus/casework/layout.h"

struct scene {
    struct span status; /* owned; the answer to `status` */
    struct shift shift;
    struct board *board; /* owned */
};

/* An exit code and `why`. scene_free in any case. */
int scene_ask (struct call *call, struct scene *scene, char *why, size_t why_size);
void scene_free (struct scene *scene);
/* Fills a page that was just begun. `relative`: times as "in 3 min". */
void scene_draw (const struct scene *scene, struct page *page, bool relative);
json_t *scene_json (const struct scene *scene);

/* Draws it on this terminal until q is pressed. An exit code, after a complaint; ends the
 * program by the signal that asked it to leave. */
int live_run (struct call *call);

#endif
