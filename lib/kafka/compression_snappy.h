/* compression_snappy.h - snappy, raw and in xerial's framing. Inside lib/kafka; compression.h is the door. */
#ifndef MILLRACE_KAFKA_COMPRESSION_SNAPPY_H
#define MILLRACE_KAFKA_COMPRESSION_SNAPPY_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

/* Either form; told apart by xerial's magic, which no raw block of a batch starts with. */
int snappy_decompress(struct slice in, size_t max, struct buf *out);
int snappy_xerial_compress(struct slice in, struct buf *out);

#endif
