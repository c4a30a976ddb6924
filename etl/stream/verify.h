/* verify.h - is the log still the one that the warehouse was filled from?
 *
 * The last loaded message of a partition is fetched again and its CRC compared with the stored one. A topic that was
 * deleted and made again, or a log that lost its end, is found so; the error names topic, partition and offset. The
 * supervisor looks at all partitions before it starts, a worker at each one that it is assigned. */
#ifndef MILLRACE_ETL_STREAM_VERIFY_H
#define MILLRACE_ETL_STREAM_VERIFY_H

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <sqlite3.h>

#include "etl/stream/offsets.h"
#include "etl/stream/topics.h"

/* Compares the message that was fetched from state->next - 1 on. ERR_CORRUPT when it is another one. */
int verify_message(sqlite3 *db, const struct offset_state *state, const rd_kafka_message_t *m, struct err_text *error);
/* There is no such message: the log ends before it, or begins after it. Always ERR_CORRUPT. */
int verify_missing(sqlite3 *db, const struct offset_state *state, const char *topic, int32_t partition,
                   struct err_text *error);
/* All partitions of all topics from which something was loaded. */
int verify_topics(sqlite3 *db, const char *bootstrap, const struct topics *topics, struct err_text *error);
/* Reads what was published after the ends of a stream that is loaded completely: ERR_EXISTS when there is a message of
 * another stream. Nothing is loaded. Ends early, with 0, once *stopping is set. */
int verify_tail(sqlite3 *db, const char *bootstrap, const struct topics *topics, const volatile sig_atomic_t *stopping,
                struct err_text *error);

#endif
