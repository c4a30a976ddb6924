/* config.c - `millrace config get|set`: configs of topics and brokers of any Kafka-compatible cluster. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/config_change.h"
#include "lib/base/text.h"

enum { WORDS_MAX = 1 + CONFIG_CHANGES_MAX };

struct config_command {
    const char *topic, *broker, *bootstrap, *format;
    bool cluster_default, validate_only, json, help;
    const char *words[WORDS_MAX]; /* get or set, then keys or key=value */
    struct config_changes changes;
    int8_t resource_type;
    const char *resource_name;
};

static int usage(FILE *to)
{
    fputs("usage: millrace config get (--topic NAME | --broker ID | --cluster-default) [KEY ...] [--format text|json]\n"
          "                           [--bootstrap HOST:PORT]\n"
          "       millrace config set (--topic NAME | --broker ID | --cluster-default) [KEY=VALUE ...] [--delete KEY "
          "...]\n"
          "                           [--append KEY=ITEM ...] [--subtract KEY=ITEM ...] [--validate-only]\n"
          "                           [--bootstrap HOST:PORT]\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- get ---- */

static bool is_wanted(const struct config_command *c, const config_line *line)
{
    if (!c->words[1]) return true;
    for (int i = 1; i < WORDS_MAX && c->words[i]; i++)
        if (kafka_string_equal_str(line->name, c->words[i])) return true;
    return false;
}

/* A key that is asked for and not there is an error: silence would look like an answer. */
static bool keys_known(const struct config_command *c, const config_result *r)
{
    for (int i = 1; i < WORDS_MAX && c->words[i]; i++) {
        int32_t at = 0;
        while (at < r->configs_count && !kafka_string_equal_str(r->configs[at].name, c->words[i])) at++;
        if (at < r->configs_count) continue;
        fprintf(stderr, "millrace config: %s is not a config that is set or known there\n", c->words[i]);
        return false;
    }
    return true;
}

static void line_tell(const struct config_command *c, const config_line *line, struct buf *out)
{
    if (c->json) {
        buf_append_str(out, "{\"key\":");
        text_json_string(kafka_string_slice(line->name), out);
        buf_append_str(out, ",\"config\":");
        config_json(line, out);
        buf_append_str(out, "}\n");
        return;
    }
    const char *value = line->value.n < 0 ? "-" : line->value.p;
    int n = line->value.n < 0 ? 1 : line->value.n;
    buf_printf(out, "%-50.*s %-30.*s %s%s\n", line->name.n, line->name.p, n, value,
               config_source_name(line->config_source), line->read_only ? " (read-only)" : "");
}

static int get(const struct config_command *c, struct ask *a)
{
    const config_result *r = configs_fetch(a, c->resource_type, c->resource_name);
    if (!r || !keys_known(c, r)) return CLI_USAGE;
    struct buf out = {0};
    if (!c->json && r->configs_count > 0) buf_printf(&out, "%-50s %-30s %s\n", "KEY", "VALUE", "SOURCE");
    for (int32_t i = 0; i < r->configs_count; i++)
        if (is_wanted(c, &r->configs[i])) line_tell(c, &r->configs[i], &out);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return CLI_OK;
}

/* ---- the command ---- */

static bool resource_read(struct config_command *c)
{
    if ((c->topic != NULL) + (c->broker != NULL) + c->cluster_default != 1) {
        fputs("millrace config: one of --topic, --broker and --cluster-default says whose configs\n", stderr);
        return false;
    }
    int64_t id;
    if (c->broker && !client_number("config", "--broker", c->broker, 0, &id)) return false;
    c->resource_type = c->topic ? KAFKA_RESOURCE_TOPIC : KAFKA_RESOURCE_BROKER;
    c->resource_name = c->topic ? c->topic : c->broker ? c->broker : "";
    return true;
}

static bool changes_read(struct config_command *c)
{
    for (int i = 1; i < WORDS_MAX && c->words[i]; i++)
        if (!config_changes_add("config", (char *)c->words[i], KAFKA_OP_SET, &c->changes)) return false;
    if (c->changes.count > 0) return true;
    fputs("millrace config: nothing to set\n", stderr);
    return false;
}

static int run(const struct config_command *c, bool setting)
{
    struct ask a;
    int64_t id = 0;
    if (!ask_open(&a, "config", c->bootstrap)) return CLI_USAGE;
    int status = CLI_USAGE;
    if (c->broker) text_to_i64(slice_str(c->broker), &id);
    if (!c->broker || ask_broker(&a, (int32_t)id)) {
        if (!setting)
            status = get(c, &a);
        else if (configs_alter(&a, c->resource_type, c->resource_name, &c->changes, c->validate_only))
            status = CLI_OK;
    }
    ask_close(&a);
    return status;
}

int cli_config(int argc, char **argv)
{
    struct config_command c = {.bootstrap = CLIENT_BOOTSTRAP_DEFAULT};
    const struct client_option options[] = {{"--bootstrap", &c.bootstrap, NULL},
                                            {"--topic", &c.topic, NULL},
                                            {"--broker", &c.broker, NULL},
                                            {"--format", &c.format, NULL},
                                            {"--cluster-default", NULL, &c.cluster_default},
                                            {"--validate-only", NULL, &c.validate_only},
                                            {"--help", NULL, &c.help},
                                            {NULL, NULL, NULL}};
    if (!config_changes_take("config", "--delete", KAFKA_OP_DELETE, &argc, argv, &c.changes) ||
        !config_changes_take("config", "--append", KAFKA_OP_APPEND, &argc, argv, &c.changes) ||
        !config_changes_take("config", "--subtract", KAFKA_OP_SUBTRACT, &argc, argv, &c.changes))
        return CLI_USAGE;
    if (!client_arguments("config", argc, argv, options, c.words, WORDS_MAX)) return usage(stderr);
    if (c.help) return usage(stdout);
    bool getting = c.words[0] && strcmp(c.words[0], "get") == 0, setting = c.words[0] && strcmp(c.words[0], "set") == 0;
    if ((!getting && !setting) || (getting && (c.changes.count > 0 || c.validate_only))) return usage(stderr);
    if (!client_format("config", c.format, &c.json) || !resource_read(&c)) return CLI_USAGE;
    if (setting && !changes_read(&c)) return CLI_USAGE;
    return run(&c, setting);
}
