/* gzip.h - a gzip file (RFC 1952) whose bytes are the same on every machine.
 *
 *     gzip_begin -> gzip_chunk* -> gzip_end        all append to `out`
 *
 * A library's compressor may choose other bytes in its next version; this one is fixed: a block of fixed Huffman
 * codes (RFC 1951, 3.2.6) per chunk, matches found by one table of the last place of four bytes, none across chunks,
 * no name and no time in the header. Text logs come out at about a quarter of their size. */
#ifndef MILLRACE_WORKLOADS_GZIP_H
#define MILLRACE_WORKLOADS_GZIP_H

#include "lib/base/bytes.h"

enum { GZIP_PLACES = 1 << 15 };

struct gzip {
    uint32_t crc, size; /* of what came in, as the trailer has them */
    uint64_t bits;      /* not yet a whole byte, the first one lowest */
    int bit_count;
    uint16_t code[288]; /* the fixed codes, turned round, and how many bits they have */
    uint8_t code_bits[288], distance_code[30];
    uint32_t place[GZIP_PLACES]; /* in the chunk, plus 1; 0: none */
};

void gzip_begin(struct gzip *g, struct buf *out);
void gzip_chunk(struct gzip *g, struct slice in, struct buf *out);
void gzip_end(struct gzip *g, struct buf *out);

#endif
