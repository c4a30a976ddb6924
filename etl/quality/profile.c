#include "etl/quality/profile.h"

#include <stdlib.h>

#include "etl/rule/rule.h"
#include "etl/sink/quarantine.h"
#include "etl/sink/value.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

/* --- what stays --- */

static struct slice slice_keep(struct slice s)
{
    size_t n = s.n < TEXT_KEPT_MAX ? s.n : TEXT_KEPT_MAX;
    return (struct slice){memory_copy(n ? (const void *)s.p : "", n), n};
}

static bool example_shown(const struct examples *e, struct slice text)
{
    struct slice start = {text.p, text.n < TEXT_KEPT_MAX ? text.n : TEXT_KEPT_MAX};
    for (int i = 0; i < e->count; i++)
        if (text.n && slice_equal(e->of[i].text, start)) return true;
    return false;
}

static void example_add(struct examples *e, const struct position *at, struct slice column, struct slice text)
{
    if (e->count == EXAMPLES_MAX || example_shown(e, text)) return;
    e->of[e->count++] = (struct example){.file = slice_keep(at->file),
                                         .line = at->line ? at->line : at->number,
                                         .column = slice_keep(column),
                                         .text = slice_keep(text)};
}

static void slice_free(struct slice s)
{
    free((void *)(uintptr_t)s.p);
}

static void examples_release(struct examples *e)
{
    for (int i = 0; i < e->count; i++) {
        slice_free(e->of[i].file);
        slice_free(e->of[i].column);
        slice_free(e->of[i].text);
    }
}

static void keep(struct kept *k, const struct value *v)
{
    k->value = *v;
    if (v->type != VALUE_TEXT) return;
    buf_reset(&k->text);
    buf_append_slice(&k->text, v->text);
    k->value.text = buf_slice(&k->text);
}

/* --- a column --- */

static void text_measure(struct column_profile *c, const struct value *v)
{
    size_t length = text_length(v->text);
    if (c->values == 0 || length < c->shortest_length) {
        c->shortest_length = length;
        keep(&c->shortest, v);
    }
    if (c->values == 0 || length > c->longest_length) {
        c->longest_length = length;
        keep(&c->longest, v);
    }
}

static void value_add(struct column_profile *c, const struct value *v, struct buf *key)
{
    buf_reset(key);
    fingerprint_encode(key, v);
    struct fingerprint f = fingerprint_of(key->p, key->n);
    distinct_add(&c->distinct, f);
    top_add(&c->top, f, v);
    if (c->values == 0 || value_compare(v, &c->min.value) < 0) keep(&c->min, v);
    if (c->values == 0 || value_compare(v, &c->max.value) > 0) keep(&c->max, v);
    if (v->type == VALUE_TEXT) text_measure(c, v);
    c->values++;
}

static bool is_misfit(const struct feed *feed, const struct violation *v)
{
    return v->ordinal == feed->rule_count + 1 || (v->ordinal > 0 && feed->rules[v->ordinal - 1].class == &RULE_TYPE);
}

/* The misfit of a column, or NULL: the names in violations are the definition's own. */
static const struct violation *misfit_of(const struct source_profile *p, const struct row *row, int column)
{
    const uint8_t *name = (const uint8_t *)p->feed->columns[column].name;
    for (int i = 0; i < row->violation_count; i++)
        if (row->violations[i].column.p == name && is_misfit(p->feed, &row->violations[i])) return &row->violations[i];
    return NULL;
}

static void columns_add(struct source_profile *p, const struct row *row)
{
    for (int i = 0; i < p->feed->builtin; i++) {
        struct column_profile *c = &p->columns[i];
        const struct violation *misfit = misfit_of(p, row, i);
        if (misfit) {
            c->misfits++;
            example_add(&c->misfit_examples, &row->record->at, SLICE_LIT(""), misfit->value);
        } else if (row->values[i].type == VALUE_NULL)
            c->nulls++;
        else
            value_add(c, &row->values[i], &p->key);
    }
}

/* --- rules --- */

/* The parser has forgotten how the values of a key were written: as the warehouse shows them. */
static void loss_add(struct source_profile *p, const struct row *row, int ordinal)
{
    const struct rule *rule = &p->feed->rules[ordinal - 1];
    struct rule_profile *r = &p->rules[ordinal];
    struct slice column = rule->column >= 0 ? slice_str(p->feed->columns[rule->column].name) : SLICE_LIT("");
    buf_reset(&p->key);
    if (rule->column >= 0) value_print(&row->values[rule->column], p->feed->columns[rule->column].scale, &p->key);
    r->violations++;
    example_add(&r->examples, &row->record->at, column, buf_slice(&p->key));
}

static int bucket_with(const struct feed *feed, int bucket, int ordinal)
{
    if (quarantine_severity(feed, ordinal) == SEVERITY_WARN) return bucket;
    return bucket == ROW_VALID || ordinal < bucket ? ordinal : bucket;
}

void source_profile_add(struct source_profile *p, const struct row *row, const int *lost, int lost_count)
{
    int bucket = row->bucket;
    bool warned = false;
    for (int i = 0; i < row->violation_count; i++) {
        const struct violation *v = &row->violations[i];
        p->rules[v->ordinal].violations++;
        example_add(&p->rules[v->ordinal].examples, &row->record->at, v->column, v->value);
        warned = warned || quarantine_severity(p->feed, v->ordinal) == SEVERITY_WARN;
    }
    for (int i = 0; i < lost_count; i++) {
        loss_add(p, row, lost[i]);
        bucket = bucket_with(p->feed, bucket, lost[i]);
        warned = warned || quarantine_severity(p->feed, lost[i]) == SEVERITY_WARN;
    }
    p->records++;
    p->accepted += bucket == ROW_VALID;
    p->rejected += bucket != ROW_VALID;
    p->warned += warned;
    if (bucket != ROW_VALID) p->rules[bucket].rejected++;
    if (bucket == 0)
        p->malformed++;
    else
        columns_add(p, row);
}

/* --- a source --- */

void source_profile_open(struct source_profile *p, const struct feed *feed)
{
    *p = (struct source_profile){.feed = feed};
    p->columns = memory_new((size_t)feed->builtin * sizeof *p->columns);
    p->rules = memory_new(((size_t)feed->rule_count + 2) * sizeof *p->rules);
    for (int i = 0; i < feed->builtin; i++) p->columns[i].column = &feed->columns[i];
}

static void column_profile_release(struct column_profile *c)
{
    struct kept *all[] = {&c->min, &c->max, &c->shortest, &c->longest};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) buf_release(&all[i]->text);
    examples_release(&c->misfit_examples);
    distinct_release(&c->distinct);
    top_release(&c->top);
}

void source_profile_close(struct source_profile *p)
{
    for (int i = 0; p->columns && i < p->feed->builtin; i++) column_profile_release(&p->columns[i]);
    for (int i = 0; p->rules && i < p->feed->rule_count + 2; i++) examples_release(&p->rules[i].examples);
    free(p->columns);
    free(p->rules);
    buf_release(&p->key);
}
