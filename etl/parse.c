#include "etl/parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "etl/operator/fingerprint.h"
#include "etl/rule/rule.h"
#include "etl/source/format.h"
#include "etl/source/spec.h"
#include "etl/source/split.h"
#include "lib/base/memory.h"

/* The last time that a column had: the rows of an order follow each other, and so do those of a second. */
struct last_time {
    char text[32];
    size_t n; /* 0: none */
    struct value value;
};

/* What a derived column that reads nothing but the file's name has in the file of the record before. */
struct of_file {
    bool known;
    enum expr_outcome outcome;
    struct value value;
    struct buf text; /* its own copy: records come and go */
};

struct row_parser {
    const struct feed *feed;
    struct splitter splitter; /* has the fields of the record that was parsed last */
    struct slice raw;         /* its bytes */
    struct slice layout;      /* what it needs of its file */
    bool split;               /* it fitted the format */
    struct value *values;
    bool *failed;   /* by column: the text did not fit, or it depends on one that did not */
    bool *reported; /* by column: failed for a reason of its own */
    int reported_count;
    struct slice *texts;     /* by declared column: as read */
    struct last_time *times; /* by declared column */
    struct of_file *of_file; /* by column */
    bool *reads_file;        /* by column: nothing but what is known of the file */
    bool any_reads_file;
    struct buf file; /* that they are of */
    struct violation *violations;
    int violation_count;
    struct buf key;  /* of the rule that is asked about */
    int **reads;     /* by derived column: the columns that its expression reads; ends with -1 */
    int *type_rules; /* by column: ordinal of its type rule; the common one when it has none */
};

/* --- making one --- */

struct reads {
    int *list, count;
};

static void reads_enter(void *context, int column)
{
    struct reads *r = context;
    r->list = memory_grow(r->list, (size_t)r->count + 2, sizeof *r->list);
    r->list[r->count++] = column;
}

static int *reads_of(const struct expr *e)
{
    struct reads r = {memory_new(sizeof(int)), 0};
    expr_columns(e, reads_enter, &r);
    r.list[r.count] = -1;
    return r.list;
}

static bool is_of_file(const struct feed *feed, const int *reads)
{
    for (int i = 0; reads[i] >= 0; i++)
        if (reads[i] != feed->builtin + BUILTIN_FILE && reads[i] != feed->builtin + BUILTIN_SOURCE) return false;
    return reads[0] >= 0;
}

/* A type that does not fit is a violation of the column's type rule if there is one. In an access log it
 * otherwise means that the line is none (ordinal 0); in a CSV it comes after all rules. */
static void type_rules_find(struct row_parser *p)
{
    const struct feed *feed = p->feed;
    for (int c = 0; c < feed->column_count; c++) {
        bool log_field = feed->format->misfit_is_malformed && c < feed->field_count;
        p->type_rules[c] = log_field ? 0 : feed->rule_count + 1;
    }
    for (int i = 0; i < feed->rule_count; i++)
        if (feed->rules[i].class == &RULE_TYPE) p->type_rules[feed->rules[i].column] = i + 1;
}

struct row_parser *row_parser_new(const struct feed *feed)
{
    struct row_parser *p = memory_new(sizeof *p);
    size_t columns = (size_t)feed->column_count;
    p->feed = feed;
    splitter_open(&p->splitter, feed);
    p->values = memory_new(columns * sizeof *p->values);
    p->values[feed->builtin + BUILTIN_SOURCE] = (struct value){.type = VALUE_TEXT, .text = slice_str(feed->name)};
    p->failed = memory_new(columns * sizeof *p->failed);
    p->reported = memory_new(columns * sizeof *p->reported);
    p->texts = memory_new(columns * sizeof *p->texts);
    p->times = memory_new(columns * sizeof *p->times);
    /* At most one per rule and one per column; those judged among rows find room for theirs too. */
    p->violations = memory_new((2 * (size_t)feed->rule_count + columns + 1) * sizeof *p->violations);
    p->reads = memory_new(columns * sizeof *p->reads);
    p->type_rules = memory_new(columns * sizeof *p->type_rules);
    p->of_file = memory_new(columns * sizeof *p->of_file);
    p->reads_file = memory_new(columns * sizeof *p->reads_file);
    for (int c = feed->field_count; c < feed->builtin; c++) {
        p->reads[c] = reads_of(feed->columns[c].expr);
        p->reads_file[c] = is_of_file(feed, p->reads[c]);
        p->any_reads_file |= p->reads_file[c];
    }
    type_rules_find(p);
    return p;
}

