/* generate.c - `millrace generate`: seeded input with known truth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/document.h"
#include "lib/base/text.h"
#include "lib/os/progress.h"
#include "workloads/generate.h"

static int usage(FILE *to)
{
    fputs("usage: millrace generate WORKLOAD --out DIR [--scale S] [--seed N] [--dirt KIND=RATE ...]\n"
          "\n"
          "Writes input files to DIR and the answers to DIR/ground_truth. The same options give the same bytes.\n",
          to);
    for (int i = 0; generators[i]; i++) fprintf(to, "  %-14s %s\n", generators[i]->name, generators[i]->what);
    fputs(
        "  --scale S      millions of events, 0.001 to 1000 (default 0.1)\n"
        "  --seed N       default 1\n"
        "  --dirt K=RATE  the share (0 to 1) of the records that could have it and do; may come several times;\n"
        "                 `millrace generate WORKLOAD --dirt list` lists the kinds with the rates they have otherwise\n"
        "DIR is created; it must be empty or hold an earlier output, which is replaced.\n"
        "Status: 0 done, 2 usage or I/O.\n",
        to);
    return to == stdout ? 0 : 2;
}

static int usage_of(const struct generator *g)
{
    printf("millrace generate %s: %s\n", g->name, g->what);
    for (int i = 0; i < g->kind_count; i++) {
        const struct dirt_kind *k = &g->kinds[i];
        printf("  --dirt %s=%u.%06u%*s%s\n", k->name, (unsigned)(k->rate / DIRT_ALWAYS),
               (unsigned)(k->rate % DIRT_ALWAYS), (int)(26 - strlen(k->name)), "", k->what);
    }
    return 0;
}

static bool is_help(const char *text)
{
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static bool is_dirt_list(int argc, char **argv)
{
    for (int i = 2; i + 1 < argc; i++)
        if (strcmp(argv[i], "--dirt") == 0 && strcmp(argv[i + 1], "list") == 0) return true;
    return false;
}

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "millrace generate: %s: %s\n", what, value);
    return 2;
}

/* 0, or 2 after a message. */
static int parse(struct generate_options *options, int argc, char **argv)
{
    for (int i = 2; i < argc; i += 2) {
        int64_t number;
        if (i + 1 == argc) return wrong("needs a value", argv[i]);
        struct slice value = slice_str(argv[i + 1]);
        if (strcmp(argv[i], "--out") == 0) {
            options->out = argv[i + 1];
        } else if (strcmp(argv[i], "--scale") == 0) {
            if (!text_to_decimal(value, GENERATE_SCALE_DIGITS, &options->scale))
                return wrong("--scale is not a number with at most 6 decimals", argv[i + 1]);
        } else if (strcmp(argv[i], "--seed") == 0) {
            if (!text_to_i64(value, &number) || number < 0)
                return wrong("--seed is not a whole number from 0", argv[i + 1]);
            options->seed = (uint64_t)number;
        } else if (strcmp(argv[i], "--dirt") == 0) {
            struct err_text error = {0};
            if (dirt_rates_add(&options->dirt, argv[i + 1], &error) < 0) return wrong("--dirt", error.text);
        } else {
            return cli_unknown("generate", argv[i], usage);
        }
    }
    return options->out ? 0 : wrong("missing option", "--out");
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    progress_update(context, done);
}

static int workload_unknown(const char *name)
{
    enum { WORKLOADS_MAX = 16 };
    const char *names[WORKLOADS_MAX + 1] = {NULL};
    for (int i = 0; i < WORKLOADS_MAX && generators[i]; i++) names[i] = generators[i]->name;
    const char *near = name_nearest(name, names);
    fprintf(stderr, "millrace generate: there is no workload \"%s\"%s%s%s\n", name, near ? "; did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
    return usage(stderr);
}

int cli_generate(int argc, char **argv)
{
    struct generate_options options = {.scale = 100000, .seed = 1};
    struct generate_result result;
    struct err_text error = {0};
    struct progress progress;
    if (argc < 2) return usage(stderr);
    if (is_help(argv[1])) return usage(stdout);
    const struct generator *g = generator_find(argv[1]);
    if (!g) return workload_unknown(argv[1]);
    if (argc > 2 && (is_help(argv[2]) || is_dirt_list(argc, argv))) return usage_of(g);
    if (parse(&options, argc, argv)) return 2;
    char label[64];
    snprintf(label, sizeof label, "generate %s", g->name);
    progress_start(&progress, label, "events", (uint64_t)options.scale);
    options.progress = show_progress;
    options.context = &progress;
    if (g->run(&options, &result, &error) < 0) return wrong("failed", error.text);
    progress_finish(&progress, result.events);
    printf("%s: %llu events in %d files, %llu bytes, and the truth in %s/ground_truth\n", options.out,
           (unsigned long long)result.events, result.files, (unsigned long long)result.bytes, options.out);
    return 0;
}
