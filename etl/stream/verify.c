#include "etl/stream/verify.h"

#include <inttypes.h>

#include "etl/stream/client.h"
#include "etl/stream/message.h"
#include "etl/stream/stream_id.h"
#include "lib/os/clock.h"

enum { PATIENCE_MS = 30000, POLL_MS = 100 };

static int other_log(sqlite3 *db, const char *topic, int32_t partition, int64_t offset, const char *finding,
                     struct err_text *error)
{
    return err_set(error, ERR_CORRUPT,
                   "topic %s, partition %" PRId32 ", offset %" PRId64
                   ": %s: the topic was made again or has lost its end since %s was filled from it",
                   topic, partition, offset, finding, sqlite3_db_filename(db, "main"));
}

int verify_missing(sqlite3 *db, const struct offset_state *state, const char *topic, int32_t partition,
                   struct err_text *error)
{
    if (state->next > 0)
        return other_log(db, topic, partition, state->next - 1, "the last loaded message is not there any more", error);
    return err_set(error, ERR_CORRUPT,
                   "topic %s, partition %" PRId32 ": the log does not begin at offset 0 any more (retention?), so the "
                   "warehouse can not be filled from its beginning",
                   topic, partition);
}

int verify_message(sqlite3 *db, const struct offset_state *state, const rd_kafka_message_t *m, struct err_text *error)
{
    const char *topic = rd_kafka_topic_name(m->rkt);
    if (m->offset != state->next - 1) return verify_missing(db, state, topic, m->partition, error);
    if (message_crc(m) == state->crc) return 0;
    return other_log(db, topic, m->partition, m->offset, "another message stands where the last loaded one stood",
                     error);
}

/* The partitions to look at, each with the offset of its last loaded message. */
static int positions_read(sqlite3 *db, const char *topic, rd_kafka_topic_partition_list_t *list, struct err_text *error)
{
    int32_t partition_count;
    int result = offsets_partitions(db, topic, &partition_count, error);
    for (int32_t p = 0; p < partition_count && result == 0; p++) {
        struct offset_state state;
        result = offsets_read(db, topic, p, &state, error);
        if (result == 0 && state.next > 0) rd_kafka_topic_partition_list_add(list, topic, p)->offset = state.next - 1;
    }
    return result;
}

/* 1: a partition is done with; 0: nothing of interest; negative: it is not the log it was. */
static int event_check(sqlite3 *db, const rd_kafka_message_t *m, struct err_text *error)
{
    const char *topic = rd_kafka_topic_name(m->rkt);
    struct offset_state state;
    bool gone = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && !gone) return 0;
    int result = offsets_read(db, topic, m->partition, &state, error);
    if (result == 0 && gone) result = verify_missing(db, &state, topic, m->partition, error);
    if (result == 0) result = verify_message(db, &state, m, error);
    return result == 0 ? 1 : result;
}

static int look(rd_kafka_t *consumer, sqlite3 *db, rd_kafka_topic_partition_list_t *list, struct err_text *error)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)PATIENCE_MS * 1000000;
    rd_kafka_assign(consumer, list);
    while (list->cnt > 0) {
        int result = 0;
        rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, POLL_MS);
        /* Later messages and the end of a partition that is done with are of no interest. */
        if (m && m->rkt && rd_kafka_topic_partition_list_find(list, rd_kafka_topic_name(m->rkt), m->partition))
            result = event_check(db, m, error);
        if (result == 1) rd_kafka_topic_partition_list_del(list, rd_kafka_topic_name(m->rkt), m->partition);
        if (m) rd_kafka_message_destroy(m);
        if (result < 0) return result;
        if (clock_mono_ns() > until_ns)
            return err_set(error, ERR_IO, "topic %s: its last loaded messages can not be fetched within %d s",
                           list->elems[0].topic, PATIENCE_MS / 1000);
    }
    return 0;
}

