/* output.h - buffered files of a generator, through the table of disk functions.
 *
 *     output_open -> (append to `pending`, output_flush_when_full)* -> output_close
 *
 * The first failure stays in `error` and makes every later call a no-op: check it once at the end. */
#ifndef MILLRACE_WORKLOADS_OUTPUT_H
#define MILLRACE_WORKLOADS_OUTPUT_H

#include <stdbool.h>

#include "lib/os/disk.h"

struct output {
    struct disk *disk; /* borrowed */
    struct disk_file *file;
    struct buf pending;
    uint64_t at;    /* bytes of this file that are with the disk */
    uint64_t bytes; /* of all files closed so far */
    int files;      /* opened so far */
    int error;
    struct err_text *why; /* borrowed */
    char name[160];
};

void output_init(struct output *o, struct disk *disk, struct err_text *why);
void output_release(struct output *o);
void output_open(struct output *o, const char *name);
static inline bool output_is_open(const struct output *o)
{
    return o->file != NULL;
}
void output_flush_when_full(struct output *o);
void output_close(struct output *o);
/* Writes `from` again under the name `to`; returns the error of the output. */
int output_copy(struct output *o, const char *from, const char *to);
/* Appends a CSV field, quoted (RFC 4180) when it must be. */
void output_csv_field(struct buf *b, struct slice field);
/* Appends a non-negative number in decimal; faster than printf by far. */
void output_number(struct buf *b, uint64_t number);

/* The folder that a generator may write to: missing, empty, or with an earlier output of a generator,
 * which is removed. `is_input` tells which names in it are input files. Opens it as `*out`. */
int output_folder(const char *path, bool (*is_input)(const char *name), struct disk **out, struct err_text *error);

#endif
