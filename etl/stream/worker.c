#include "etl/stream/worker.h"

#include <inttypes.h>
#include <signal.h>

#include "etl/engine.h"
#include "etl/regex.h"
#include "etl/sink/sql.h"
#include "etl/stream/client.h"
#include "etl/stream/database.h"
#include "etl/stream/loader.h"
#include "etl/stream/probe.h"
#include "lib/base/log.h"
#include "lib/os/clock.h"

enum {
    BUSY_MS = 60000 /* the other workers take turns; a reader never is in the way */
};

struct worker {
    const struct worker_options *options;
    struct topics topics;
    sqlite3 *db;
    struct loader *loader;
    rd_kafka_t *consumer;
    int assigned_result; /* of the last assignment, which happens inside of a poll */
    struct err_text *error;
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* Ctrl-C reaches the whole process group; the supervisor decides what it means. */
static void signals_set(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    signal(SIGINT, SIG_IGN);
}

static int positions_read(struct worker *w, rd_kafka_topic_partition_list_t *list)
{
    int result = 0;
    for (int i = 0; i < list->cnt && result == 0; i++)
        result =
            loader_assign(w->loader, list->elems[i].topic, list->elems[i].partition, &list->elems[i].offset, w->error);
    return result;
}

/* The assignor is an eager one: all partitions go before any comes. */
static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct worker *w = opaque;
    loader_revoke(w->loader);
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        w->assigned_result = positions_read(w, list);
        if (w->assigned_result == 0) {
            rd_kafka_assign(rk, list);
            return;
        }
    }
    rd_kafka_assign(rk, NULL);
}

static int join(struct worker *w)
{
    const struct worker_options *o = w->options;
    const char *const settings[] = {"group.id", o->group, "group.instance.id", o->instance, "client.id", o->instance,
                                    /* positions are in the database, and nowhere else */
                                    "enable.auto.commit", "false", "enable.auto.offset.store", "false",
                                    "auto.offset.reset", "error", "enable.partition.eof", "true",
                                    "partition.assignment.strategy", "roundrobin", /* over all topics together */
                                    /* a worker that hangs loses its partitions soon, and all notice a rebalance soon */
                                    "session.timeout.ms", "10000", "heartbeat.interval.ms", "250", NULL};
    const struct client_callbacks callbacks = {.rebalance = rebalance, .opaque = w};
    w->consumer = client_new(RD_KAFKA_CONSUMER, o->bootstrap, settings, &callbacks, w->error);
    if (!w->consumer) return ERR_INVALID;
    rd_kafka_poll_set_consumer(w->consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(w->topics.count);
    for (int i = 0; i < w->topics.count; i++)
        rd_kafka_topic_partition_list_add(topics, w->topics.names[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(w->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return err ? err_set(w->error, ERR_INVALID, "topic %s: %s", w->topics.names[0], rd_kafka_err2str(err)) : 0;
}

/* An event that is no message. What passes by itself (a broker that is away for a moment) is 0. */
static int event_handle(struct worker *w, const rd_kafka_message_t *m)
{
    const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : w->topics.names[0];
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: return loader_reached_end(w->loader, m, w->error);
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return loader_out_of_range(w->loader, m, w->error);
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return err_set(w->error, ERR_NOTFOUND, "topic %s is not there any more", topic);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return err_set(w->error, ERR_INVALID, "topic %s: %s", topic, rd_kafka_message_errstr(m));
    case RD_KAFKA_RESP_ERR__FATAL: /* another process has this member's name now (KIP-345) */
        err_set(w->error, ERR_CLOSED, "topic %s: %s", topic, rd_kafka_message_errstr(m));
        return LOADER_FENCED;
    default: log_debug("stream", "%s: %s", w->options->instance, rd_kafka_message_errstr(m)); return 0;
    }
}

static int take(struct worker *w, rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) return loader_take(w->loader, m, w->error);
    int result = event_handle(w, m);
    rd_kafka_message_destroy(m);
    return result;
}

/* What is there already comes without waiting; only then is known whether there is more. */
static int poll_once(struct worker *w)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(w->consumer, 0);
    if (!m) m = rd_kafka_consumer_poll(w->consumer, loader_wait_ms(w->loader));
    int result = m ? take(w, m) : 0;
    if (w->assigned_result != 0) return w->assigned_result;
    return result == 0 ? loader_step(w->loader, m, w->error) : result;
}

static int work(struct worker *w)
{
    int result = join(w);
    while (result == 0 && !stopping) result = poll_once(w);
    return result == 0 ? loader_finish(w->loader, w->error) : result;
}

static int exit_status(int result)
{
    return result == 0 ? 0 : result == ENGINE_RULE_FAILED ? 1 : result == LOADER_FENCED ? WORKER_REPLACE : 2;
}

/* Each process counts for itself, and what a killed one had counted is gone. */
static void regex_say(const struct definition *d, const struct worker_options *options)
{
    char title[160];
    snprintf(title, sizeof title, "stream %s, %s", d->name, options->instance);
    regex_gave_up_say(title);
}

static struct loader_limits limits_of(const struct worker_options *o)
{
    return o->backfill ? loader_limits_backfill : o->commit_ms ? loader_limits_every(o->commit_ms) : loader_limits_live;
}

int worker_run(const struct worker_options *options, struct err_text *error)
{
    struct worker w = {.options = options, .error = error};
    struct definition *definition = NULL;
    struct probe *probe = NULL;
    signals_set();
    sql_setup();
    int result = definition_load(options->definition, &definition, error);
    if (result == 0) topics_find(&w.topics, definition, options->topic);
    if (result == 0) result = database_open(options->db, BUSY_MS, &w.db, error);
    if (result == 0) result = database_tune(w.db, error);
    struct loader_limits limits = limits_of(options);
    if (result == 0 && options->probe) result = probe_open(options->probe, options->instance, &probe, error);
    if (result == 0) result = loader_open(definition, w.db, options->run, &w.topics, &limits, probe, &w.loader, error);
    if (result == 0) result = work(&w);
    if (definition) regex_say(definition, options);
    loader_close(w.loader);
    probe_close(probe);
    /* Leaving the group is not needed: the supervisor ends the whole group or replaces this very member. */
    if (w.consumer) rd_kafka_destroy_flags(w.consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    sqlite3_close(w.db);
    topics_release(&w.topics);
    definition_free(definition);
    return exit_status(result);
}
