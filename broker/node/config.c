/* One table: a row is a key with its type, range, default and the field that takes it. Keys that Kafka
 * knows and that have no meaning on one node of this kind are listed too, so that a server.properties
 * from elsewhere starts here without a false alarm about spelling. */
#include "broker/node/config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "broker/metadata/topic_config.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/os/address.h"

enum key_type { KEY_LONG, KEY_BOOL, KEY_TEXT, KEY_NO_EFFECT };

struct key {
    const char *name;
    enum key_type type;
    size_t offset;
    int64_t min, max, otherwise;
    const char *text; /* default of a KEY_TEXT */
};

#define LONG(name, field, min, max, otherwise)                                                                         \
    {                                                                                                                  \
        name, KEY_LONG, offsetof(struct node_config, field), min, max, otherwise, NULL                                 \
    }
#define BOOL(name, field, otherwise)                                                                                   \
    {                                                                                                                  \
        name, KEY_BOOL, offsetof(struct node_config, field), 0, 1, otherwise, NULL                                     \
    }
#define TEXT(name, field, text_otherwise)                                                                              \
    {                                                                                                                  \
        name, KEY_TEXT, offsetof(struct node_config, field), 0, 0, 0, text_otherwise                                   \
    }
#define NO_EFFECT(name)                                                                                                \
    {                                                                                                                  \
        name, KEY_NO_EFFECT, 0, 0, 0, 0, NULL                                                                          \
    }

enum { BYTES_KIB = 1024, BYTES_MIB = 1024 * 1024 };

