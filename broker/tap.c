/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tap.h"

#include "broker/station.h"

int tap_open (struct station *station, char *why, size_t why_size)
{
    if (station->conf.tap[0] == '\0')
        return 0;
    station->tap_tlp = (unsigned) cb_tlp_number (station->conf.tap_tlp);
    station->tap = zsock_new (ZMQ_PUB);
    zsock_set_linger (station->tap, 0);
    /* Subscriptions are all that a subscriber says; one that does not read costs this much. */
    zsock_set_maxmsgsize (station->tap, 1024);
    zsock_set_handshake_ivl (station->tap, 4000);
    zsock_set_sndhwm (station->tap, 64);
    char bound[ENDPOINT_MAX + 1];
    return wire_bind (station->tap, station->conf.tap, bound, sizeof bound, why, why_size);
}

void tap_show (struct station *station, const struct item *item)
{
    if (station->tap == NULL || !item->here || item->tlp > station->tap_tlp ||
        (item->mode == CB_MODE_EXERCISE && station->conf.tap_exercises == 0))
        return;
    char topic[KIND_MAX + 16];
    snprintf (topic, sizeof topic, "%s %.*s", cb_mode_name (item->mode), SPAN_ARG (item->kind));
    void *sock = zsock_resolve (station->tap);
    if (zmq_send (sock, topic, strlen (topic), ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0)
        zmq_send (sock, item->envelope.data, item->envelope.size, ZMQ_DONTWAIT);
}
