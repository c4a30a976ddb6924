/* bench.c - `millrace bench run` and `millrace bench report`. */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

enum { IDS_MAX = 16 };

static int usage(FILE *to)
{
    fputs("usage: millrace bench run EXPERIMENT... [--profile quick|full] [--out DIR] [--workloads DIR]\n"
          "       millrace bench report DIR\n"
          "\n"
          "run: measures, and writes every trial to DIR/EXPERIMENT (default results/DATE-local). The experiments:\n",
          to);
    for (const struct bench_experiment_name *e = bench_experiments(); e->id; e++)
        fprintf(to, "  %-4s %s\n", e->id, e->question);
    fputs("  --profile quick   at least three interleaved trials per cell, about two minutes for all (default)\n"
          "  --profile full    seven longer trials per cell\n"
          "  --workloads DIR   the folder of pipeline definitions (default: workloads)\n"
          "report: writes DIR/report.html and DIR/figures from the trials in DIR.\n"
          "Status: 0 done, 2 usage, or something could not be measured.\n",
          to);
    return to == stdout ? 0 : 2;
}

static int wrong(const char *command, const char *what, const char *value)
{
    fprintf(stderr, "millrace bench %s: %s%s%s\n", command, what, value[0] ? ": " : "", value);
    return 2;
}

static void default_dir(char *out, size_t size)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
    snprintf(out, size, "results/%s-local", stamp);
}

static int parse(struct bench_options *options, const char *ids[IDS_MAX + 1], int argc, char **argv)
{
    int count = 0;
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (count == IDS_MAX) return wrong("run", "too many experiments", "");
            ids[count++] = argv[i];
            continue;
        }
        if (i + 1 == argc) return wrong("run", "needs a value", argv[i]);
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--out") == 0)
            options->dir = value;
        else if (strcmp(argv[i], "--workloads") == 0)
            options->workloads = value;
        else if (strcmp(argv[i], "--profile") == 0 && (strcmp(value, "quick") == 0 || strcmp(value, "full") == 0))
            options->full = value[0] == 'f';
        else if (strcmp(argv[i], "--profile") == 0)
            return wrong("run", "--profile is quick or full, not", value);
        else
            return wrong("run", "unknown option", argv[i]);
        i++;
    }
    ids[count] = NULL;
    return count > 0 ? 0 : wrong("run", "name at least one experiment", "");
}

static int run(int argc, char **argv)
{
    const char *ids[IDS_MAX + 1];
    char dir[64];
    struct err_text error = {0};
    default_dir(dir, sizeof dir);
    struct bench_options options = {.dir = dir};
    if (parse(&options, ids, argc, argv)) return usage(stderr);
    if (bench_run(&options, ids, &error) < 0) return wrong("run", error.text, "");
    printf("results in %s; the page: millrace bench report %s\n", options.dir, options.dir);
    return 0;
}

static int report(int argc, char **argv)
{
    struct err_text error = {0};
    if (argc != 3 || argv[2][0] == '-') return usage(stderr);
    if (bench_report(argv[2], &error) < 0) return wrong("report", error.text, "");
    printf("%s/report.html\n", argv[2]);
    return 0;
}

int cli_bench(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return usage(stdout);
    }
    if (argc >= 2 && strcmp(argv[1], "run") == 0) return run(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "report") == 0) return report(argc, argv);
    return usage(stderr);
}
