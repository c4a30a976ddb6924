/* How fast one core parses records that are in memory, by `millrace etl parse` over what the generators write: into
 * fields (the bars), and into judged rows with typed and derived columns and all rules but `unique` (told beside it).
 * The machine's side is a bare scan of the same records in turn with them (etl/source/bare_scan.h). */
#include <stdio.h>

#include "bench/speed/speed.h"
#include "lib/os/process.h"
#include "workloads/generate.h"

static const struct parsed {
    const char *side, *definition, *source;
    bool shop;
} PARSED[] = {
    {"csv", "ecommerce/online_retail.json", "online_retail", true},
    {"ndjson", "clickstream/clickstream.json", "page_viewed", false},
    {"access_log", "clickstream/clickstream.json", "web", false},
};

static const struct parsed *parsed_of(const char *side)
{
    const struct parsed *p = PARSED;
    while (!speed_is(side, p->side)) p++;
    return p;
}

static int rates_read(const struct speed *s, const struct parsed *p, const char *in, double mb_s[3],
                      struct err_text *error)
{
    char definition[PATH_MAX], line[256];
    struct process child;
    bench_path(definition, s->bench->workloads, p->definition);
    const char *argv[] = {s->bench->program, "etl", "parse", definition, "--in", in, "--source", p->source, NULL};
    int rc = process_start(&child, argv, PROCESS_PIPE_OUT, error);
    if (rc != 0) return rc;
    rc = process_read_line(&child, line, sizeof line, 600000);
    int status = process_wait(&child, -1);
    const char *form =
        "%*[^:]: %*u records, %*u rejected, %*u bytes, split %lf MB/s, judged %lf MB/s, bare scan %lf MB/s";
    if (rc == 0 && status == 0 && sscanf(line, form, &mb_s[0], &mb_s[1], &mb_s[2]) == 3) return 0;
    return err_set(error, ERR_IO, "millrace etl parse %s ended with %d", p->definition, status);
}

static int parse(struct speed *s, const char *side, struct trial *t, struct err_text *error)
{
    const struct parsed *p = parsed_of(side);
    char folder[PATH_MAX];
    double mb_s[3] = {0};
    struct generate_options options = {.out = folder, .scale = speed_scaled(s, 300000, GENERATE_SCALE_MIN), .seed = 1};
    int rc = bench_folder(s->bench, "parsed", folder, error);
    if (rc == 0) rc = (p->shop ? generate_ecommerce : generate_clickstream)(&options, NULL, error);
    if (rc == 0) rc = rates_read(s, p, folder, mb_s, error);
    bench_remove(folder);
    if (rc == 0) trial_metric(t, "split", "MB/s", mb_s[0]);
    if (rc == 0) trial_metric(t, "judged", "MB/s", mb_s[1]);
    if (rc == 0) trial_metric(t, "bare_scan", "MB/s", mb_s[2]);
    return rc;
}

static int definitions_find(struct speed *s, const char *side, struct err_text *error)
{
    (void)side;
    return bench_workloads_find(s->bench, NULL, error);
}

static const char *const sides[] = {"csv", "ndjson", "access_log", NULL};
static const struct speed_bar bars[] = {
    {"MB/s, csv", "csv", "split", NULL, NULL, SPEED_AT_LEAST, 1000},
    {"or: csv / a bare scan", "csv", "split", "csv", "bare_scan", SPEED_OR_AT_LEAST, 0.8},
    {"MB/s, ndjson", "ndjson", "split", NULL, NULL, SPEED_AT_LEAST, 500},
    {"MB/s, access logs", "access_log", "split", NULL, NULL, SPEED_AT_LEAST, 500},
    {0},
};
const struct speed_row speed_row_parsers = {
    "parsers", "parsers, from memory to fields, one core", "no broker", NULL, sides, bars, parse, definitions_find,
    NULL,
};
