#include "etl/engine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "etl/admission.h"
#include "etl/operator/checked.h"
#include "etl/operator/operator.h"
#include "etl/operator/recent.h"
#include "etl/parse.h"
#include "etl/sink/deferred.h"
#include "etl/sink/late.h"
#include "etl/sink/quarantine.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "etl/sink/value.h"
#include "etl/source/format.h"
#include "lib/base/memory.h"

/* In a batch rows are parsed some time before they are applied, and memory that a row will need is asked for so many
 * rows ahead, to be on its way meanwhile. */
enum { BATCH_STAGED = 64, BATCH_EXPECTED = 16 };

/* One source on its way into the engine. */
struct lane {
    struct engine *engine;
    const struct feed *feed;
    struct admission admission;
    struct outlet *outlets; /* the stores that read it */
    int outlet_count;
};

struct outlet {
    struct operator* store;
    int input;  /* in the store's table.inputs */
    int bucket; /* of the rows that go there */
};

struct engine {
    enum engine_mode mode;
    struct operator_context context;
    struct arena cycle;        /* one flush */
    struct arena staged_arena; /* batch: rows that wait */
    struct buf staged;         /* struct judged * */
    struct err_text error;
    struct lane *lanes; /* one per definition.feeds */
    struct quarantine quarantine;
    struct late late;
    struct operator** operators;  /* one per definition.tables */
    struct violation *violations; /* of the row being settled: its own and its losses */
    struct engine_counts counts;
    int64_t data_version; /* of the database when the caches were last known to be good; 0: not known */
    int64_t next_id;      /* live: of a record; 0: not known */
    bool ids_taken;       /* since the last flush */
    bool rule_failed;
    struct buf state; /* FRESH: what was kept about keys */
};

/* --- a row takes its place --- */

/* The parser has forgotten how the value of a key was written: it stands as the warehouse shows it. */
static struct slice value_as_text(const struct value *v, int scale, struct arena *arena)
{
    struct buf text = {0};
    if (v->type == VALUE_TEXT) return v->text;
    value_print(v, scale, &text);
    struct slice copy = {text.n ? arena_copy(arena, text.p, text.n) : NULL, text.n};
    buf_release(&text);
    return copy;
}

/* The row as it stands with these losses: violations in ordinal order, and its bucket. */
static void row_with_losses(const struct lane *lane, const struct judged *j, uint32_t lost, struct row *out)
{
    const struct feed *feed = lane->feed;
    struct engine *e = lane->engine;
    *out = j->row;
    if (lost == 0) return;
    int n = 0, own = 0;
    for (int k = 0; k < lane->admission.count; k++) {
        if (!(lost & UINT32_C(1) << k)) continue;
        const struct rule *rule = &feed->rules[lane->admission.rules[k]];
        int ordinal = lane->admission.rules[k] + 1;
        while (own < j->row.violation_count && j->row.violations[own].ordinal < ordinal)
            e->violations[n++] = j->row.violations[own++];
        struct violation *v = &e->violations[n++];
        *v = (struct violation){.ordinal = ordinal, .rule = slice_str(rule->name)};
        if (rule->column >= 0) {
            v->column = slice_str(feed->columns[rule->column].name);
            v->value = value_as_text(&j->row.values[rule->column], feed->columns[rule->column].scale, &e->cycle);
        }
        if (rule->severity != SEVERITY_WARN && (out->bucket == ROW_VALID || ordinal < out->bucket))
            out->bucket = ordinal;
    }
    while (own < j->row.violation_count) e->violations[n++] = j->row.violations[own++];
    out->violations = e->violations;
    out->violation_count = n;
}

/* In a stream what a rule looks at may still come (outstanding.h). */
static bool may_come(const struct engine *e, const struct feed *feed, int ordinal)
{
    bool ruled = ordinal >= 1 && ordinal <= feed->rule_count;
    return e->context.live && ruled && feed->rules[ordinal - 1].reference;
}

