#include "etl/stream/ends.h"

#include <inttypes.h>

#include "etl/stream/offsets.h"
#include "lib/base/log.h"
#include "lib/os/clock.h"

enum { SAID_AFTER_MS = 3000 };

/* *missing: the first partition without an end; NULL when there is more to read, or no end is missing. */
static int missing_find(sqlite3 *db, const rd_kafka_topic_partition_list_t *logs,
                        const rd_kafka_topic_partition_t **missing, struct err_text *error)
{
    *missing = NULL;
    for (int i = 0; i < logs->cnt; i++) {
        struct offset_state state;
        const rd_kafka_topic_partition_t *log = &logs->elems[i];
        int result = offsets_read(db, log->topic, log->partition, &state, error);
        if (result != 0) return result;
        if (log->offset > 0 && state.next < log->offset) {
            *missing = NULL;
            return 0;
        }
        if (!state.ended && !*missing) *missing = log;
    }
    return 0;
}

int ends_watch(struct ends *e, sqlite3 *db, const rd_kafka_topic_partition_list_t *logs, struct err_text *error)
{
    const rd_kafka_topic_partition_t *missing;
    if (e->said) return 0;
    int result = missing_find(db, logs, &missing, error);
    if (result != 0) return result;
    int64_t total = 0, now_ns = clock_mono_ns();
    for (int i = 0; i < logs->cnt; i++) total += logs->elems[i].offset;
    if (!missing || e->since_ns == 0 || total != e->total) e->since_ns = missing ? now_ns : 0;
    e->total = total;
    if (!missing || now_ns - e->since_ns < (int64_t)SAID_AFTER_MS * 1000000) return 0;
    e->said = true;
    log_info("stream",
             "topic %s, partition %" PRId32
             ": no end message yet: `millrace stream publish` did not finish, or is still running; waiting",
             missing->topic, missing->partition);
    return 0;
}
