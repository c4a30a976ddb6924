#include "etl/admission.h"

#include <assert.h>
#include <string.h>

int admission_open(struct admission *a, struct operator_context *c, const struct feed *feed)
{
    a->context = c;
    a->feed = feed;
    a->parser = row_parser_new(feed);
    a->again = c->live ? row_parser_new(feed) : NULL;
    a->count = 0;
    if (feed->among_count > ADMISSION_RULES_MAX)
        return err_set(c->error, ERR_UNSUPPORTED, "%s: source %s has more than %d rules unique, fk, sum_equals",
                       feed->path, feed->name, ADMISSION_RULES_MAX);
    for (int i = 0; i < feed->rule_count; i++) {
        const struct rule *rule = &feed->rules[i];
        if (!rule_among_rows(rule)) continue;
        int k = a->count++;
        a->rules[k] = i;
        a->uniques[k] = NULL;
        a->parents[k] = NULL;
        int result =
            rule->unique ? unique_open(c, feed, rule->name, &a->uniques[k]) : parents_open(c, feed, i, &a->parents[k]);
        if (result < 0) return result;
    }
    return 0;
}

void admission_close(struct admission *a)
{
    for (int i = 0; i < a->count; i++) {
        unique_close(a->uniques[i]);
        parents_close(a->parents[i]);
    }
    a->count = 0;
    row_parser_free(a->parser);
    row_parser_free(a->again);
}

