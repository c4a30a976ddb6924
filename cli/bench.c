/* bench.c - `millrace bench run`, `millrace bench speed` and `millrace bench report`. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

enum { IDS_MAX = 16 };

static void speed_usage(FILE *to)
{
    const char *what, *name;
    fputs("speed: the promises about speed and cost, measured beside peers in one run; a table. The rows:\n", to);
    for (int i = 0; (name = bench_speed_row(i, &what)); i++) fprintf(to, "  %-14s %s\n", name, what);
    fputs("  --trials N        rounds per row, all sides in turn (default 5)\n"
          "  --scale X         of message counts and durations (default 1; 0.01 only tries out)\n"
          "  --peer HOST:PORT  an Apache Kafka that runs here (`bench target apache-kafka` starts one)\n"
          "  --peer-pid PID    its process, to account its processor time\n"
          "  --table DIR       measures nothing, prints the table of DIR again\n",
          to);
}

static int usage(FILE *to)
{
    fputs("usage: millrace bench run all|EXPERIMENT... [--profile quick|full] [--minutes M] [--out DIR] [--workloads "
          "DIR]\n"
          "                          [--again] [--target NAME]... [--arrivals A]\n"
          "       millrace bench speed [--row NAME]... [--trials N] [--scale X] [--peer HOST:PORT [--peer-pid PID]] "
          "[--out DIR]\n"
          "       millrace bench speed --table DIR\n"
          "       millrace bench report [DIR] [--terminal]\n"
          "       millrace bench compare OLD NEW\n"
          "       millrace bench claims\n"
          "       millrace bench targets\n"
          "       millrace bench fetch NAME...\n"
          "       millrace bench sink HOST:PORT\n"
          "       millrace bench target NAME [--durability MODE] [--folder DIR]\n"
          "\n"
          "run: measures, and writes every trial to DIR/EXPERIMENT (default results/DATE-MACHINE). The experiments:\n",
          to);
    for (const struct bench_experiment_name *e = bench_experiments(); e->id; e++)
        fprintf(to, "  %-4s %s\n", e->id, e->question);
    fputs(
        "  --profile quick   at least three interleaved trials per cell, at most ten minutes for all (default)\n"
        "  --profile full    seven longer trials per cell\n"
        "  --minutes M       that all of it may take (default 10, in full 240): what does not fit is cut, and the page "
        "says so\n"
        "  --again           throws away what DIR has of these experiments; else trials that are there count\n"
        "  --arrivals A      of what is paced in E1, E5, E6: constant, poisson, burst:ON_MS:OFF_MS or trace:FILE\n"
        "  --workloads DIR   the folder of pipeline definitions (default: workloads)\n"
        "  --target NAME     measures this one (bench/targets, or a path); several take turns (default: millrace)\n"
        "targets: lists them. fetch: gets what they need. target: runs one by itself, says \"ready HOST:PORT PID\".\n"
        "report: writes DIR/report.html and DIR/figures from the trials in DIR (default results/latest);\n          "
        "--terminal prints them as text, too.\n"
        "claims: prints what a report judges, with sources and rules (docs/claims.md).\ncompare: ratios new / old of "
        "what two folders have in common, with intervals, beside the noise floor.\n",
        to);
    speed_usage(to);
    fputs("Status: 0 done, 1 a promise was missed (speed), a warehouse is wrong (run) or something got worse "
          "(compare), 2 usage, or something could "
          "not be "
          "measured,\n130 ended by a signal (run): the same command goes on.\n",
          to);
    return to == stdout ? 0 : 2;
}

static int wrong(const char *command, const char *what, const char *value)
{
    fprintf(stderr, "millrace bench %s: %s%s%s\n", command, what, value[0] ? ": " : "", value);
    return 2;
}

static int parse(struct bench_options *options, const char *ids[IDS_MAX + 1], const char *targets[BENCH_TARGETS_MAX],
                 int argc, char **argv)
{
    int count = 0;
    options->targets = targets;
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] != '-') {
            if (count == IDS_MAX) return wrong("run", "too many experiments", "");
            ids[count++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--again") == 0) {
            options->again = true;
            continue;
        }
        if (i + 1 == argc) return wrong("run", "needs a value", argv[i]);
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--out") == 0)
            options->dir = value;
        else if (strcmp(argv[i], "--workloads") == 0)
            options->workloads = value;
        else if (strcmp(argv[i], "--arrivals") == 0)
            options->arrivals = value;
        else if (strcmp(argv[i], "--minutes") == 0 && strtod(value, NULL) > 0)
            options->minutes = strtod(value, NULL);
        else if (strcmp(argv[i], "--minutes") == 0)
            return wrong("run", "--minutes is a number above 0, not", value);
        else if (strcmp(argv[i], "--target") == 0 && options->target_count == BENCH_TARGETS_MAX)
            return wrong("run", "too many targets", value);
        else if (strcmp(argv[i], "--target") == 0)
            targets[options->target_count++] = value;
        else if (strcmp(argv[i], "--profile") == 0 && (strcmp(value, "quick") == 0 || strcmp(value, "full") == 0))
            options->full = value[0] == 'f';
        else if (strcmp(argv[i], "--profile") == 0)
            return wrong("run", "--profile is quick or full, not", value);
        else
            return wrong("run", "unknown option", argv[i]);
        i++;
    }
    ids[count] = NULL;
    if (count == 1 && strcmp(ids[0], "all") == 0) {
        const struct bench_experiment_name *all = bench_experiments();
        for (count = 0; all[count].id; count++) ids[count] = all[count].id;
        ids[count] = NULL;
    }
    return count > 0 ? 0 : wrong("run", "name at least one experiment", "");
}

static int run(int argc, char **argv)
{
    const char *ids[IDS_MAX + 1], *targets[BENCH_TARGETS_MAX];
    char dir[64];
    struct err_text error = {0};
    bench_results_dir(dir, sizeof dir, false);
    struct bench_options options = {.dir = dir};
    if (parse(&options, ids, targets, argc, argv)) return usage(stderr);
    int rc = bench_run(&options, ids, &error);
    if (rc >= 0 && options.dir == dir) bench_results_latest(dir, &error);
    if (rc < 0) return wrong("run", error.text, "");
    if (rc == BENCH_WRONG) {
        fprintf(stderr, "millrace bench run: a warehouse is wrong: see the last trial in %s\n", options.dir);
        return CLI_DIFFERENCE;
    }
    if (rc == BENCH_ENDED) {
        printf("ended. What was measured is in %s; the same command with --out %s goes on\n", options.dir, options.dir);
        return CLI_ENDED;
    }
    printf("results in %s; the page: millrace bench report %s\n", options.dir, options.dir);
    return 0;
}

/* An option's value into `o`; 0, or the status of a wrong one. */
static int speed_option(struct bench_speed_options *o, const char *rows[IDS_MAX], const char *option, const char *value)
{
    if (strcmp(option, "--row") == 0) {
        if (o->row_count == IDS_MAX) return wrong("speed", "too many rows", "");
        rows[o->row_count++] = value;
    } else if (strcmp(option, "--trials") == 0) {
        o->trials = (int)strtol(value, NULL, 10);
    } else if (strcmp(option, "--scale") == 0) {
        o->scale = strtod(value, NULL);
    } else if (strcmp(option, "--peer") == 0) {
        o->peer = value;
    } else if (strcmp(option, "--peer-pid") == 0) {
        o->peer_pid = (int)strtol(value, NULL, 10);
    } else if (strcmp(option, "--out") == 0 || strcmp(option, "--table") == 0) {
        o->dir = value;
        o->table_only = option[2] == 't';
    } else {
        return wrong("speed", "unknown option", option);
    }
    if (o->trials < 1 || o->trials > 999) return wrong("speed", "--trials is 1 to 999", "");
    if (!(o->scale > 0 && o->scale <= 10)) return wrong("speed", "--scale is above 0 and at most 10", "");
    return 0;
}

