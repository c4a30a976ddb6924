/* AlterConfigs and IncrementalAlterConfigs, as records: what is set afterwards is worked out and checked as a whole,
 * and only what differs from before is written. See metadata.h. */
#include <string.h>

#include "broker/metadata/config_value.h"
#include "broker/metadata/decide.h"
#include "broker/metadata/topic_config.h"
#include "lib/base/table.h"
#include "lib/kafka/metadata_record.h"

struct alter {
    const struct metadata_alter *request;
    const struct metadata_configs *before; /* NULL: nothing is set */
    struct metadata_setting *after;        /* in the arena of `out` */
    int32_t after_count;
    struct table named; /* by the operations so far */
    struct metadata_changes *out;
    struct metadata_outcome outcome;
};

#define REFUSE(alter, error, ...) metadata_refuse(&(alter)->outcome, (alter)->out, error, __VA_ARGS__)

static int shown(struct kafka_string s)
{
    return s.n < 0 ? 0 : s.n > 200 ? 200 : s.n;
}

static bool resource_find(struct alter *x, const struct metadata_image *m)
{
    struct slice name = kafka_string_slice(x->request->resource_name);
    if (x->request->resource_type == KAFKA_RESOURCE_BROKER) {
        x->before = metadata_broker_configs(m, name);
        return true;
    }
    const struct metadata_topic *t = metadata_topic_find(m, name);
    if (metadata_topic_name_check(x->request->resource_name) != KAFKA_NONE)
        return REFUSE(x, KAFKA_INVALID_TOPIC_EXCEPTION, "Topic name is invalid: '%.*s'",
                      shown(x->request->resource_name), (const char *)name.p);
    if (t) x->before = &t->configs;
    return t || REFUSE(x, KAFKA_UNKNOWN_TOPIC_OR_PARTITION, "The topic '%.*s' does not exist.",
                       shown(x->request->resource_name), (const char *)name.p);
}

/* ---- one operation ---- */

static bool op_check(struct alter *x, int32_t at)
{
    const struct metadata_config_op *op = &x->request->ops[at];
    const char *name = op->name.n > 0 ? op->name.p : "";
    if (op->operation < KAFKA_OP_SET || op->operation > KAFKA_OP_SUBTRACT)
        return REFUSE(x, KAFKA_INVALID_REQUEST, "Unknown operation %d for configuration %.*s.", op->operation,
                      shown(op->name), name);
    if (!op->def && op->operation != KAFKA_OP_DELETE) /* what a later version set can be taken back */
        return REFUSE(x, KAFKA_INVALID_CONFIG, "Unknown %s config name: %.*s",
                      x->request->resource_type == KAFKA_RESOURCE_TOPIC ? "topic" : "broker", shown(op->name), name);
    if (table_set(&x->named, kafka_string_slice(op->name), x))
        return REFUSE(x, KAFKA_INVALID_REQUEST, "Error due to duplicate config keys : %.*s", shown(op->name), name);
    if (op->operation != KAFKA_OP_DELETE && op->value.n < 0)
        return REFUSE(x, KAFKA_INVALID_REQUEST, "Null value not supported for : %s", op->def->name);
    if (op->operation >= KAFKA_OP_APPEND && !config_is_list(op->def))
        return REFUSE(x, KAFKA_INVALID_CONFIG, "Can't %s to key %s because its type is not LIST.",
                      op->operation == KAFKA_OP_APPEND ? "APPEND" : "SUBTRACT", op->def->name);
    return true;
}

static struct metadata_setting *after_find(struct alter *x, struct kafka_string name)
{
    for (int32_t i = 0; i < x->after_count; i++)
        if (kafka_string_equal(x->after[i].name, name)) return &x->after[i];
    return NULL;
}

static void after_remove(struct alter *x, struct kafka_string name)
{
    struct metadata_setting *s = after_find(x, name);
    if (s) *s = x->after[--x->after_count];
}

static void after_set(struct alter *x, struct kafka_string name, struct kafka_string value)
{
    struct metadata_setting *s = after_find(x, name);
    if (!s) s = &x->after[x->after_count++];
    *s = (struct metadata_setting){name, value};
}

