#include "bench/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/connections.h"
#include "bench/kafka_client.h"
#include "bench/plain.h"
#include "bench/record.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/priority.h"

enum { START_NS = 20000000 }; /* between the hello and the first message of the schedule */
#define HELLO UINT64_MAX      /* the number of the message that opens connections before the schedule starts */

/* --- a run: this thread sends, one thread takes delivery reports, one consumes --- */

struct load {
    const struct load_options *options;
    struct load_result *result;
    struct err_text *error;
    struct record *record; /* load_paced: what becomes of each message; else NULL */
    struct plain *plain;   /* instead of the Kafka clients */
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *topic;
    char *message;
    pthread_t reports, reader;
    _Atomic int64_t answered, acked, failed, consumed; /* schedule's messages only */
    _Atomic int64_t last_answer_ns;
    int64_t last_ack_ns, silence_ns; /* of the thread that takes reports */
    _Atomic bool hello_answered, hello_consumed, stop;
};

static uint64_t message_number(const void *p)
{
    uint64_t number;
    memcpy(&number, p, sizeof number);
    return number;
}

static void answered(void *context, uint64_t number, bool acked, int64_t now_ns)
{
    struct load *l = context;
    if (number == HELLO) {
        l->hello_answered = true;
        return;
    }
    if (!acked) {
        l->failed++;
    } else {
        l->acked++;
        if (l->last_ack_ns > 0 && now_ns - l->last_ack_ns > l->silence_ns) l->silence_ns = now_ns - l->last_ack_ns;
        l->last_ack_ns = now_ns;
    }
    l->last_answer_ns = now_ns;
    if (l->record) record_answer(l->record, (int64_t)number, acked, now_ns);
    l->answered++;
}

static void received(void *context, uint64_t number, int64_t now_ns)
{
    struct load *l = context;
    if (number == HELLO) {
        l->hello_consumed = true;
    } else if (l->record) {
        record_received(l->record, (int64_t)number, now_ns);
        l->consumed++;
    }
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    (void)client;
    int64_t now_ns = clock_mono_ns();
    answered(opaque, message_number(m->payload), !m->err, now_ns);
}

static void *take_reports(void *context)
{
    struct load *l = context;
    while (!l->stop) {
        if (l->plain)
            plain_poll(l->plain, 20);
        else
            rd_kafka_poll(l->producer, 20);
    }
    return NULL;
}

static void *consume(void *context)
{
    struct load *l = context;
    while (l->plain && !l->stop) plain_receive(l->plain, 20);
    while (!l->stop) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(l->consumer, 20);
        int64_t now_ns = clock_mono_ns();
        if (!m) continue;
        if (l->options->slow && *l->options->slow) clock_sleep_ms(LOAD_SLOW_MS);
        if (!m->err && m->len >= sizeof(uint64_t)) received(l, message_number(m->payload), now_ns);
        rd_kafka_message_destroy(m);
    }
    return NULL;
}

/* Another part of the text for each message, so that no batch repeats itself more than the text does. */
static void text_window(struct load *l, uint64_t number)
{
    const struct load_options *o = l->options;
    size_t n = (size_t)o->message_bytes;
    if (o->text.n > n) memcpy(l->message, o->text.p + number % 1000003 * n % (o->text.n - n), n);
}

