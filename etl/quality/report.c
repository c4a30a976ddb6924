#include "etl/quality/report.h"

#include <string.h>

#include "etl/rule/rule.h"
#include "etl/sink/quarantine.h"
#include "etl/sink/value.h"
#include "lib/base/text.h"

/* --- values --- */

/* Without a character that was cut in two. */
static struct slice whole_characters(struct slice s)
{
    size_t n = s.n;
    while (n > 0 && s.n - n < 3 && (s.p[n - 1] & 0xc0) == 0x80) n--;
    if (n > 0 && (s.p[n - 1] & 0x80)) n--; /* its first byte, or one that stands alone */
    struct slice cut = {s.p, n};
    return text_is_utf8(s) ? s : cut;
}

/* Bytes that are no UTF-8 become U+FFFD; a text that was longer ends with an ellipsis. */
static json_t *text_json(struct slice s)
{
    struct buf b = {0};
    bool long_text = s.n > TEXT_SHOWN_MAX;
    if (long_text) s = whole_characters(slice_of(s.p, TEXT_SHOWN_MAX));
    struct buf text = {0};
    buf_append_slice(&text, s);
    if (long_text) buf_append_str(&text, "\u2026");
    text_json_string(buf_slice(&text), &b);
    json_t *json = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    buf_release(&text);
    buf_release(&b);
    return json;
}

static json_t *value_json(const struct value *v, int scale)
{
    struct buf b = {0};
    if (v->type == VALUE_NULL) return json_null();
    if (v->type == VALUE_INTEGER) return json_integer(v->i);
    value_print(v, scale, &b);
    json_t *json = text_json(buf_slice(&b));
    buf_release(&b);
    return json;
}

static void count_set(json_t *object, const char *key, uint64_t n)
{
    json_object_set_new(object, key, json_integer((json_int_t)n));
}

static json_t *examples_json(const struct examples *e)
{
    json_t *all = json_array();
    for (int i = 0; i < e->count; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "file", text_json(e->of[i].file));
        count_set(one, "line", e->of[i].line);
        if (e->of[i].column.n) json_object_set_new(one, "column", text_json(e->of[i].column));
        json_object_set_new(one, "text", text_json(e->of[i].text));
        json_array_append_new(all, one);
    }
    return all;
}

/* --- a column --- */

static void distinct_set(json_t *object, const struct distinct *d)
{
    count_set(object, "distinct", distinct_count(d));
    json_object_set_new(object, "distinct_exact", json_boolean(distinct_is_exact(d)));
    if (!distinct_is_exact(d))
        json_object_set_new(object, "distinct_standard_error", json_real(DISTINCT_STANDARD_ERROR));
}

static void length_set(json_t *object, const char *key, const struct kept *k, size_t length)
{
    json_t *one = json_object();
    count_set(one, "characters", length);
    json_object_set_new(one, "text", value_json(&k->value, 0));
    json_object_set_new(object, key, one);
}

/* All of a few, else the most frequent. */
static void top_set(json_t *object, struct column_profile *c)
{
    json_t *all = json_array();
    bool complete = c->top.error == 0 && c->top.count <= CATEGORIES_MAX;
    top_sort(&c->top);
    for (int i = 0; i < c->top.count && (complete || i < TOP_SHOWN); i++) {
        json_t *one = json_object();
        json_object_set_new(one, "value", value_json(&c->top.entries[i].value, c->column->scale));
        count_set(one, "rows", c->top.entries[i].rows);
        json_array_append_new(all, one);
    }
    json_object_set_new(object, "top", all);
    json_object_set_new(object, "top_complete", json_boolean(complete));
    count_set(object, "top_error", c->top.error);
}

static json_t *column_json(struct column_profile *c)
{
    json_t *object = json_object();
    json_object_set_new(object, "column", json_string(c->column->name));
    json_object_set_new(object, "type", json_string(value_type_name(c->column->type)));
    if (c->column->type == VALUE_DECIMAL) count_set(object, "scale", (uint64_t)c->column->scale);
    json_object_set_new(object, "derived", json_boolean(c->column->origin == COLUMN_DERIVED));
    count_set(object, "rows", c->values + c->nulls + c->misfits);
    count_set(object, "nulls", c->nulls);
    count_set(object, "misfits", c->misfits);
    json_object_set_new(object, "misfit_examples", examples_json(&c->misfit_examples));
    distinct_set(object, &c->distinct);
    json_object_set_new(object, "min", c->values ? value_json(&c->min.value, c->column->scale) : json_null());
    json_object_set_new(object, "max", c->values ? value_json(&c->max.value, c->column->scale) : json_null());
    if (c->values && c->column->type == VALUE_TEXT) {
        length_set(object, "shortest", &c->shortest, c->shortest_length);
        length_set(object, "longest", &c->longest, c->longest_length);
    }
    top_set(object, c);
    return object;
}

