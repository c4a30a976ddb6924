#include "etl/eventstore/fold.h"

#include <string.h>

static const int64_t amount_max = 1000000000000; /* sums of a million of them fit */

static const struct es_fold *const all[] = {&es_fold_cart, &es_fold_order, &es_fold_account, &es_fold_count};
const char *const ES_FOLD_NAMES[] = {"cart", "order", "account", "count", NULL};

const struct es_fold *es_fold_named(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    return NULL;
}

const struct es_fold *es_fold_of(struct slice stream)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t n = strlen(all[i]->name);
        if (stream.n > n && memcmp(stream.p, all[i]->name, n) == 0 && stream.p[n] == '-') return all[i];
    }
    return NULL;
}

bool es_is(const struct es_event *e, const char *type)
{
    return slice_equal(e->type, slice_str(type));
}

bool es_amount(const struct es_event *e, const char *key, int64_t low, int64_t *out)
{
    const json_t *value = json_object_get(e->data, key);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= low && *out <= amount_max;
}

int64_t es_number(const json_t *state, const char *key)
{
    return json_integer_value(json_object_get(state, key));
}

const char *es_text(const json_t *state, const char *key)
{
    const char *text = json_string_value(json_object_get(state, key));
    return text ? text : "";
}

void es_set_number(json_t *state, const char *key, int64_t value)
{
    json_object_set_new(state, key, json_integer(value));
}

void es_set_text(json_t *state, const char *key, const char *value)
{
    json_object_set_new(state, key, json_string(value));
}

/* ---- count: how many of each type ---- */

static json_t *count_start(const struct es_fold *f)
{
    (void)f;
    return json_object();
}

static bool count_apply(const struct es_fold *f, json_t *state, const struct es_event *e)
{
    (void)f;
    char key[ES_NAME_MAX + 1];
    memcpy(key, e->type.p, e->type.n);
    key[e->type.n] = 0;
    es_set_number(state, key, es_number(state, key) + 1);
    return true;
}

const struct es_fold es_fold_count = {.name = "count", .version = 1, .start = count_start, .apply = count_apply};
