/* es_append.c - `millrace es append`: one event, or those of a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/es_lines.h"
#include "lib/base/text.h"

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
    int result = es_append_read(c->store, o, &arena, &a, &error);
    if (result == 0) result = es_append(c->store, &a, &v, &error);
    int status = CLI_USAGE;
    if (result == 0)
        status = es_verdict_print(c, &a, &v);
    else
        es_complain(c, &error);
    arena_release(&arena);
    return status;
}

/* ---- the lines of a file ---- */

/* 0: go on; ERR_CLOSED: it has ended; else a failure with a sentence. */
static int line_add(struct es_lines *l, const char *text, size_t n, struct err_text *error)
{
    json_error_t wrong;
    json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
    return o ? es_lines_add(l, o, error) : err_set(error, ERR_INVALID, "is no JSON: %s", wrong.text);
}

/* What stands before a line that is wrong is written. */
static int file_append(const struct es_command *c, FILE *file, const char *name)
{
    struct err_text error = {""};
    struct es_lines *l = es_lines_new(c, c->alone);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t n;
    int64_t line = 0;
    int result = 0;
    while (result == 0 && (n = getline(&text, &capacity, file)) >= 0) {
        line++;
        if (strspn(text, " \t\r\n") != (size_t)n) result = line_add(l, text, (size_t)n, &error);
    }
    if (result == 0 && ferror(file)) result = err_set(&error, ERR_IO, "%s", strerror(errno));
    free(text);
    int status = es_lines_free(l);
    if (result == 0 || result == ERR_CLOSED) return status;
    fprintf(stderr, "millrace %s: %s:%lld: %s\n", c->name, name, (long long)line, error.text);
    return CLI_USAGE;
}

static int append_file(const struct es_command *c)
{
    if (strcmp(c->file, "-") == 0) return file_append(c, stdin, "standard input");
    FILE *file = fopen(c->file, "re");
    if (!file) {
        fprintf(stderr, "millrace %s: %s: %s\n", c->name, c->file, strerror(errno));
        return CLI_USAGE;
    }
    int status = file_append(c, file, c->file);
    fclose(file);
    return status;
}

int es_append_command(struct es_command *c)
{
    struct err_text error = {""};
    bool one = c->stream || c->expected || c->id || c->schema || c->compensates || c->domain || c->by;
    if ((c->file || c->shop) && (one || (c->file && c->shop))) {
        err_set(&error, ERR_INVALID, "--%s says all of an append: no STREAM, TYPE, DATA or option of one beside it",
                c->shop ? "shop DIR" : "from FILE");
        return es_complain(c, &error);
    }
    if (c->shop) return es_shop_append(c);
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
