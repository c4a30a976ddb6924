/* es_show.c - `millrace es list|fold|snapshot|replay|history`: what the store answers, as a table or as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/es.h"
#include "etl/eventstore/instant.h"

#define TEXT(s) (int)(s).n, (s).p ? (const char *)(s).p : ""

void es_print_value(const json_t *value)
{
    if (value)
        json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    else
        fputs("nothing", stdout);
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    return value ? value : "";
}

bool es_put_range(const struct es_command *c, json_t *o)
{
    struct err_text error = {""};
    int64_t ms;
    if (!es_put_number(c, o, "version", "--version", c->version)) return false;
    if (!c->until) return true;
    if (instant_read(c->until, &ms)) {
        json_object_set_new(o, "until", json_integer(ms));
        return true;
    }
    err_set(&error, ERR_INVALID, "--until: \"%s\" is no instant: 2026-11-27T18:30:00Z, or milliseconds since 1970",
            c->until);
    es_complain(c, &error);
    return false;
}

static json_t *request(const struct es_command *c, const char *op)
{
    json_t *o = json_pack("{s:s}", "op", op);
    es_put_text(o, "stream", c->stream);
    es_put_text(o, "fold", c->fold);
    if (es_put_range(c, o)) return o;
    json_decref(o);
    return NULL;
}

/* ---- list ---- */

int es_list_command(struct es_command *c)
{
    json_t *answer = es_ask(c, request(c, "list")), *one;
    size_t i;
    if (!answer) return CLI_USAGE;
    json_array_foreach(json_object_get(answer, "streams"), i, one)
    {
        if (c->json)
            es_print_line(json_incref(one));
        else
            printf("%-24s version %-6" PRId64 " partition %" PRId64 "\n", text(one, "stream"), number(one, "version"),
                   number(one, "partition"));
    }
    if (!c->json)
        printf("%zu streams; %" PRId64 " appends refused, %" PRId64 " records malformed\n",
               json_array_size(json_object_get(answer, "streams")), number(answer, "refused"),
               number(answer, "malformed"));
    json_decref(answer);
    return CLI_OK;
}

/* ---- fold ---- */

static int step_print(void *context, const struct es_record *r, const struct es_event *e, const json_t *state,
                      bool applied)
{
    const struct es_command *c = context;
    if (c->json) {
        json_t *o = json_pack("{s:I, s:o, s:o, s:O, s:O, s:b}", "version", (json_int_t)e->version, "type",
                              es_text_value(e->type), "id", es_text_value(e->id), "data", e->data, "state", state,
                              "applied", applied);
        es_print_line(o);
        return 0;
    }
    (void)r;
    printf("v%-4" PRId64 " %.*s ", e->version, TEXT(e->type));
    es_print_value(e->data);
    printf("\n      %s ", applied ? "->" : "-> (this fold does not know it)");
    es_print_value(state);
    putchar('\n');
    return 0;
}

/* What does not fit into the state, on standard error. */
static void odd_say(const struct es_command *c, int64_t unknown, int64_t ahead, const char *fold)
{
    if (unknown)
        fprintf(stderr, "millrace %s: %" PRId64 " events are none that the fold %s knows, or lack the data it needs\n",
                c->name, unknown, fold);
    if (ahead)
        fprintf(stderr,
                "millrace %s: %" PRId64
                " records expect a later version than the stream has: is a part of it gone? A topic of "
                "events must not be compacted\n",
                c->name, ahead);
}

static int fold_steps(struct es_command *c, json_t *o)
{
    struct err_text error = {""};
    const struct es_fold *fold;
    struct es_folded f;
    struct slice stream = slice_str(c->stream);
    struct es_range range = {number(o, "version"), number(o, "until"), true, step_print, c};
    int result = es_fold_find(c->store, c->fold, stream, &fold, &error);
    if (result == 0) result = es_fold(c->store, stream, fold, &range, &f, &error);
    if (result != 0) return es_complain(c, &error);
    odd_say(c, f.unknown, f.ahead, fold->name);
    es_folded_release(&f);
    return CLI_OK;
}

static int state_print(const struct es_command *c, json_t *answer)
{
    if (!answer) return CLI_USAGE;
    odd_say(c, number(answer, "unknown"), number(answer, "ahead"), text(answer, "fold"));
    if (c->json) {
        es_print_line(answer);
        return CLI_OK;
    }
    es_print_value(json_object_get(answer, "state"));
    printf("\n");
    fprintf(stderr, "version %" PRId64 "; %" PRId64 " events read", number(answer, "version"), number(answer, "read"));
    if (number(answer, "snapshot"))
        fprintf(stderr, " from the snapshot at version %" PRId64 " on", number(answer, "snapshot"));
    fputc('\n', stderr);
    json_decref(answer);
    return CLI_OK;
}

int es_fold_command(struct es_command *c)
{
    json_t *o = request(c, "fold");
    if (!o) return CLI_USAGE;
    if (c->steps) {
        int status = fold_steps(c, o);
        json_decref(o);
        return status;
    }
    if (c->no_snapshot) json_object_set_new(o, "snapshot", json_false());
    return state_print(c, es_ask(c, o));
}

int es_snapshot_command(struct es_command *c)
{
    json_t *o = request(c, "snapshot");
    return o ? state_print(c, es_ask(c, o)) : CLI_USAGE;
}

/* ---- replay ---- */

static int difference_print(const struct es_command *c, json_t *answer)
{
    size_t i;
    json_t *one, *difference = json_object_get(answer, "difference");
    if (c->json) {
        es_print_line(answer);
        return CLI_OK;
    }
    printf("with     ");
    es_print_value(json_object_get(answer, "with_state"));
    printf("\nwithout  ");
    es_print_value(json_object_get(answer, "without_state"));
    printf("\n");
    if (json_array_size(difference) == 0) printf("no difference\n");
    json_array_foreach(difference, i, one)
    {
        printf("  %s: ", text(one, "path"));
        es_print_value(json_object_get(one, "with"));
        printf(" -> ");
        es_print_value(json_object_get(one, "without"));
        printf("\n");
    }
    json_array_foreach(json_object_get(answer, "refused"), i, one)
    {
        printf("  without %s, version %" PRId64 " %s [%s] would have been refused: %s\n", c->without,
               number(one, "version"), text(one, "type"), text(one, "id"), text(one, "why"));
    }
    json_decref(answer);
    return CLI_OK;
}

int es_replay_command(struct es_command *c)
{
    json_t *o = request(c, "replay");
    if (!o) return CLI_USAGE;
    es_put_text(o, "without", c->without);
    json_t *answer = es_ask(c, o);
    if (!answer) return CLI_USAGE;
    return c->without ? difference_print(c, answer) : state_print(c, answer);
}

/* ---- history ---- */

int es_history_command(struct es_command *c)
{
    json_t *answer = es_ask(c, request(c, "history")), *line;
    size_t i;
    if (!answer) return CLI_USAGE;
    if (c->json) {
        es_print_line(answer);
        return CLI_OK;
    }
    json_array_foreach(json_object_get(answer, "lines"), i, line) puts(json_string_value(line));
    json_decref(answer);
    return CLI_OK;
}