static const struct key keys[] = {
    LONG("node.id", node_id, 0, INT32_MAX, 1),
    TEXT("broker.rack", rack, NULL),
    BOOL("auto.create.topics.enable", auto_create_topics, true),
    BOOL("delete.topic.enable", delete_topics, true),
    LONG("num.partitions", partitions_default, 1, INT32_MAX, 1),
    LONG("default.replication.factor", replication_factor_default, 1, INT16_MAX, 1),
    LONG("log.retention.check.interval.ms", retention_check_ms, 1, INT64_MAX, 300000),
    LONG("log.flush.offset.checkpoint.interval.ms", recovery_checkpoint_ms, 0, INT32_MAX, 60000),
    LONG("log.flush.start.offset.checkpoint.interval.ms", log_start_checkpoint_ms, 0, INT32_MAX, 60000),
    LONG("replica.high.watermark.checkpoint.interval.ms", high_watermark_checkpoint_ms, 0, INT64_MAX, 5000),
    LONG("group.initial.rebalance.delay.ms", group_initial_rebalance_delay_ms, 0, INT32_MAX, 3000),
    LONG("group.min.session.timeout.ms", group_session_timeout_min_ms, 0, INT32_MAX, 6000),
    LONG("group.max.session.timeout.ms", group_session_timeout_max_ms, 0, INT32_MAX, 1800000),
    LONG("group.max.size", group_size_max, 1, INT32_MAX, INT32_MAX),
    LONG("offsets.topic.num.partitions", offsets_partitions, 1, 10000, 50),
    LONG("offsets.topic.segment.bytes", offsets_segment_bytes, BYTES_MIB, INT32_MAX, 100LL * BYTES_MIB),
    LONG("offsets.retention.minutes", offsets_retention_minutes, 1, INT32_MAX, 10080),
    LONG("offsets.retention.check.interval.ms", offsets_retention_check_ms, 1, INT64_MAX, 600000),
    LONG("offset.metadata.max.bytes", offset_metadata_bytes_max, 0, INT32_MAX, 4096),
    LONG("producer.id.expiration.ms", producer_id_expiration_ms, 1, INT32_MAX, 86400000),
    LONG("socket.request.max.bytes", request_bytes_max, 1, INT32_MAX, 100LL * BYTES_MIB),
    LONG("queued.max.request.bytes", request_memory_bytes, -1, INT64_MAX, -1),
    LONG("connections.max.idle.ms", connections_idle_ms, -1, INT64_MAX, 600000),
    LONG("max.connections", connections_max, 0, INT32_MAX, INT32_MAX),
    LONG("socket.send.buffer.bytes", send_buffer_bytes, -1, INT32_MAX, -1),
    LONG("socket.receive.buffer.bytes", receive_buffer_bytes, -1, INT32_MAX, -1),
    LONG("fetch.max.bytes", fetch_bytes_max, 1024, INT32_MAX, 55LL * BYTES_MIB),
    LONG("millrace.worker.threads", worker_threads, 1, 64, 3),
    LONG("millrace.open.segment.files", open_files_max, 8, 1000000, 512),
    NO_EFFECT("num.network.threads"),
    NO_EFFECT("socket.listen.backlog.size"),
    NO_EFFECT("num.io.threads"),
    NO_EFFECT("num.recovery.threads.per.data.dir"),
    NO_EFFECT("background.threads"),
    NO_EFFECT("queued.max.requests"),
    NO_EFFECT("inter.broker.listener.name"),
    NO_EFFECT("listener.security.protocol.map"),
    NO_EFFECT("controller.listener.names"),
    NO_EFFECT("controller.quorum.voters"),
    NO_EFFECT("controller.quorum.bootstrap.servers"),
    NO_EFFECT("transaction.state.log.replication.factor"),
    NO_EFFECT("transaction.state.log.min.isr"),
    NO_EFFECT("transaction.state.log.num.partitions"),
    NO_EFFECT("share.coordinator.state.topic.replication.factor"),
    NO_EFFECT("share.coordinator.state.topic.min.isr"),
    NO_EFFECT("offsets.topic.replication.factor"),
    NO_EFFECT("log.cleaner.enable"),
    NO_EFFECT("log.cleaner.threads"),
    NO_EFFECT("unclean.leader.election.enable"),
    NO_EFFECT("auto.leader.rebalance.enable"),
    NO_EFFECT("replica.lag.time.max.ms"),
    NO_EFFECT("replica.fetch.max.bytes"),
    NO_EFFECT("group.coordinator.rebalance.protocols"),
    NO_EFFECT("metadata.log.dir"),
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* Read by hand below. */
static const char *const special_keys[] = {
    "listeners", "advertised.listeners", "log.dirs", "log.dir", "broker.id", "process.roles", NULL,
};

/* With no queued.max.request.bytes Kafka has no bound. We always have one. */
enum { REQUEST_MEMORY_MIB_DEFAULT = 256 };

static int complain(struct err_text *error, const struct property *p, const char *what)
{
    if (p->line) return err_set(error, ERR_INVALID, "%s:%d: %s=%s: %s", p->origin, p->line, p->key, p->value, what);
    return err_set(error, ERR_INVALID, "%s %s=%s: %s", p->origin, p->key, p->value, what);
}

static int long_read(const struct property *p, int64_t min, int64_t max, int64_t *out, struct err_text *error)
{
    int64_t v;
    if (!text_to_i64(slice_str(p->value), &v)) return complain(error, p, "must be a whole number");
    if (v < min || v > max) {
        char what[96];
        if (max == INT64_MAX)
            snprintf(what, sizeof what, "must be at least %lld", (long long)min);
        else
            snprintf(what, sizeof what, "must be from %lld to %lld", (long long)min, (long long)max);
        return complain(error, p, what);
    }
    *out = v;
    return 0;
}

static int bool_read(const struct property *p, bool *out, struct err_text *error)
{
    bool yes = strcasecmp(p->value, "true") == 0;
    if (!yes && strcasecmp(p->value, "false") != 0) return complain(error, p, "must be true or false");
    *out = yes;
    return 0;
}

static int table_read(struct node_config *c, struct err_text *error)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        const struct key *k = &keys[i];
        void *field = (char *)c + k->offset;
        const struct property *p = properties_find(&c->properties, k->name);
        int rc = 0;
        switch (k->type) {
        case KEY_LONG:
            *(int64_t *)field = k->otherwise;
            if (p) rc = long_read(p, k->min, k->max, field, error);
            break;
        case KEY_BOOL:
            *(bool *)field = k->otherwise;
            if (p) rc = bool_read(p, field, error);
            break;
        case KEY_TEXT: *(char **)field = p ? memory_str(p->value) : k->text ? memory_str(k->text) : NULL; break;
        case KEY_NO_EFFECT: break;
        }
        if (rc < 0) return rc;
    }
    return 0;
}

