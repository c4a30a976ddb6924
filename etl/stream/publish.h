/* publish.h - a folder of files into a topic: records, a message per file, an end to each partition.
 *
 * The same input gives the same messages: the partition of a record follows from its position, the stream id from
 * the definition and the files' digests. So a publisher that was killed starts from the beginning, and the workers
 * ignore what they have loaded. */
#ifndef MILLRACE_ETL_STREAM_PUBLISH_H
#define MILLRACE_ETL_STREAM_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct publish_options {
    const char *definition; /* file */
    const char *in;         /* folder of sources */
    const char *bootstrap;  /* HOST:PORT, or NULL: a broker of our own on broker_dir */
    const char *broker_dir;
    const char *topic;    /* NULL: the definition's */
    int partitions;       /* of the topic if it must be made; 0: 1, or what it has */
    double rate;          /* records/s, 0: as fast as it goes */
    const char *arrivals; /* instead: the file with the instants of the records, one after the other
                             (lib/base/instants.h); NULL: none */
    double speed;         /* event time passes this many times faster than real time, through all files side by side;
                             0: file by file */
    bool shuffle;         /* any order instead of that of the files, drawn from `seed` */
    uint64_t seed;
    bool follow;       /* goes on with what comes, until SIGTERM or SIGINT (follow.h) */
    bool begun;        /* although another stream is in the topic */
    int poll_ms;       /* follow: how often it looks */
    const char *probe; /* file for the instants of each record, see probe.h; NULL: none */
    const char *state; /* follow: the file that remembers; NULL: beside broker_dir */
};

/* 0 when every message was acknowledged by all in-sync replicas; else a negative `enum err` and a sentence. */
int publish_run(const struct publish_options *options, struct err_text *error);

#endif