/* "FILE:LINE"; of a document "FILE:LINE, record N", because all of it may stand on one line. */
static const char *place_of(struct engine *e, const struct record *record)
{
    const struct position *at = &record->at;
    const struct format *format = e->context.definition->feeds[record->feed].format;
    const char *place = arena_printf(&e->cycle, "%.*s:%" PRIu64, (int)at->file.n, (const char *)at->file.p,
                                     at->line ? at->line : at->number);
    bool document = format == &FORMAT_JSON || format == &FORMAT_XML;
    return document ? arena_printf(&e->cycle, "%s, record %" PRIu64, place, at->number) : place;
}

static int drift_say(struct engine *e, const struct row *row, const struct violation *v)
{
    const struct feed *feed = &e->context.definition->feeds[row->record->feed];
    const char *what = arena_printf(&e->cycle, "%.*s", (int)v->value.n, (const char *)v->value.p);
    if (!v->drifts) {
        int column = feed_column(feed, (const char *)v->column.p);
        what = arena_printf(&e->cycle, "\"%.*s\" does not fit column %s (%s)", v->value.n > 200 ? 200 : (int)v->value.n,
                            (const char *)v->value.p, feed->columns[column].name,
                            value_type_name(feed->columns[column].type));
    }
    return err_set(&e->error, ERR_INVALID, "%s: drift of source %s: %s, and %s.drift of %s says \"fail\"",
                   place_of(e, row->record), feed->name, what, feed->at, feed->path);
}

static int failure_say(struct engine *e, const struct row *row, const struct violation *v)
{
    const struct feed *feed = &e->context.definition->feeds[row->record->feed];
    const char *column = (const char *)v->column.p;
    bool derived = v->column.n && feed_column(feed, column) >= feed->field_count;
    return err_set(&e->error, ERR_INVALID, "%s: rule %.*s failed%s%.*s%s%.*s", place_of(e, row->record), (int)v->rule.n,
                   (const char *)v->rule.p, v->column.n ? ": column " : "", (int)v->column.n, column,
                   !v->column.n ? ""
                   : v->value.n ? ", value "
                   : derived    ? ""
                                : " is empty",
                   v->value.n > 200 ? 200 : (int)v->value.n, (const char *)v->value.p);
}

/* A broken rule of severity `fail` ends the run. */
static int failures_check(struct engine *e, const struct row *row)
{
    const struct feed *feed = &e->context.definition->feeds[row->record->feed];
    for (int i = 0; i < row->violation_count; i++) {
        const struct violation *v = &row->violations[i];
        bool fails = quarantine_severity(feed, v->ordinal) == SEVERITY_FAIL && !may_come(e, feed, v->ordinal);
        if (!fails && !v->drifts) continue;
        e->rule_failed = true;
        bool retyped = v->ordinal == feed->rule_count + 1 && v->column.n && v->value.n;
        return v->drifts || retyped ? drift_say(e, row, v) : failure_say(e, row, v);
    }
    return 0;
}

/* Rules of later sources look at the tables of this one. */
static int lanes_hear(const struct lane *from, const struct row *row, int sign)
{
    struct engine *e = from->engine;
    int result = 0;
    for (int i = from->feed->index + 1; i < e->context.definition->feed_count && result == 0; i++)
        result = admission_hear(&e->lanes[i].admission, from->feed->index, row->bucket, row->values, sign);
    return result;
}

static int settle(void *owner, const struct judged *j, uint32_t lost, int sign)
{
    struct lane *lane = owner;
    struct engine *e = lane->engine;
    int time = lane->feed->time;
    struct row row;
    row_with_losses(lane, j, lost, &row);
    int result = sign > 0 ? failures_check(e, &row) : 0;
    if (result == 0) result = quarantine_row(&e->quarantine, &row, sign);
    struct change change = {.sign = sign, .values = row.values, .id = j->record.id};
    change.order = (struct order){.file = j->record.at.file, .byte_offset = j->record.at.byte_offset};
    change.order.source = lane->feed->rank;
    if (time >= 0 && row.values[time].type != VALUE_NULL) change.order.time = row.values[time].i;
    for (int i = 0; i < lane->outlet_count && result == 0; i++) {
        change.input = lane->outlets[i].input;
        if (lane->outlets[i].bucket == row.bucket) result = operator_process(lane->outlets[i].store, &change);
    }
    return result < 0 ? result : lanes_hear(lane, &row, sign);
}