static int send_number(struct load *l, uint64_t number)
{
    int32_t partition =
        number == HELLO || l->options->partitions == 0 ? 0 : (int32_t)(number % (uint64_t)l->options->partitions);
    text_window(l, number);
    memcpy(l->message, &number, sizeof number);
    if (l->plain) return plain_send(l->plain, l->message, (size_t)l->options->message_bytes, l->error);
    for (;;) {
        if (rd_kafka_produce(l->topic, partition, RD_KAFKA_MSG_F_COPY, l->message, (size_t)l->options->message_bytes,
                             NULL, 0, NULL) == 0)
            return 0;
        rd_kafka_resp_err_t why = rd_kafka_last_error();
        if (why != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return err_set(l->error, ERR_IO, "produce to %s: %s", l->options->topic, rd_kafka_err2str(why));
        clock_sleep_ms(1);
    }
}

static int send_on_schedule(void *context, int64_t i, int64_t intended_ns)
{
    struct load *l = context;
    (void)intended_ns;
    record_sent(l->record, i, clock_mono_ns());
    int rc = send_number(l, (uint64_t)i);
    if (rc == 0 || l->plain || rd_kafka_fatal_error(l->producer, NULL, 0) == 0) return rc;
    if (l->error) l->error->text[0] = 0; /* a result, told in gave_up */
    if (!l->result->gave_up[0]) rd_kafka_fatal_error(l->producer, l->result->gave_up, sizeof l->result->gave_up);
    record_answer(l->record, i, false, clock_mono_ns());
    l->failed++;
    l->answered++;
    return 0;
}

static bool wait_for(const struct load *l, const _Atomic bool *flag)
{
    int64_t give_up_ns = clock_mono_ns() + (int64_t)l->options->timeout_ms * 1000000;
    while (!*flag && clock_mono_ns() < give_up_ns) clock_sleep_ms(1);
    return *flag;
}

/* Waits for the last answers; what has not come by then is simply missing in the counts. */
static void drain(struct load *l, int64_t sent, bool consuming)
{
    int64_t give_up_ns = clock_mono_ns() + (int64_t)l->options->timeout_ms * 1000000;
    while (clock_mono_ns() < give_up_ns && (l->answered < sent || (consuming && l->consumed < l->acked)))
        clock_sleep_ms(1);
}

static int socket_open(int domain, int type, int protocol, void *opaque)
{
    const struct load *l = opaque;
    return connections_open(l->options->connections, domain, type, protocol);
}

static int socket_close(int fd, void *opaque)
{
    const struct load *l = opaque;
    return connections_close(l->options->connections, fd);
}

static int plain_clients_open(struct load *l, bool consuming)
{
    struct plain_events events = {l, answered, received};
    l->message = memory_new((size_t)l->options->message_bytes);
    return plain_open(l->options, &events, consuming, &l->plain, l->error);
}

static int producer_open(struct load *l)
{
    char linger[16], batch[16], messages[16];
    const struct load_options *o = l->options;
    snprintf(linger, sizeof linger, "%d", o->linger_ms);
    snprintf(batch, sizeof batch, "%d", o->batch_bytes ? o->batch_bytes : 1000000);
    snprintf(messages, sizeof messages, "%d", o->batch_messages ? o->batch_messages : 10000);
    rd_kafka_conf_t *conf = kafka_client_conf(
        o->bootstrap ? o->bootstrap : "mock", "acks", o->acks, "linger.ms", linger, "batch.size", batch,
        "batch.num.messages", messages, "compression.codec", o->codec ? o->codec : "none",
        "queue.buffering.max.messages", "1000000", "queue.buffering.max.kbytes", "1048576", "test.mock.num.brokers",
        o->bootstrap ? "0" : "1", "enable.idempotence", o->idempotent ? "true" : "false", "retries",
        o->no_retries ? "0" : "1000000", "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "200", NULL);
    rd_kafka_conf_set_opaque(conf, l);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    if (o->connections) {
        rd_kafka_conf_set_socket_cb(conf, socket_open);
        rd_kafka_conf_set_closesocket_cb(conf, socket_close);
    }
    l->producer = kafka_client_new(RD_KAFKA_PRODUCER, conf, l->error);
    if (!l->producer) return ERR_IO;
    l->topic = rd_kafka_topic_new(l->producer, o->topic, NULL);
    l->message = memory_new((size_t)o->message_bytes);
    return 0;
}

static int consumer_open(struct load *l)
{
    rd_kafka_conf_t *conf = kafka_client_conf(l->options->bootstrap, "group.id", "bench", "enable.auto.commit", "false",
                                              "fetch.wait.max.ms", "100", "fetch.error.backoff.ms", "5",
                                              "auto.offset.reset", "earliest", NULL);
    l->consumer = kafka_client_new(RD_KAFKA_CONSUMER, conf, l->error);
    if (!l->consumer) return ERR_IO;
    rd_kafka_poll_set_consumer(l->consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, l->options->topic, 0)->offset = 0;
    rd_kafka_resp_err_t rc = rd_kafka_assign(l->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return rc ? err_set(l->error, ERR_IO, "assign %s: %s", l->options->topic, rd_kafka_err2str(rc)) : 0;
}

/* Opens every connection and fills every cache with one message before anything is measured. */
static int say_hello(struct load *l, bool consuming)
{
    pthread_create(&l->reports, NULL, take_reports, l);
    if (consuming) pthread_create(&l->reader, NULL, consume, l);
    int rc = send_number(l, HELLO);
    if (rc == 0 && (!wait_for(l, &l->hello_answered) || (consuming && !wait_for(l, &l->hello_consumed))))
        rc = err_set(l->error, ERR_IO, "%s at %s: the first message was not %s within %d ms", l->options->topic,
                     l->options->bootstrap ? l->options->bootstrap : "the mock cluster",
                     l->hello_answered ? "consumed" : "acknowledged", l->options->timeout_ms);
    return rc;
}

/* Of a single partition, without the hello. With acks=0 a report only means "sent": give the broker time to get there.
 * A broker that left messages without an answer is not asked: the client waits for a dead one without end. */
static int64_t log_length(const struct load *l)
{
    if (l->acked < l->options->count || l->options->partitions > 1) return -1;
    /* A sink keeps nothing: what it says to have received is all there is to ask. */
    if (l->plain && strcmp(l->options->protocol, "direct") == 0) return l->acked;
    if (l->plain) return plain_length(l->options) - 1;
    int64_t length = -1, give_up_ns = clock_mono_ns() + 2000000000;
    while (l->producer && clock_mono_ns() < give_up_ns) {
        length = kafka_client_log_length(l->producer, l->options->topic, 2000) - 1;
        if (length >= l->acked) break;
        clock_sleep_ms(5);
    }
    return length < 0 ? -1 : length;
}

static void load_close(struct load *l, bool consuming)
{
    l->stop = true;
    if (l->reports) pthread_join(l->reports, NULL);
    if (consuming && l->reader) pthread_join(l->reader, NULL);
    l->result->acked = l->acked;
    l->result->failed = l->failed;
    l->result->consumed = l->consumed;
    l->result->silence_ns = l->silence_ns;
    l->result->in_log = log_length(l);
    if (l->topic) rd_kafka_topic_destroy(l->topic);
    if (l->producer) {
        rd_kafka_purge(l->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(l->producer);
    }
    if (l->consumer) {
        rd_kafka_consumer_close(l->consumer);
        rd_kafka_destroy(l->consumer);
    }
    if (l->plain) plain_close(l->plain);
    free(l->message);
}

/* Every message that the log has now, from its start to where it ended when this began. */
static int read_back(struct load *l)
{
    rd_kafka_conf_t *conf = kafka_client_conf(l->options->bootstrap, "group.id", "bench", "enable.auto.commit", "false",
                                              "enable.partition.eof", "true", "auto.offset.reset", "earliest", NULL);
    rd_kafka_t *reader = kafka_client_new(RD_KAFKA_CONSUMER, conf, l->error);
    if (!reader) return ERR_IO;
    rd_kafka_poll_set_consumer(reader);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, l->options->topic, 0)->offset = 0;
    rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    int64_t give_up_ns = clock_mono_ns() + (int64_t)l->options->timeout_ms * 1000000;
    bool at_end = false;
    while (!at_end && clock_mono_ns() < give_up_ns) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 100);
        if (!m) continue;
        at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!m->err && m->len >= sizeof(uint64_t) && message_number(m->payload) != HELLO)
            record_received(l->record, (int64_t)message_number(m->payload), clock_mono_ns());
        rd_kafka_message_destroy(m);
    }
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return at_end ? 0
                  : err_set(l->error, ERR_IO, "%s: the log was not read to its end within %d ms", l->options->topic,
                            l->options->timeout_ms);
}

