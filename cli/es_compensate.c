/* es_compensate.c - `millrace es compensate`: the contrary event, as the domain has it. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/es.h"

struct looking {
    const struct es_fold *domain;
    struct slice id;
    json_t *before, *data; /* the state before the event; of the contrary */
    const char *type;
    bool found;
};

/* `state` is the one after the event: the one before is folded along. */
static int look(void *context, const struct es_record *r, const struct es_event *e, const json_t *state, bool applied)
{
    (void)r, (void)state, (void)applied;
    struct looking *l = context;
    if (!l->found && slice_equal(e->id, l->id)) {
        l->found = true;
        l->type = l->domain->contrary ? l->domain->contrary(l->domain, l->before, e, &l->data) : NULL;
    }
    l->domain->apply(l->domain, l->before, e);
    return 0;
}

/* Of the version that was read: what was decided on it holds. */
static int contrary_append(struct es_command *c, const struct looking *l, int64_t version, struct err_text *error)
{
    char expected[32];
    if (!l->found) {
        err_set(error, ERR_NOTFOUND, "there is no event %s in stream %s", c->type, c->stream);
        return es_complain(c, error);
    }
    if (!l->type) {
        err_set(error, ERR_INVALID, "event %s has no contrary in the domain %s", c->type, l->domain->name);
        return es_complain(c, error);
    }
    char *data = json_dumps(l->data, JSON_COMPACT);
    snprintf(expected, sizeof expected, "%lld", (long long)version);
    c->expected = expected;
    c->compensates = c->type;
    c->type = l->type;
    c->data = data;
    c->domain = l->domain->name;
    int status = es_append_command(c);
    free(data);
    return status;
}

int es_compensate_command(struct es_command *c)
{
    struct err_text error = {""};
    struct looking l = {.id = slice_str(c->type)};
    struct es_folded f = {0};
    struct slice stream = slice_str(c->stream);
    int result = es_fold_find(c->store, c->domain, stream, &l.domain, &error);
    if (result != 0) return es_complain(c, &error);
    l.before = l.domain->start(l.domain);
    struct es_range range = {.step = look, .context = &l};
    result = es_fold(c->store, stream, l.domain, &range, &f, &error);
    int status = result == 0 ? contrary_append(c, &l, f.version, &error) : es_complain(c, &error);
    es_folded_release(&f);
    json_decref(l.before);
    json_decref(l.data);
    return status;
}
