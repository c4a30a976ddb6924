#include "cli/config_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

/* ---- telling ---- */

static int by_name(const void *x, const void *y)
{
    const config_line *a = x, *b = y;
    return slice_compare(kafka_string_slice(a->name), kafka_string_slice(b->name));
}

const config_result *configs_fetch(struct ask *a, int8_t resource_type, const char *name)
{
    struct describe_configs_request_describe_configs_resource resource = {
        .resource_type = resource_type, .resource_name = kafka_string_of(name), .configuration_keys_count = -1};
    struct describe_configs_request r = {
        .resources = &resource, .resources_count = 1, .include_synonyms = true, .include_documentation = true};
    const struct describe_configs_response *got = ask(a, KAFKA_API_DESCRIBE_CONFIGS, 3, &r);
    if (!got) return NULL;
    if (got->results_count != 1 || got->results[0].error_code != KAFKA_NONE) {
        int16_t error = got->results_count == 1 ? got->results[0].error_code : KAFKA_UNKNOWN_SERVER_ERROR;
        ask_refused(a, name, error, got->results_count == 1 ? got->results[0].error_message : KAFKA_STRING_NULL);
        return NULL;
    }
    if (got->results[0].configs_count > 0)
        qsort(got->results[0].configs, (size_t)got->results[0].configs_count, sizeof(config_line), by_name);
    return &got->results[0];
}

const char *config_source_name(int8_t source)
{
    static const char *const names[] = {"UNKNOWN",
                                        "DYNAMIC_TOPIC_CONFIG",
                                        "DYNAMIC_BROKER_CONFIG",
                                        "DYNAMIC_DEFAULT_BROKER_CONFIG",
                                        "STATIC_BROKER_CONFIG",
                                        "DEFAULT_CONFIG",
                                        "DYNAMIC_BROKER_LOGGER_CONFIG"};
    return source > 0 && source < (int)(sizeof names / sizeof *names) ? names[source] : names[0];
}

static void string_json(const char *key, struct kafka_string s, struct buf *out)
{
    buf_printf(out, "\"%s\":", key);
    if (s.n < 0)
        buf_append_str(out, "null");
    else
        text_json_string(kafka_string_slice(s), out);
}

void config_json(const config_line *line, struct buf *out)
{
    static const char *const types[] = {"UNKNOWN", "BOOLEAN", "STRING", "INT",   "SHORT",
                                        "LONG",    "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};
    size_t type = line->config_type >= 0 && line->config_type < 10 ? (size_t)line->config_type : 0;
    buf_append_byte(out, '{');
    string_json("value", line->value, out);
    buf_printf(out, ",\"source\":\"%s\",\"type\":\"%s\",\"read_only\":%s,\"synonyms\":[",
               config_source_name(line->config_source), types[type], line->read_only ? "true" : "false");
    for (int32_t i = 0; i < line->synonyms_count; i++) {
        buf_append_str(out, i ? ",{" : "{");
        string_json("name", line->synonyms[i].name, out);
        buf_append_byte(out, ',');
        string_json("value", line->synonyms[i].value, out);
        buf_printf(out, ",\"source\":\"%s\"}", config_source_name(line->synonyms[i].source));
    }
    buf_append_str(out, "],");
    string_json("documentation", line->documentation, out);
    buf_append_byte(out, '}');
}

/* ---- altering ---- */

bool config_changes_add(const char *command, char *text, int8_t operation, struct config_changes *out)
{
    char *equals = operation == KAFKA_OP_DELETE ? NULL : strchr(text, '=');
    if (operation != KAFKA_OP_DELETE && (!equals || equals == text)) {
        fprintf(stderr, "millrace %s: \"%s\" is not key=value\n", command, text);
        return false;
    }
    if (out->count == CONFIG_CHANGES_MAX) {
        fprintf(stderr, "millrace %s: more than %d changes at once\n", command, CONFIG_CHANGES_MAX);
        return false;
    }
    if (equals) *equals = 0;
    out->items[out->count++] = (struct incremental_alter_configs_request_alterable_config){
        kafka_string_of(text), operation, kafka_string_of(equals ? equals + 1 : NULL)};
    return true;
}

bool config_changes_take(const char *command, const char *option, int8_t operation, int *argc, char **argv,
                         struct config_changes *out)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], option) != 0) {
            argv[kept++] = argv[i];
        } else if (i + 1 == *argc) {
            fprintf(stderr, "millrace %s: %s needs a value\n", command, option);
            return false;
        } else if (!config_changes_add(command, argv[++i], operation, out)) {
            return false;
        }
    }
    *argc = kept;
    return true;
}

bool configs_alter(struct ask *a, int8_t resource_type, const char *name, const struct config_changes *changes,
                   bool validate_only)
{
    struct config_changes items = *changes;
    struct incremental_alter_configs_request_alter_configs_resource resource = {.resource_type = resource_type,
                                                                                .resource_name = kafka_string_of(name),
                                                                                .configs = items.items,
                                                                                .configs_count = changes->count};
    struct incremental_alter_configs_request r = {
        .resources = &resource, .resources_count = 1, .validate_only = validate_only};
    const struct incremental_alter_configs_response *got = ask(a, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 0, &r);
    if (!got) return false;
    if (got->responses_count == 1 && got->responses[0].error_code == KAFKA_NONE) return true;
    ask_refused(a, name[0] ? name : "every broker",
                got->responses_count == 1 ? got->responses[0].error_code : KAFKA_UNKNOWN_SERVER_ERROR,
                got->responses_count == 1 ? got->responses[0].error_message : KAFKA_STRING_NULL);
    return false;
}
