/* agenda.h - messages that are written later than they are made: a heap by the instant at which they arrive.
 *
 *     agenda_put (any instant) -> agenda_write_until(now - some hours) -> ... -> agenda_finish
 *
 * An order is made at one instant, but its cart was filled before and its parcel leaves days later; messages come late
 * or twice. What is open at once is some days of messages, however many days there are. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_AGENDA_H
#define MILLRACE_WORKLOADS_ECOMMERCE_AGENDA_H

#include "workloads/ecommerce/message.h"
#include "workloads/out_file.h"

struct agenda {
    const struct catalogue *catalogue;
    struct message *heap; /* the earliest arrival first; of one instant the one that was put first */
    size_t count, capacity;
    uint64_t put;
    uint64_t written;
    struct out_file out[MESSAGE_KINDS];
    int month[MESSAGE_KINDS]; /* of the open file: year * 12 + month - 1; -1 for none */
};

/* Opens the files of the month of `first_day`, so that each kind has a file even when nothing of it happens. */
void agenda_init(struct agenda *a, const struct catalogue *c, int64_t first_day, struct disk *disk,
                 struct err_text *why);
void agenda_release(struct agenda *a);
void agenda_put(struct agenda *a, struct message m);
/* Writes what arrives up to `until`, a line each, into KIND-YYYY-MM.ndjson. */
void agenda_write_until(struct agenda *a, int64_t until);
/* Writes the rest. 0 or the first error. */
int agenda_finish(struct agenda *a);

#endif
