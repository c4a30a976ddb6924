/* measure.c - the pass: every record of every source, judged as a batch judges it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "etl/admission.h"
#include "etl/operator/operator.h"
#include "etl/quality/quality.h"
#include "etl/quality/report.h"
#include "etl/quality/tables.h"
#include "etl/source/source.h"
#include "lib/base/memory.h"
#include "lib/os/progress.h"

enum { PROGRESS_EVERY = 4096 };

struct pass {
    struct operator_context context; /* no database: rows come in order, `unique` is a set in memory */
    struct lane {
        struct admission admission;
    } * lanes;                   /* one per definition.feeds: rules look at rows of earlier sources */
    struct admission *admission; /* of the source that is measured */
    struct source_profile profile;
    struct arena arena;
    const char *in;
    struct progress *progress;
    uint64_t *lines_done; /* of files that are finished */
};

static int settle(void *owner, const struct judged *row, uint32_t lost, int sign)
{
    (void)sign; /* in order: nothing is taken back */
    struct pass *p = owner;
    int ordinals[ADMISSION_RULES_MAX], n = 0;
    int bucket = row->row.bucket, result = 0;
    for (int k = 0; k < p->admission->count; k++) {
        if (!(lost & UINT32_C(1) << k)) continue;
        int rule = p->admission->rules[k];
        bool rejects = p->admission->feed->rules[rule].severity != SEVERITY_WARN;
        if (rejects && (bucket == ROW_VALID || rule + 1 < bucket)) bucket = rule + 1;
        ordinals[n++] = rule + 1;
    }
    source_profile_add(&p->profile, &row->row, ordinals, n);
    for (int i = row->record.feed + 1; i < p->context.definition->feed_count && result == 0; i++)
        result = admission_hear(&p->lanes[i].admission, row->record.feed, bucket, row->row.values, 1);
    return result;
}

static int file_measure(struct pass *p, const struct source_file *file, uint64_t *records)
{
    struct source_reader *reader;
    struct err_text *error = p->context.error;
    struct record record;
    int result = source_open(p->admission->feed, p->in, file, &reader, error);
    if (result < 0) return result;
    while ((result = source_next(reader, &record, error)) == 1) {
        arena_reset(&p->arena);
        result = admission_add(p->admission, admission_judge(p->admission, &record, NULL, &p->arena));
        if (result != 0) break;
        if (++*records % PROGRESS_EVERY == 0) progress_update(p->progress, *p->lines_done + record.at.line);
    }
    source_close(reader);
    *p->lines_done += file->lines;
    return result;
}

static int files_measure(struct pass *p, const struct source_list *list, json_t *sources)
{
    uint64_t *records = memory_new((size_t)list->count * sizeof *records);
    int result = 0;
    for (int i = 0; i < list->count && result == 0; i++)
        if (!list->files[i].same_as) result = file_measure(p, &list->files[i], &records[i]);
    if (result == 0) json_array_append_new(sources, report_source(&p->profile, list, records));
    free(records);
    return result;
}

static int source_measure(struct pass *p, const struct source_list *list, json_t *sources)
{
    p->admission = &p->lanes[list->feed->index].admission;
    source_profile_open(&p->profile, list->feed);
    int result = files_measure(p, list, sources);
    source_profile_close(&p->profile);
    return result;
}

static int lanes_open(struct pass *p)
{
    const struct definition *d = p->context.definition;
    int result = 0;
    p->lanes = memory_new((size_t)d->feed_count * sizeof *p->lanes);
    for (int i = 0; i < d->feed_count && result == 0; i++) {
        struct lane *lane = &p->lanes[i];
        result = admission_open(&lane->admission, &p->context, &d->feeds[i]);
        lane->admission.settle = settle;
        lane->admission.owner = p;
    }
    return result;
}

static void lanes_close(struct pass *p)
{
    for (int i = 0; i < p->context.definition->feed_count; i++) admission_close(&p->lanes[i].admission);
    free(p->lanes);
}

static int sources_measure(const struct definition *d, const struct source_lists *lists, const char *in,
                           json_t *sources, struct err_text *error)
{
    struct progress progress;
    char title[128];
    uint64_t done = 0;
    snprintf(title, sizeof title, "quality %s", d->name);
    progress_start(&progress, title, "lines", lists->lines);
    struct pass p = {.in = in, .progress = &progress, .lines_done = &done};
    p.context = (struct operator_context){.definition = d, .cycle = &p.arena, .error = error};
    int result = lanes_open(&p);
    for (int i = 0; i < lists->count && result == 0; i++) result = source_measure(&p, &lists->of[i], sources);
    if (result == 0) progress_finish(&progress, done);
    lanes_close(&p);
    arena_release(&p.arena);
    return result;
}

static json_t *report_new(const struct definition *d, json_t *sources, json_t *tables)
{
    json_t *report = json_object();
    json_object_set_new(report, "millrace_quality", json_integer(QUALITY_VERSION));
    json_object_set_new(report, "pipeline", json_string(d->name));
    json_object_set_new(report, "definition_digest", json_string(d->digest));
    json_object_set_new(report, "sources", sources);
    json_object_set_new(report, "tables", tables);
    return report;
}

int quality_measure(const char *definition, const char *in, json_t **out, struct err_text *error)
{
    struct definition *d = NULL;
    struct source_lists lists = {0};
    json_t *sources = json_array(), *tables = json_array();
    int result = definition_load(definition, &d, error);
    if (result == 0) result = source_lists_read(d, in, &lists, error);
    if (result == 0) result = sources_measure(d, &lists, in, sources, error);
    if (result == 0 && tables_have_rules(d)) result = tables_measure(d, &lists, in, tables, error);
    *out = result == 0 ? report_new(d, sources, tables) : NULL;
    if (result != 0) json_decref(sources);
    if (result != 0) json_decref(tables);
    source_lists_release(&lists);
    definition_free(d);
    return result;
}
