/* etl_parse.c - `millrace etl parse DEFINITION --in DIR [--source NAME]`: reads and judges, writes nothing. */
#include "cli/etl_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/parse.h"
#include "etl/source/bare_scan.h"
#include "etl/source/source.h"
#include "etl/source/split.h"
#include "etl/stream/pool.h"

enum { ROUNDS = 5, ARENA_RESET_EVERY = 64, STRETCHES = 4096 };

static int usage(FILE *to)
{
    fputs(
        "usage: millrace etl parse DEFINITION --in DIR [--source NAME]\n"
        "\n"
        "Reads the files of each source, or of one, and parses and judges their records in memory, five times; writes\n"
        "nothing. A line per source: records, those that a rule other than unique rejects, their bytes, and the best\n"
        "rate by the processor time of one thread (reading the files is not in it). Beside them, of CSV, JSON and "
        "logs,\n"
        "the rate of a bare scan that only finds where fields would be: what this processor reaches at best.\n"
        "Exit status: 0 done, 2 usage, definition or I/O.\n",
        to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double split_s(const struct pool *pool, struct splitter *splitter, struct arena *arena)
{
    double start_s = cpu_s();
    for (size_t i = 0; i < pool->count; i++) {
        if (i % ARENA_RESET_EVERY == 0) arena_reset(arena);
        splitter_split(splitter, &pool->records[i], arena);
    }
    return cpu_s() - start_s;
}

static double judge_s(const struct pool *pool, struct row_parser *parser, struct arena *arena, uint64_t *rejected)
{
    double start_s = cpu_s();
    *rejected = 0;
    for (size_t i = 0; i < pool->count; i++) {
        struct row row;
        if (i % ARENA_RESET_EVERY == 0) arena_reset(arena);
        row_parse(parser, &pool->records[i], arena, &row);
        *rejected += row.bucket != ROW_VALID;
    }
    return cpu_s() - start_s;
}

/* What the same processor needs at least; 0: not known of this format. */
static double scan_s(const struct pool *pool, const struct feed *feed)
{
    static struct slice stretches[STRETCHES];
    struct bare_scan scan;
    if (!bare_scan_of(feed, &scan)) return 0;
    double start_s = cpu_s();
    for (size_t i = 0; i < pool->count; i++) bare_scan(&scan, pool->records[i].raw, stretches, STRETCHES);
    return cpu_s() - start_s;
}

static void best_keep(double *best_s, double s, int round)
{
    if (round == 0 || s < *best_s) *best_s = s;
}

static double mb_per_s(uint64_t bytes, double s)
{
    return s > 0 ? (double)bytes / s / 1e6 : 0;
}

static void measure(const struct feed *feed, const struct pool *pool)
{
    struct splitter splitter;
    struct row_parser *parser = row_parser_new(feed);
    struct arena arena = {0};
    uint64_t rejected = 0, bytes = 0;
    double split_best_s = 0, judge_best_s = 0, scan_best_s = 0;
    splitter_open(&splitter, feed);
    for (size_t i = 0; i < pool->count; i++) bytes += pool->records[i].raw.n;
    for (int round = 0; round < ROUNDS; round++) {
        best_keep(&split_best_s, split_s(pool, &splitter, &arena), round);
        best_keep(&judge_best_s, judge_s(pool, parser, &arena, &rejected), round);
        best_keep(&scan_best_s, scan_s(pool, feed), round);
    }
    printf("%s: %zu records, %" PRIu64 " rejected, %" PRIu64 " bytes, split %.1f MB/s, judged %.1f MB/s", feed->name,
           pool->count, rejected, bytes, mb_per_s(bytes, split_best_s), mb_per_s(bytes, judge_best_s));
    if (scan_best_s > 0) printf(", bare scan %.1f MB/s", mb_per_s(bytes, scan_best_s));
    printf("\n");
    splitter_close(&splitter);
    row_parser_free(parser);
    arena_release(&arena);
}

static int source_parse(const struct feed *feed, const char *in, struct err_text *error)
{
    struct source_list list;
    struct pool pool = {0};
    int result = source_list_read(feed, in, &list, error);
    if (result != 0) return result;
    result = pool_fill(&pool, in, &list, NULL, error);
    if (result == 0) measure(feed, &pool);
    pool_release(&pool);
    source_list_release(&list);
    return result;
}

static int parse(const char *definition, const char *in, const char *source)
{
    struct definition *d;
    struct err_text error = {0};
    int result = definition_load(definition, &d, &error);
    if (result == 0 && source && definition_feed(d, slice_str(source)) < 0)
        result = err_set(&error, ERR_NOTFOUND, "--source %s: %s has no such source", source, definition);
    for (int i = 0; result == 0 && i < d->feed_count; i++)
        if (!source || strcmp(d->feeds[i].name, source) == 0) result = source_parse(&d->feeds[i], in, &error);
    definition_free(d);
    if (result == 0) return CLI_OK;
    fprintf(stderr, "millrace etl parse: %s\n", error.text);
    return CLI_USAGE;
}

int cli_etl_parse(int argc, char **argv)
{
    const char *definition = NULL, *in = NULL, *source = NULL;
    for (int i = 1; i < argc; i++) {
        const char **option = strcmp(argv[i], "--in") == 0 ? &in : strcmp(argv[i], "--source") == 0 ? &source : NULL;
        if (strcmp(argv[i], "--help") == 0) return usage(stdout);
        if (option && i + 1 < argc)
            *option = argv[++i];
        else if (argv[i][0] != '-' && !definition)
            definition = argv[i];
        else {
            return cli_unknown("etl parse", argv[i], usage);
        }
    }
    if (definition && in) return parse(definition, in, source);
    fprintf(stderr, "millrace etl parse: %s is missing\n", definition ? "--in DIR" : "DEFINITION");
    return usage(stderr);
}
