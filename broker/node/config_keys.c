#include "broker/node/config_keys.h"

#include "broker/node/config.h"
#include "lib/base/text.h"

/* clang-format off */
#define ROW(name, type, value, min, max, choices, doc, update, kind, offset) \
    {{name, type, value, min, max, choices, doc}, update, kind, offset},
#define FIELD(f) offsetof(struct node_config, f)
#define FIXED    CONFIG_READ_ONLY
#define ALL      CONFIG_CLUSTER_WIDE

#define INT(name, field, min, max, value, update, doc) \
    ROW(name, CONFIG_INT, value, min, max, NULL, doc, update, CONFIG_KEY_NUMBER, FIELD(field))
#define LONG(name, field, min, max, value, update, doc) \
    ROW(name, CONFIG_LONG, value, min, max, NULL, doc, update, CONFIG_KEY_NUMBER, FIELD(field))
#define BOOL(name, field, value, doc) \
    ROW(name, CONFIG_BOOLEAN, value, 0, 0, NULL, doc, FIXED, CONFIG_KEY_FLAG, FIELD(field))
#define TEXT(name, field, doc) \
    ROW(name, CONFIG_STRING, NULL, 0, 0, NULL, doc, FIXED, CONFIG_KEY_TEXT, FIELD(field))
#define BY_HAND(name, type, value, doc) \
    ROW(name, type, value, 0, INT32_MAX, NULL, doc, FIXED, CONFIG_KEY_BY_HAND, 0)
#define NO_EFFECT(name, type, value, min, max, update) \
    ROW(name, type, value, min, max, NULL, "Has no effect on this broker.", update, CONFIG_KEY_NO_EFFECT, 0)
#define NO_EFFECT_INT(name, value, min, update) NO_EFFECT(name, CONFIG_INT, value, min, INT32_MAX, update)
#define NO_EFFECT_SHORT(name, value)            NO_EFFECT(name, CONFIG_SHORT, value, 1, INT16_MAX, FIXED)
#define NO_EFFECT_WORDS(name, type, value)      NO_EFFECT(name, type, value, 0, 0, FIXED)

