/* lab.c - `millrace lab`: the whole tour in one command.
 *
 *     generate both workloads (or take real input)
 *     each: batch ETL -> batch.db        broker, publisher, workers -> stream.db
 *           batch.db = stream.db ?       both = ground truth ?
 *     measure: acks (E1), freshness (E5), bulk load and replay (E7)
 *     results: OUT/report.html, OUT/lab.json
 *
 * Every step is a run of this very program, printed as the command a reader can repeat by hand. A
 * difference ends with status 1, a step that could not be done with 2; later steps still run where they
 * can, so that the report shows what went wrong. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"
#include "cli/cli.h"
#include "cli/unknown.h"
#include "lib/os/clock.h"
#include "lib/os/process.h"

enum { ARGUMENTS_MAX = 24, PATH_BYTES = PATH_MAX };

struct workload {
    const char *name;       /* "ecommerce" */
    const char *input;      /* --NAME DIR, or NULL: generate */
    const char *truth;      /* --NAME-truth DIR */
    const char *definition; /* --NAME-definition FILE */
    char input_path[PATH_BYTES], truth_path[PATH_BYTES], definition_path[PATH_BYTES];
    char batch_db[PATH_BYTES], stream_db[PATH_BYTES];
    double batch_s, stream_s;
    bool equal, true_batch, true_stream;
};

struct lab {
    char program[PATH_BYTES];
    char out[PATH_BYTES];
    char bootstrap[128];
    const char *scale, *seed, *workers, *partitions;
    bool measure;
    bool default_out;
    struct process broker;
    struct workload ecommerce, clickstream;
    int step;
    int status; /* the worst so far */
};

static int usage(FILE *to)
{
    fputs("usage: millrace lab [--out DIR] [--scale S] [--seed N] [--partitions N] [--workers N] [--no-bench]\n"
          "                    [--ecommerce DIR --ecommerce-truth DIR [--ecommerce-definition FILE]]\n"
          "                    [--clickstream DIR --clickstream-truth DIR [--clickstream-definition FILE]]\n"
          "\n"
          "Runs both workloads through the batch and the streaming pipeline, proves that the warehouses and the\n"
          "truth are equal, measures acks, freshness and replay, and writes DIR/report.html.\n"
          "Without input folders both workloads are generated (--scale 0.1 is about 100,000 events each).\n"
          "Status: 0 all equal, 1 a difference, 2 a step could not be done.\n",
          to);
    return to == stdout ? 0 : 2;
}

/* Joins with a check: a path that does not fit is the user's --out being absurdly long. */
__attribute__((format(printf, 2, 3))) static void path_set(char out[PATH_BYTES], const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(out, PATH_BYTES, format, list);
    va_end(list);
    if (n < 0 || n >= PATH_BYTES) {
        fprintf(stderr, "millrace lab: path too long: %.80s...\n", out);
        exit(2);
    }
}

static int make_dir(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return 0;
    fprintf(stderr, "millrace lab: %s: %s\n", path, strerror(errno));
    return 2;
}

/* Also the folders on the way. */
static int make_dirs(const char *path)
{
    char copy[PATH_BYTES];
    path_set(copy, "%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (make_dir(copy)) return 2;
        *slash = '/';
    }
    return make_dir(copy);
}

/* ---- steps ---- */

static void heading(struct lab *lab, const char *text)
{
    printf("\n== %d. %s\n", ++lab->step, text);
    fflush(stdout);
}

/* What is printed starts with "millrace", whatever the program's path is. */
static void print_command(const char *const argv[])
{
    printf("$ millrace");
    for (int i = 1; argv[i]; i++) printf(strchr(argv[i], ' ') ? " '%s'" : " %s", argv[i]);
    putchar('\n');
    fflush(stdout);
}

static void worse(struct lab *lab, int status)
{
    if (status > lab->status) lab->status = status > 2 ? 2 : status;
}