void row_parser_free(struct row_parser *p)
{
    if (!p) return;
    for (int c = 0; c < p->feed->column_count; c++) {
        free(p->reads[c]);
        buf_release(&p->of_file[c].text);
    }
    void *parts[] = {p->values,     p->failed, p->reported,   p->texts,   p->times,
                     p->violations, p->reads,  p->type_rules, p->of_file, p->reads_file};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    splitter_close(&p->splitter);
    buf_release(&p->file);
    buf_release(&p->key);
    free(p);
}

/* --- values --- */

static void builtins_set(struct row_parser *p, const struct record *record)
{
    struct value *v = p->values + p->feed->builtin;
    v[BUILTIN_FILE] = (struct value){.type = VALUE_TEXT, .text = record->at.file};
    v[BUILTIN_LINE] = (struct value){.type = VALUE_INTEGER, .i = (int64_t)record->at.line};
    v[BUILTIN_BYTE_OFFSET] = (struct value){.type = VALUE_INTEGER, .i = (int64_t)record->at.byte_offset};
    v[BUILTIN_NUMBER] = (struct value){.type = VALUE_INTEGER, .i = (int64_t)record->at.number};
    v[BUILTIN_REPEATED] = (struct value){.type = VALUE_INTEGER, .i = record->repeated};
    v[BUILTIN_LATE_S] = (struct value){.type = VALUE_INTEGER, .i = record->late_s};
}

/* Forgets what was computed for the file before. */
static void file_look(struct row_parser *p, struct slice file)
{
    if (!p->any_reads_file || slice_equal(buf_slice(&p->file), file)) return;
    buf_reset(&p->file);
    buf_append_slice(&p->file, file);
    for (int c = p->feed->field_count; c < p->feed->builtin; c++) p->of_file[c].known = false;
}

static enum expr_outcome of_file_evaluate(struct row_parser *p, int c, struct arena *arena, struct value *out)
{
    struct of_file *f = &p->of_file[c];
    if (!f->known) {
        f->outcome = expr_evaluate(p->feed->columns[c].expr, p->values, arena, &f->value);
        buf_reset(&f->text);
        if (f->value.type == VALUE_TEXT) buf_append_slice(&f->text, f->value.text);
        f->known = true;
    }
    *out = f->value;
    if (out->type == VALUE_TEXT)
        out->text = f->text.n ? slice_of(arena_copy(arena, f->text.p, f->text.n), f->text.n) : SLICE_LIT("");
    return f->outcome;
}

static enum expr_outcome derive(struct row_parser *p, int c, struct arena *arena)
{
    if (p->reads_file[c]) return of_file_evaluate(p, c, arena, &p->values[c]);
    return expr_evaluate(p->feed->columns[c].expr, p->values, arena, &p->values[c]);
}

static bool time_convert(struct last_time *last, const struct field_spec *f, struct slice text, struct value *out)
{
    if (last->n && last->n == text.n && memcmp(last->text, text.p, text.n) == 0) {
        *out = last->value;
        return true;
    }
    bool fits = field_convert(f, text, out);
    last->n = fits && text.n <= sizeof last->text ? text.n : 0;
    if (last->n) memcpy(last->text, text.p, text.n);
    last->value = *out;
    return fits;
}