static rd_kafka_t *consumer_new(const char *bootstrap, struct err_text *error)
{
    /* librdkafka wants the name of a group even if none is joined. The end of a partition is said when the broker has
     * waited for more in vain. */
    static const char *const settings[] = {"group.id",
                                           "millrace-verify",
                                           "enable.auto.commit",
                                           "false",
                                           "auto.offset.reset",
                                           "error",
                                           "enable.partition.eof",
                                           "true",
                                           "fetch.wait.max.ms",
                                           "20",
                                           NULL};
    const struct client_callbacks none = {0};
    return client_new(RD_KAFKA_CONSUMER, bootstrap, settings, &none, error);
}

int verify_topics(sqlite3 *db, const char *bootstrap, const struct topics *topics, struct err_text *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topics->count);
    int result = 0;
    for (int i = 0; i < topics->count && result == 0; i++) result = positions_read(db, topics->names[i], list, error);
    if (result == 0 && list->cnt > 0) {
        rd_kafka_t *consumer = consumer_new(bootstrap, error);
        result = consumer ? look(consumer, db, list, error) : ERR_INVALID;
        if (consumer) rd_kafka_destroy_flags(consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

/* ---- what lies behind a complete stream ---- */

struct tail {
    char *stream; /* that the warehouse is filled from */
    struct arena arena;
};

static int tail_message(struct tail *t, sqlite3 *db, const rd_kafka_message_t *m, struct err_text *error)
{
    struct message message;
    const char *topic = rd_kafka_topic_name(m->rkt);
    arena_reset(&t->arena);
    int result = message_decode(m, &t->arena, &message, error);
    if (result == 0) result = stream_id_compare(topic, message.stream, t->stream, error);
    if (result == 0 && stream_id_is_followed(message.stream)) result = offsets_reopen(db, topic, m->partition, error);
    return result;
}

/* 1: the partition's end; 0: a message of the same stream, or nothing of interest. */
static int tail_event(struct tail *t, sqlite3 *db, const rd_kafka_message_t *m, struct err_text *error)
{
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) return tail_message(t, db, m, error);
    return m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? 1 : event_check(db, m, error);
}

static int tail_read(struct tail *t, rd_kafka_t *consumer, sqlite3 *db, rd_kafka_topic_partition_list_t *list,
                     const volatile sig_atomic_t *stopping, struct err_text *error)
{
    int64_t heard_ns = clock_mono_ns();
    rd_kafka_assign(consumer, list);
    while (list->cnt > 0 && !*stopping) {
        int result = 0;
        rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, POLL_MS);
        if (m && m->rkt && rd_kafka_topic_partition_list_find(list, rd_kafka_topic_name(m->rkt), m->partition)) {
            result = tail_event(t, db, m, error);
            if (result == 1) rd_kafka_topic_partition_list_del(list, rd_kafka_topic_name(m->rkt), m->partition);
            if (result == 1 || m->err == RD_KAFKA_RESP_ERR_NO_ERROR) heard_ns = clock_mono_ns();
        }
        if (m) rd_kafka_message_destroy(m);
        if (result < 0) return result;
        if (clock_mono_ns() - heard_ns > (int64_t)PATIENCE_MS * 1000000)
            return err_set(error, ERR_IO, "topic %s: what was published after its end can not be fetched within %d s",
                           list->elems[0].topic, PATIENCE_MS / 1000);
    }
    return 0;
}

int verify_tail(sqlite3 *db, const char *bootstrap, const struct topics *topics, const volatile sig_atomic_t *stopping,
                struct err_text *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topics->count);
    struct tail t = {0};
    int result = offsets_stream(db, &t.stream, error);
    for (int i = 0; i < topics->count && result == 0; i++) result = positions_read(db, topics->names[i], list, error);
    for (int i = 0; i < list->cnt; i++) list->elems[i].offset++;
    rd_kafka_t *consumer = result == 0 ? consumer_new(bootstrap, error) : NULL;
    if (result == 0) result = consumer ? tail_read(&t, consumer, db, list, stopping, error) : ERR_INVALID;
    if (consumer) rd_kafka_destroy_flags(consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    rd_kafka_topic_partition_list_destroy(list);
    arena_release(&t.arena);
    sqlite3_free(t.stream);
    return result;
}
