#include "bench/peer_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare.h"
#include "bench/target_set.h"
#include "lib/base/memory.h"

static const char ours[] = "millrace", absence[] = ": not measured";

/* --- series --- */

static const char *target_of(const struct trial *t)
{
    const char *target = trial_get(t, "target");
    return target ? target : ours;
}

/* Results from before there were peers do not say what ours promise. */
static const char *promise_of(const struct trial *t)
{
    const char *promise = trial_get(t, "promise"), *mode = trial_get(t, "durability");
    if (promise) return promise;
    if (mode && strcmp(mode, "group-commit") == 0) return "on-disk";
    return mode ? mode : "page-cache";
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static struct series series_of(const struct trial *t)
{
    struct series s = {.absent = ends_with(t->cell, absence)};
    const char *mode = trial_get(t, "durability");
    char end[TRIAL_NAME_MAX + 1];
    snprintf(s.target, sizeof s.target, "%s", target_of(t));
    snprintf(s.promise, sizeof s.promise, "%s", promise_of(t));
    snprintf(s.durability, sizeof s.durability, "%s", s.absent ? "not measured" : mode ? mode : "page-cache");
    if (strcmp(s.target, ours) != 0) snprintf(s.before, sizeof s.before, "%.60s: ", s.target);
    snprintf(end, sizeof end, " %s", s.durability);
    if (ends_with(t->cell, end)) snprintf(s.behind, sizeof s.behind, "%.63s", end);
    return s;
}

static int promise_rank(const struct series *s)
{
    static const char *const known[] = {"none", "memory", "page-cache", "on-disk", "interval"};
    int i = 0;
    while (i < 5 && strcmp(known[i], s->promise) != 0) i++;
    return i;
}

static int series_order(const void *a, const void *b)
{
    const struct series *x = a, *y = b;
    if (x->absent != y->absent) return x->absent - y->absent;
    int x_ours = strcmp(x->target, ours) == 0, y_ours = strcmp(y->target, ours) == 0;
    int by_target = x_ours != y_ours ? y_ours - x_ours : strcmp(x->target, y->target);
    return by_target != 0 ? by_target : promise_rank(x) - promise_rank(y);
}

static bool is_known(const struct series *list, int count, const struct series *s)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].target, s->target) != 0) continue;
        if (s->absent || strcmp(list[i].durability, s->durability) == 0) return true;
    }
    return false;
}

int series_find(const struct trials *all, struct series out[SERIES_MAX])
{
    int count = 0;
    /* Those that were measured first: what could not be had once may have been since. */
    for (int absent = 0; absent < 2; absent++) {
        for (int i = 0; i < all->count && count < SERIES_MAX; i++) {
            struct series s = series_of(&all->items[i]);
            if (s.absent == (absent == 1) && !is_known(out, count, &s)) out[count++] = s;
        }
    }
    qsort(out, (size_t)count, sizeof *out, series_order);
    return count;
}

const char *series_cell(const struct series *s, const char *own, char out[TRIAL_NAME_MAX])
{
    if (s->absent)
        target_cell_join(out, s->target, absence, "");
    else
        target_cell_join(out, s->before, own, s->behind);
    return out;
}

int series_index(const struct series *s, int count, const struct trial *t)
{
    struct series own = series_of(t);
    for (int i = 0; i < count; i++) {
        if (strcmp(s[i].target, own.target) == 0 && strcmp(s[i].durability, own.durability) == 0) return i;
    }
    return -1;
}

void series_absent_titles(struct buf *script, const struct series *s, int count)
{
    for (int i = 0; i < count; i++) {
        if (s[i].absent)
            buf_printf(script, ", \\\nNaN with points pt 6 lc rgb '#777777' title '%s: not measured'", s[i].target);
    }
}

bool series_have_peers(const struct series *s, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(s[i].target, ours) != 0) return true;
    }
    return false;
}

const char *series_label(const struct series *s, int series_count, const struct series *all, char out[TRIAL_NAME_MAX])
{
    bool alone = !series_have_peers(all, series_count);
    target_cell_join(out, alone ? "" : s->target, alone ? "" : " ", s->durability);
    return out;
}

void series_targets(const struct trials *all, char out[256])
{
    struct series s[SERIES_MAX];
    int count = series_find(all, s);
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < count && n < 200 && series_have_peers(s, count); i++) {
        if (i > 0 && strcmp(s[i].target, s[i - 1].target) == 0) continue;
        n += (size_t)snprintf(out + n, 256 - n, " --target %.30s", s[i].target);
    }
}

/* --- ours over theirs --- */

/* The target's trials, in cells that are called the same whoever the target is: "acks=1, on-disk". What they consist of
 * stays with `all`. */
