/* es_append.c - `millrace es append`: one event, or those of a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/es.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/os/progress.h"

static int verdict_print(const struct es_command *c, const struct es_append *a, const struct es_verdict *v)
{
    if (c->json)
        es_print_line(es_verdict_value(a, v));
    else
        printf("%s%s\n", v->why, v->repeated ? ", by an earlier try" : "");
    return v->outcome == ES_ACCEPTED ? CLI_OK : CLI_DIFFERENCE;
}

/* ---- one ---- */

static bool expected_put(const struct es_command *c, json_t *o)
{
    int64_t value;
    if (!c->expected || strcmp(c->expected, "any") == 0 || strcmp(c->expected, "none") == 0) {
        es_put_text(o, "expected", c->expected);
        return true;
    }
    if (!text_to_i64(slice_str(c->expected), &value) || value < 0) {
        fprintf(stderr, "millrace %s: --expected: \"%s\" is neither a version from 0 nor any nor none\n", c->name,
                c->expected);
        return false;
    }
    json_object_set_new(o, "expected", json_integer(value));
    return true;
}

static bool data_put(const struct es_command *c, json_t *o)
{
    json_error_t wrong;
    json_t *data = json_loads(c->data ? c->data : "{}", JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
    if (json_is_object(data)) {
        json_object_set_new(o, "data", data);
        return true;
    }
    if (data)
        fprintf(stderr, "millrace %s: DATA: %s is no JSON object\n", c->name, c->data);
    else
        fprintf(stderr, "millrace %s: DATA: %s is no JSON: %s at character %d\n", c->name, c->data, wrong.text,
                wrong.position);
    json_decref(data);
    return false;
}

static bool request_make(const struct es_command *c, json_t *o)
{
    es_put_text(o, "stream", c->stream);
    es_put_text(o, "type", c->type);
    es_put_text(o, "id", c->id);
    es_put_text(o, "correlation", c->correlation);
    es_put_text(o, "causation", c->causation);
    es_put_text(o, "compensates", c->compensates);
    es_put_text(o, "by", c->by);
    es_put_text(o, "domain", c->domain);
    return es_put_number(c, o, "schema", "--schema", c->schema) && expected_put(c, o) && data_put(c, o);
}

static int append_one(const struct es_command *c, const json_t *o)
{
    struct arena arena = {0};
    struct err_text error = {""};
    struct es_append a;
    struct es_verdict v;
    int result = es_append_read(o, &arena, &a, &error);
    if (result == 0) result = es_append(c->store, &a, &v, &error);
    int status = CLI_USAGE;
    if (result == 0)
        status = verdict_print(c, &a, &v);
    else
        es_complain(c, &error);
    arena_release(&arena);
    return status;
}

/* ---- the lines of a file ---- */

struct lines {
    struct es_command *c;
    const char *name;
    FILE *file;
    int64_t line;
    json_t *requests[ES_ALONE_MAX];
    struct es_append appends[ES_ALONE_MAX];
    struct es_verdict verdicts[ES_ALONE_MAX];
    int count, window;
    struct arena arena;
    int64_t accepted, refused;
    struct progress progress;
};

static int line_wrong(const struct lines *l, const char *why)
{
    fprintf(stderr, "millrace %s: %s:%lld: %s\n", l->c->name, l->name, (long long)l->line, why);
    return -1;
}

/* 1: one more, 0: the end, -1 after a message. */
static int line_next(struct lines *l, char **text, size_t *capacity)
{
    json_error_t wrong;
    struct err_text error = {""};
    ssize_t n;
    do {
        errno = 0;
        n = getline(text, capacity, l->file);
        l->line++;
    } while (n > 0 && strspn(*text, " \t\r\n") == (size_t)n);
    if (n < 0) return ferror(l->file) ? line_wrong(l, strerror(errno)) : 0;
    json_t *o = json_loadb(*text, (size_t)n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
    if (!o) return line_wrong(l, wrong.text);
    l->requests[l->count] = o;
    struct es_append *a = &l->appends[l->count++];
    if (!json_is_object(o)) return line_wrong(l, "is no JSON object");
    if (es_append_read(o, &l->arena, a, &error) != 0) return line_wrong(l, error.text);
    if (l->c->alone && a->domain) return line_wrong(l, "\"domain\": its rules are not asked with --alone");
    return 1;
}

/* Writes what is held. With --alone the first refusal ends it. */
static int window_write(struct lines *l)
{
    struct err_text error = {""};
    int result = 0, status = CLI_OK;
    if (l->c->alone)
        result = es_append_alone(l->c->store, l->appends, l->count, l->verdicts, &error);
    else if (l->count > 0)
        result = es_append(l->c->store, &l->appends[0], &l->verdicts[0], &error);
    for (int i = 0; i < l->count && result == 0; i++) {
        int one = CLI_OK;
        if (l->c->alone && l->verdicts[i].outcome == ES_ACCEPTED)
            l->accepted++;
        else
            one = verdict_print(l->c, &l->appends[i], &l->verdicts[i]);
        if (!l->c->alone) l->accepted += one == CLI_OK;
        l->refused += one != CLI_OK;
        if (one != CLI_OK) status = one;
    }
    for (int i = 0; i < l->count; i++) json_decref(l->requests[i]);
    l->count = 0;
    arena_reset(&l->arena);
    if (result != 0) return es_complain(l->c, &error);
    return l->c->alone ? status : CLI_OK;
}

static int lines_append(struct lines *l)
{
    char *text = NULL;
    size_t capacity = 0;
    int more = 1, status = CLI_OK;
    progress_start(&l->progress, "es append", "appends", 0);
    while (more == 1 && status == CLI_OK) {
        more = line_next(l, &text, &capacity);
        if (more < 0) {
            status = CLI_USAGE;
            break;
        }
        if (l->count == l->window || more == 0) status = window_write(l);
        progress_update(&l->progress, (uint64_t)(l->accepted + l->refused));
    }
    for (int i = 0; i < l->count; i++) json_decref(l->requests[i]);
    progress_finish(&l->progress, (uint64_t)(l->accepted + l->refused));
    free(text);
    if (status == CLI_OK && l->refused) status = CLI_DIFFERENCE;
    fprintf(stderr, "%lld accepted, %lld refused\n", (long long)l->accepted, (long long)l->refused);
    return status;
}

static int append_file(struct es_command *c)
{
    bool standard = strcmp(c->file, "-") == 0;
    struct lines *l = memory_new(sizeof *l);
    l->c = c;
    l->name = standard ? "standard input" : c->file;
    l->window = c->alone ? ES_ALONE_MAX : 1;
    l->file = standard ? stdin : fopen(c->file, "re");
    int status = CLI_USAGE;
    if (!l->file)
        fprintf(stderr, "millrace %s: %s: %s\n", c->name, c->file, strerror(errno));
    else
        status = lines_append(l);
    if (l->file && !standard) fclose(l->file);
    arena_release(&l->arena);
    free(l);
    return status;
}

int es_append_command(struct es_command *c)
{
    struct err_text error = {""};
    if (c->file && (c->stream || c->expected || c->id || c->schema || c->compensates || c->domain || c->by)) {
        err_set(&error, ERR_INVALID,
                "--from FILE says all of an append: no STREAM, TYPE, DATA or option of one beside it");
        return es_complain(c, &error);
    }
    if (c->file) return append_file(c);
    if (c->alone || !c->type) {
        err_set(&error, ERR_INVALID, c->alone ? "--alone goes with --from FILE" : "STREAM TYPE is missing");
        return es_complain(c, &error);
    }
    json_t *o = json_object();
    int status = request_make(c, o) ? append_one(c, o) : CLI_USAGE;
    json_decref(o);
    return status;
}
