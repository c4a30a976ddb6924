/* millrace - the one program: finds the subcommand and runs it. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "etl/document.h"

/* A subcommand whose file is not part of this build is weak, and then says so instead of running. */
#pragma weak cli_topic
#pragma weak cli_config
#pragma weak cli_group
#pragma weak cli_produce
#pragma weak cli_consume
#pragma weak cli_dump_log
#pragma weak cli_power_cut
#pragma weak cli_etl
#pragma weak cli_stream
#pragma weak cli_warehouse
#pragma weak cli_generate
#pragma weak cli_bench
#pragma weak cli_lab
#pragma weak cli_lab_school
#pragma weak cli_grade
#pragma weak cli_tap
#pragma weak cli_chaos
#pragma weak cli_es
#pragma weak cli_timeline

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *purpose;
};

static const struct subcommand subcommands[] = {
    {"lab", cli_lab, "both workloads through both pipelines, proven equal, measured, reported"},
    {"generate", cli_generate, "a workload with its truth, from a seed"},
    {"etl", cli_etl, "the batch pipeline: files into a warehouse"},
    {"stream", cli_stream, "the streaming pipeline: files to topics, topics into a warehouse"},
    {"warehouse", cli_warehouse, "digest, compare and check warehouses"},
    {"es", cli_es, "the event store: streams of events in a topic, folds, snapshots, views"},
    {"broker", cli_broker, "a Kafka-compatible broker on this machine"},
    {"topic", cli_topic, "create, list, describe, alter and delete topics"},
    {"config", cli_config, "configs of topics and brokers, told and altered"},
    {"group", cli_group, "list, describe, reset and delete consumer groups"},
    {"produce", cli_produce, "a line of standard input is a record"},
    {"consume", cli_consume, "records to standard output"},
    {"tap", cli_tap, "what clients and brokers say to each other, captured, live or as a proxy"},
    {"chaos", cli_chaos, "a proxy in which requests and brokers are lost, by seed"},
    {"timeline", cli_timeline, "what happened in a run, drawn with a lane for each client and broker"},
    {"dump-log", cli_dump_log, "what is in a broker's files"},
    {"power-cut", cli_power_cut, "a killed broker's directory as a power cut would have left it"},
    {"bench", cli_bench, "experiments and their report"},
    {"lab-school", cli_lab_school, "ten labs to learn by doing, in a terminal"},
    {"grade", cli_grade, "the notebooks of a class, judged, as a table"},
};
enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(subcommands[0]) };

static void usage(FILE *to)
{
    fprintf(to, "usage: millrace SUBCOMMAND [ARGUMENTS]\n\n");
    for (int i = 0; i < SUBCOMMAND_COUNT; i++)
        if (subcommands[i].run) fprintf(to, "  %-10s %s\n", subcommands[i].name, subcommands[i].purpose);
    fprintf(to, "\n`millrace SUBCOMMAND --help` says more.\n");
}

static int unknown(const char *name)
{
    const char *names[SUBCOMMAND_COUNT + 1] = {NULL};
    int count = 0;
    for (int i = 0; i < SUBCOMMAND_COUNT; i++)
        if (subcommands[i].run) names[count++] = subcommands[i].name;
    const char *near = name_nearest(name, names);
    fprintf(stderr, "millrace: there is no subcommand \"%s\"%s%s%s\n\n", name, near ? "; did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
    usage(stderr);
    return CLI_USAGE;
}

/* What was printed is part of what was asked for: a full disk behind `millrace etl new FILE >draft.json` is an error.
 */
static int output_end(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "millrace: standard output: cannot be written%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return CLI_USAGE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return CLI_OK;
    }
    for (int i = 0; i < SUBCOMMAND_COUNT; i++)
        if (strcmp(subcommands[i].name, argv[1]) == 0 && subcommands[i].run)
            return subcommands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file beyond `ulimit -f` is an error of that file, and not the end of the program */
    return output_end(run(argc, argv));
}
