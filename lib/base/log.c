#include "lib/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static _Atomic int log_level_min = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&log_level_min, (int)level);
}

/* Returns the end of the prefix. */
static size_t log_prefix(char *line, size_t size, enum log_level level, const char *area)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    int more = snprintf(line + n, size - n, ".%03ldZ %s %.64s: ", now.tv_nsec / 1000000, names[level], area);
    return n + (size_t)more;
}

void log_message(enum log_level level, const char *area, const char *format, ...)
{
    if ((int)level < atomic_load(&log_level_min)) return;
    char line[2048];
    size_t start = log_prefix(line, sizeof line, level, area), room = sizeof line - start - 1;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line + start, room, format, list);
    va_end(list);
    size_t end = start + (length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1);
    /* A client's bytes may stand in the text: what could start a new line or drive a terminal goes. */
    for (size_t i = start; i < end; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = ' ';
    line[end] = '\n';
    ssize_t written = write(STDERR_FILENO, line, end + 1);
    (void)written; /* nowhere left to report it */
}
