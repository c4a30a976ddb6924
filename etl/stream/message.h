/* message.h - what a topic carries: the three kinds of message of a published pipeline.
 *
 *   kind    key                      value                          headers (all text)
 *   record  FILE:NUMBER              the record's bytes             millrace-stream, -source, -file, -line,
 *                                                                   -number, -offset, -layout, -repeated, -late
 *   gone    FILE:NUMBER              empty                          those of a record, and -kind=delete, -version
 *   file    FILE                     JSON: file, digest, bytes,     millrace-stream, -kind=file
 *                                    lines, skipped                 -source
 *   end     (none)                   the stream id                  millrace-stream, -kind=end
 *
 * The headers are what makes a record know where it comes from; docs/formats/stream.md describes them for
 * those who publish by other means. `millrace-stream` is the stream id (stream_id.h): made from the definition and
 * the input files, so that a publisher that was killed and started again continues the same stream. */
#ifndef MILLRACE_ETL_STREAM_MESSAGE_H
#define MILLRACE_ETL_STREAM_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "etl/engine.h"
#include "etl/row.h"

enum message_kind { MESSAGE_RECORD, MESSAGE_FILE, MESSAGE_END };

struct message {
    enum message_kind kind;
    struct slice stream;   /* the stream id */
    struct slice source;   /* name of the source; empty when the message does not say. The feeds of record and file
                              are not set: who knows the definition does that */
    struct record record;  /* MESSAGE_RECORD */
    int64_t version;       /* MESSAGE_RECORD: of a record that changes, from 1; 0: it does not */
    bool gone;             /* with a version: the record is no more */
    struct file_fact file; /* MESSAGE_FILE; its texts live in the arena */
};

/* New headers for a message; the producer takes them over. `source` is NULL when the pipeline has only one, and for
 * an end. */
rd_kafka_headers_t *message_record_headers(const char *stream, const char *source, const struct record *r);
/* Adds to a record's headers that it is a version of one that changes, or that it is gone. */
void message_version_add(rd_kafka_headers_t *headers, int64_t version, bool gone);
rd_kafka_headers_t *message_plain_headers(const char *stream, const char *source, enum message_kind kind);
/* The value of a file message. */
void message_file_value(const struct file_fact *f, struct buf *out);

/* Reads a consumed message. Slices point into it and into the arena. ERR_CORRUPT with a sentence naming the header
 * that is missing or wrong. */
int message_decode(const rd_kafka_message_t *m, struct arena *arena, struct message *out, struct err_text *error);

/* CRC-32C over key and value, with their lengths: what is kept of the last loaded message of a partition to
 * recognise it again. */
uint32_t message_crc(const rd_kafka_message_t *m);

#endif