/* Fills argv from a NULL-terminated list behind the program's own path. */
static void command(const char *argv[ARGUMENTS_MAX], struct lab *lab, va_list list)
{
    int count = 0;
    argv[count++] = lab->program;
    while ((argv[count] = va_arg(list, const char *)) != NULL) {
        count++;
        if (count == ARGUMENTS_MAX) abort();
    }
}

static int start(struct lab *lab, struct process *p, ...)
{
    const char *argv[ARGUMENTS_MAX];
    va_list list;
    va_start(list, p);
    command(argv, lab, list);
    va_end(list);
    print_command(argv);
    struct err_text error = {0};
    if (process_start(p, argv, 0, &error) == 0) return 0;
    fprintf(stderr, "millrace lab: %s\n", error.text);
    worse(lab, 2);
    return 2;
}

/* Runs one step to its end; its status (0, 1, 2). */
static int run(struct lab *lab, ...)
{
    const char *argv[ARGUMENTS_MAX];
    va_list list;
    va_start(list, lab);
    command(argv, lab, list);
    va_end(list);
    print_command(argv);
    struct process p = {0};
    struct err_text error = {0};
    int status = process_start(&p, argv, 0, &error) == 0 ? process_wait(&p, -1) : 2;
    if (error.text[0]) fprintf(stderr, "millrace lab: %s\n", error.text);
    if (status != 0) printf("status %d\n", status);
    worse(lab, status);
    return status;
}

static double seconds_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e9;
}

/* The definitions stand in the source tree or, once installed, under share/millrace. */
static int find_definition(const struct lab *lab, const char *name, char out[PATH_BYTES])
{
    char dir[PATH_BYTES];
    path_set(dir, "%s", lab->program);
    *strrchr(dir, '/') = 0;
    path_set(out, "workloads/%s", name);
    if (access(out, R_OK) == 0) return 0;
    path_set(out, "%s/../workloads/%s", dir, name);
    if (access(out, R_OK) == 0) return 0;
    path_set(out, "%s/../share/millrace/workloads/%s", dir, name);
    if (access(out, R_OK) == 0) return 0;
    fprintf(stderr, "millrace lab: no definition workloads/%s here, beside the program or under share/millrace\n",
            name);
    return 2;
}

/* Fixes where everything of a workload is; generates its input when none was given. */
static int prepare(struct lab *lab, struct workload *w, const char *definition)
{
    char dir[PATH_BYTES];
    path_set(dir, "%s/%s", lab->out, w->name);
    if (make_dirs(dir)) return 2;
    path_set(w->batch_db, "%s/batch.db", dir);
    path_set(w->stream_db, "%s/stream.db", dir);
    if (w->definition)
        path_set(w->definition_path, "%s", w->definition);
    else if (find_definition(lab, definition, w->definition_path))
        return 2;
    if (w->input) {
        path_set(w->input_path, "%s", w->input);
        path_set(w->truth_path, "%s", w->truth);
        return 0;
    }
    path_set(w->input_path, "%s/input", dir);
    path_set(w->truth_path, "%s/input/ground_truth", dir);
    return run(lab, "generate", w->name, "--scale", lab->scale, "--seed", lab->seed, "--out", w->input_path, NULL);
}

static int broker_start(struct lab *lab)
{
    char log_dirs[PATH_BYTES];
    path_set(log_dirs, "log.dirs=%s/broker", lab->out);
    const char *argv[] = {lab->program, "broker", "-o", "listeners=PLAINTEXT://127.0.0.1:0",
                          "-o",         log_dirs, "-o", "group.initial.rebalance.delay.ms=100",
                          NULL};
    print_command(argv);
    struct err_text error = {0};
    char line[128];
    if (process_start(&lab->broker, argv, PROCESS_PIPE_OUT, &error) != 0 ||
        process_read_line(&lab->broker, line, sizeof line, 30000) != 0 || strncmp(line, "ready ", 6) != 0) {
        fprintf(stderr, "millrace lab: the broker did not start %s\n", error.text);
        worse(lab, 2);
        return 2;
    }
    snprintf(lab->bootstrap, sizeof lab->bootstrap, "%.120s", line + 6);
    printf("%s\n", line);
    return 0;
}

