#include "bench/chaos/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bench/tap/summary.h"
#include "lib/base/text.h"

int journal_open(struct journal *j, const char *path, struct err_text *error)
{
    *j = (struct journal){.path = path, .recovery_ns = -1, .answer_ns = -1};
    if (!path) return 0;
    j->file = fopen(path, "w");
    return j->file ? 0 : err_set(error, ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static void line_end(struct journal *j)
{
    if (j->file) fwrite(j->line.p, 1, j->line.n, j->file);
    buf_reset(&j->line);
}

void journal_exchange(struct journal *j, const struct tap_exchange *x)
{
    if (!j->file) return;
    tap_exchange_json(x, &j->line);
    line_end(j);
}

/* A delay without a fault is a kind of its own. */
static const char *fault_word(const struct chaos_event *e)
{
    if (e->held_ns > 0) return "held";
    return e->fate.fault == CHAOS_NONE ? "delay" : chaos_fault_name(e->fate.fault);
}

void journal_fault(struct journal *j, const struct chaos_event *e, int64_t time_ns)
{
    enum chaos_fault fault = e->fate.fault;
    bool reached = fault != CHAOS_DROP_REQUEST && e->fate.delay_ns > 0 && e->held_ns == 0;
    j->delayed += reached;
    if (reached) j->delay_ns += e->fate.delay_ns;
    if (fault != CHAOS_NONE && e->held_ns == 0) {
        j->faults[fault]++;
        j->records_lost[fault] += e->records;
    }
    if (!j->file) return;
    buf_printf(&j->line,
               "{\"type\":\"fault\",\"what\":\"%s\",\"time_ns\":%" PRId64 ",\"connection\":%" PRId64
               ",\"request\":%" PRId64 ",\"client\":\"%s\",\"broker\":\"%s\",\"api\":\"%s\",\"correlation_id\":%" PRId32
               ",\"client_id\":",
               fault_word(e), time_ns, e->connection, e->request, e->client, e->broker, tap_api_name(e->api_key),
               e->correlation_id);
    text_json_string(e->client_id, &j->line);
    buf_printf(&j->line, ",\"records\":%" PRId64 ",\"delay_ns\":%" PRId64 ",\"held_ns\":%" PRId64 "}\n", e->records,
               e->fate.delay_ns, e->held_ns);
    line_end(j);
}

void journal_event(struct journal *j, int64_t time_ns, const char *what, const char *broker, const char *more,
                   const char *text)
{
    fprintf(stderr, "millrace chaos: %8.3f s  %s\n", (double)(time_ns - j->begin_ns) / 1e9, text);
    if (!j->file) return;
    buf_printf(&j->line,
               "{\"type\":\"event\",\"what\":\"%s\",\"time_ns\":%" PRId64 ",\"broker\":\"%s\"%s,\"text\":", what,
               time_ns, broker, more ? more : "");
    text_json_string(slice_str(text), &j->line);
    buf_append_str(&j->line, "}\n");
    line_end(j);
}

void journal_flush(struct journal *j)
{
    if (j->file) fflush(j->file);
}

/* --- summary --- */

static const char *const fault_sentences[CHAOS_FAULTS] = {
    "requests lost on the way to the broker",
    "connections cut in the middle of a request",
    "answers lost after the broker did the work",
    "connections cut in place of an answer",
};

static void summary_json(const struct journal *j, const struct chaos_plan *plan, const struct chaos_progress *at,
                         struct buf *out)
{
    buf_printf(out,
               "{\"type\":\"summary\",\"connections\":%" PRId64 ",\"requests\":%" PRId64 ",\"delayed\":%" PRId64
               ",\"delay_ns\":%" PRId64,
               j->connections, j->meant, j->delayed, j->delay_ns);
    for (int i = 0; i < CHAOS_FAULTS; i++)
        buf_printf(out, ",\"%s\":{\"requests\":%" PRId64 ",\"records\":%" PRId64 "}", chaos_fault_name(i), j->faults[i],
                   j->records_lost[i]);
    buf_printf(out,
               ",\"partitions\":%d,\"kills\":%d,\"refused\":%" PRId64 ",\"acknowledged\":%" PRId64
               ",\"fetched\":%" PRId64 ",\"elapsed_ns\":%" PRId64,
               j->partitions, j->kills, j->refused, at->acknowledged, at->fetched, at->elapsed_ns);
    if (j->recovery_ns >= 0) buf_printf(out, ",\"recovery_ns\":%" PRId64, j->recovery_ns);
    if (j->answer_ns >= 0) buf_printf(out, ",\"first_answer_ns\":%" PRId64, j->answer_ns);
    buf_append_str(out, ",\"plan\":");
    chaos_plan_json(plan, out);
    buf_append_str(out, "}\n");
}

static void summary_text(const struct journal *j, const struct chaos_plan *plan, const struct chaos_progress *at,
                         FILE *to)
{
    fprintf(to, "seed %" PRIu64 ": %" PRId64 " requests on %" PRId64 " connections were at risk, in %.3f s\n",
            plan->seed, j->meant, j->connections, (double)at->elapsed_ns / 1e9);
    fprintf(to, "%" PRId64 " records were acknowledged, %" PRId64 " were fetched\n", at->acknowledged, at->fetched);
    if (j->delayed)
        fprintf(to, "%" PRId64 " requests were held back, %.3f ms in the mean\n", j->delayed,
                (double)j->delay_ns / 1e6 / (double)j->delayed);
    for (int i = 0; i < CHAOS_FAULTS; i++)
        if (plan->chances[i] > 0)
            fprintf(to, "%" PRId64 " %s, with %" PRId64 " records\n", j->faults[i], fault_sentences[i],
                    j->records_lost[i]);
    if (plan->partition_count) fprintf(to, "%d of %d partitions\n", j->partitions, plan->partition_count);
    if (plan->kill_count) fprintf(to, "%d of %d kills\n", j->kills, plan->kill_count);
    if (j->recovery_ns >= 0) fprintf(to, "ready again %.3f s after the kill\n", (double)j->recovery_ns / 1e9);
    if (j->answer_ns >= 0)
        fprintf(to, "the first answer to a Produce or Fetch %.3f s after the kill\n", (double)j->answer_ns / 1e9);
}

void journal_summary(struct journal *j, const struct chaos_plan *plan, const struct chaos_progress *at, bool json,
                     FILE *to)
{
    summary_json(j, plan, at, &j->line);
    if (json) fwrite(j->line.p, 1, j->line.n, to);
    line_end(j);
    if (!json) summary_text(j, plan, at, to);
}

int journal_close(struct journal *j)
{
    buf_release(&j->line);
    if (!j->file) return 0;
    bool failed = ferror(j->file) != 0;
    failed = fclose(j->file) != 0 || failed;
    j->file = NULL;
    if (failed) fprintf(stderr, "millrace chaos: %s: cannot be written\n", j->path);
    return failed ? ERR_IO : 0;
}
