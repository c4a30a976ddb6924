/* check.c - what cannot be an append, before it is written: a record that nobody could read. */
#include "etl/eventstore/eventstore.h"

#define TEXT(s) (int)(s).n, (s).p ? (const char *)(s).p : ""

static int name_check(const char *what, struct slice name, bool may_miss, struct err_text *error)
{
    if (es_name_good(name) || (may_miss && name.n == 0)) return 0;
    return err_set(error, ERR_INVALID, "%s \"%.*s\": must be 1 to %d bytes of UTF-8 without control characters", what,
                   TEXT(name), ES_NAME_MAX);
}

static int event_check(const struct es_event *e, struct err_text *error)
{
    int result = name_check("event id", e->id, false, error);
    if (result == 0) result = name_check("event type", e->type, false, error);
    if (result == 0) result = name_check("correlation", e->correlation, true, error);
    if (result == 0) result = name_check("causation", e->causation, true, error);
    if (result == 0) result = name_check("compensates", e->compensates, true, error);
    if (result == 0 && (e->schema < 0 || e->schema > ES_NUMBER_MAX))
        result = err_set(error, ERR_INVALID, "schema %lld: must be a number from 1, of %d digits at most",
                         (long long)e->schema, ES_DIGITS_MAX);
    if (result == 0 && !json_is_object(e->data))
        result = err_set(error, ERR_INVALID, "the data of event %.*s is no JSON object", TEXT(e->id));
    return result;
}

int es_append_check(const struct es_record *r, struct err_text *error)
{
    struct table ids = {0};
    int result = name_check("stream", r->stream, false, error);
    if (result == 0) result = name_check("by", r->by, true, error);
    if (result == 0 && (r->count < 1 || r->count > ES_EVENTS_MAX))
        result = err_set(error, ERR_INVALID, "an append has 1 to %d events, not %d", ES_EVENTS_MAX, r->count);
    for (int i = 0; i < r->count && result == 0; i++) {
        result = event_check(&r->events[i], error);
        if (result == 0 && table_set(&ids, r->events[i].id, &r->events[i]))
            result = err_set(error, ERR_INVALID, "event id %.*s is there twice", TEXT(r->events[i].id));
    }
    table_release(&ids);
    return result;
}
