/* log.h - messages for people, on standard error, one line each, with a level and a time.
 *
 * `2026-01-31T12:00:00.123Z WARN broker: text`. Lines are written with one write(2), so that several
 * processes can share a terminal. Not for the pure parts: a pure machine returns what is to be said. */
#ifndef MILLRACE_BASE_LOG_H
#define MILLRACE_BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level level);
void log_message(enum log_level level, const char *area, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(area, ...) log_message(LOG_LEVEL_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...)  log_message(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_warn(area, ...)  log_message(LOG_LEVEL_WARN, area, __VA_ARGS__)
#define log_error(area, ...) log_message(LOG_LEVEL_ERROR, area, __VA_ARGS__)

#endif