/* --- keys that are more than a number --- */

/* Keys that are what a topic starts with (log.retention.hours, ...) have their types and ranges in
 * topic_config.h, and their values are read from the properties when a topic is opened. */
static int topic_defaults_check(const struct node_config *c, struct err_text *error)
{
    for (int i = 0; i < c->properties.count; i++) {
        const struct property *p = &c->properties.items[i];
        const struct topic_config *t = topic_config_of_broker_key(slice_str(p->key));
        struct err_text why = {0};
        if (t && topic_config_check(t, slice_str(p->value), &why) < 0) return complain(error, p, why.text);
    }
    return 0;
}

static struct slice trimmed(struct slice s)
{
    while (s.n && s.p[0] == ' ') s = slice_of(s.p + 1, s.n - 1);
    while (s.n && s.p[s.n - 1] == ' ') s.n--;
    return s;
}

/* The next entry of a list with commas, without blanks around it; false at the end. */
static bool entry_next(struct slice *rest, struct slice *entry)
{
    if (!rest->p) return false;
    const uint8_t *comma = memchr(rest->p, ',', rest->n);
    size_t n = comma ? (size_t)(comma - rest->p) : rest->n;
    *entry = trimmed(slice_of(rest->p, n));
    *rest = comma ? slice_of(rest->p + n + 1, rest->n - n - 1) : (struct slice){0};
    return true;
}

/* Whether "NAME://..." is named by controller.listener.names: controllers that talk to one another. One node has
 * nobody to talk to, so such a listener is not opened. */
static bool is_for_controllers(const struct node_config *c, struct slice listener)
{
    const struct property *p = properties_find(&c->properties, "controller.listener.names");
    struct slice rest = p ? slice_str(p->value) : (struct slice){0}, name;
    while (entry_next(&rest, &name))
        if (name.n && listener.n > name.n && memcmp(listener.p, name.p, name.n) == 0 && listener.p[name.n] == ':')
            return true;
    return false;
}

/* The one listener for clients of a list that may name others. */
static int listener_read(const struct node_config *c, const struct property *p, char **host, int *port,
                         struct err_text *error)
{
    struct slice rest = slice_str(p->value), entry, mine = {0};
    struct net_address address;
    struct err_text why = {0};
    int count = 0;
    while (entry_next(&rest, &entry)) {
        if (is_for_controllers(c, entry)) continue;
        mine = entry;
        count++;
    }
    if (count != 1) return complain(error, p, "one listener is served, PLAINTEXT://HOST:PORT");
    char *text = memory_copy((const char *)mine.p, mine.n);
    int rc = net_listener_parse(text, &address, &why);
    free(text);
    if (rc < 0) return complain(error, p, why.text);
    *host = memory_str(address.host);
    *port = address.port;
    return 0;
}

static int listeners_read(struct node_config *c, struct err_text *error)
{
    static struct property otherwise = {"listeners", "PLAINTEXT://127.0.0.1:9092", "default", 0};
    const struct property *p = properties_find(&c->properties, "listeners");
    int rc = listener_read(c, p ? p : &otherwise, &c->host, &c->port, error);
    if (rc < 0) return rc;
    const struct property *a = properties_find(&c->properties, "advertised.listeners");
    if (a) return listener_read(c, a, &c->advertised_host, &c->advertised_port, error);
    c->advertised_host = memory_str(c->host[0] ? c->host : "127.0.0.1");
    c->advertised_port = c->port;
    return 0;
}