/* --- opening --- */

/* A table's operator hears of the rows of what it reads. */
static void operator_connect(struct engine *e, int i)
{
    const struct table *t = &e->context.definition->tables[i];
    struct operator* o = e->operators[i];
    bool checked = checked_among(t);
    if (t->parent >= 0 && !(checked && t->violations)) operator_child_add(e->operators[t->parent], o, 0);
    if (t->join) operator_child_add(e->operators[t->join->right], o, 1);
    if (checked && t->violations) operator_child_add(e->operators[i - 1], o, 0); /* see checked.h */
    for (int k = 0; checked && !t->violations && k < t->rules->rule_count; k++)
        if (t->rules->rules[k].reference)
            operator_child_add(e->operators[t->rules->rules[k].reference->table], o, 1 + k);
}

static int operators_open(struct engine *e)
{
    const struct definition *d = e->context.definition;
    int result = 0;
    e->operators = memory_new(((size_t)d->table_count + 1) * sizeof(struct operator*));
    for (int i = 0; i < d->table_count && result == 0; i++) {
        const struct table *t = &d->tables[i];
        result = operator_open(&e->context, t, &e->operators[i]);
        if (result == 0) operator_connect(e, i);
    }
    return result;
}

/* From here on rows are written where they come up, and the database may be read. */
static int batch_settled(struct engine *e)
{
    int result = e->context.deferred ? deferred_end(e->context.deferred, &e->error) : 0;
    deferred_free(e->context.deferred);
    e->context.deferred = NULL;
    return result;
}

/* What one has written the next one may read; in a batch the other thread goes on writing as long as none of them does.
 */
static int operators_flush(struct engine *e)
{
    int result = pending_write_all(&e->context.pendings, &e->error);
    for (int i = 0; i < e->context.definition->table_count && result == 0; i++) {
        if (operator_flush_reads(e->operators[i])) result = batch_settled(e);
        if (result == 0) result = operator_flush(e->operators[i]);
        if (result == 0) result = pending_write_all(&e->context.pendings, &e->error);
    }
    return result;
}

static void outlets_find(struct lane *lane)
{
    const struct definition *d = lane->engine->context.definition;
    lane->outlets = memory_new((size_t)d->table_count * sizeof *lane->outlets);
    for (int i = 0; i < d->table_count; i++)
        for (int k = 0; k < d->tables[i].input_count; k++)
            if (d->tables[i].inputs[k].feed == lane->feed->index)
                lane->outlets[lane->outlet_count++] =
                    (struct outlet){lane->engine->operators[i], k, d->tables[i].inputs[k].bucket};
}

static int lanes_open(struct engine *e)
{
    const struct definition *d = e->context.definition;
    int result = 0;
    e->lanes = memory_new((size_t)d->feed_count * sizeof *e->lanes);
    for (int i = 0; i < d->feed_count && result == 0; i++) {
        struct lane *lane = &e->lanes[i];
        *lane = (struct lane){.engine = e, .feed = &d->feeds[i]};
        outlets_find(lane);
        result = admission_open(&lane->admission, &e->context, lane->feed);
        lane->admission.settle = settle;
        lane->admission.owner = lane;
    }
    return result;
}

static void lanes_close(struct engine *e)
{
    for (int i = 0; e->lanes && i < e->context.definition->feed_count; i++) {
        admission_close(&e->lanes[i].admission);
        free(e->lanes[i].outlets);
    }
    free(e->lanes);
}