/* Name, field, least and largest value, default, update, meaning. */
const struct config_key config_keys[] = {
    INT("node.id", node_id, 0, INT32_MAX, "1", FIXED, "The number by which clients and metadata know this broker.")
    TEXT("broker.rack", rack, "Where the broker stands, told to clients.")
    BOOL("auto.create.topics.enable", auto_create_topics, "true",
         "Whether a topic is made when a client first asks for it.")
    BOOL("delete.topic.enable", delete_topics, "true", "Whether clients may delete topics.")
    INT("num.partitions", partitions_default, 1, INT32_MAX, "1", FIXED,
        "Partitions of a topic that is made without saying how many.")
    INT("default.replication.factor", replication_factor_default, 1, INT16_MAX, "1", FIXED,
        "Replicas of a topic that is made without saying how many.")
    LONG("log.retention.check.interval.ms", retention_check_ms, 1, INT64_MAX, "300000", FIXED,
         "How often logs are looked at for segments that are too old or too many.")
    INT("log.flush.offset.checkpoint.interval.ms", recovery_checkpoint_ms, 0, INT32_MAX, "60000", FIXED,
        "How often the points from which recovery starts are written down.")
    INT("log.flush.start.offset.checkpoint.interval.ms", log_start_checkpoint_ms, 0, INT32_MAX, "60000", FIXED,
        "How often the first offsets of logs are written down.")
    LONG("replica.high.watermark.checkpoint.interval.ms", high_watermark_checkpoint_ms, 0, INT64_MAX, "5000", FIXED,
         "How often high watermarks are written down.")
    INT("group.initial.rebalance.delay.ms", group_initial_rebalance_delay_ms, 0, INT32_MAX, "3000", FIXED,
        "How long an empty group waits for further members before its first rebalance.")
    INT("group.min.session.timeout.ms", group_session_timeout_min_ms, 0, INT32_MAX, "6000", FIXED,
        "The shortest session timeout that a group member may ask for.")
    INT("group.max.session.timeout.ms", group_session_timeout_max_ms, 0, INT32_MAX, "1800000", FIXED,
        "The longest session timeout that a group member may ask for.")
    INT("group.max.size", group_size_max, 1, INT32_MAX, "2147483647", FIXED, "Members that a group may have.")
    INT("offsets.topic.num.partitions", offsets_partitions, 1, 10000, "50", FIXED,
        "Partitions of __consumer_offsets when it is made.")
    INT("offsets.topic.segment.bytes", offsets_segment_bytes, 1048576, INT32_MAX, "104857600", FIXED,
        "Segment size of __consumer_offsets when it is made.")
    INT("offsets.retention.minutes", offsets_retention_minutes, 1, INT32_MAX, "10080", FIXED,
        "How long the offsets of a group without members are kept.")
    LONG("offsets.retention.check.interval.ms", offsets_retention_check_ms, 1, INT64_MAX, "600000", FIXED,
         "How often committed offsets are looked at for those that are too old.")
    INT("offset.metadata.max.bytes", offset_metadata_bytes_max, 0, INT32_MAX, "4096", FIXED,
        "The longest text that may be stored with a committed offset.")
    INT("producer.id.expiration.ms", producer_id_expiration_ms, 1, INT32_MAX, "86400000", ALL,
        "How long the sequence numbers of an idempotent producer that is silent are remembered.")
    INT("socket.request.max.bytes", request_bytes_max, 1, INT32_MAX, "104857600", FIXED,
        "The largest request that is read.")
    LONG("queued.max.request.bytes", request_memory_bytes, -1, INT64_MAX, "-1", FIXED,
         "Bytes of requests that are held at once before reading pauses; -1 is 256 MiB.")
    LONG("connections.max.idle.ms", connections_idle_ms, -1, INT64_MAX, "600000", FIXED,
         "A connection on which nothing happens for this long is closed; -1 is never.")
    INT("max.connections", connections_max, 0, INT32_MAX, "2147483647", ALL, "Connections that are open at once.")
    INT("socket.send.buffer.bytes", send_buffer_bytes, -1, INT32_MAX, "-1", FIXED,
        "SO_SNDBUF of connections; -1 leaves it to the system.")
    INT("socket.receive.buffer.bytes", receive_buffer_bytes, -1, INT32_MAX, "-1", FIXED,
        "SO_RCVBUF of connections; -1 leaves it to the system.")
    INT("fetch.max.bytes", fetch_bytes_max, 1024, INT32_MAX, "57671680", FIXED,
        "The most that one fetch is answered with, whatever it asks for.")
    LONG("millrace.receive.timeout.ms", receive_timeout_ms, -1, INT64_MAX, "30000", FIXED,
         "How long a request that has begun may bring less than 1 KiB in a second; -1 is for ever.")
    LONG("millrace.send.timeout.ms", send_timeout_ms, -1, INT64_MAX, "600000", FIXED,
         "How long a client may take less than 1 KiB in a second of an answer that waits; -1 is for ever.")
    LONG("millrace.answer.memory.bytes", answer_memory_bytes, 1048576, INT64_MAX, "268435456", FIXED,
         "Bytes of answers that clients do not read, before those who let most of them lie are closed.")
    INT("millrace.worker.threads", worker_threads, 1, 64, "3", FIXED, "Helper threads for syncs and jobs.")
    INT("millrace.open.segment.files", open_files_max, 8, 1000000, "16384", FIXED,
        "Descriptors that files of segments may take.")

    BY_HAND("listeners", CONFIG_LIST, "PLAINTEXT://127.0.0.1:9092", "Where clients connect.")
    BY_HAND("advertised.listeners", CONFIG_LIST, NULL, "What clients are told to connect to.")
    BY_HAND("log.dirs", CONFIG_LIST, NULL, "The directory of all data.")
    BY_HAND("log.dir", CONFIG_LIST, "/tmp/kafka-logs", "The directory of all data, where log.dirs is not given.")
    BY_HAND("broker.id", CONFIG_INT, "-1", "The old name of node.id.")
    BY_HAND("process.roles", CONFIG_LIST, "broker,controller", "What this process is: both, always.")

    NO_EFFECT_INT("num.network.threads", "3", 1, ALL)
    NO_EFFECT_INT("socket.listen.backlog.size", "50", 1, FIXED)
    NO_EFFECT_INT("num.io.threads", "8", 1, ALL)
    NO_EFFECT_INT("num.recovery.threads.per.data.dir", "2", 1, ALL)
    NO_EFFECT_INT("num.replica.fetchers", "1", 1, ALL)
    NO_EFFECT_INT("background.threads", "10", 1, ALL)
    NO_EFFECT_INT("queued.max.requests", "500", 1, FIXED)
    NO_EFFECT_WORDS("inter.broker.listener.name", CONFIG_STRING, NULL)
    NO_EFFECT_WORDS("listener.security.protocol.map", CONFIG_STRING, NULL)
    NO_EFFECT_WORDS("controller.listener.names", CONFIG_LIST, NULL)
    NO_EFFECT_WORDS("controller.quorum.voters", CONFIG_LIST, "")
    NO_EFFECT_WORDS("controller.quorum.bootstrap.servers", CONFIG_LIST, "")
    NO_EFFECT_SHORT("transaction.state.log.replication.factor", "3")
    NO_EFFECT_INT("transaction.state.log.min.isr", "2", 1, FIXED)
    NO_EFFECT_INT("transaction.state.log.num.partitions", "50", 1, FIXED)
    NO_EFFECT_SHORT("share.coordinator.state.topic.replication.factor", "3")
    NO_EFFECT_SHORT("share.coordinator.state.topic.min.isr", "2")
    NO_EFFECT_SHORT("offsets.topic.replication.factor", "3")
    NO_EFFECT_WORDS("log.cleaner.enable", CONFIG_BOOLEAN, "true")
    NO_EFFECT_INT("log.cleaner.threads", "1", 0, ALL)
    NO_EFFECT_WORDS("auto.leader.rebalance.enable", CONFIG_BOOLEAN, "true")
    NO_EFFECT("replica.lag.time.max.ms", CONFIG_LONG, "30000", 0, INT64_MAX, FIXED)
    NO_EFFECT_INT("replica.fetch.max.bytes", "1048576", 0, FIXED)
    NO_EFFECT_WORDS("group.coordinator.rebalance.protocols", CONFIG_LIST, "classic")
    NO_EFFECT_WORDS("metadata.log.dir", CONFIG_STRING, NULL)
};
/* clang-format on */
const int config_key_count = sizeof config_keys / sizeof *config_keys;