/* Without a consumer nothing can be said about what it would have got. */
static void load_nobody_reads(struct ledger_sum *s)
{
    s->lost = s->duplicated = s->reordered = s->unexpected = 0;
}

int load_saturate(const struct load_options *options, struct load_result *result, struct err_text *error)
{
    struct load l = {.options = options, .result = result, .error = error};
    int rc = options->protocol ? plain_clients_open(&l, false) : producer_open(&l);
    if (rc == 0) rc = say_hello(&l, false);
    int64_t begin_ns = clock_mono_ns();
    for (int64_t i = 0; i < options->count && rc == 0; i++) rc = send_number(&l, (uint64_t)i);
    if (rc == 0) drain(&l, options->count, false);
    result->seconds = (double)(l.last_answer_ns - begin_ns) / 1e9;
    load_close(&l, false);
    return rc;
}

/* The schedule, message by message. This thread goes before all others while it lasts, and it alone: the client's other
 * threads are as much work as the target's, and at real time they would leave it too little. */
static int send_all(struct load *l)
{
    const struct load_options *o = l->options;
    struct priority before;
    clock_sleep_exactly();
    record_begin(l->record, clock_mono_ns() + START_NS);
    if (o->start_ns) *o->start_ns = l->record->schedule.start_ns;
    enum priority_kind kind = priority_raise(PRIORITY_FIRST, &before);
    struct pacer_wait wait = pacer_wait_at(l->record->schedule.rate, kind == PRIORITY_REAL_TIME);
    struct pacer_clock clock = pacer_clock_waiting(&wait);
    int rc = pacer_run(&l->record->schedule, o->count, &clock, send_on_schedule, l);
    priority_restore(&before);
    record_end(l->record);
    return rc;
}