/* The items of `from` that are not in `known` yet, which learns of them; `out` NULL: only that. */
static void items_take(struct slice from, struct table *known, struct buf *out)
{
    struct slice item;
    while (config_list_next(&from, &item)) {
        if (item.n == 0 || table_set(known, item, known)) continue;
        if (!out) continue;
        if (out->n) buf_append_byte(out, ',');
        buf_append_slice(out, item);
    }
}

/* The list with the items of `change` added, each once, or taken out. Through a table: a list may have thousands. */
static struct kafka_string list_change(struct alter *x, struct slice list, struct slice change, bool add)
{
    struct buf b = {0};
    struct table known = {0};
    if (!add) items_take(change, &known, NULL);
    items_take(list, &known, &b);
    if (add) items_take(change, &known, &b);
    struct kafka_string out =
        kafka_string_of_slice(slice_of(arena_copy(&x->out->arena, b.p, b.n), b.n)); /* with a NUL, if it has one */
    table_release(&known);
    buf_release(&b);
    return out;
}

/* A list that is not set counts as its default, as in Kafka: not as what the broker has for it. */
static bool op_apply(struct alter *x, const struct metadata_config_op *op)
{
    if (op->operation == KAFKA_OP_DELETE) {
        after_remove(x, op->name);
        return true;
    }
    struct kafka_string value = op->value;
    if (op->operation >= KAFKA_OP_APPEND) {
        const struct metadata_setting *now = after_find(x, op->name);
        const char *otherwise = op->def->default_value ? op->def->default_value : "";
        struct slice list = now ? kafka_string_slice(now->value) : slice_str(otherwise);
        value = list_change(x, list, kafka_string_slice(op->value), op->operation == KAFKA_OP_APPEND);
    }
    struct err_text text = {0};
    bool topic = x->request->resource_type == KAFKA_RESOURCE_TOPIC; /* Kafka has two codes for one thing */
    if (config_check(op->def, kafka_string_slice(value), &text) != 0)
        return REFUSE(x, topic ? KAFKA_INVALID_CONFIG : KAFKA_INVALID_REQUEST, "%.400s", text.text);
    after_set(x, op->name, config_stored(value));
    return true;
}

/* ---- all of them ---- */

static bool after_fill(struct alter *x)
{
    const struct metadata_alter *r = x->request;
    int32_t known = x->before ? x->before->count : 0;
    x->after = arena_alloc(&x->out->arena, (size_t)(known + r->op_count + 1) * sizeof *x->after);
    for (int32_t i = 0; i < known && !r->replace; i++)
        after_set(x, kafka_string_of(x->before->items[i].name), kafka_string_of(x->before->items[i].value));
    for (int32_t i = 0; i < r->op_count; i++)
        if (!op_check(x, i) || !op_apply(x, &r->ops[i])) return false;
    struct err_text text = {0};
    bool topic = r->resource_type == KAFKA_RESOURCE_TOPIC;
    if (topic && topic_config_check_all(x->after, x->after_count, &text) != 0)
        return REFUSE(x, KAFKA_INVALID_CONFIG, "%.400s", text.text);
    return true;
}

static void record_add(struct alter *x, struct kafka_string name, struct kafka_string value)
{
    struct config_record v = {.resource_type = x->request->resource_type,
                              .resource_name = x->request->resource_name,
                              .name = name,
                              .value = value};
    metadata_change_add(x->out, METADATA_RECORD_CONFIG, 0, &v);
}

static void difference_add(struct alter *x)
{
    for (int32_t i = 0; x->before && i < x->before->count; i++) {
        struct kafka_string name = kafka_string_of(x->before->items[i].name);
        if (!after_find(x, name)) record_add(x, name, KAFKA_STRING_NULL);
    }
    for (int32_t i = 0; i < x->after_count; i++) {
        char *name = arena_str(&x->out->arena, kafka_string_slice(x->after[i].name));
        const char *before = x->before ? metadata_config_find(x->before, name) : NULL;
        if (!before || !kafka_string_equal_str(x->after[i].value, before))
            record_add(x, x->after[i].name, x->after[i].value);
    }
}

struct metadata_outcome metadata_alter_configs(const struct metadata_image *m, const struct metadata_alter *request,
                                               struct metadata_changes *out)
{
    struct alter x = {.request = request, .out = out};
    if (resource_find(&x, m) && after_fill(&x)) difference_add(&x);
    table_release(&x.named);
    return x.outcome;
}