const struct config_key *config_key_find(struct slice name)
{
    for (int i = 0; i < config_key_count; i++)
        if (slice_equal(slice_str(config_keys[i].def.name), name)) return &config_keys[i];
    return NULL;
}

/* ---- what topics start with ---- */

/* The row of a topic's config, under the name and with the default of a broker's key. Hours and minutes are INT. */
static void synonym_describe(const struct topic_config *t, const struct topic_config_synonym *s,
                             struct broker_config *out)
{
    out->def = t->def;
    out->def.name = s->name;
    out->def.default_value = s->default_value;
    out->update = s->read_only ? CONFIG_READ_ONLY : CONFIG_CLUSTER_WIDE;
    if (s->factor == 1) return;
    out->def.type = CONFIG_INT;
    out->def.max = INT32_MAX;
}

static int synonyms_of(const struct topic_config *t)
{
    int n = 0;
    while (n < TOPIC_CONFIG_SYNONYMS && t->synonyms[n].name) n++;
    return n;
}

int broker_config_index(struct slice name)
{
    const struct config_key *k = config_key_find(name);
    if (k) return (int)(k - config_keys);
    int at = config_key_count;
    for (int32_t i = 0; i < topic_config_count; i++)
        for (int s = 0; s < synonyms_of(&topic_configs[i]); s++, at++)
            if (slice_equal(slice_str(topic_configs[i].synonyms[s].name), name)) return at;
    return -1;
}

bool broker_config_find(struct slice name, struct broker_config *out)
{
    int at = broker_config_index(name);
    if (at >= 0) broker_config_at(at, out);
    return at >= 0;
}

int broker_config_count(void)
{
    int n = config_key_count;
    for (int32_t i = 0; i < topic_config_count; i++) n += synonyms_of(&topic_configs[i]);
    return n;
}

void broker_config_at(int i, struct broker_config *out)
{
    if (i < config_key_count) {
        *out = (struct broker_config){config_keys[i].def, config_keys[i].update};
        return;
    }
    i -= config_key_count;
    const struct topic_config *t = topic_configs;
    for (; i >= synonyms_of(t); t++) i -= synonyms_of(t);
    synonym_describe(t, &t->synonyms[i], out);
}

int64_t config_key_number(const char *name, const struct config_layers *layers)
{
    const struct config_key *k = config_key_find(slice_str(name));
    const char *text = NULL;
    int64_t v;
    for (int layer = CONFIG_LAYERS; layer-- > 0;) {
        const char *set = config_layer_find(layers, layer, name);
        if (set) text = set;
    }
    (void)config_number(&k->def, text, &v); /* what is no number was told at the start */
    return v;
}
