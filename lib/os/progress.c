#include "lib/os/progress.h"

#include <inttypes.h>
#include <unistd.h>

#include "lib/os/clock.h"

#define NS_PER_S INT64_C(1000000000)
enum { TERMINAL_PERIOD_MS = 200, PLAIN_PERIOD_MS = 5000 };

/* 1234567 as 1,234,567. */
static void count_append(uint64_t n, struct buf *out)
{
    if (n >= 1000) {
        count_append(n / 1000, out);
        buf_printf(out, ",%03u", (unsigned)(n % 1000));
    } else
        buf_printf(out, "%u", (unsigned)n);
}

static void duration_append(double seconds, struct buf *out)
{
    int64_t whole = (int64_t)(seconds + 0.5);
    if (whole >= 3600)
        buf_printf(out, "%" PRId64 " h %" PRId64 " min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        buf_printf(out, "%" PRId64 " min %" PRId64 " s", whole / 60, whole % 60);
    else
        buf_printf(out, "%" PRId64 " s", whole);
}

void progress_format(const struct progress *p, uint64_t done, int64_t elapsed_ns, bool finished, struct buf *out)
{
    double seconds = (double)elapsed_ns / (double)NS_PER_S, rate = seconds > 0 ? (double)done / seconds : 0;
    buf_printf(out, "%s: ", p->what);
    count_append(done, out);
    if (p->total && !finished) {
        buf_append_str(out, " of ");
        count_append(p->total, out);
    }
    buf_printf(out, " %s", p->unit);
    if (p->total && !finished) buf_printf(out, " (%.0f %%)", 100.0 * (double)done / (double)p->total);
    if (finished) buf_printf(out, " in %.1f s", seconds);
    if (rate > 0) {
        buf_append_str(out, ", ");
        count_append((uint64_t)(rate + 0.5), out);
        buf_printf(out, " %s/s", p->unit);
    }
    if (rate > 0 && !finished && p->total >= done && p->total) {
        buf_append_str(out, ", ");
        duration_append((double)(p->total - done) / rate, out);
        buf_append_str(out, " left");
    }
}

/* One write, so that lines of several processes do not mix. */
static void progress_print(const struct progress *p, uint64_t done, int64_t now_ns, bool finished)
{
    struct buf line = {0};
    if (p->terminal) buf_append_str(&line, "\r\x1b[K");
    progress_format(p, done, now_ns - p->started_ns, finished, &line);
    if (!p->terminal || finished) buf_append_byte(&line, '\n');
    ssize_t ignored = write(STDERR_FILENO, line.p, line.n);
    (void)ignored;
    buf_release(&line);
}

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total)
{
    int64_t now_ns = clock_mono_ns();
    bool terminal = isatty(STDERR_FILENO) == 1;
    *p = (struct progress){what, unit, total, .started_ns = now_ns, .printed_ns = now_ns, .terminal = terminal};
}

void progress_update(struct progress *p, uint64_t done)
{
    int64_t now_ns = clock_mono_ns(), period_ms = p->terminal ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS;
    if (now_ns - p->printed_ns < period_ms * 1000000) return;
    p->printed_ns = now_ns;
    progress_print(p, done, now_ns, false);
}

void progress_finish(struct progress *p, uint64_t done)
{
    progress_print(p, done, clock_mono_ns(), true);
}