/* The most violations that a row can have, its losses among them. */
static size_t violations_max(const struct definition *d)
{
    size_t most = 0;
    for (int i = 0; i < d->feed_count; i++) {
        size_t n = (size_t)(d->feeds[i].rule_count + d->feeds[i].column_count) + 2;
        if (n > most) most = n;
    }
    return most;
}

bool engine_mode_is_live(enum engine_mode mode)
{
    return mode != ENGINE_FRESH && mode != ENGINE_WHOLE;
}

int engine_run_begin(sqlite3 *db, const struct definition *definition, enum engine_mode mode, const char *input,
                     int64_t *run, struct err_text *error)
{
    return schema_run_begin(definition, db, mode, input, run, error);
}

/* Writes the rows that are always there. */
static int live_begin(struct engine *e, enum engine_mode mode)
{
    int result = operators_flush(e);
    if (result < 0) return result;
    return mode == ENGINE_LIVE ? recents_write(e->context.recents) : recents_settle(e->context.recents);
}

int engine_open(const struct definition *definition, sqlite3 *db, enum engine_mode mode, int64_t run,
                struct engine **out, struct err_text *error)
{
    struct engine *e = memory_new(sizeof *e);
    bool live = engine_mode_is_live(mode);
    e->mode = mode;
    e->context = (struct operator_context){.definition = definition,
                                           .db = db,
                                           .live = live,
                                           .alone = mode == ENGINE_BACKFILL,
                                           .cycle = &e->cycle,
                                           .error = &e->error};
    e->violations = memory_new(violations_max(definition) * sizeof *e->violations);
    int result = schema_prepare(definition, db, mode, &e->error);
    if (result == 0) result = quarantine_open(&e->quarantine, &e->context, run);
    if (result == 0) result = late_open(&e->late, &e->context);
    if (result == 0 && live) result = recents_open(db, mode != ENGINE_LIVE, &e->context.recents, &e->error);
    if (result == 0) result = operators_open(e);
    if (result == 0) result = lanes_open(e);
    if (result == 0 && live) result = live_begin(e, mode);
    if (result == 0 && !live) e->context.deferred = deferred_new();
    *out = e;
    if (result < 0) {
        err_set(error, result, "%s", e->error.text);
        engine_close(e);
        *out = NULL;
    }
    return result;
}

void engine_close(struct engine *e)
{
    if (!e) return;
    deferred_free(e->context.deferred); /* before the statements that it steps */
    for (int i = 0; e->operators && i < e->context.definition->table_count; i++) operator_close(e->operators[i]);
    lanes_close(e);
    if (e->quarantine.context) quarantine_close(&e->quarantine);
    late_close(&e->late);
    recents_close(e->context.recents);
    arena_release(&e->cycle);
    arena_release(&e->staged_arena);
    buf_release(&e->staged);
    buf_release(&e->state);
    free(e->operators);
    free(e->violations);
    free(e);
}

/* --- records --- */

static int outcome(const struct engine *e, int result)
{
    return result < 0 && e->rule_failed ? ENGINE_RULE_FAILED : result;
}

int engine_begin(struct engine *e)
{
    int64_t version;
    int result = sql_integer(e->context.db, 0, &version, &e->error, "PRAGMA data_version");
    if (result < 0) return result;
    if (version == e->data_version) return 0;
    result = schema_rowids(e->context.db, &e->next_id, &e->error);
    if (result == 0) result = recents_refresh(e->context.recents);
    if (result < 0) return result;
    for (int i = 0; i < e->context.definition->table_count; i++) operator_forget(e->operators[i]);
    e->data_version = version;
    return 0;
}

static size_t staged_count(const struct engine *e)
{
    return e->staged.n / sizeof(struct judged *);
}

static void staged_drop(struct engine *e)
{
    buf_reset(&e->staged);
    arena_reset(&e->staged_arena);
}

static void stage(struct engine *e, const struct record *record)
{
    struct judged *j = engine_judge(e, record, &e->staged_arena);
    buf_append(&e->staged, &j, sizeof(struct judged *));
}

