#include "etl/admission.h"

#include <assert.h>
#include <string.h>

int admission_open(struct admission *a, struct operator_context *c, const struct feed *feed, struct row_parser *parser)
{
    a->context = c;
    a->feed = feed;
    a->parser = parser;
    a->count = 0;
    if (feed->unique_count > ADMISSION_UNIQUE_MAX)
        return err_set(c->error, ERR_UNSUPPORTED, "%s: source %s has more than %d unique rules", feed->path, feed->name,
                       ADMISSION_UNIQUE_MAX);
    for (int i = 0; i < feed->rule_count; i++) {
        if (!feed->rules[i].unique) continue;
        a->rules[a->count] = i;
        int result = unique_open(c, feed, feed->rules[i].name, &a->uniques[a->count++]);
        if (result < 0) return result;
    }
    return 0;
}

void admission_close(struct admission *a)
{
    for (int i = 0; i < a->count; i++) unique_close(a->uniques[i]);
    a->count = 0;
}

void admission_end(struct admission *a, struct buf *state)
{
    for (int k = 0; k < a->count; k++) {
        struct state_size size = {0};
        unique_measure(a->uniques[k], &size);
        state_size_say(state, a->feed->name, a->feed->rules[a->rules[k]].name, &size);
        unique_forget(a->uniques[k]);
    }
}

static struct slice slice_copy(struct slice s, struct arena *arena)
{
    return s.n ? (struct slice){arena_copy(arena, s.p, s.n), s.n} : (struct slice){0};
}

static void record_copy(struct record *out, const struct record *in, struct arena *arena)
{
    *out = *in;
    out->at.file = slice_copy(in->at.file, arena);
    out->raw = slice_copy(in->raw, arena);
    out->layout = slice_copy(in->layout, arena);
}

/* The parser's arrays are used again for its next row; the texts in them are in the record or the arena. */
static void row_keep(struct row *row, struct arena *arena)
{
    row->values = arena_copy(arena, row->values, (size_t)row->value_count * sizeof *row->values);
    if (row->violation_count > 0)
        row->violations = arena_copy(arena, row->violations, (size_t)row->violation_count * sizeof *row->violations);
}

static void keys_judge(struct admission *a, struct judged *j)
{
    j->takes_part = 0;
    for (int k = 0; k < a->count; k++) {
        uint8_t key[16];
        if (!row_parser_unique_key(a->parser, a->rules[k], key)) continue;
        j->takes_part |= UINT32_C(1) << k;
        j->keys[k] = fingerprint_get(key);
        unique_prefetch(a->uniques[k], j->keys[k]);
    }
}

struct judged *admission_judge(struct admission *a, const struct record *record, struct arena *arena)
{
    struct judged *j = arena_alloc(arena, sizeof *j);
    record_copy(&j->record, record, arena);
    row_parse(a->parser, &j->record, arena, &j->row);
    row_keep(&j->row, arena);
    keys_judge(a, j);
    return j;
}

static bool rejects(const struct admission *a, int k)
{
    return a->feed->rules[a->rules[k]].severity != SEVERITY_WARN;
}

static uint32_t bit(int k)
{
    assert(k >= 0 && k < ADMISSION_UNIQUE_MAX);
    return UINT32_C(1) << k;
}

static int add_in_order(struct admission *a, const struct judged *row)
{
    uint32_t lost = 0;
    for (int k = 0; k < a->count; k++) {
        if (!(row->takes_part & bit(k))) continue;
        bool first;
        int result = unique_first(a->uniques[k], row->keys[k], &first);
        if (result < 0) return result;
        if (first) continue;
        lost |= bit(k);
        if (rejects(a, k)) break;
    }
    return a->settle(a->owner, row, lost, 1);
}

/* --- any order --- */

static int enter(struct admission *a, const struct judged *row, int k, uint32_t lost);
static int leave(struct admission *a, const struct judged *row, int k, uint32_t lost);

