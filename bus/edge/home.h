/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home.h - a party's home: which folder it is, and to whom its files belong
 *
 * The home of a system installation is HOME_SYSTEM, where certbus.conf and run are
 * symbolic links to /etc/certbus and /run/certbus, so that there is one layout only.
 */
#ifndef CERTBUS_HOME_H
#define CERTBUS_HOME_H

#include <stdbool.h>
#include <stddef.h>

#define HOME_SYSTEM "/var/lib/certbus"
#define HOME_TEXT   4096

/* The folder to use: `told` (-C) unless NULL, else $CERTBUS_HOME, else "." when that is a
 * home, else HOME_SYSTEM. Borrows. */
const char *home_choose (const char *told);

/* How its broker is started, for people: `systemctl start certbusd` or `certbusd -C DIR`. */
struct home_start {
    char text[HOME_TEXT + 32];
};
struct home_start home_start (const char *home);

/* Whether this user may make files there; a home that is not there yet is no obstacle. On
 * false `why` says to whom it belongs and what to type. */
bool home_may_write (const char *home, char *why, size_t why_size);
/* The same for the broker, whose files root would leave to root: root is sent away too. */
bool home_may_serve (const char *home, char *why, size_t why_size);

/* Makes a folder HOME/name that is not there yet; "" is the home itself. `shared`: what is made
 * in it belongs to its group. 0, or -1 and why. */
int home_folder (const char *home, const char *name, bool shared, char *why, size_t why_size);
/* What root has made as HOME/name is given to whom the home belongs. 0, or -1 and why. */
int home_give (const char *home, const char *name, char *why, size_t why_size);

/* HOME/certbus.conf, or the file that it is a link to, which need not be there. */
void home_conf (const char *home, char out[HOME_TEXT]);

#endif
