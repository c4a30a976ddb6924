#include "lib/base/log.h"

#include <unistd.h>

#include "tests/unit.h"

/* What log_message wrote to standard error while `write_logs` ran. */
static size_t captured(void (*write_logs)(void), char *out, size_t size)
{
    int ends[2], saved = dup(STDERR_FILENO);
    check_int(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    write_logs();
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    close(saved);
    ssize_t n = read(ends[0], out, size - 1);
    close(ends[0]);
    check(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static void write_three(void)
{
    log_set_level(LOG_LEVEL_WARN);
    log_info("broker", "too quiet");
    log_warn("broker", "bad\nframe \x1b[2J from %s", "10.0.0.1");
    log_error("log", "%3000s", "x");
}

TEST(log, one_line_each_with_level_and_area)
{
    char text[8192];
    size_t n = captured(write_three, text, sizeof text);
    check(strstr(text, "too quiet") == NULL);
    check(strstr(text, "Z WARN broker: bad frame  [2J from 10.0.0.1\n") != NULL);
    check_int(text[4], '-');
    check_int(text[10], 'T');
    char *second = strchr(text, '\n') + 1;
    check(strstr(second, "Z ERROR log: ") != NULL);
    check_int(strchr(second, '\n') - text, n - 1);
}