/* Whatever is kept of the record is found by it again. */
static int id_give(struct engine *e, struct record *record)
{
    int result = e->next_id ? 0 : schema_rowids(e->context.db, &e->next_id, &e->error);
    record->id = e->next_id++;
    e->ids_taken = true;
    return result;
}

static int judged_apply(struct engine *e, struct judged *j)
{
    const struct quarantine_counts *counts = &e->quarantine.counts[j->record.feed];
    int64_t rejected = counts->rejected, warned = counts->warned;
    quarantine_read(&e->quarantine, j->record.feed, 1);
    int result = e->context.live ? id_give(e, &j->record) : 0;
    if (result == 0) result = admission_add(&e->lanes[j->record.feed].admission, j);
    e->counts.records++;
    e->counts.rejected += counts->rejected > rejected;
    e->counts.accepted += counts->rejected <= rejected;
    e->counts.warned += counts->warned > warned;
    return outcome(e, result);
}

int engine_apply(struct engine *e, struct judged *row)
{
    assert(e->context.live);
    return judged_apply(e, row);
}

int engine_take_back(struct engine *e, const struct record *record)
{
    assert(e->context.live);
    struct admission *a = &e->lanes[record->feed].admission;
    quarantine_read(&e->quarantine, record->feed, -1);
    e->counts.taken_back++;
    return outcome(e, admission_take_back(a, record));
}

int engine_expect_take_back(struct engine *e)
{
    return schema_positions_index(e->context.definition, e->context.db, &e->error);
}

bool engine_judged_time(const struct engine *e, const struct judged *j, int64_t *time_s)
{
    int time = e->lanes[j->record.feed].feed->time;
    if (time < 0 || j->row.bucket != ROW_VALID || j->row.values[time].type == VALUE_NULL) return false;
    *time_s = j->row.values[time].i;
    return true;
}

static int key_is_null(struct engine *e, const struct feed *feed, const struct record *r, int column)
{
    return err_set(&e->error, ERR_INVALID,
                   "%.*s:%" PRIu64
                   ": column %s of the key is NULL (%s.key of %s); a rule not_null with severity reject "
                   "keeps such records out",
                   (int)r->at.file.n, (const char *)r->at.file.p, r->at.line ? r->at.line : r->at.number,
                   feed->columns[column].name, feed->at, feed->path);
}

int engine_judged_key(struct engine *e, const struct judged *j, uint8_t key[16])
{
    const struct feed *feed = e->lanes[j->record.feed].feed;
    struct buf text = {0};
    int result = 1;
    if (j->row.bucket != ROW_VALID) return 0;
    fingerprint_encode(&text, &(struct value){.type = VALUE_TEXT, .text = slice_str(feed->name)});
    for (int i = 0; i < feed->key_count && result == 1; i++) {
        const struct value *v = &j->row.values[feed->key[i]];
        if (v->type == VALUE_NULL) result = key_is_null(e, feed, &j->record, feed->key[i]);
        fingerprint_encode(&text, v);
    }
    fingerprint_put(fingerprint_of(text.p, text.n), key);
    buf_release(&text);
    return result;
}

int engine_drop_late(struct engine *e, const struct judged *j, int64_t late_s)
{
    return late_row(&e->late, &j->record, &j->row.values[e->lanes[j->record.feed].feed->time], late_s);
}

struct judged *engine_judge_in_order(struct engine *e, const struct record *record, struct lateness *lateness,
                                     struct arena *arena)
{
    return admission_judge(&e->lanes[record->feed].admission, record, lateness, arena);
}

struct judged *engine_judge(struct engine *e, const struct record *record, struct arena *arena)
{
    return engine_judge_in_order(e, record, NULL, arena);
}

void engine_expect(const struct engine *e, const struct judged *j)
{
    admission_expect(&e->lanes[j->record.feed].admission, j);
}

void engine_page_begin(struct engine *e)
{
    e->context.in_page = true;
}

