/* sealed.h - small text files in Kafka's formats, which have no checksum, beside a copy of ours that has one.
 *
 *     recovery-point-offset-checkpoint                    Kafka's
 *     millrace.recovery-point-offset-checkpoint.copy      the same text, and a last line "crc32c 89abcdef"
 *
 * The copy is written first, each of the two atomically. What a reader finds:
 *
 *     equal                                  the usual
 *     one bit differs, the copy is whole     the file is damaged: the copy's text counts
 *     more differs, or no whole copy         the file counts: Kafka wrote it, or a crash came between the two
 *
 * A flipped digit of a recovery point or of a log's start would otherwise leave no trace and cost records. */
#ifndef MILLRACE_BROKER_LOG_SEALED_H
#define MILLRACE_BROKER_LOG_SEALED_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/os/disk.h"

/* Puts both in place, durably. */
int sealed_replace(struct disk *disk, const char *path, struct slice text);
/* Appends the text that counts, at most `max` bytes. `repaired`: it is the copy's, the file is damaged. */
int sealed_read(struct disk *disk, const char *path, size_t max, struct buf *out, bool *repaired);

/* Appends the copy's text. ERR_NOTFOUND without a whole one. */
int sealed_copy_read(struct disk *disk, const char *path, size_t max, struct buf *out);

/* Whether two texts of one length differ in exactly one bit. */
bool sealed_one_bit_apart(struct slice a, struct slice b);

#endif