static int log_dir_read(struct node_config *c, struct err_text *error)
{
    const struct property *p = properties_find(&c->properties, "log.dirs");
    if (!p) p = properties_find(&c->properties, "log.dir");
    if (p && strchr(p->value, ',')) return complain(error, p, "one directory is served, not a list");
    if (p && !p->value[0]) return complain(error, p, "must name a directory");
    c->log_dir = memory_str(p ? p->value : "/tmp/kafka-logs");
    return 0;
}

/* One node is both roles; anything else would be a promise that is not kept. */
static int roles_read(struct node_config *c, struct err_text *error)
{
    const struct property *p = properties_find(&c->properties, "process.roles");
    if (!p || strcmp(p->value, "broker,controller") == 0 || strcmp(p->value, "controller,broker") == 0) return 0;
    return complain(error, p, "must be broker,controller");
}

static int special_read(struct node_config *c, struct err_text *error)
{
    const struct property *id = properties_find(&c->properties, "broker.id");
    int rc = topic_defaults_check(c, error);
    if (rc == 0 && id && !properties_find(&c->properties, "node.id"))
        rc = long_read(id, 0, INT32_MAX, &c->node_id, error);
    if (rc == 0) rc = listeners_read(c, error);
    if (rc == 0) rc = log_dir_read(c, error);
    if (rc == 0) rc = roles_read(c, error);
    return rc;
}

/* What no single row can say. */
static int whole_check(struct node_config *c, struct err_text *error)
{
    if (c->request_memory_bytes < 0) c->request_memory_bytes = (int64_t)REQUEST_MEMORY_MIB_DEFAULT * BYTES_MIB;
    if (c->group_session_timeout_min_ms > c->group_session_timeout_max_ms)
        return err_set(error, ERR_INVALID, "group.min.session.timeout.ms is above group.max.session.timeout.ms");
    if (c->replication_factor_default > 1)
        return err_set(error, ERR_INVALID, "default.replication.factor=%lld: one node holds one replica",
                       (long long)c->replication_factor_default);
    return 0;
}

static bool is_special(const char *name)
{
    if (topic_config_of_broker_key(slice_str(name))) return true;
    for (int i = 0; special_keys[i]; i++)
        if (strcmp(special_keys[i], name) == 0) return true;
    return false;
}

static const struct key *key_find(const char *name)
{
    for (int i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].name, name) == 0) return &keys[i];
    return NULL;
}

static void doubts_say(const struct node_config *c, node_config_say_fn *say, void *context)
{
    for (int i = 0; i < c->properties.count; i++) {
        const struct property *p = &c->properties.items[i];
        const struct key *k = key_find(p->key);
        if (is_special(p->key) || (k && k->type != KEY_NO_EFFECT)) continue;
        char line[512], where[256];
        if (p->line)
            snprintf(where, sizeof where, "%s:%d:", p->origin, p->line);
        else
            snprintf(where, sizeof where, "%s", p->origin);
        snprintf(line, sizeof line, "%s %s: %s", where, p->key, k ? "has no effect here" : "unknown key, ignored");
        say(context, line);
    }
}

int node_config_load(struct node_config *c, struct properties *p, node_config_say_fn *say, void *context,
                     struct err_text *error)
{
    memset(c, 0, sizeof *c);
    c->properties = *p;
    memset(p, 0, sizeof *p);
    int rc = table_read(c, error);
    if (rc == 0) rc = special_read(c, error);
    if (rc == 0) rc = whole_check(c, error);
    if (rc < 0) {
        node_config_release(c);
        return rc;
    }
    if (say) doubts_say(c, say, context);
    return 0;
}

void node_config_release(struct node_config *c)
{
    properties_release(&c->properties);
    free(c->rack);
    free(c->log_dir);
    free(c->host);
    free(c->advertised_host);
    memset(c, 0, sizeof *c);
}

const char *node_config_given(const struct node_config *c, const char *key)
{
    const struct property *p = properties_find(&c->properties, key);
    return p ? p->value : NULL;
}
