/* etl.c - `millrace etl VERB`; `run` is here: files into a warehouse. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/etl_explain.h"
#include "cli/etl_new.h"
#include "cli/etl_parse.h"
#include "cli/etl_quality.h"
#include "cli/unknown.h"
#include "etl/batch/batch.h"
#include "etl/engine.h"

static int usage(FILE *to)
{
    fputs("usage: millrace etl run DEFINITION --in DIR --db FILE [--out DIR] [--mode MODE] [--resume]\n"
          "                        [--max-rejects N|N%] [--dry-run] [--bootstrap HOST:PORT | --broker-dir DIR]\n"
          "       millrace etl explain DEFINITION [--svg FILE]\n"
          "       millrace etl new FILE [--out DEFINITION]\n"
          "       millrace etl parse DEFINITION --in DIR [--source NAME]\n"
          "       millrace etl quality DEFINITION --in DIR [--format text|json|html] [--out FILE]\n"
          "                            [--against EARLIER.json [--drift N%]]\n"
          "\n"
          "run: loads the files of DIR that match the definition's sources into the SQLite database FILE.\n"
          "  --mode full         (as it is without) all of them, in one transaction that replaces what an earlier run\n"
          "                      of the same pipeline made there\n"
          "         append       new files, and what was added to files that are loaded\n"
          "         incremental  also rows of SQLite tables that changed (\"watermark\") or are gone (\"deletes\")\n"
          "         upsert       also records that replace the one with the same \"key\"\n"
          "  --resume            goes on where an interrupted run ended; does nothing when the last one is done\n"
          "  --out DIR           folder of the definition's outputs; default: that of the database\n"
          "  --bootstrap HOST:PORT  for outputs that are topics: a Kafka-compatible cluster; default: a broker of our "
          "own,\n"
          "  --broker-dir DIR       on this folder (millrace-data), started when none runs there\n"
          "  --max-rejects N|N%  fails when more records, or a larger share of them, are rejected\n"
          "  --dry-run           does everything but write, and says what it would have made; needs no --db\n"
          "explain: draws what a definition does.\n"
          "new: drafts a definition from a sample, for a person to correct.\n"
          "parse: reads and judges every record, writes nothing; says how fast.\n"
          "quality: says what the data is like, column by column and rule by rule.\n"
          "Exit status: 0 done (rejected rows are in the table quarantine), 1 a rule with severity \"fail\" was\n"
          "broken or --max-rejects exceeded, 2 usage, definition or I/O; the database is as before unless 0,\n"
          "or only its outputs could not be written.\n",
          to);
    return to == stdout ? 0 : 2;
}

int cli_etl(int argc, char **argv)
{
    struct batch_options options = {.broker_dir = "millrace-data"};
    const char *max_rejects = NULL, *mode = NULL;
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) return usage(stdout);
    if (argc >= 2 && strcmp(argv[1], "explain") == 0) return cli_etl_explain(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "new") == 0) return cli_etl_new(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "parse") == 0) return cli_etl_parse(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "quality") == 0) return cli_etl_quality(argc - 1, argv + 1);
    if (argc < 2) return usage(stderr);
    if (strcmp(argv[1], "run") != 0) return cli_unknown("etl", argv[1], usage);
    for (int i = 2; i < argc; i++) {
        const char **option = strcmp(argv[i], "--in") == 0            ? &options.in
                              : strcmp(argv[i], "--db") == 0          ? &options.db
                              : strcmp(argv[i], "--out") == 0         ? &options.out
                              : strcmp(argv[i], "--bootstrap") == 0   ? &options.bootstrap
                              : strcmp(argv[i], "--broker-dir") == 0  ? &options.broker_dir
                              : strcmp(argv[i], "--max-rejects") == 0 ? &max_rejects
                              : strcmp(argv[i], "--mode") == 0        ? &mode
                                                                      : NULL;
        if (strcmp(argv[i], "--help") == 0) return usage(stdout);
        if (option && i + 1 < argc) {
            *option = argv[++i];
        } else if (strcmp(argv[i], "--dry-run") == 0) {
            options.dry_run = true;
        } else if (strcmp(argv[i], "--resume") == 0) {
            options.resume = true;
        } else if (argv[i][0] != '-' && !options.definition) {
            options.definition = argv[i];
        } else {
            return cli_unknown("etl run", argv[i], usage);
        }
    }
    if (max_rejects && !reject_limit_read(max_rejects, &options.max_rejects)) {
        fprintf(stderr,
                "millrace etl run: --max-rejects %s: must be a number of records, or a share from 0%% to 100%%\n",
                max_rejects);
        return usage(stderr);
    }
    if (mode && !batch_mode_read(mode, &options.mode)) {
        fprintf(stderr, "millrace etl run: --mode %s: must be full, append, incremental or upsert\n", mode);
        return usage(stderr);
    }
    const char *missing = !options.definition               ? "DEFINITION"
                          : !options.in                     ? "--in DIR"
                          : !options.db && !options.dry_run ? "--db FILE"
                                                            : NULL;
    if (missing) {
        fprintf(stderr, "millrace etl run: %s is missing\n", missing);
        return usage(stderr);
    }
    struct err_text error = {0};
    int result = batch_run(&options, &error);
    if (result == 0) return 0;
    fprintf(stderr, "millrace etl run: %s\n", error.text);
    return result == ENGINE_RULE_FAILED ? 1 : 2;
}
