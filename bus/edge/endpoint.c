/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Room in the kernel's address of a local socket, without the NUL. */
#define IPC_PATH_MAX (sizeof (((struct sockaddr_un *) 0)->sun_path) - 1)

static bool only (struct span text, const char *allowed)
{
    for (size_t i = 0; i < text.size; i++)
        if (!text.data[i] || !strchr (allowed, text.data[i]))
            return false;
    return text.size > 0;
}

static bool port_valid (const char *text, bool wild)
{
    if (wild && strcmp (text, "*") == 0)
        return true;
    size_t size = strlen (text);
    if (size > 5 || !only (span_of (text), "0123456789") || *text == '0')
        return false;
    return strtol (text, NULL, 10) <= 65535;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool host_valid (struct span host, bool wild)
{
    if (wild && span_is (host, "*"))
        return true;
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        return only (span_bytes (host.data + 1, host.size - 2), "0123456789abcdefABCDEF:.");
    return only (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") &&
           host.data[0] != '-' && host.data[0] != '.';
}

bool conf_endpoint (const char *text, bool wild, bool ipc)
{
    if (strlen (text) > ENDPOINT_MAX)
        return false;
    if (ipc && strncmp (text, "ipc://", 6) == 0) {
        /* @ and * would be an abstract and an anonymous address: no folder guards those. */
        size_t size = strlen (text + 6);
        return size > 0 && size <= IPC_PATH_MAX && text[6] != '@' && text[6] != '*';
    }
    if (strncmp (text, "tcp://", 6) != 0)
        return false;
    const char *host = text + 6, *colon = strrchr (host, ':');
    return colon && host_valid (span_bytes (host, (size_t) (colon - host)), wild) &&
           port_valid (colon + 1, wild);
}
