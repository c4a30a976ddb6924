/* load.h - the inside of a load mode: append, incremental, upsert.
 *
 *     changes_find    what has changed since the ledger was written, or why that cannot be loaded   [changes.c]
 *       step_do       one file of it, inside a transaction                                  [step.c, tail.c]
 *     load_run        the transactions around them                                                  [load.c]
 *
 * The modes are the same machine. append takes what is new: files, and what stands behind the old end of a file.
 * incremental also compares the rows of tables that have a watermark or compare deletes. upsert also lets a record of a
 * source with a key replace the one that has the same. The engine is a live one: what is loaded stays as it is. */
#ifndef MILLRACE_ETL_BATCH_LOAD_H
#define MILLRACE_ETL_BATCH_LOAD_H

#include "etl/batch/job.h"
#include "etl/batch/ledger.h"

enum step_kind {
    STEP_UNLOAD,  /* a copy of it has a smaller name now: its records go */
    STEP_SKIP,    /* it is a copy: that is noted */
    STEP_LOAD,    /* from known.next on */
    STEP_COMPARE, /* row by row with what was kept */
};

struct step {
    enum step_kind kind;
    const struct feed *feed;
    const struct source_file *file; /* the bytes: STEP_UNLOAD may find those of a file that is gone in a copy of it */
    struct ledger_file known;       /* the file as it was; id 0: never seen. Its name is the one in the warehouse */
    const char *same_as;            /* STEP_UNLOAD, STEP_SKIP */
};

struct load {
    struct job *job;
    struct ledger *ledger;
    struct buf steps;    /* struct step; those that unload stand first */
    struct arena arena;  /* names */
    struct arena record; /* of one record and the one it replaces */
    int pending;         /* records since the last flush */
    size_t bytes;        /* of them, and of those that were taken back: the engine keeps them until then */
    int64_t committed;   /* files: they stay whatever comes */
    struct buf tail;     /* struct record: the last ones of a file whose records have keys, as they were loaded */
    bool tentative;      /* the record that is applied is such a one */
    struct arena tail_arena;
};

/* Fills l->steps. ERR_INVALID when bytes that are loaded have changed: the text names file and range. */
int changes_find(struct load *l);
int step_do(struct load *l, const struct step *s);

/* The file's last records as they were loaded, in order; l->tail. */
void tail_note(struct load *l, const struct record *record);
/* This is one of them, and still the same. */
bool tail_is(const struct load *l, const struct record *record);
/* Those from an offset on never were: what they replaced is there again. */
int tail_undo(struct load *l, const struct step *s, uint64_t byte_offset);

#endif