static bool column_convert(struct row_parser *p, int c)
{
    const struct column *column = &p->feed->columns[c];
    if (column->type == VALUE_TIMESTAMP || column->type == VALUE_DATE)
        return time_convert(&p->times[c], column->field, p->texts[c], &p->values[c]);
    return field_convert(column->field, p->texts[c], &p->values[c]);
}

static void fields_convert(struct row_parser *p)
{
    for (int c = 0; c < p->feed->field_count; c++) {
        int field = p->splitter.layout.fields[c];
        p->texts[c] = field >= 0 ? p->splitter.fields[field] : slice_of(NULL, 0);
        p->failed[c] = p->reported[c] = !column_convert(p, c);
        p->reported_count += p->reported[c];
    }
}

/* A derived value that depends on a failed one is NULL and failed too, but that is no violation of its own. */
static void columns_derive(struct row_parser *p, int end, struct arena *arena)
{
    for (int c = p->feed->field_count; c < end; c++) {
        bool blocked = false;
        for (const int *read = p->reads[c]; *read >= 0; read++) blocked = blocked || p->failed[*read];
        p->values[c] = (struct value){.type = VALUE_NULL};
        p->texts[c] = slice_of(NULL, 0);
        p->reported[c] = false;
        if (!blocked) p->reported[c] = derive(p, c, arena) != EXPR_OK;
        p->failed[c] = blocked || p->reported[c];
        p->reported_count += p->reported[c];
    }
}

/* --- violations --- */

static void violate(struct row_parser *p, int ordinal, int column)
{
    const struct feed *feed = p->feed;
    struct violation *v = &p->violations[p->violation_count++];
    *v = (struct violation){.ordinal = ordinal, .rule = slice_str(feed_rule_name(feed, ordinal))};
    v->column = column >= 0 ? slice_str(feed->columns[column].name) : SLICE_LIT("");
    v->value = column >= 0 && column < feed->field_count && p->texts[column].p ? p->texts[column] : SLICE_LIT("");
}

static bool rule_is_blocked(const struct row_parser *p, const struct rule *rule)
{
    for (int i = 0; i < rule->column_count; i++)
        if (p->failed[rule->columns[i]]) return true;
    return false;
}

/* What did not fit and has ordinal `ordinal`: columns of an access log (0), those without a type rule (last). */
static void types_judge(struct row_parser *p, int ordinal)
{
    for (int c = 0; p->reported_count && c < p->feed->builtin; c++)
        if (p->reported[c] && p->type_rules[c] == ordinal) violate(p, ordinal, c);
}

static void rules_judge(struct row_parser *p, struct arena *arena)
{
    const struct feed *feed = p->feed;
    for (int i = 0; i < feed->rule_count; i++) {
        const struct rule *rule = &feed->rules[i];
        if (rule_among_rows(rule)) continue;
        if (rule->class == &RULE_TYPE) {
            if (p->reported[rule->column]) violate(p, i + 1, rule->column);
        } else if (!rule_is_blocked(p, rule) && rule->class->broken(rule, p->values, arena))
            violate(p, i + 1, rule->column);
    }
}

static int bucket_of(const struct row_parser *p)
{
    const struct feed *feed = p->feed;
    for (int i = 0; i < p->violation_count; i++) {
        int ordinal = p->violations[i].ordinal;
        bool ruled = ordinal >= 1 && ordinal <= feed->rule_count;
        if (!ruled || feed->rules[ordinal - 1].severity != SEVERITY_WARN) return ordinal;
    }
    return ROW_VALID;
}

/* A line that is none: only where it stands is known of it. */
static void malformed_set(struct row_parser *p)
{
    for (int c = 0; c < p->feed->builtin; c++) p->values[c] = (struct value){.type = VALUE_NULL};
    p->split = false;
    if (p->violation_count > 0) return;
    violate(p, 0, -1);
    p->violations[0].value = p->splitter.wrong;
    p->violations[0].drifts = p->splitter.drifts;
}

