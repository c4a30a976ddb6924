#include "cli/es_lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/base/memory.h"
#include "lib/os/progress.h"

struct es_lines {
    const struct es_command *c;
    json_t *requests[ES_ALONE_MAX];
    struct es_append appends[ES_ALONE_MAX];
    struct es_verdict verdicts[ES_ALONE_MAX];
    int count, window;
    struct arena arena;
    int64_t accepted, refused;
    int status; /* not CLI_OK: it has ended */
    struct progress progress;
};

int es_verdict_print(const struct es_command *c, const struct es_append *a, const struct es_verdict *v)
{
    if (c->json)
        es_print_line(es_verdict_value(a, v));
    else
        printf("%s%s\n", v->why, v->repeated ? ", by an earlier try" : "");
    return v->outcome == ES_ACCEPTED ? CLI_OK : CLI_DIFFERENCE;
}

struct es_lines *es_lines_new(const struct es_command *c, bool alone)
{
    struct es_lines *l = memory_new(sizeof *l);
    l->c = c;
    l->window = alone ? ES_ALONE_MAX : 1;
    progress_start(&l->progress, c->name, "appends", 0);
    return l;
}

/* Of many only the refused ones are shown. */
static void verdict_take(struct es_lines *l, int i)
{
    bool accepted = l->verdicts[i].outcome == ES_ACCEPTED;
    if (l->window == 1 || !accepted) es_verdict_print(l->c, &l->appends[i], &l->verdicts[i]);
    l->accepted += accepted;
    l->refused += !accepted;
    if (l->window > 1 && !accepted) l->status = CLI_DIFFERENCE;
}

static void held_write(struct es_lines *l)
{
    struct err_text error = {""};
    int result = 0;
    if (l->window > 1)
        result = es_append_alone(l->c->store, l->appends, l->count, l->verdicts, &error);
    else if (l->count > 0)
        result = es_append(l->c->store, &l->appends[0], &l->verdicts[0], &error);
    for (int i = 0; i < l->count; i++) {
        if (result == 0) verdict_take(l, i);
        json_decref(l->requests[i]);
    }
    l->count = 0;
    arena_reset(&l->arena);
    progress_update(&l->progress, (uint64_t)(l->accepted + l->refused));
    if (result != 0) l->status = es_complain(l->c, &error);
}

int es_lines_add(struct es_lines *l, json_t *object, struct err_text *error)
{
    struct es_append *a = &l->appends[l->count];
    int result = json_is_object(object) ? es_append_read(l->c->store, object, &l->arena, a, error)
                                        : err_set(error, ERR_INVALID, "is no JSON object");
    if (result == 0 && l->window > 1 && a->domain)
        result = err_set(error, ERR_INVALID, "\"domain\": its rules are not asked with --alone");
    if (result == 0) result = es_append_check(&a->record, error);
    if (result != 0) {
        json_decref(object);
        return result;
    }
    l->requests[l->count++] = object;
    if (l->count == l->window) held_write(l);
    return l->status == CLI_OK ? 0 : ERR_CLOSED;
}

int es_lines_free(struct es_lines *l)
{
    if (l->status == CLI_OK) held_write(l);
    int status = l->status == CLI_OK && l->refused ? CLI_DIFFERENCE : l->status;
    progress_finish(&l->progress, (uint64_t)(l->accepted + l->refused));
    fprintf(stderr, "%lld accepted, %lld refused\n", (long long)l->accepted, (long long)l->refused);
    for (int i = 0; i < l->count; i++) json_decref(l->requests[i]);
    arena_release(&l->arena);
    free(l);
    return status;
}