void admission_end(struct admission *a, struct buf *state)
{
    for (int k = 0; k < a->count; k++) {
        struct state_size size = {0};
        if (a->uniques[k])
            unique_measure(a->uniques[k], &size);
        else
            parents_measure(a->parents[k], &size);
        state_size_say(state, a->feed->name, a->feed->rules[a->rules[k]].name, &size);
        if (a->uniques[k])
            unique_forget(a->uniques[k]);
        else
            parents_release(a->parents[k]);
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

static void keys_judge(const struct admission *a, struct row_parser *parser, struct judged *j)
{
    j->takes_part = 0;
    for (int k = 0; k < a->count; k++) {
        uint8_t key[16];
        if (!row_parser_key(parser, a->rules[k], key)) continue;
        j->takes_part |= UINT32_C(1) << k;
        j->keys[k] = fingerprint_get(key);
    }
}

void admission_expect(const struct admission *a, const struct judged *row)
{
    for (int k = 0; k < a->count; k++)
        if (a->uniques[k] && row->takes_part & UINT32_C(1) << k) unique_prefetch(a->uniques[k], row->keys[k]);
}

static struct judged *judge(const struct admission *a, struct row_parser *parser, const struct record *record,
                            struct lateness *lateness, struct arena *arena)
{
    struct judged *j = arena_alloc(arena, sizeof *j + (size_t)a->count * sizeof *j->keys);
    record_copy(&j->record, record, arena);
    row_parse_in_order(parser, &j->record, lateness, arena, &j->row);
    j->record.late_s = j->row.values[a->feed->builtin + BUILTIN_LATE_S].i;
    row_keep(&j->row, arena);
    keys_judge(a, parser, j);
    return j;
}

struct judged *admission_judge(struct admission *a, const struct record *record, struct lateness *lateness,
                               struct arena *arena)
{
    return judge(a, a->parser, record, lateness, arena);
}

static struct judged *judge_again(struct admission *a, const struct record *record)
{
    return judge(a, a->again, record, NULL, a->context->cycle);
}

static bool rejects(const struct admission *a, int k)
{
    return a->feed->rules[a->rules[k]].severity != SEVERITY_WARN;
}

static uint32_t bit(int k)
{
    assert(k >= 0 && k < ADMISSION_RULES_MAX);
    return UINT32_C(1) << k;
}

/* The value that a sum is compared with; fk has none. */
static const struct value *value_of(const struct admission *a, const struct judged *row, int k)
{
    const struct rule *rule = &a->feed->rules[a->rules[k]];
    return rule->column >= 0 ? &row->row.values[rule->column] : &row->row.values[rule->columns[0]];
}

static int stands_in_order(struct admission *a, const struct judged *row, int k, bool *stands)
{
    if (a->uniques[k]) return unique_first(a->uniques[k], row->keys[k], stands);
    bool broken = false;
    int result = parents_judge(a->parents[k], row->keys[k], value_of(a, row, k), &broken);
    *stands = !broken;
    return result;
}

static int add_in_order(struct admission *a, const struct judged *row)
{
    uint32_t lost = 0;
    for (int k = 0; k < a->count; k++) {
        if (!(row->takes_part & bit(k))) continue;
        bool stands;
        int result = stands_in_order(a, row, k, &stands);
        if (result < 0) return result;
        if (stands) continue;
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

/* 1 when `row`, which has entered rule k, stands there, 0 when it has lost, a negative error; *present: somebody has
 * its key, or (fk, sum_equals) it has entered. */
static int stands(struct admission *a, const struct judged *row, int k, bool *present)
{
    struct record holder;
    bool broken = false;
    if (a->uniques[k]) return holds(a, row, k, &holder, present);
    int found = parents_child_find(a->parents[k], row->keys[k], &row->record.at, &broken);
    *present = found > 0;
    return found < 0 ? found : !broken;
}

/* The losses of a row before rule k: those at rules that only warn. */
static int lost_before(struct admission *a, const struct judged *row, int k, uint32_t *lost)
{
    *lost = 0;
    for (int i = 0; i < k; i++) {
        bool present;
        if (!(row->takes_part & bit(i)) || rejects(a, i)) continue;
        int held = stands(a, row, i, &present);
        if (held < 0) return held;
        if (!held) *lost |= bit(i);
    }
    return 0;
}

/* One who stood in rule k has lost there from now on. */
static int demote(struct admission *a, const struct record *record, int k)
{
    const struct judged *row = judge_again(a, record);
    uint32_t lost;
    int result = lost_before(a, row, k, &lost);
    if (result == 0) result = leave(a, row, k + 1, lost);
    if (result < 0) return result;
    lost |= bit(k);
    return rejects(a, k) ? a->settle(a->owner, row, lost, 1) : enter(a, row, k + 1, lost);
}

/* The reverse: a loser of rule k stands there from now on. */
static int promote(struct admission *a, const struct record *record, int k)
{
    const struct judged *row = judge_again(a, record);
    uint32_t lost;
    int result = lost_before(a, row, k, &lost);
    if (result < 0) return result;
    result = rejects(a, k) ? a->settle(a->owner, row, lost | bit(k), -1) : leave(a, row, k + 1, lost | bit(k));
    return result < 0 ? result : enter(a, row, k + 1, lost);
}

static int unique_enter(struct admission *a, const struct judged *row, int k, bool *loses)
{
    struct record holder;
    bool present;
    int result = holds(a, row, k, &holder, &present);
    assert(result <= 0); /* a position enters once */
    if (result == 0) result = unique_add(a->uniques[k], row->keys[k], &row->record, present ? &holder : NULL);
    if (result < 0 || !present) return result;
    *loses = position_compare(&holder.at, &row->record.at) < 0;
    return *loses ? 0 : demote(a, &holder, k);
}

static int parents_enter(struct admission *a, const struct judged *row, int k, bool *loses)
{
    const struct value *value = value_of(a, row, k);
    int result = parents_judge(a->parents[k], row->keys[k], value, loses);
    return result < 0 ? result : parents_child_add(a->parents[k], row->keys[k], value, *loses, &row->record);
}

/* Takes the row into the rules from k on and settles it. */
static int enter(struct admission *a, const struct judged *row, int k, uint32_t lost)
{
    for (; k < a->count; k++) {
        if (!(row->takes_part & bit(k))) continue;
        bool loses = false;
        int result = a->uniques[k] ? unique_enter(a, row, k, &loses) : parents_enter(a, row, k, &loses);
        if (result < 0) return result;
        if (!loses) continue;
        lost |= bit(k);
        if (rejects(a, k)) break;
    }
    return a->settle(a->owner, row, lost, 1);
}

/* Takes the row out of rule k; who has its key now moves up. */
static int rule_leave(struct admission *a, const struct judged *row, int k, bool held)
{
    if (a->parents[k]) return parents_child_remove(a->parents[k], row->keys[k], &row->record.at);
    int result = unique_remove(a->uniques[k], row->keys[k], &row->record.at, held);
    if (result < 0 || !held) return result;
    struct record holder;
    result = unique_holder(a->uniques[k], row->keys[k], a->context->cycle, &holder);
    return result == 1 ? promote(a, &holder, k) : result;
}

/* Undoes what `enter` did for this row in the rules from k on. It is taken out of the last rule first:
 * then each rule is in order again before somebody moves up in the one before it. */
static int leave(struct admission *a, const struct judged *row, int k, uint32_t lost)
{
    uint32_t present_in = 0, held = 0;
    bool present;
    for (int i = k; i < a->count; i++) {
        if (!(row->takes_part & bit(i))) continue;
        int result = stands(a, row, i, &present);
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
    for (int i = a->count - 1; i >= k && result == 0; i--)
        if (present_in & bit(i)) result = rule_leave(a, row, i, held & bit(i));
    return result;
}

int admission_take_back(struct admission *a, const struct record *record)
{
    assert(a->context->live);
    return leave(a, judge_again(a, record), 0, 0);
}

int admission_add(struct admission *a, const struct judged *row)
{
    return a->context->live ? enter(a, row, 0, 0) : add_in_order(a, row);
}

int admission_hear(struct admission *a, int feed, int bucket, const struct value *values, int sign)
{
    int result = 0;
    for (int k = 0; k < a->count && result == 0; k++)
        if (a->parents[k]) result = parents_change(a->parents[k], feed, bucket, values, sign);
    return result;
}

/* The row stands wrong in rule k. */
static int row_turn(struct admission *a, const struct record *record, int k)
{
    struct fingerprint key = judge_again(a, record)->keys[k];
    bool broken = false;
    int result = parents_child_find(a->parents[k], key, &record->at, &broken);
    assert(result != 0); /* nobody leaves a rule because of a later one */
    if (result == 1) result = parents_child_turn(a->parents[k], key, &record->at, !broken);
    if (result < 0) return result;
    return broken ? promote(a, record, k) : demote(a, record, k);
}

static int rule_turn(struct admission *a, int k)
{
    struct buf misjudged = {0};
    int result = parents_misjudged(a->parents[k], a->context->cycle, &misjudged);
    const struct record *records = (const struct record *)(const void *)misjudged.p;
    for (size_t i = 0; i < misjudged.n / sizeof *records && result == 0; i++) result = row_turn(a, &records[i], k);
    buf_release(&misjudged);
    parents_forget(a->parents[k]);
    return result;
}

int admission_turn(struct admission *a)
{
    int result = 0;
    for (int k = 0; k < a->count && result == 0; k++)
        if (a->parents[k]) result = rule_turn(a, k);
    return result;
}

void admission_forget(struct admission *a)
{
    for (int k = 0; k < a->count; k++) {
        if (a->parents[k]) parents_forget(a->parents[k]);
        if (a->uniques[k]) unique_rollback(a->uniques[k]);
    }
}
