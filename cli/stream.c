/* stream.c - `millrace stream publish|run`: files to a topic, a topic into a warehouse. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/engine.h"
#include "etl/stream/publish.h"
#include "etl/stream/run.h"
#include "etl/stream/worker.h"

enum { PARTITIONS_MAX = 10000 };

static int usage(FILE *to)
{
    fputs("usage: millrace stream publish DEFINITION --in DIR [OPTIONS]   files to a topic\n"
          "       millrace stream run DEFINITION --db FILE [OPTIONS]      the topic into a warehouse\n"
          "\n"
          "both:\n"
          "  --bootstrap HOST:PORT   a Kafka-compatible cluster; default: a broker of our own,\n"
          "  --broker-dir DIR        on this folder (millrace-data), started when none runs there\n"
          "  --topic NAME            default: the definition's\n"
          "publish:\n"
          "  --partitions N          of the topic, if it has to be made (1)\n"
          "  --rate N                records per second\n"
          "  --arrivals FILE         record after record at the instants of FILE: seconds from the first, one a line\n"
          "  --probe FILE            writes when each record was due, sent and acknowledged\n"
          "  --speed X               event time passes X times faster than real time\n"
          "  --shuffle SEED          any order instead of that of the files\n"
          "  --begun                 also into a topic that another stream is in; runs over it stop there\n"
          "  --follow                goes on with what is written, renamed and cut in DIR, until SIGTERM or SIGINT\n"
          "  --poll-ms N             how often it looks (200)\n"
          "  --state FILE            what it remembers between two runs (BROKER_DIR.TOPIC.follow)\n"
          "run:\n"
          "  --workers N             processes that load (1); each prints `worker N PID`, a dead one is replaced\n"
          "  --out DIR               folder of the definition's outputs; default: that of the database\n"
          "  --backfill              catches up first: as a batch, or by one process, indexes at the end; then as "
          "usual\n"
          "  --commit-ms N           a transaction every N ms (default: as soon as records are there)\n"
          "  --probe FILE            writes the instants of every record to FILE.worker-N\n"
          "  --follow                goes on after the end, until SIGTERM or SIGINT\n"
          "  --max-rejects N|N%      fails when in the end more records, or a larger share of them, are rejected\n"
          "\n"
          "Both may be killed and started again at any time: every record is loaded exactly once.\n"
          "Exit status: 0 done (rejected rows are in the table quarantine), 1 a rule with severity \"fail\" was\n"
          "broken or --max-rejects exceeded, 2 usage, definition, I/O, or a topic that is not the one this warehouse "
          "was filled from.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- arguments: --name VALUE, into a variable of one of four kinds ---- */

struct option {
    const char *name;
    enum { TEXT, WHOLE, REAL, FLAG } kind;
    void *out;
    double min, max;
};

static bool number_set(const struct option *o, const char *text)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || errno || !(value >= o->min && value <= o->max)) return false;
    if (o->kind == REAL) {
        *(double *)o->out = value;
        return true;
    }
    *(int64_t *)o->out = strtoll(text, &end, 10);
    return *end == 0;
}

/* The usage is that of both commands: an option of the other one is none here. */
static void unknown_say(const char *verb, const char *given, const struct option *options)
{
    enum { OPTIONS_MAX = 16 };
    const char *names[OPTIONS_MAX + 1] = {NULL};
    char command[32];
    snprintf(command, sizeof command, "stream %s", verb);
    for (int i = 0; i < OPTIONS_MAX && options[i].name; i++) names[i] = options[i].name;
    if (given[0] == '-')
        cli_unknown_name(command, given, names);
    else
        cli_unknown(command, given, usage);
}

/* Sets the options and the definition, the one argument without a name. Says what is wrong. */
static bool arguments_read(int argc, char **argv, const struct option *options, const char **definition)
{
    for (int i = 2; i < argc; i++) {
        const struct option *o = options;
        while (o->name && strcmp(argv[i], o->name) != 0) o++;
        if (!o->name && argv[i][0] != '-' && !*definition) {
            *definition = argv[i];
        } else if (o->name && o->kind == FLAG) {
            *(bool *)o->out = true;
        } else if (!o->name) {
            unknown_say(argv[1], argv[i], options);
            return false;
        } else if (i + 1 == argc) {
            fprintf(stderr, "millrace stream %s: %s needs a value\n", argv[1], o->name);
            return false;
        } else if (o->kind == TEXT) {
            *(const char **)o->out = argv[++i];
        } else if (!number_set(o, argv[++i])) {
            fprintf(stderr, "millrace stream %s: %s %s: must be a number from %.10g to %.10g\n", argv[1], o->name,
                    argv[i], o->min, o->max);
            return false;
        }
    }
    return true;
}

static int missing(const char *command, const char *what)
{
    fprintf(stderr, "millrace stream %s: %s is missing\n", command, what);
    return usage(stderr);
}

static int report(const char *command, int result, const struct err_text *error)
{
    if (result == 0) return CLI_OK;
    fprintf(stderr, "millrace stream %s: %s\n", command, error->text);
    return result == ENGINE_RULE_FAILED ? CLI_DIFFERENCE : CLI_USAGE;
}

/* Paces that do not go together; NULL: nothing. */
static const char *pace_wrong(const struct publish_options *p, bool shuffled)
{
    if (p->speed > 0 && (p->rate > 0 || p->arrivals || shuffled))
        return "--speed has its own order and pace: no --rate, no --arrivals, no --shuffle";
    return p->rate > 0 && p->arrivals ? "--arrivals is a pace: no --rate" : NULL;
}

