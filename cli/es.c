/* es.c - `millrace es`: streams of events in a topic. This file reads the arguments; each verb has its function. */
#include "cli/es.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"

enum { PARTITIONS_MAX = 10000, COMMAND_MS = 10000 }; /* who types a wrong address wants to know */

static int usage(FILE *to)
{
    fputs(
        "usage: millrace es append STREAM TYPE [DATA] [OPTIONS]   an event, or with --from FILE one a line\n"
        "       millrace es read [STREAM] [OPTIONS]               events that count, of one stream or of all\n"
        "       millrace es list                                  the streams and their versions\n"
        "       millrace es fold STREAM [OPTIONS]                 the state\n"
        "       millrace es snapshot STREAM [OPTIONS]             the state, kept for the next fold\n"
        "       millrace es replay STREAM [OPTIONS]               the state from the beginning, or without an event\n"
        "       millrace es history STREAM                        what happened, and what was refused and why\n"
        "       millrace es compensate STREAM EVENT-ID [OPTIONS]  appends the contrary event of a domain\n"
        "       millrace es project --db FILE --fold FOLD         a view: the states of all its streams in SQLite\n"
        "       millrace es serve                                 JSON lines in, JSON lines out\n"
        "\n"
        "all:\n"
        "  --topic NAME           (events)\n"
        "  --bootstrap HOST:PORT  (127.0.0.1:9092)\n"
        "  --format table|json    json: an object a line\n"
        "  --partitions N         of the topic, if it has to be made (1); or that it had when its events were written, "
        "where\n"
        "                         partitions were added and no record says it\n"
        "append, compensate:\n"
        "  --expected N|any|none  the version that the stream must have (any)\n"
        "  --id ID                of the event; a retry has the same one (drawn)\n"
        "  --schema N --correlation ID --causation ID --by NAME    what else is written beside the event\n"
        "  --compensates ID       takes back this event; refused when there is none, or it is taken back already\n"
        "  --domain DOMAIN        cart, order, account or FILE.json: an event that breaks its rules is refused\n"
        "  --from FILE            a line is an append, as JSON: {\"stream\",\"type\",\"data\",...}; -: standard input\n"
        "  --alone                with --from: nobody else writes to these streams; thousands are under way at once\n"
        "  --shop DIR             the carts and orders of a generated shop (millrace generate ecommerce)\n"
        "read:\n"
        "  --from V --to V        versions\n"
        "  --until INSTANT        events before the first later one: 2026-11-27T18:30:00Z, or ms since 1970\n"
        "  --refused              also the records that do not count\n"
        "fold, snapshot, replay, project:\n"
        "  --fold FOLD            cart, order, account, count or FILE.json; default: by the stream's name (cart-17)\n"
        "  --version V, --until INSTANT   as of then\n"
        "  --steps                fold: the state after each event\n"
        "  --no-snapshot          fold: from the beginning\n"
        "  --without EVENT-ID     replay: the difference that this event makes, and what would have been refused\n"
        "project:\n"
        "  --db FILE              a kill at any moment is harmless: the position moves with the rows\n"
        "  --follow               goes on until SIGTERM or SIGINT\n"
        "  --rebuild              from nothing\n"
        "\n"
        "Exit status: 0 done, 1 refused (a conflict, a rule of the domain, nothing to compensate), 2 usage or I/O, or "
        "it\n"
        "is not known whether an append arrived (append again with the same --id). docs/formats/events.md says more.\n",
        to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- shared with the verbs ---- */

int es_complain(const struct es_command *c, const struct err_text *error)
{
    fprintf(stderr, "millrace %s: %s\n", c->name, error->text);
    return CLI_USAGE;
}

void es_put_text(json_t *o, const char *key, const char *text)
{
    if (text) json_object_set_new(o, key, json_string(text));
}

bool es_put_number(const struct es_command *c, json_t *o, const char *key, const char *option, const char *text)
{
    int64_t value;
    if (!text) return true;
    if (!client_number(c->name, option, text, 1, &value)) return false;
    json_object_set_new(o, key, json_integer(value));
    return true;
}

json_t *es_ask(const struct es_command *c, json_t *request)
{
    struct err_text error = {""};
    json_t *answer = NULL;
    if (es_request(c->store, request, &answer, &error) != 0) es_complain(c, &error);
    json_decref(request);
    return answer;
}

void es_print_line(json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(value);
}

/* ---- arguments ---- */

enum {
    COMMON = 1,
    WRITES = 2,
    READS = 4,
    FOLDS = 8,
    STATES = 16,
    REPLAYS = 32,
    VIEWS = 64,
    APPENDS = 128,
    RANGES = 256
};

static const struct verb {
    const char *name;
    int (*run)(struct es_command *c);
    int options, arguments_min, arguments_max;
    const char *needs;
} verbs[] = {
    {"append", es_append_command, WRITES | APPENDS, 0, 3, "STREAM TYPE"},
    {"read", es_read_command, READS, 0, 1, ""},
    {"list", es_list_command, 0, 0, 0, ""},
    {"fold", es_fold_command, FOLDS | RANGES | STATES, 1, 1, "STREAM"},
    {"snapshot", es_snapshot_command, FOLDS | RANGES, 1, 1, "STREAM"},
    {"replay", es_replay_command, FOLDS | RANGES | REPLAYS, 1, 1, "STREAM"},
    {"history", es_history_command, 0, 1, 1, "STREAM"},
    {"compensate", es_compensate_command, WRITES, 2, 2, "STREAM EVENT-ID"},
    {"project", es_project_command, FOLDS | VIEWS, 0, 0, ""},
    {"serve", es_serve_command, 0, 0, 0, ""},
};
enum { VERBS = sizeof verbs / sizeof *verbs, OPTIONS_MAX = 32 };

/* What a verb has no use for is unknown to it. */
static void options_of(struct es_command *c, int groups, struct client_option out[OPTIONS_MAX])
{
    const struct {
        int group;
        struct client_option option;
    } all[] = {
        {COMMON, {"--topic", &c->topic, NULL}},
        {COMMON, {"--bootstrap", &c->bootstrap, NULL}},
        {COMMON, {"--format", &c->format, NULL}},
        {COMMON, {"--partitions", &c->partitions, NULL}},
        {COMMON, {"--help", NULL, &c->help}},
        {WRITES, {"--id", &c->id, NULL}},
        {WRITES, {"--by", &c->by, NULL}},
        {WRITES, {"--domain", &c->domain, NULL}},
        {WRITES, {"--correlation", &c->correlation, NULL}},
        {WRITES, {"--causation", &c->causation, NULL}},
        {APPENDS, {"--expected", &c->expected, NULL}},
        {APPENDS, {"--schema", &c->schema, NULL}},
        {APPENDS, {"--compensates", &c->compensates, NULL}},
        {APPENDS, {"--from", &c->file, NULL}},
        {APPENDS, {"--shop", &c->shop, NULL}},
        {APPENDS, {"--alone", NULL, &c->alone}},
        {READS, {"--from", &c->from, NULL}},
        {READS, {"--to", &c->to, NULL}},
        {READS, {"--until", &c->until, NULL}},
        {READS, {"--refused", NULL, &c->refused}},
        {FOLDS, {"--fold", &c->fold, NULL}},
        {RANGES, {"--version", &c->version, NULL}},
        {RANGES, {"--until", &c->until, NULL}},
        {STATES, {"--steps", NULL, &c->steps}},
        {STATES, {"--no-snapshot", NULL, &c->no_snapshot}},
        {REPLAYS, {"--without", &c->without, NULL}},
        {VIEWS, {"--db", &c->db, NULL}},
        {VIEWS, {"--follow", NULL, &c->follow}},
        {VIEWS, {"--rebuild", NULL, &c->rebuild}},
    };
    int n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].group & (groups | COMMON)) out[n++] = all[i].option;
    out[n] = (struct client_option){0};
}