int engine_page_end(struct engine *e)
{
    int result = 0;
    e->context.in_page = false;
    for (int i = 0; i < e->context.definition->table_count && result == 0; i++)
        result = operator_hand_on(e->operators[i]);
    return outcome(e, result);
}

int engine_judged(struct engine *e, struct judged *const *rows, int count)
{
    int result = 0;
    engine_page_begin(e);
    for (int i = 0; i < count && i < BATCH_EXPECTED; i++) engine_expect(e, rows[i]);
    for (int i = 0; i < count && result == 0; i++) {
        if (i + BATCH_EXPECTED < count) engine_expect(e, rows[i + BATCH_EXPECTED]);
        result = judged_apply(e, rows[i]);
    }
    if (result == 0) result = engine_page_end(e);
    arena_reset(&e->cycle);
    return result;
}

/* Batch: applies the rows that wait. */
static int staged_apply(struct engine *e)
{
    int result = engine_judged(e, (struct judged *const *)(void *)e->staged.p, (int)staged_count(e));
    staged_drop(e);
    return result;
}

int engine_record(struct engine *e, const struct record *record)
{
    if (e->context.live) return judged_apply(e, engine_judge(e, record, &e->cycle));
    stage(e, record);
    return staged_count(e) < BATCH_STAGED ? 0 : staged_apply(e);
}

int engine_file(struct engine *e, const struct file_fact *fact)
{
    return quarantine_file(&e->quarantine, fact);
}

/* FRESH: no further record comes, and what is done next needs memory of its own. */
static int batch_end(struct engine *e)
{
    const struct definition *d = e->context.definition;
    int result = staged_apply(e);
    buf_reset(&e->state);
    for (int i = 0; i < d->feed_count && result == 0; i++) admission_end(&e->lanes[i].admission, &e->state);
    if (result == 0) result = operators_flush(e);
    for (int i = 0; i < d->table_count && result == 0; i++) {
        operator_measure(e->operators[i], &e->state);
        operator_forget(e->operators[i]);
    }
    return result == 0 ? batch_settled(e) : result;
}

static int live_end(struct engine *e)
{
    int result = 0;
    for (int i = 0; i < e->context.definition->feed_count && result == 0; i++)
        result = admission_turn(&e->lanes[i].admission);
    if (result < 0) return outcome(e, result);
    if (e->ids_taken) result = schema_rowids_take(e->context.db, e->next_id, &e->error);
    e->ids_taken = false;
    return result < 0 ? result : operators_flush(e);
}

int engine_flush(struct engine *e)
{
    int result = e->context.live ? live_end(e) : batch_end(e);
    if (result == 0) result = quarantine_flush(&e->quarantine);
    if (result == 0 && e->context.live) result = recents_write(e->context.recents);
    arena_reset(&e->cycle);
    staged_drop(e);
    return result;
}

int engine_settle(struct engine *e)
{
    assert(e->context.live);
    return recents_settle(e->context.recents);
}

int engine_install(struct engine *e)
{
    assert(!e->context.live);
    return schema_install(e->context.definition, e->context.db, e->mode, &e->error);
}

void engine_forget(struct engine *e)
{
    for (int i = 0; i < e->context.definition->table_count; i++) operator_forget(e->operators[i]);
    for (int i = 0; i < e->context.definition->feed_count; i++) admission_forget(&e->lanes[i].admission);
    quarantine_forget(&e->quarantine);
    pending_drop_all(&e->context.pendings);
    if (e->context.recents) recents_forget(e->context.recents);
    e->context.in_page = false;
    arena_reset(&e->cycle);
    staged_drop(e);
    e->data_version = e->next_id = 0;
    e->ids_taken = e->rule_failed = false;
    e->error.text[0] = 0;
}

const struct engine_counts *engine_counts(const struct engine *e)
{
    return &e->counts;
}
const char *engine_state(struct engine *e)
{
    return buf_cstr(&e->state);
}
const char *engine_error(const struct engine *e)
{
    return e->error.text;
}
