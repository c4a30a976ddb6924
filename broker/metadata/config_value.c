#include "broker/metadata/config_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/text.h"

struct slice config_trim(struct slice s)
{
    while (s.n > 0 && s.p[0] <= ' ') s.p++, s.n--;
    while (s.n > 0 && s.p[s.n - 1] <= ' ') s.n--;
    return s;
}

struct kafka_string config_stored(struct kafka_string value)
{
    return kafka_string_of_slice(config_trim(kafka_string_slice(value)));
}

static bool slice_is(struct slice s, const char *word)
{
    return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

/* ---- lists ---- */

bool config_list_next(struct slice *rest, struct slice *item)
{
    if (!rest->p) return false;
    const uint8_t *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
    size_t n = comma ? (size_t)(comma - rest->p) : rest->n;
    *item = config_trim(slice_of(rest->p, n));
    *rest = comma ? slice_of(comma + 1, rest->n - n - 1) : (struct slice){NULL, 0};
    return true;
}

bool config_list_has(struct slice list, struct slice word)
{
    struct slice item;
    while (config_list_next(&list, &item))
        if (slice_equal(item, word)) return true;
    return false;
}

/* ---- values ---- */

static bool number_good(const struct config_def *d, struct slice s)
{
    int64_t v;
    return text_to_i64(s, &v) && v >= d->min && v <= d->max &&
           (!d->choices || config_list_has(slice_str(d->choices), s));
}

static bool ratio_good(const struct config_def *d, struct slice s)
{
    char text[64], *end;
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n)) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    double v = strtod(text, &end);
    return *end == 0 && v >= (double)d->min && v <= (double)d->max;
}

/* Each item is a choice, and none comes twice. An empty list is allowed: neither compacted nor deleted. */
static bool list_good(const struct config_def *d, struct slice s)
{
    struct slice rest = s, item;
    if (!d->choices || config_trim(s).n == 0) return true;
    while (config_list_next(&rest, &item))
        if (!config_list_has(slice_str(d->choices), item) || (rest.p && config_list_has(rest, item))) return false;
    return true;
}

/* "*", nothing, or PARTITION:BROKER,... */
static bool replicas_good(struct slice s)
{
    struct slice rest = config_trim(s), item;
    if (rest.n == 0 || slice_is(rest, "*")) return true;
    while (config_list_next(&rest, &item)) {
        const uint8_t *colon = item.n ? memchr(item.p, ':', item.n) : NULL;
        int64_t partition, broker;
        if (!colon) return false;
        size_t n = (size_t)(colon - item.p);
        if (!text_to_i64(slice_of(item.p, n), &partition) || partition < 0) return false;
        if (!text_to_i64(slice_of(colon + 1, item.n - n - 1), &broker) || broker < 0) return false;
    }
    return true;
}

static bool value_good(const struct config_def *d, struct slice value)
{
    switch (d->type) {
    case CONFIG_BOOLEAN: return slice_is(config_trim(value), "true") || slice_is(config_trim(value), "false");
    case CONFIG_SHORT:
    case CONFIG_INT:
    case CONFIG_LONG: return number_good(d, config_trim(value));
    case CONFIG_DOUBLE: return ratio_good(d, config_trim(value));
    case CONFIG_STRING: return true;
    case CONFIG_CHOICE: return config_list_has(slice_str(d->choices), config_trim(value));
    case CONFIG_LIST: return list_good(d, value);
    case CONFIG_REPLICAS: return replicas_good(value);
    }
    return false;
}

static void value_expected(const struct config_def *d, char *out, size_t size)
{
    switch (d->type) {
    case CONFIG_BOOLEAN: snprintf(out, size, "true or false"); break;
    case CONFIG_SHORT:
    case CONFIG_INT:
    case CONFIG_LONG:
        if (d->choices)
            snprintf(out, size, "one of %s", d->choices);
        else if (d->max == INT64_MAX)
            snprintf(out, size, "a whole number, at least %lld", (long long)d->min);
        else
            snprintf(out, size, "a whole number from %lld to %lld", (long long)d->min, (long long)d->max);
        break;
    case CONFIG_DOUBLE: snprintf(out, size, "a number from %lld to %lld", (long long)d->min, (long long)d->max); break;
    case CONFIG_STRING: snprintf(out, size, "a text"); break;
    case CONFIG_CHOICE: snprintf(out, size, "one of %s", d->choices); break;
    case CONFIG_LIST: snprintf(out, size, "a list of %s, each once", d->choices ? d->choices : "words"); break;
    case CONFIG_REPLICAS: snprintf(out, size, "* or a list of PARTITION:BROKER"); break;
    }
}

int config_check(const struct config_def *d, struct slice value, struct err_text *error)
{
    char expected[200];
    if (value.n > CONFIG_VALUE_MAX)
        return err_set(error, ERR_INVALID, "The value of configuration %s is longer than %d bytes", d->name,
                       CONFIG_VALUE_MAX);
    if (value.n && memchr(value.p, 0, value.n)) /* config_trim would take it away, and an image's text end at it */
        return err_set(error, ERR_INVALID, "Invalid value for configuration %s: it has a NUL in it", d->name);
    if (value_good(d, value)) return 0;
    value_expected(d, expected, sizeof expected);
    return err_set(error, ERR_INVALID, "Invalid value %.*s for configuration %s: expected %s",
                   (int)(value.n < 200 ? value.n : 200), value.n ? (const char *)value.p : "", d->name, expected);
}

bool config_number(const struct config_def *d, const char *text, int64_t *out)
{
    if (text && text_to_i64(config_trim(slice_str(text)), out)) return true;
    *out = -1;
    if (d->default_value) text_to_i64(slice_str(d->default_value), out);
    return !text;
}

bool config_is_list(const struct config_def *d)
{
    return d->type == CONFIG_LIST || d->type == CONFIG_REPLICAS;
}

enum kafka_config_type config_wire_type(enum config_type t)
{
    switch (t) {
    case CONFIG_BOOLEAN: return KAFKA_CONFIG_BOOLEAN;
    case CONFIG_SHORT: return KAFKA_CONFIG_SHORT;
    case CONFIG_INT: return KAFKA_CONFIG_INT;
    case CONFIG_LONG: return KAFKA_CONFIG_LONG;
    case CONFIG_DOUBLE: return KAFKA_CONFIG_DOUBLE;
    case CONFIG_STRING:
    case CONFIG_CHOICE: return KAFKA_CONFIG_STRING;
    case CONFIG_LIST:
    case CONFIG_REPLICAS: return KAFKA_CONFIG_LIST;
    }
    return KAFKA_CONFIG_STRING;
}

/* ---- layers ---- */

const char *config_layer_find(const struct config_layers *l, int layer, const char *key)
{
    if (layer == 2) {
        const struct property *p = l->file ? properties_find(l->file, key) : NULL;
        return p ? p->value : NULL;
    }
    const struct metadata_configs *c = layer == 0 ? l->broker : l->cluster;
    return c ? metadata_config_find(c, key) : NULL;
}

enum kafka_config_source config_layer_source(int layer)
{
    static const enum kafka_config_source sources[CONFIG_LAYERS] = {KAFKA_SOURCE_BROKER, KAFKA_SOURCE_BROKER_DEFAULT,
                                                                    KAFKA_SOURCE_STATIC};
    return sources[layer];
}