static struct trials trials_of(const struct trials *all, const char *target)
{
    struct trials some = {.items = memory_new((size_t)all->count * sizeof *some.items)};
    for (int i = 0; i < all->count; i++) {
        struct series s = series_of(&all->items[i]);
        if (s.absent || strcmp(s.target, target) != 0) continue;
        struct trial *t = &some.items[some.count++];
        *t = all->items[i];
        size_t n = strlen(all->items[i].cell) - strlen(s.behind), begin = strlen(s.before);
        char own[TRIAL_NAME_MAX], promise[TRIAL_NAME_MAX + 4];
        snprintf(own, sizeof own, "%.*s", (int)(n - begin), all->items[i].cell + begin);
        snprintf(promise, sizeof promise, ", %s", s.promise);
        target_cell_join(t->cell, own, promise, "");
    }
    return some;
}

static const char *verdict_text(const struct compare_line *l)
{
    static const char *const words[] = {"no difference", "ours is better", "theirs is better", "not measurable"};
    return words[l->verdict];
}

static void value_put(struct buf *b, double value)
{
    if (isnan(value))
        buf_append_str(b, "<td>&ndash;");
    else
        buf_printf(b, value >= 1000 ? "<td>%.0f" : "<td>%.3g", value);
}

static void line_put(struct buf *b, const struct compare_line *l)
{
    buf_printf(b, "<tr><td>%s<td>%s, %s", l->cell, l->measure, l->unit);
    value_put(b, l->after);
    value_put(b, l->before);
    if (l->ratio.n > 0 && l->floor > 0)
        buf_printf(b, "<td>%.3g [%.3g, %.3g]<td>%.0f&nbsp;%%", l->ratio.value, l->ratio.low, l->ratio.high,
                   100 * l->floor);
    else
        buf_append_str(b, "<td>&ndash;<td>&ndash;");
    buf_printf(b, "<td>%s</tr>\n", verdict_text(l));
}

static void answer_put(struct report *r, const struct comparison *c, const char *peer)
{
    int counts[COMPARE_NOT_MEASURABLE + 1] = {0};
    for (int i = 0; i < c->count; i++) counts[c->lines[i].verdict]++;
    buf_printf(
        &r->answers,
        "<li><b>Beside %s (%s).</b> Of %d comparisons in cells with the same promise ours is better in %d, theirs in "
        "%d, none in %d; %d are not measurable. <span class=note>(Better: the interval of the ratio excludes 1 and "
        "the effect exceeds the noise floor.)</span></li>\n",
        peer, c->lines[0].experiment, c->count, counts[COMPARE_BETTER], counts[COMPARE_WORSE], counts[COMPARE_SAME],
        counts[COMPARE_NOT_MEASURABLE]);
}

static void peer_table(struct report *r, const struct trials *all, const char *peer)
{
    struct buf *b = &r->body;
    struct comparison *c = memory_new(sizeof *c);
    struct trials theirs = trials_of(all, peer), own = trials_of(all, ours);
    if (theirs.count > 0 && own.count > 0) compare_experiment(c, &theirs, &own);
    if (c->count > 0) {
        buf_printf(b,
                   "<details><summary>Ours over %s, cell by cell</summary><table><tr><th>cell, promise<th>measure<th>"
                   "millrace<th>%s<th>ratio [interval]<th>noise floor<th></tr>\n",
                   peer, peer);
        for (int i = 0; i < c->count; i++) line_put(b, &c->lines[i]);
        buf_append_str(b,
                       "</table><p class=note>Trials of both took turns in the same minutes. The interval is 95&nbsp;% "
                       "from resampled trials, below five trials the range; the noise floor is what halves of one "
                       "target's trials differ by, twice.</p></details>\n");
        answer_put(r, c, peer);
    }
    free(theirs.items);
    free(own.items);
    free(c);
}

/* A target without trials, and why it has none. */
static void absence_put(struct report *r, const struct trials *all, const struct series *s)
{
    char cell[TRIAL_NAME_MAX];
    series_cell(s, "", cell);
    buf_printf(&r->answers, "<li><b>Beside %s (%s).</b> <span class=bad>Not measured:</span> ", s->target,
               all->items[0].experiment);
    for (int i = 0; i < all->count; i++) {
        const struct trial *t = &all->items[i];
        if (strcmp(t->cell, cell) != 0 || t->verdict.void_count == 0) continue;
        report_html(&r->answers, t->verdict.void_reasons[0]);
        break;
    }
    buf_append_str(&r->answers, ".</li>\n");
}

void report_peers(struct report *r, const struct trials *all)
{
    struct series s[SERIES_MAX];
    int count = series_find(all, s);
    for (int i = 0; i < count; i++) {
        if (strcmp(s[i].target, ours) == 0 || (i > 0 && strcmp(s[i].target, s[i - 1].target) == 0)) continue;
        if (s[i].absent)
            absence_put(r, all, &s[i]);
        else
            peer_table(r, all, s[i].target);
    }
}
