/* es_project.c - `millrace es project`: a view of all streams of a fold in SQLite. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/es.h"
#include "etl/eventstore/project.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

int es_project_command(struct es_command *c)
{
    struct err_text error = {""};
    struct es_projected done;
    struct es_project_options options = {c->db, NULL, c->rebuild, c->follow, &interrupted};
    if (!c->db || !c->fold) {
        err_set(&error, ERR_INVALID, "%s is missing", c->db ? "--fold FOLD" : "--db FILE");
        return es_complain(c, &error);
    }
    if (es_fold_find(c->store, c->fold, (struct slice){0}, &options.fold, &error) != 0) return es_complain(c, &error);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    if (es_project(c->store, &options, &done, &error) != 0) return es_complain(c, &error);
    if (c->json)
        printf("{\"records\":%" PRId64 ",\"events\":%" PRId64 ",\"streams\":%" PRId64 "}\n", done.records, done.events,
               done.streams);
    else
        printf("%" PRId64 " records read, %" PRId64 " events of %s; %" PRId64 " streams in the view\n", done.records,
               done.events, c->fold, done.streams);
    return CLI_OK;
}