/* 1 when `row` holds its key of rule k (it has been added), 0 when not; *holder is the one who does. */
static int holds(struct admission *a, const struct judged *row, int k, struct record *holder, bool *present)
{
    int found = unique_holder(a->uniques[k], row->keys[k], a->context->cycle, holder);
    if (found < 0) return found;
    *present = found;
    return found && position_compare(&holder->at, &row->record.at) == 0;
}

/* The losses of a row before rule k: those at rules that only warn. */
static int lost_before(struct admission *a, const struct judged *row, int k, uint32_t *lost)
{
    *lost = 0;
    for (int i = 0; i < k; i++) {
        struct record holder;
        bool present;
        if (!(row->takes_part & bit(i)) || rejects(a, i)) continue;
        int held = holds(a, row, i, &holder, &present);
        if (held < 0) return held;
        if (!held) *lost |= bit(i);
    }
    return 0;
}

/* The former holder of rule k stands there as a loser from now on. */
static int demote(struct admission *a, const struct record *record, int k)
{
    const struct judged *row = admission_judge(a, record, a->context->cycle);
    uint32_t lost;
    int result = lost_before(a, row, k, &lost);
    if (result == 0) result = leave(a, row, k + 1, lost);
    if (result < 0) return result;
    lost |= bit(k);
    return rejects(a, k) ? a->settle(a->owner, row, lost, 1) : enter(a, row, k + 1, lost);
}

/* The reverse: a loser of rule k holds the key from now on. */
static int promote(struct admission *a, const struct record *record, int k)
{
    const struct judged *row = admission_judge(a, record, a->context->cycle);
    uint32_t lost;
    int result = lost_before(a, row, k, &lost);
    if (result < 0) return result;
    result = rejects(a, k) ? a->settle(a->owner, row, lost | bit(k), -1) : leave(a, row, k + 1, lost | bit(k));
    return result < 0 ? result : enter(a, row, k + 1, lost);
}

/* Takes the row into the rules from k on and settles it. */
static int enter(struct admission *a, const struct judged *row, int k, uint32_t lost)
{
    for (; k < a->count; k++) {
        if (!(row->takes_part & bit(k))) continue;
        struct record holder;
        bool present;
        int result = holds(a, row, k, &holder, &present);
        assert(result <= 0); /* a position enters once */
        if (result == 0) result = unique_add(a->uniques[k], row->keys[k], &row->record, present ? &holder : NULL);
        if (result < 0) return result;
        if (present && position_compare(&holder.at, &row->record.at) < 0) {
            lost |= bit(k);
            if (rejects(a, k)) break;
        } else if (present) {
            result = demote(a, &holder, k);
            if (result < 0) return result;
        }
    }
    return a->settle(a->owner, row, lost, 1);
}

/* Undoes what `enter` did for this row in the rules from k on. It is taken out of the last rule first:
 * then each rule is in order again before somebody moves up in the one before it. */
static int leave(struct admission *a, const struct judged *row, int k, uint32_t lost)
{
    uint32_t present_in = 0, held = 0;
    struct record holder;
    bool present;
    for (int i = k; i < a->count; i++) {
        if (!(row->takes_part & bit(i))) continue;
        int result = holds(a, row, i, &holder, &present);
        if (result < 0) return result;
        present_in |= bit(i);
        if (result == 1) {
            held |= bit(i);
        } else {
            lost |= bit(i);
            if (rejects(a, i)) break;
        }
    }
    int result = a->settle(a->owner, row, lost, -1);
    for (int i = a->count - 1; i >= k && result == 0; i--) {
        if (!(present_in & bit(i))) continue;
        result = unique_remove(a->uniques[i], row->keys[i], &row->record.at, held & bit(i));
        if (result < 0 || !(held & bit(i))) continue;
        result = unique_holder(a->uniques[i], row->keys[i], a->context->cycle, &holder);
        if (result == 1) result = promote(a, &holder, i);
    }
    return result;
}

int admission_take_back(struct admission *a, const struct judged *row)
{
    assert(a->context->live);
    return leave(a, row, 0, 0);
}

int admission_add(struct admission *a, const struct judged *row)
{
    return a->context->live ? enter(a, row, 0, 0) : add_in_order(a, row);
}
