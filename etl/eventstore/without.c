#include "etl/eventstore/without.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/bytes.h"

#define TEXT(s) (int)(s).n, (const char *)(s).p

struct replay {
    const struct es_fold *fold;
    struct slice id;
    json_t *with, *without, *refused;
    struct table missing; /* ids that did not happen in the second fold */
    bool found;
};

static void refuse(struct replay *p, const struct es_event *e, const char *why)
{
    json_array_append_new(p->refused,
                          json_pack("{s:I, s:o, s:o, s:o}", "version", (json_int_t)e->version, "type",
                                    es_text_value(e->type), "id", es_text_value(e->id), "why", es_sentence_value(why)));
    table_set(&p->missing, e->id, p);
}

/* Whether the event happens when the other one did not. What breaks a rule as it is, is not that one's doing. */
static bool happens(struct replay *p, const struct es_event *e)
{
    char why[256] = "", ignored[256] = "";
    const struct es_fold *f = p->fold;
    if (e->compensates.n && table_get(&p->missing, e->compensates)) {
        snprintf(why, sizeof why, "it takes back event %.*s, which did not happen", TEXT(e->compensates));
        refuse(p, e, why);
        return false;
    }
    if (!f->allows || f->allows(f, p->without, e, why, sizeof why) ||
        !f->allows(f, p->with, e, ignored, sizeof ignored))
        return true;
    refuse(p, e, why);
    return false;
}

/* The state of `with` is one event ahead when the step is told: it is folded here a second time. */
static int step(void *context, const struct es_record *r, const struct es_event *e, const json_t *state, bool applied)
{
    (void)r, (void)state, (void)applied;
    struct replay *p = context;
    if (!p->found && slice_equal(e->id, p->id)) {
        p->found = true;
        table_set(&p->missing, e->id, p);
    } else if (!p->found || happens(p, e)) {
        p->fold->apply(p->fold, p->without, e);
    }
    p->fold->apply(p->fold, p->with, e);
    return 0;
}

static json_t *answer_of(struct slice stream, const struct replay *p, int64_t version)
{
    json_t *difference = json_array();
    es_difference(p->with, p->without, "", difference);
    return json_pack("{s:o, s:s, s:I, s:o, s:O, s:O, s:o, s:O}", "stream", es_text_value(stream), "fold", p->fold->name,
                     "version", (json_int_t)version, "without", es_text_value(p->id), "with_state", p->with,
                     "without_state", p->without, "difference", difference, "refused", p->refused);
}

int es_replay_without(struct es_store *s, struct slice stream, const struct es_fold *fold, const struct es_range *range,
                      struct slice id, json_t **answer, struct err_text *error)
{
    struct replay p = {fold, id, fold->start(fold), fold->start(fold), json_array(), {0}, false};
    struct es_range stepped = {.version = range->version, .until = range->until, .step = step, .context = &p};
    struct es_folded folded;
    int result = es_fold(s, stream, fold, &stepped, &folded, error);
    if (result == 0 && !p.found)
        result = err_set(error, ERR_NOTFOUND, "stream %.*s has no event %.*s up to version %" PRId64, TEXT(stream),
                         TEXT(id), folded.version);
    if (result == 0) *answer = answer_of(stream, &p, folded.version);
    es_folded_release(&folded);
    json_decref(p.with);
    json_decref(p.without);
    json_decref(p.refused);
    table_release(&p.missing);
    return result;
}

/* ---- differences of two values ---- */

static void difference_add(const json_t *with, const json_t *without, const char *path, json_t *out)
{
    json_t *d = json_pack("{s:s}", "path", path);
    if (with) json_object_set(d, "with", (json_t *)(uintptr_t)with);
    if (without) json_object_set(d, "without", (json_t *)(uintptr_t)without);
    json_array_append_new(out, d);
}

static void member_compare(const json_t *with, const json_t *without, const char *path, const char *key, json_t *out)
{
    struct buf b = {0};
    buf_printf(&b, "%s%s%s", path, *path ? "." : "", key);
    es_difference(json_object_get(with, key), json_object_get(without, key), buf_cstr(&b), out);
    buf_release(&b);
}

void es_difference(const json_t *with, const json_t *without, const char *path, json_t *out)
{
    const char *key;
    json_t *value;
    if (!json_is_object(with) || !json_is_object(without)) {
        if (!json_equal(with, without)) difference_add(with, without, path, out);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)with, key, value) member_compare(with, without, path, key, out);
    json_object_foreach((json_t *)(uintptr_t)without, key, value)
    {
        if (!json_object_get(with, key)) member_compare(with, without, path, key, out);
    }
}