/* Into typed fields. False: it does not fit the format. */
static bool record_split(struct row_parser *p, const struct record *record, struct arena *arena)
{
    p->violation_count = p->reported_count = 0;
    builtins_set(p, record);
    file_look(p, record->at.file);
    p->raw = record->raw;
    p->layout = record->layout;
    p->split = splitter_split(&p->splitter, record, arena);
    if (!p->split) return false;
    fields_convert(p);
    types_judge(p, 0);
    return p->split = p->violation_count == 0;
}

/* Seconds that the record, which was split, is older than the newest before it. */
static int64_t lateness_take(struct row_parser *p, struct lateness *l, struct arena *arena)
{
    const struct value *time = &p->values[p->feed->time];
    int reported = p->reported_count;
    columns_derive(p, p->feed->time + 1, arena); /* a derived one reads only those before it */
    p->reported_count = reported;
    if (time->type == VALUE_NULL) return 0;
    int64_t late = l->has_time ? l->time_max - time->i : 0;
    if (!l->has_time || late < 0) l->time_max = time->i;
    l->has_time = true;
    return late > 0 ? late : 0;
}

int64_t row_parse_lateness(struct row_parser *p, const struct record *record, struct arena *arena,
                           struct lateness *lateness)
{
    return record_split(p, record, arena) ? lateness_take(p, lateness, arena) : 0;
}

void row_parse_in_order(struct row_parser *p, const struct record *record, struct lateness *lateness,
                        struct arena *arena, struct row *row)
{
    if (record_split(p, record, arena)) {
        if (lateness) p->values[p->feed->builtin + BUILTIN_LATE_S].i = lateness_take(p, lateness, arena);
        columns_derive(p, p->feed->builtin, arena);
        rules_judge(p, arena);
        types_judge(p, p->feed->rule_count + 1);
    } else
        malformed_set(p);
    *row = (struct row){.record = record,
                        .values = p->values,
                        .value_count = p->feed->column_count,
                        .violations = p->violations,
                        .violation_count = p->violation_count,
                        .bucket = bucket_of(p)};
}

void row_parse(struct row_parser *p, const struct record *record, struct arena *arena, struct row *row)
{
    row_parse_in_order(p, record, NULL, arena, row);
}

/* --- the key of a rule that is judged among rows --- */

static bool key_of_columns(struct row_parser *p, const struct rule *rule)
{
    for (int i = 0; i < rule->column_count; i++) {
        int column = rule->columns[i];
        if (p->failed[column] || p->values[column].type == VALUE_NULL) return false;
        fingerprint_encode(&p->key, &p->values[column]);
    }
    return true;
}

/* Where the fields are only what the columns ask for, the record's bytes stand for all that is in it; with what its
 * columns read from around it. */
static void key_of_fields(struct row_parser *p)
{
    const struct splitter *s = &p->splitter;
    if (!p->feed->format->fields_are_all)
        fingerprint_encode(&p->key, &(struct value){.type = VALUE_TEXT, .text = p->raw});
    if (s->spec->around) fingerprint_encode(&p->key, &(struct value){.type = VALUE_TEXT, .text = p->layout});
    if (p->feed->format->fields_are_all) fingerprint_encode_texts(&p->key, s->fields, s->field_count);
}

bool row_parser_key(struct row_parser *p, int rule, uint8_t key[16])
{
    const struct rule *r = &p->feed->rules[rule];
    assert(rule_among_rows(r));
    int bucket = bucket_of(p);
    bool sums = r->reference && r->reference->of >= 0;
    if (!p->split || (bucket != ROW_VALID && bucket <= rule)) return false;
    if (sums && (p->failed[r->column] || p->values[r->column].type == VALUE_NULL)) return false;
    buf_reset(&p->key);
    if (r->column_count == 0)
        key_of_fields(p);
    else if (!key_of_columns(p, r))
        return false;
    fingerprint_put(fingerprint_of(p->key.p, p->key.n), key);
    return true;
}
