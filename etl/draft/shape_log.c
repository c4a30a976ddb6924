/* shape_log.c - access logs in one of the layouts that have a name. */
#include <string.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/draft/trial.h"

enum { LINES_TRIED = 2000, FITTING_LEAST_PERCENT = 80 };

static bool nothing(void *context, struct arena *arena, const struct slice *fields)
{
    (void)context, (void)arena, (void)fields;
    return true;
}

/* A line of any such log has a time in brackets and a request in quotes. */
static bool may_be_log(const struct sample *s)
{
    const uint8_t *end = s->head.n ? memchr(s->head.p, '\n', s->head.n) : NULL;
    size_t n = end ? (size_t)(end - s->head.p) : s->head.n;
    return n && memmem(s->head.p, n, " [", 2) && memmem(s->head.p, n, "] \"", 3);
}

static int columns_add(struct draft_source *s, const struct sample *sample, struct err_text *error)
{
    struct definition *d;
    const char *json = arena_printf(
        sample->arena, "{\"pipeline\": \"sample\", \"version\": 1, \"source\": {%s}, \"tables\": [{\"name\": \"t\"}]}",
        buf_cstr(&s->settings));
    int err = definition_parse(slice_str(json), sample->path, &d, error);
    for (int i = 0; !err && i < d->feeds[0].field_count; i++)
        draft_column_add(s, sample->arena, arena_str(sample->arena, slice_str(d->feeds[0].columns[i].name)))->fixed =
            true;
    definition_free(d);
    return err;
}

int shape_log(struct draft *draft, bool *is_log, struct err_text *error)
{
    static const char *const layouts[] = {"combined",     "common",        "vhost_combined",
                                          "vhost_common", "combined_plus", NULL};
    struct sample *sample = draft->sample;
    struct trial trial, best = {0};
    const char *layout = NULL;
    int err = 0;
    *is_log = false;
    for (int i = 0; may_be_log(sample) && layouts[i] && !err; i++) {
        const char *source = arena_printf(
            sample->arena, "{\"format\": \"access_log\", \"glob\": %s, \"layout\": \"%s\", \"encoding\": \"%s\"}",
            sample->glob, layouts[i], sample->encoding);
        err = draft_trial_read(sample, source, 0, LINES_TRIED, nothing, NULL, &trial, error);
        if (layout && trial.malformed >= best.malformed) continue;
        layout = layouts[i];
        best = trial;
    }
    if (err || !layout || (best.records - best.malformed) * 100 < best.records * FITTING_LEAST_PERCENT) return err;
    *is_log = true;
    struct draft_source *s = draft_source_add(draft, NULL);
    draft_settings_begin(s, sample, "access_log");
    buf_printf(&s->settings, ",\n    \"layout\": \"%s\"", layout);
    buf_printf(&s->notes, "Of the first %s lines %s fit the layout %s.\n", draft_count(best.records, sample->arena),
               draft_count(best.records - best.malformed, sample->arena), layout);
    return columns_add(s, sample, error);
}