/* --- rules, files --- */

static const char *severity_name(enum severity s)
{
    return s == SEVERITY_WARN ? "warn" : s == SEVERITY_REJECT ? "reject" : "fail";
}

static json_t *rule_json(const struct source_profile *p, int ordinal)
{
    const struct feed *feed = p->feed;
    const struct rule_profile *r = &p->rules[ordinal];
    bool declared = ordinal > 0 && ordinal <= feed->rule_count;
    const struct rule *rule = declared ? &feed->rules[ordinal - 1] : NULL;
    json_t *object = json_object();
    json_object_set_new(object, "rule", json_string(feed_rule_name(feed, ordinal)));
    count_set(object, "ordinal", (uint64_t)ordinal);
    json_object_set_new(object, "kind", json_string(rule ? rule->class->name : feed_rule_name(feed, ordinal)));
    json_object_set_new(object, "severity", json_string(severity_name(quarantine_severity(feed, ordinal))));
    if (rule && rule->column >= 0) json_object_set_new(object, "column", json_string(feed->columns[rule->column].name));
    count_set(object, "violations", r->violations);
    count_set(object, "rejected", r->rejected);
    json_object_set_new(object, "examples", examples_json(&r->examples));
    return object;
}

json_t *report_cell(const struct value *v, int scale)
{
    return value_json(v, scale);
}

json_t *report_table_rule(const struct feed *rules, int number, enum severity severity, int64_t rows, json_t *examples)
{
    const struct rule *rule = &rules->rules[number];
    json_t *object = json_object();
    json_object_set_new(object, "rule", json_string(rule->name));
    count_set(object, "ordinal", (uint64_t)number + 1);
    json_object_set_new(object, "kind", json_string(rule->class->name));
    json_object_set_new(object, "severity", json_string(severity_name(severity)));
    if (rule->column >= 0) json_object_set_new(object, "column", json_string(rules->columns[rule->column].name));
    count_set(object, "violations", (uint64_t)rows);
    json_object_set_new(object, "examples", examples);
    return object;
}

static json_t *file_json(const struct source_file *f, uint64_t records)
{
    json_t *object = json_object();
    json_object_set_new(object, "file", text_json(slice_str(f->name)));
    json_object_set_new(object, "digest", json_string(f->digest));
    count_set(object, "bytes", f->bytes);
    count_set(object, "lines", f->lines);
    count_set(object, "records", records);
    json_object_set_new(object, "skipped_as_identical_to", f->same_as ? text_json(slice_str(f->same_as)) : json_null());
    return object;
}

json_t *report_source(struct source_profile *p, const struct source_list *list, const uint64_t *records)
{
    json_t *object = json_object(), *files = json_array(), *columns = json_array(), *rules = json_array();
    json_object_set_new(object, "source", json_string(p->feed->name));
    count_set(object, "records", p->records);
    count_set(object, "accepted", p->accepted);
    count_set(object, "rejected", p->rejected);
    count_set(object, "warned", p->warned);
    count_set(object, "malformed", p->malformed);
    for (int i = 0; i < list->count; i++) json_array_append_new(files, file_json(&list->files[i], records[i]));
    for (int i = 0; i < p->feed->builtin; i++) json_array_append_new(columns, column_json(&p->columns[i]));
    for (int i = 0; i <= p->feed->rule_count + 1; i++) json_array_append_new(rules, rule_json(p, i));
    json_object_set_new(object, "files", files);
    json_object_set_new(object, "columns", columns);
    json_object_set_new(object, "rules", rules);
    return object;
}

/* --- reading --- */

const char *report_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double report_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

void report_value(const json_t *value, struct buf *out)
{
    if (json_is_integer(value))
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_string(value))
        buf_append(out, json_string_value(value), json_string_length(value));
}