/* What does not go together with --follow; NULL: nothing. */
static const char *follow_wrong(const struct publish_options *p, bool shuffled)
{
    if (p->follow && (p->speed > 0 || shuffled))
        return "--follow sends in the order of the files: no --speed, no --shuffle";
    if (p->follow && p->bootstrap && !p->state)
        return "--follow with --bootstrap needs --state FILE: what it remembers between two runs";
    return !p->follow && p->state ? "--state is for --follow" : NULL;
}

static int publish(int argc, char **argv)
{
    struct publish_options p = {.broker_dir = "millrace-data"};
    int64_t partitions = 0, seed = -1, poll_ms = 200;
    const struct option options[] = {{"--in", TEXT, &p.in, 0, 0},
                                     {"--bootstrap", TEXT, &p.bootstrap, 0, 0},
                                     {"--broker-dir", TEXT, &p.broker_dir, 0, 0},
                                     {"--topic", TEXT, &p.topic, 0, 0},
                                     {"--partitions", WHOLE, &partitions, 1, PARTITIONS_MAX},
                                     {"--rate", REAL, &p.rate, 1e-6, 1e9},
                                     {"--arrivals", TEXT, &p.arrivals, 0, 0},
                                     {"--probe", TEXT, &p.probe, 0, 0},
                                     {"--speed", REAL, &p.speed, 1e-6, 1e12},
                                     {"--shuffle", WHOLE, &seed, 0, 1e15},
                                     {"--begun", FLAG, &p.begun, 0, 0},
                                     {"--follow", FLAG, &p.follow, 0, 0},
                                     {"--poll-ms", WHOLE, &poll_ms, 1, 3600000},
                                     {"--state", TEXT, &p.state, 0, 0},
                                     {0}};
    if (!arguments_read(argc, argv, options, &p.definition)) return CLI_USAGE;
    if (!p.definition || !p.in) return missing("publish", p.definition ? "--in DIR" : "DEFINITION");
    const char *wrong = pace_wrong(&p, seed >= 0);
    if (!wrong) wrong = follow_wrong(&p, seed >= 0);
    if (wrong) {
        fprintf(stderr, "millrace stream publish: %s\n", wrong);
        return CLI_USAGE;
    }
    p.poll_ms = (int)poll_ms;
    p.partitions = (int)partitions;
    p.shuffle = seed >= 0;
    p.seed = (uint64_t)seed;
    struct err_text error = {0};
    return report("publish", publish_run(&p, &error), &error);
}

static int run(int argc, char **argv)
{
    struct run_options r = {.broker_dir = "millrace-data"};
    const char *max_rejects = NULL;
    int64_t workers = 1, commit_ms = 0;
    const struct option options[] = {{"--db", TEXT, &r.db, 0, 0},
                                     {"--out", TEXT, &r.out, 0, 0},
                                     {"--bootstrap", TEXT, &r.bootstrap, 0, 0},
                                     {"--broker-dir", TEXT, &r.broker_dir, 0, 0},
                                     {"--topic", TEXT, &r.topic, 0, 0},
                                     {"--workers", WHOLE, &workers, 1, RUN_WORKERS_MAX},
                                     {"--backfill", FLAG, &r.backfill, 0, 0},
                                     {"--commit-ms", WHOLE, &commit_ms, 1, 3600000},
                                     {"--probe", TEXT, &r.probe, 0, 0},
                                     {"--follow", FLAG, &r.follow, 0, 0},
                                     {"--max-rejects", TEXT, &max_rejects, 0, 0},
                                     {0}};
    if (!arguments_read(argc, argv, options, &r.definition)) return CLI_USAGE;
    if (!r.definition || !r.db) return missing("run", r.definition ? "--db FILE" : "DEFINITION");
    if (max_rejects && !reject_limit_read(max_rejects, &r.max_rejects)) {
        fprintf(stderr,
                "millrace stream run: --max-rejects %s: must be a number of records, or a share from 0%% to 100%%\n",
                max_rejects);
        return CLI_USAGE;
    }
    r.workers = (int)workers;
    r.commit_ms = (int)commit_ms;
    struct err_text error = {0};
    return report("run", run_stream(&r, &error), &error);
}

/* Not for people: what `run` starts. */
static int worker(int argc, char **argv)
{
    struct worker_options w = {0};
    int64_t commit_ms = 0;
    const struct option options[] = {{"--db", TEXT, &w.db, 0, 0},
                                     {"--bootstrap", TEXT, &w.bootstrap, 0, 0},
                                     {"--topic", TEXT, &w.topic, 0, 0},
                                     {"--group", TEXT, &w.group, 0, 0},
                                     {"--instance", TEXT, &w.instance, 0, 0},
                                     {"--run", WHOLE, &w.run, 1, 1e15},
                                     {"--backfill", FLAG, &w.backfill, 0, 0},
                                     {"--commit-ms", WHOLE, &commit_ms, 1, 3600000},
                                     {"--probe", TEXT, &w.probe, 0, 0},
                                     {0}};
    if (!arguments_read(argc, argv, options, &w.definition)) return CLI_USAGE;
    if (!w.definition || !w.db || !w.bootstrap || !w.topic || !w.group || !w.instance) return usage(stderr);
    w.commit_ms = (int)commit_ms;
    struct err_text error = {0};
    int status = worker_run(&w, &error);
    if (status != 0) fprintf(stderr, "millrace stream run: %s: %s\n", w.instance, error.text);
    return status;
}

int cli_stream(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return usage(stdout);
    if (argc > 1 && strcmp(argv[1], "publish") == 0) return publish(argc, argv);
    if (argc > 1 && strcmp(argv[1], "run") == 0) return run(argc, argv);
    if (argc > 1 && strcmp(argv[1], "worker") == 0) return worker(argc, argv);
    return argc > 1 ? cli_unknown("stream", argv[1], usage) : usage(stderr);
}
