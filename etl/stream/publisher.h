/* publisher.h - the sending end of a stream: messages of one pipeline to its topics, each to the partition that its key
 * says.
 *
 *     publisher_open        topics made, or found
 *       publisher_record    a record of a source
 *       publisher_file      what is known of a file
 *       publisher_drain     until all that was sent is acknowledged
 *       publisher_ends      an end to each partition; drains
 *     publisher_close
 *
 * The client tries again while the broker is away, for minutes; a broker of our own is started again meanwhile. What is
 * waited for is said once. */
#ifndef MILLRACE_ETL_STREAM_PUBLISHER_H
#define MILLRACE_ETL_STREAM_PUBLISHER_H

#include "etl/source/source.h"
#include "etl/stream/client.h"
#include "etl/stream/own_broker.h"
#include "etl/stream/probe.h"
#include "etl/stream/publish.h"
#include "etl/stream/stream_id.h"
#include "etl/stream/topics.h"
#include "lib/base/instants.h"

struct publisher {
    const struct publish_options *options;
    struct definition *definition;
    struct own_broker broker;
    rd_kafka_t *producer;
    struct topics topics;
    int *partitions; /* by topic */
    char stream[STREAM_ID_SIZE];
    uint64_t sent;            /* messages */
    struct instants arrivals; /* options->arrivals */
    uint64_t arrived;         /* records that had an instant of these */
    struct probe *probe;
    int64_t due_ns;     /* of the schedule's last instant that was waited for; 0: there is no pace */
    int64_t started_ns; /* of the schedule, see publisher_wait_until */
    int64_t ensured_ns;
    /* delivery */
    int64_t *next; /* by topic and partition (publisher_next): the offset behind the last acknowledged message, -1 */
    uint64_t failed;
    rd_kafka_resp_err_t first_failure;
    const char *failed_topic;
    char failed_key[256];
    int64_t acknowledged_ns; /* when the last message was, or nothing was waiting */
    bool stall_said;
    struct err_text *error;
};

/* Finds a broker or starts one, and makes the topics. The definition is loaded, options and error are set; the rest of
 * *p is zero. Whatever the result, publisher_close follows. */
int publisher_open(struct publisher *p);
void publisher_close(struct publisher *p, bool failed);

/* What messages say of their source: nothing when there is only one. */
const char *publisher_source_name(const struct publisher *p, int feed);
/* Calls back, looks after the broker, and waits up to `timeout_ms` for something to happen. */
int publisher_serve(struct publisher *p, int timeout_ms);
/* Waits until an instant of an absolute schedule, seconds after `started_ns`: a late record does not delay the ones
 * after it. */
int publisher_wait_until(struct publisher *p, double due_s);

int publisher_record(struct publisher *p, const struct record *r);
/* A version of a record that changes; `gone`: it is no more. */
int publisher_version(struct publisher *p, const struct record *r, int64_t version, bool gone);
int publisher_file(struct publisher *p, const struct file_fact *fact);
int publisher_drain(struct publisher *p);
int publisher_ends(struct publisher *p);

/* The offset behind the last message that was acknowledged in a partition, -1 when there was none. */
int64_t *publisher_next(const struct publisher *p, int topic, int32_t partition);

#endif