/* One thread sends, two take what comes back; their marks meet in the record. */
static int paced(struct load *l, bool consuming)
{
    const struct load_options *o = l->options;
    int rc = o->protocol ? plain_clients_open(l, consuming) : producer_open(l);
    if (rc == 0 && consuming && !o->protocol) rc = consumer_open(l);
    consuming = consuming && rc == 0;
    if (rc == 0) rc = say_hello(l, consuming);
    if (rc == 0) rc = send_all(l);
    if (rc == 0) drain(l, o->count, consuming);
    load_close(l, consuming);
    return rc == 0 && o->read_back ? read_back(l) : rc;
}

int load_paced(const struct load_options *options, struct load_result *result, struct err_text *error)
{
    struct record record;
    struct schedule regular = {.rate = options->rate};
    struct load l = {.options = options, .result = result, .error = error, .record = &record};
    record_init(&record, options->arrivals ? options->arrivals : &regular, options->count, options->warm_up);
    record.ack = result->ack;
    record.end_to_end = result->end_to_end;
    record.lag = result->lag;
    record.to_ack = result->to_ack;
    record.to_received = result->to_received;
    int rc = paced(&l, !options->ack_only && !options->read_back && options->bootstrap);
    if (rc == 0) record_facts(&record, &result->facts);
    if (rc == 0 && options->fault_ns && *options->fault_ns)
        result->recovery_ns = record_recovery(&record, *options->fault_ns, options->slow != NULL);
    if (rc == 0 && (options->ack_only || !options->bootstrap)) load_nobody_reads(&result->facts.ledger);
    record_release(&record);
    return rc;
}