static int batch(struct lab *lab, struct workload *w)
{
    int64_t begin_ns = clock_mono_ns();
    int status = run(lab, "etl", "run", w->definition_path, "--in", w->input_path, "--db", w->batch_db, NULL);
    w->batch_s = seconds_since(begin_ns);
    return status;
}

/* Workers first, publisher second: the records really stream. */
static int stream(struct lab *lab, struct workload *w)
{
    int64_t begin_ns = clock_mono_ns();
    struct process workers = {0};
    if (start(lab, &workers, "stream", "run", w->definition_path, "--db", w->stream_db, "--workers", lab->workers,
              "--bootstrap", lab->bootstrap, NULL))
        return 2;
    int published = run(lab, "stream", "publish", w->definition_path, "--in", w->input_path, "--partitions",
                        lab->partitions, "--bootstrap", lab->bootstrap, NULL);
    int status = published == 0 ? process_wait(&workers, -1) : (process_stop(&workers, 5000), published);
    worse(lab, status);
    w->stream_s = seconds_since(begin_ns);
    return status;
}

static void prove(struct lab *lab, struct workload *w)
{
    w->equal = run(lab, "warehouse", "compare", w->batch_db, w->stream_db, NULL) == 0;
    w->true_batch = run(lab, "warehouse", "check", w->batch_db, w->truth_path, NULL) == 0;
    w->true_stream = run(lab, "warehouse", "check", w->stream_db, w->truth_path, NULL) == 0;
}

static void both_pipelines(struct lab *lab, struct workload *w)
{
    char text[128];
    snprintf(text, sizeof text, "%s through the batch pipeline", w->name);
    heading(lab, text);
    int batch_status = batch(lab, w);
    snprintf(text, sizeof text, "%s through the streaming pipeline, over the broker", w->name);
    heading(lab, text);
    int stream_status = stream(lab, w);
    snprintf(text, sizeof text, "%s: batch = stream = truth?", w->name);
    heading(lab, text);
    if (batch_status == 0 && stream_status == 0)
        prove(lab, w);
    else
        puts("not compared: a pipeline did not finish");
}

/* ---- the verdict ---- */

static json_t *verdict_json(const struct workload *w)
{
    return json_pack("{s:s, s:s, s:b, s:f, s:f, s:b, s:b, s:b}", "workload", w->name, "definition",
                     strrchr(w->definition_path, '/') ? strrchr(w->definition_path, '/') + 1 : w->definition_path,
                     "generated", w->input == NULL, "batch_s", w->batch_s, "stream_s", w->stream_s,
                     "batch_equals_stream", w->equal, "batch_equals_truth", w->true_batch, "stream_equals_truth",
                     w->true_stream);
}

static int write_verdict(struct lab *lab)
{
    char path[PATH_BYTES];
    path_set(path, "%s/lab.json", lab->out);
    json_t *all = json_pack("{s:[o,o]}", "verdicts", verdict_json(&lab->ecommerce), verdict_json(&lab->clickstream));
    int failed = json_dump_file(all, path, JSON_INDENT(2));
    json_decref(all);
    if (failed) fprintf(stderr, "millrace lab: cannot write %s\n", path);
    return failed ? 2 : 0;
}

static void print_verdict(const struct workload *w)
{
    printf("%-12s batch %6.2f s   stream %6.2f s   batch = stream: %s   batch = truth: %s   stream = truth: %s\n",
           w->name, w->batch_s, w->stream_s, w->equal ? "yes" : "NO", w->true_batch ? "yes" : "NO",
           w->true_stream ? "yes" : "NO");
}

