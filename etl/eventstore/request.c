#include "etl/eventstore/request_parts.h"
#include "etl/eventstore/store.h"

#include <inttypes.h>
#include <string.h>

#include "etl/document.h"
#include "etl/eventstore/fold_file.h"
#include "etl/eventstore/instant.h"

static bool is_file(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

static int file_find(struct es_store *s, const char *path, const struct es_fold **out, struct err_text *error)
{
    struct es_fold *f = table_get_str(&s->folds, path);
    int result = f ? 0 : es_fold_file_read(path, &f, error);
    if (result == 0) table_set_str(&s->folds, path, f);
    *out = f;
    return result;
}

int es_fold_find(struct es_store *s, const char *name, struct slice stream, const struct es_fold **out,
                 struct err_text *error)
{
    if (name && is_file(name)) return file_find(s, name, out, error);
    *out = name ? es_fold_named(name) : es_fold_of(stream);
    if (*out) return 0;
    if (!name)
        return err_set(error, ERR_INVALID,
                       "which fold? The stream's name begins with none of cart-, order-, account-, count-: name one, "
                       "or a file NAME.json");
    const char *near = name_nearest(name, ES_FOLD_NAMES);
    return err_set(error, ERR_INVALID, "there is no fold \"%s\"%s%s%s", name,
                   near ? "; did you mean \"" : "; there are: cart, order, account, count, and files: NAME.json",
                   near ? near : "", near ? "\"?" : "");
}

int asked_stream(struct asked *a, struct err_text *error)
{
    int result = es_member_text(a->o, "stream", &a->stream, error);
    if (result == 0 && !es_name_good(a->stream))
        result = err_set(error, ERR_INVALID,
                         a->stream.n ? "\"stream\" is no name of 1 to 255 bytes" : "\"stream\" is missing");
    return result;
}

int asked_range(struct asked *a, struct err_text *error)
{
    struct slice until;
    const json_t *o = a->o, *snapshot = json_object_get(o, "snapshot"), *value = json_object_get(o, "until");
    int result = es_member_number(o, "version", 1, 0, &a->range.version, error);
    if (result == 0 && json_is_integer(value)) return es_member_number(o, "until", 0, 0, &a->range.until, error);
    if (result == 0) result = es_member_text(o, "until", &until, error);
    if (result == 0 && until.n && !instant_read((const char *)until.p, &a->range.until))
        result = err_set(error, ERR_INVALID, "\"until\": \"%s\" is no instant: 2026-11-27T18:30:00Z, or milliseconds",
                         (const char *)until.p);
    a->range.no_snapshot = snapshot && !json_is_true(snapshot);
    return result;
}

int asked_fold(struct es_store *s, struct asked *a, struct err_text *error)
{
    struct slice name = {0};
    int result = asked_stream(a, error);
    if (result == 0) result = asked_range(a, error);
    if (result == 0) result = es_member_text(a->o, "fold", &name, error);
    return result == 0 ? es_fold_find(s, name.n ? (const char *)name.p : NULL, a->stream, &a->fold, error) : result;
}

/* ---- append ---- */

static int append(struct es_store *s, const json_t *o, json_t **answer, struct err_text *error)
{
    struct arena arena = {0};
    struct es_append a;
    struct es_verdict v;
    int result = es_append_read(s, o, &arena, &a, error);
    if (result == 0) result = es_append(s, &a, &v, error);
    if (result == 0) *answer = es_verdict_value(&a, &v);
    arena_release(&arena);
    return result;
}

static const struct {
    const char *op;
    int (*run)(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
} operations[] = {{"read", request_read},
                  {"list", request_list},
                  {"fold", request_fold},
                  {"replay", request_replay},
                  {"snapshot", request_snapshot},
                  {"state_snapshot", request_state_snapshot},
                  {"newest_snapshot", request_newest_snapshot},
                  {"history", request_history}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

int es_request(struct es_store *s, const json_t *request, json_t **answer, struct err_text *error)
{
    static const char *const names[] = {
        "append", "read", "list", "fold", "replay", "snapshot", "state_snapshot", "newest_snapshot", "history", NULL};
    struct asked a = {.o = request};
    const char *op = json_string_value(json_object_get(request, "op"));
    *answer = NULL;
    if (!json_is_object(request)) return err_set(error, ERR_INVALID, "a request is a JSON object");
    if (!op) return err_set(error, ERR_INVALID, "\"op\" is missing, or is no text");
    if (strcmp(op, "append") == 0) return append(s, request, answer, error);
    for (int i = 0; i < OPERATIONS; i++)
        if (strcmp(operations[i].op, op) == 0) return operations[i].run(s, &a, answer, error);
    const char *near = name_nearest(op, names);
    return err_set(error, ERR_INVALID, "there is no op \"%s\"%s%s%s", op, near ? "; did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}