static int speed(int argc, char **argv)
{
    const char *rows[IDS_MAX];
    char dir[64];
    struct err_text error = {0};
    bench_results_dir(dir, sizeof dir, false);
    struct bench_speed_options options = {.dir = dir, .rows = rows, .trials = 5, .scale = 1};
    for (int i = 2; i < argc; i += 2) {
        if (i + 1 == argc) return wrong("speed", "needs a value", argv[i]), usage(stderr);
        if (speed_option(&options, rows, argv[i], argv[i + 1])) return usage(stderr);
    }
    int missed = bench_speed(&options, &error);
    if (missed < 0) return wrong("speed", error.text, "");
    printf("\n%d of these bars missed; every trial is in %s/speed\n", missed, options.dir);
    return missed ? CLI_DIFFERENCE : CLI_OK;
}

/* Of the terminal, else $COLUMNS, else 100. */
static int columns_here(void)
{
    struct winsize size = {0};
    const char *said = getenv("COLUMNS");
    int columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (columns == 0 && said) columns = (int)strtol(said, NULL, 10);
    return columns < 60 || columns > 200 ? 100 : columns;
}

static int report(int argc, char **argv)
{
    struct err_text error = {0};
    const char *dir = NULL;
    bool terminal = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--terminal") == 0)
            terminal = true;
        else if (argv[i][0] == '-' || dir)
            return usage(stderr);
        else
            dir = argv[i];
    }
    if (!dir) dir = "results/latest";
    int rc = terminal ? bench_report_terminal(dir, stdout, columns_here(), isatty(STDOUT_FILENO), &error)
                      : bench_report(dir, &error);
    if (rc < 0) return wrong("report", error.text, "");
    printf("%s/report.html\n", dir);
    return 0;
}