static void link_latest(const struct lab *lab)
{
    struct err_text error = {0};
    if (lab->default_out && bench_results_latest(lab->out, &error) < 0)
        fprintf(stderr, "millrace lab: %s\n", error.text);
}

/* ---- arguments ---- */

static const char **option(struct lab *lab, const char *name)
{
    static const char *out;
    const struct {
        const char *name;
        const char **value;
    } options[] = {
        {"--out", &out},
        {"--scale", &lab->scale},
        {"--seed", &lab->seed},
        {"--workers", &lab->workers},
        {"--partitions", &lab->partitions},
        {"--ecommerce", &lab->ecommerce.input},
        {"--ecommerce-truth", &lab->ecommerce.truth},
        {"--ecommerce-definition", &lab->ecommerce.definition},
        {"--clickstream", &lab->clickstream.input},
        {"--clickstream-truth", &lab->clickstream.truth},
        {"--clickstream-definition", &lab->clickstream.definition},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(options[i].name, name) == 0) return options[i].value;
    return NULL;
}

/* A folder of its own each time: what an earlier tour left in databases and logs would be in the way. */
static void default_out(struct lab *lab)
{
    bench_results_dir(lab->out, sizeof lab->out, true);
    lab->default_out = true;
}

static int pair_check(const struct workload *w)
{
    if (!w->input == !w->truth) return 0;
    fprintf(stderr, "millrace lab: --%s and --%s-truth go together\n", w->name, w->name);
    return 2;
}

/* 0, or 2 after a message; -1 when help was asked for. */
static int parse(struct lab *lab, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return -1;
        if (strcmp(argv[i], "--no-bench") == 0) {
            lab->measure = false;
            continue;
        }
        const char **value = option(lab, argv[i]);
        if (!value || i + 1 == argc) {
            return cli_unknown("lab", argv[i], usage);
        }
        *value = argv[++i];
    }
    const char *out = *option(lab, "--out");
    if (out)
        path_set(lab->out, "%s", out);
    else
        default_out(lab);
    return pair_check(&lab->ecommerce) ? 2 : pair_check(&lab->clickstream);
}

static void measure(struct lab *lab)
{
    heading(lab, "what acks cost (E1), how fresh each pipeline is (E5), bulk load and replay (E7)");
    if (run(lab, "bench", "run", "E1", "E5", "E7", "--profile", "quick", "--again", "--out", lab->out, NULL) == 0) {
        heading(lab, "the report");
        run(lab, "bench", "report", lab->out, NULL);
    }
}

int cli_lab(int argc, char **argv)
{
    struct lab lab = {.scale = "0.1",
                      .seed = "1",
                      .workers = "2",
                      .partitions = "4",
                      .measure = true,
                      .ecommerce.name = "ecommerce",
                      .clickstream.name = "clickstream"};
    int parsed = parse(&lab, argc, argv);
    if (parsed) return parsed < 0 ? usage(stdout) : parsed;
    int64_t begin_ns = clock_mono_ns();
    if (process_self(lab.program, sizeof lab.program) != 0 || make_dirs(lab.out)) return 2;

    heading(&lab, "the input");
    if (prepare(&lab, &lab.ecommerce, "ecommerce/online_retail.json") ||
        prepare(&lab, &lab.clickstream, "clickstream/web_logs.json"))
        return 2;
    heading(&lab, "a broker");
    if (broker_start(&lab)) return 2;
    both_pipelines(&lab, &lab.ecommerce);
    both_pipelines(&lab, &lab.clickstream);
    process_stop(&lab.broker, 10000);
    worse(&lab, write_verdict(&lab));
    if (lab.measure) measure(&lab);
    link_latest(&lab);

    printf("\n== done in %.0f s\n", seconds_since(begin_ns));
    print_verdict(&lab.ecommerce);
    print_verdict(&lab.clickstream);
    if (lab.measure) printf("open %s/report.html\n", lab.default_out ? "results/latest" : lab.out);
    return lab.status;
}
