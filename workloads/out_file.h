/* out_file.h - buffered files of a generator, through the table of disk functions.
 *
 *     out_file_open -> (append to `pending`, out_file_flush_when_full)* -> out_file_close
 *
 * A file whose name ends in .gz is written as gzip (gzip.h).
 *
 * The first failure stays in `error` and makes every later call a no-op: check it once at the end. */
#ifndef MILLRACE_WORKLOADS_OUT_FILE_H
#define MILLRACE_WORKLOADS_OUT_FILE_H

#include <stdbool.h>

#include "lib/os/disk.h"

struct out_file {
    struct disk *disk; /* borrowed */
    struct disk_file *file;
    struct buf pending;
    uint64_t at;       /* bytes of this file that are with the disk */
    uint64_t bytes;    /* of all files closed so far, as they are on the disk */
    struct gzip *gzip; /* NULL until the first .gz */
    struct buf packed;
    bool is_gzip;
    int files; /* opened so far */
    int error;
    struct err_text *why; /* borrowed */
    char name[160];
};

void out_file_init(struct out_file *o, struct disk *disk, struct err_text *why);
void out_file_release(struct out_file *o);
void out_file_open(struct out_file *o, const char *name);
static inline bool out_file_is_open(const struct out_file *o)
{
    return o->file != NULL;
}
void out_file_flush_when_full(struct out_file *o);
void out_file_close(struct out_file *o);
/* Writes `from` again under the name `to`; returns the error of the output. */
int out_file_copy(struct out_file *o, const char *from, const char *to);
/* Appends a literal, whose length the compiler knows. */
#define out_literal(b, text) buf_append(b, text, sizeof(text) - 1)
/* Appends a CSV field, quoted (RFC 4180) when it must be. */
void out_csv_field(struct buf *b, struct slice field);
/* Appends a non-negative number in decimal; faster than printf by far. */
void out_number(struct buf *b, uint64_t number);
/* The same with zeros ahead, so that it has at least `digits` digits. */
void out_padded(struct buf *b, uint64_t number, int digits);
/* Appends `log` and what logrotate numbers it with: nothing at age 0, .1, then .2.gz, .3.gz, ... */
void out_rotation(struct buf *b, const char *log, int64_t age);

/* The folder that a generator may write to: missing, empty, or with an earlier output of a generator,
 * which is removed. `is_input` tells which names in it are input files. Opens it as `*out`. */
int out_folder_open(const char *path, bool (*is_input)(const char *name), struct disk **out, struct err_text *error);

#endif
