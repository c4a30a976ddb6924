/* probe.h - the instants of every record on its way, for who measures: off unless `--probe FILE` asks for it.
 *
 *     publisher, FILE             # topic partition offset due sent acked
 *     worker, FILE.INSTANCE       # topic partition offset received judged begun applied committed
 *
 * A line a record, numbers with blanks between them, instants in nanoseconds of CLOCK_MONOTONIC, which all processes of
 * a machine share. So the two files together, joined by topic, partition and offset, say of every record where its time
 * went, and the parts of one record sum to its total:
 *
 *     due ..lateness.. sent ..transport.. received ..validate.. judged ..wait.. begun ..transform.. applied ..commit..
 *
 * `due` is the instant that the publisher's pace asked for; without a pace it is that of `sent`. `judged`: decoded,
 * parsed, typed, rules of the record judged. `begun`: its transaction. `applied`: all records of the transaction went
 * through the operators. `committed`: any other reader sees it. What a worker did not commit has no line. */
#ifndef MILLRACE_ETL_STREAM_PROBE_H
#define MILLRACE_ETL_STREAM_PROBE_H

#include <stdint.h>

#include "etl/stream/page.h"
#include "lib/base/err.h"

struct probe;

/* Appends to the file PATH, or PATH.INSTANCE. */
int probe_open(const char *path, const char *instance, struct probe **out, struct err_text *error);
/* Writes what is left; a failure is said in the log. NULL is allowed. */
void probe_close(struct probe *p);

/* The instants of a record that is sent, to travel with it as its message's opaque; NULL without a probe. */
void *probe_sent(struct probe *p, int64_t due_ns);
/* Its message was acknowledged, or failed, just now: called by the client at once (client.h). */
rd_kafka_resp_err_t probe_acknowledged(rd_kafka_t *rk, rd_kafka_message_t *m, void *context);
/* Later, with what became of it: the line, unless it failed. The message's opaque is freed; NULL is allowed. */
void probe_delivered(struct probe *p, const rd_kafka_message_t *m);

/* A transaction's page was committed just now. */
void probe_committed(struct probe *p, const struct page *page, int64_t begun_ns, int64_t applied_ns);

#endif
