/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - to standard error, the systemd way: "<5>text", or plain on a terminal
 *
 * Text from outside is neutralised: control bytes and invalid UTF-8 become "?".
 */
#ifndef CERTBUS_LOG_H
#define CERTBUS_LOG_H

/* The system's numbers, which the system's header has as macros (and czmq.h includes it). */
#include <syslog.h>
#undef LOG_WARNING
#undef LOG_NOTICE
#undef LOG_INFO
#undef LOG_DEBUG
enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

void log_set_level (enum log_level level);
/* From now on without the priority that the journal of systemd reads: a person does. */
void log_plain (void);
int log_level_number (const char *name); /* -1: none of that name */
void log_at (enum log_level level, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* What the calling thread logs from here on is written by log_flush, or when it is much. */
void log_hold (void);
void log_flush (void);

#define log_error(...)   log_at (LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at (LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at (LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_at (LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_at (LOG_DEBUG, __VA_ARGS__)

/* sd_notify(3) without libsystemd: "READY=1", "WATCHDOG=1", "STOPPING=1",
 * "STATUS=...". Does nothing when NOTIFY_SOCKET is not set. */
void notify_send (const char *state);
/* The interval in ms in which WATCHDOG=1 is due (half of WATCHDOG_USEC); 0: none. */
int notify_watchdog (void);

/* The wall clock, ms UTC, and the clock that never jumps, ms. */
#include <stdint.h>
int64_t clock_utc (void);
int64_t clock_steady (void);

#endif
