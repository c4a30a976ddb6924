/* input.h - the bytes of a file, plain or gzip'd, through a window that moves over them.
 *
 *     consumed | rest ................| not read yet
 *              ^ input->offset        ^ input_more reads on; `rest` keeps what was not consumed
 *
 * Whether a file is gzip'd its first two bytes say, not its name; several gzip members behind each other are one text.
 * Offsets are those of the decompressed bytes. The memory does not depend on the size of the file: only a single
 * record that is larger than the window makes it grow, up to INPUT_WINDOW_BYTES_MAX.
 *
 * A file that its first bytes say is compressed otherwise (xz, bzip2, zstd, zip) is refused when it is opened.
 *
 * Errors name the file; of a damaged gzip file also the offset in its compressed bytes. Sources: RFC 1952; zlib.h. */
#ifndef MILLRACE_ETL_SOURCE_INPUT_H
#define MILLRACE_ETL_SOURCE_INPUT_H

#include <stdbool.h>

#include "etl/source/utf16.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum { INPUT_WINDOW_BYTES_MAX = 64 << 20, INPUT_RECORD_BYTES_MAX = INPUT_WINDOW_BYTES_MAX / 2 };

/* A file may grow to this many times its size when it is decompressed, and always to INPUT_GROWN_BYTES_FREE: text
 * of people grows tenfold, a log of one line over and over hundredfold, and what is made to fill the disk of others
 * a thousandfold. */
#define INPUT_GROWTH_MAX       UINT64_C(400)
#define INPUT_GROWN_BYTES_FREE (UINT64_C(64) << 20)

/* For a file whose size nobody has promised. */
#define INPUT_ANY_SIZE UINT64_MAX

/* By the first bytes of a file. */
static inline bool input_is_gzip(struct slice start)
{
    return start.n >= 2 && start.p[0] == 0x1f && start.p[1] == 0x8b;
}

struct input {
    struct slice rest; /* what was read and not consumed; moves with input_more */
    uint64_t offset;   /* of rest.p, from 0 */
    bool ended;        /* nothing stands behind `rest` */
    bool grows;        /* or nothing yet: input_extend may follow, and half a character at the end waits */
    bool wide;         /* the file is UTF-16 and `rest` is UTF-8; `offset` counts the file's bytes all the same */
    struct input_file *file;
};

/* Opens a file of `bytes` bytes; another size is an error: it changed since it was looked at. `in` is the
 * caller's; after a failure there is nothing to close. */
int input_open(struct input *in, const char *path, uint64_t bytes, struct err_text *error);
/* The same for a file that may grow while it is read: what stands behind its first `bytes` bytes does not exist. */
int input_open_prefix(struct input *in, const char *path, uint64_t bytes, struct err_text *error);
/* The same file has this many bytes by now: what stands behind those it had before can be read, too. */
void input_extend(struct input *in, uint64_t bytes);
/* The open file, for fstat and pread. */
int input_descriptor(const struct input *in);
/* Whether there is more of it by now. */
bool input_has_grown(const struct input *in);
/* Before anything is read: the file is UTF-16. Without a byte order mark `order` UTF16_BY_MARK ends in an error. */
void input_decode_wide(struct input *in, enum utf16_order order);
/* 1: more stands in `rest`; 0: the file ends there; negative: an error. */
int input_more(struct input *in, struct err_text *error);
/* Reads on until `rest` has at least `n` bytes or the file ends: 0, or negative. */
int input_want(struct input *in, size_t n, struct err_text *error);
/* How many bytes of the text the first `n` of `rest` are. */
static inline uint64_t input_bytes_of(const struct input *in, size_t n)
{
    return in->wide ? utf16_length(in->rest.p, n) : n;
}
static inline void input_consume(struct input *in, size_t n)
{
    uint64_t bytes = input_bytes_of(in, n);
    in->rest = (struct slice){in->rest.p + n, in->rest.n - n};
    in->offset += bytes;
}
void input_close(struct input *in); /* a zeroed one is allowed */

#endif