static bool format_read(struct es_command *c)
{
    c->json = c->format && strcmp(c->format, "json") == 0;
    if (!c->format || c->json || strcmp(c->format, "table") == 0) return true;
    fprintf(stderr, "millrace %s: --format: \"%s\" is neither table nor json\n", c->name, c->format);
    return false;
}

static int run(struct es_command *c, const struct verb *verb)
{
    struct err_text error = {""};
    struct es_options options = {.bootstrap = c->bootstrap, .topic = c->topic, .timeout_ms = COMMAND_MS};
    int64_t partitions = 1;
    if (c->partitions && !client_number(c->name, "--partitions", c->partitions, 1, &partitions)) return CLI_USAGE;
    if (partitions > PARTITIONS_MAX) {
        fprintf(stderr, "millrace %s: --partitions: at most %d\n", c->name, PARTITIONS_MAX);
        return CLI_USAGE;
    }
    options.partitions = c->partitions ? (int)partitions : 0;
    /* `serve` may be asked to append. */
    options.create_partitions = verb->options & WRITES || verb->run == es_serve_command ? (int)partitions : 0;
    /* A program goes on when its broker is back. */
    if (verb->run == es_serve_command || c->follow) options.timeout_ms = 0;
    if (es_open(&options, &c->store, &error) != 0) return es_complain(c, &error);
    int status = verb->run(c);
    es_close(c->store);
    return status;
}

int cli_es(int argc, char **argv)
{
    char name[64];
    const char *given[3] = {NULL};
    struct es_command c = {.topic = "events", .bootstrap = CLIENT_BOOTSTRAP_DEFAULT};
    struct client_option options[OPTIONS_MAX];
    const struct verb *verb = NULL;
    if (argc < 2) return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, argv[1]) == 0) verb = &verbs[i];
    if (!verb) return cli_unknown("es", argv[1], usage);
    snprintf(name, sizeof name, "es %s", verb->name);
    c.name = name;
    options_of(&c, verb->options, options);
    if (!client_arguments(c.name, argc - 1, argv + 1, options, given, verb->arguments_max)) return CLI_USAGE;
    if (c.help) return usage(stdout);
    int count = 0;
    while (count < 3 && given[count]) count++;
    if (count < verb->arguments_min) {
        fprintf(stderr, "millrace %s: %s is missing\n", c.name, count ? strchr(verb->needs, ' ') + 1 : verb->needs);
        return CLI_USAGE;
    }
    c.stream = given[0];
    c.type = given[1];
    c.data = given[2];
    return format_read(&c) ? run(&c, verb) : CLI_USAGE;
}