static int compare(int argc, char **argv)
{
    struct err_text error = {0};
    if (argc != 4 || argv[2][0] == '-' || argv[3][0] == '-') return usage(stderr);
    int rc = bench_compare(argv[2], argv[3], &error);
    if (rc < 0) return wrong("compare", error.text, "");
    return rc == BENCH_WORSE ? CLI_DIFFERENCE : rc == BENCH_NOT_MEASURABLE ? CLI_NOT_MEASURABLE : CLI_OK;
}

static int targets_list(int argc)
{
    struct err_text error = {0};
    if (argc != 2) return usage(stderr);
    return bench_targets(&error) < 0 ? wrong("targets", error.text, "") : 0;
}

static int fetch(int argc, char **argv)
{
    struct err_text error = {0};
    if (argc < 3 || argv[2][0] == '-') return usage(stderr);
    for (int i = 2; i < argc; i++) {
        if (bench_target_fetch(argv[i], &error) < 0) return wrong("fetch", error.text, "");
    }
    return 0;
}

static int target(int argc, char **argv)
{
    struct err_text error = {0};
    char folder[64];
    const char *durability = NULL, *dir = folder;
    snprintf(folder, sizeof folder, "%s/millrace-target-%d", P_tmpdir, (int)getpid());
    if (argc < 3 || argc % 2 == 0 || argv[2][0] == '-') return usage(stderr);
    for (int i = 3; i < argc; i += 2) {
        if (strcmp(argv[i], "--durability") == 0)
            durability = argv[i + 1];
        else if (strcmp(argv[i], "--folder") == 0)
            dir = argv[i + 1];
        else
            return wrong("target", "unknown option", argv[i]), usage(stderr);
    }
    return bench_target_run(argv[2], durability, dir, &error) < 0 ? wrong("target", error.text, "") : 0;
}

int cli_bench(int argc, char **argv)
{
    struct err_text error = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return usage(stdout);
    }
    if (argc >= 2 && strcmp(argv[1], "run") == 0) return run(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "speed") == 0) return speed(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "report") == 0) return report(argc, argv);
    if (argc == 2 && strcmp(argv[1], "claims") == 0) {
        bench_claims(stdout);
        return CLI_OK;
    }
    if (argc >= 2 && strcmp(argv[1], "compare") == 0) return compare(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "targets") == 0) return targets_list(argc);
    if (argc >= 2 && strcmp(argv[1], "fetch") == 0) return fetch(argc, argv);
    if (argc == 3 && strcmp(argv[1], "sink") == 0)
        return bench_sink(argv[2], &error) < 0 ? wrong("sink", error.text, "") : 0;
    if (argc >= 2 && strcmp(argv[1], "target") == 0) return target(argc, argv);
    return usage(stderr);
}
