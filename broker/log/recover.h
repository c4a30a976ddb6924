/* recover.h - opening a log directory, in three files: recover.c (the directory), recover_segment.c and
 * recover_epochs.c. */
#ifndef MILLRACE_BROKER_LOG_RECOVER_H
#define MILLRACE_BROKER_LOG_RECOVER_H

#include "broker/log/log_state.h"

struct recovery {
    struct disk *disk;
    struct log *log;
    struct log_open_info info;
    int64_t verify_from; /* CRCs are checked from this offset on; INT64_MAX after a clean shutdown */
    int64_t expected;    /* the next offset */
    bool ended;          /* an invalid batch ended the log: later segments go aside */
    bool directory_changed;
    bool index_unsynced; /* one of the active segment was written; the close is to sync it */
    bool epochs_doubted; /* a batch has another leader epoch than their file says */
    int epoch_batches;   /* while they are read again: how many had the last epoch */
    struct log_report *report;
    struct err_text *error;
};

/* "FILE: cannot be read: ERR_IO" as the error of the opening. */
int recover_failed(struct recovery *x, const char *path, const char *what, int err);

/* Walks a segment's batches: sets sizes, indexes, times, epochs, damage, and x->expected; cuts the tail from
 * the first invalid batch at or above the recovery point. `below` is the next segment's base, or INT64_MAX. */
int recover_scan(struct recovery *x, struct segment *s, int64_t below);
/* Takes a rolled segment below the recovery point as its indexes describe it; scans it when they do not fit. */
int recover_settled(struct recovery *x, struct segment *s, int64_t below);
/* Moves a whole segment beside the log. */
int recover_aside(struct recovery *x, struct segment *s);
/* Remembers offsets [from, to) as unreadable. */
void recover_bad(struct recovery *x, const struct segment *s, int64_t from, int64_t to, uint64_t position,
                 uint64_t resume);
/* The position of a batch at or before the one that holds an offset, as the segment's index has it. */
uint64_t recover_floor(struct recovery *x, const struct segment *s, int64_t offset);

/* Compares a header that was read with the leader epochs' file, before its epoch is noted. */
void recover_epoch_seen(struct recovery *x, const struct batch_header *h);
/* What those headers left open. Both set `epochs_doubted`. */
int recover_epochs_check(struct recovery *x);
/* Takes a batch's epoch when all are read again, in the order of the log. */
void recover_epoch_note(struct recovery *x, const struct batch_header *h);

#endif
