#include "bench/gate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void say(char texts[GATE_TEXTS_MAX][GATE_TEXT_MAX], int *count, const char *format, va_list list)
{
    assert(*count < GATE_TEXTS_MAX);
    vsnprintf(texts[(*count)++], GATE_TEXT_MAX, format, list);
}

__attribute__((format(printf, 2, 3))) static void is_void(struct gate_verdict *v, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(v->void_reasons, &v->void_count, format, list);
    va_end(list);
}

__attribute__((format(printf, 2, 3))) static void finding(struct gate_verdict *v, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(v->findings, &v->finding_count, format, list);
    va_end(list);
}

/* --- from outside --- */

static void judge_machine(const struct gate_facts *f, struct gate_verdict *v)
{
    const struct monitor_seen *m = &f->machine;
    if (m->wall_ns <= 0) return;
    double foreign = (double)m->foreign_ns / (double)m->wall_ns;
    double most = GATE_FOREIGN_CORE + (double)MONITOR_EXACT_NS / (double)m->wall_ns;
    double steal = (double)m->steal_ns / ((double)m->wall_ns * (double)sysconf(_SC_NPROCESSORS_ONLN));
    if (foreign > most) is_void(v, "other work used %.1f %% of a processor (at most %.1f)", 100 * foreign, 100 * most);
    if (m->steal_ns >= 0 && steal > GATE_STEAL_SHARE)
        is_void(v, "the hypervisor took %.1f %% of the processors (at most %.0f)", 100 * steal, 100 * GATE_STEAL_SHARE);
    if (m->clock_jump_ns > GATE_CLOCK_JUMP_NS)
        is_void(v, "the wall clock jumped by %.1f ms", (double)m->clock_jump_ns / 1e6);
}

static void judge_generator(const struct gate_facts *f, struct gate_verdict *v)
{
    int64_t share_ns = (int64_t)((double)f->reported_p99_ns * GATE_LATENESS_SHARE);
    int64_t most_ns = share_ns > GATE_LATENESS_NS ? share_ns : GATE_LATENESS_NS;
    if (f->lateness_p99_ns > most_ns)
        is_void(v, "the generator was %.3f ms late (99th percentile; at most %.3f)", (double)f->lateness_p99_ns / 1e6,
                (double)most_ns / 1e6);
}

static void judge_outside(const struct gate_facts *f, struct gate_verdict *v)
{
    judge_machine(f, v);
    judge_generator(f, v);
    if (f->io_before > GATE_IO_SHARE)
        is_void(v, "the storage was busy before the trial: somebody waited for it %.0f %% of the time (at most %.0f)",
                100 * f->io_before, 100 * GATE_IO_SHARE);
    if (f->capture_drops > 0) is_void(v, "the capture dropped %lld packets", (long long)f->capture_drops);
}

/* --- what the target did --- */

static void judge_ledger(const struct ledger_sum *s, struct gate_verdict *v)
{
    if (!s->closed)
        finding(v, "the ledger does not close: %lld sent, %lld acknowledged, %lld failed, %lld not answered",
                (long long)s->sent, (long long)s->acked, (long long)s->failed, (long long)s->unanswered);
    if (s->lost > 0) finding(v, "%lld acknowledged messages were lost", (long long)s->lost);
    if (s->failed > 0) finding(v, "%lld messages failed", (long long)s->failed);
    if (s->duplicated > 0) finding(v, "%lld messages came twice", (long long)s->duplicated);
    if (s->reordered > 0) finding(v, "%lld messages came behind a later one", (long long)s->reordered);
}

static void judge_pace(const struct gate_facts *f, struct gate_verdict *v)
{
    if (f->offered > 0 && f->achieved < GATE_RATE_MIN * f->offered)
        finding(v, "%.1f %% of the offered rate was achieved (at least %.0f)", 100 * f->achieved / f->offered,
                100 * GATE_RATE_MIN);
    v->unsteady = f->has_steady && !f->steady.found;
    if (v->unsteady) finding(v, "no steady state: %s", f->steady.why);
    if (f->has_little && !f->little.holds)
        finding(v, "Little's law is off by %.1f %%: %.1f (+- %.1f) messages on their way, rate times latency is %.1f",
                100 * f->little.error, f->little.backlog, LITTLE_CHANCE_Z * f->little.chance, f->little.product);
}

void gate_judge(const struct gate_facts *facts, struct gate_verdict *v)
{
    *v = (struct gate_verdict){.wrong_answer = facts->digest == GATE_DIGEST_DIFFERS};
    if (v->wrong_answer) finding(v, "the warehouse is not the true one");
    if (!facts->disturbed) judge_outside(facts, v);
    if (facts->has_ledger) judge_ledger(&facts->ledger, v);
    if (!facts->saturated && !facts->disturbed) judge_pace(facts, v);
}
