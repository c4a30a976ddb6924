#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

/* --- finding --- */

struct topic *topic_find(struct node *n, struct slice name)
{
    return table_get(&n->topics, name);
}

struct partition *partition_find(struct node *n, struct slice topic, int32_t index)
{
    struct topic *t = topic_find(n, topic);
    return t && index >= 0 && index < t->partition_count ? t->partitions[index] : NULL;
}

/* KIP-320, T36 */
int16_t leader_epoch_check(const struct metadata_partition *p, int32_t theirs)
{
    if (theirs < 0 || theirs == p->leader_epoch) return KAFKA_NONE;
    return theirs < p->leader_epoch ? KAFKA_FENCED_LEADER_EPOCH : KAFKA_UNKNOWN_LEADER_EPOCH;
}

int16_t partition_lead(struct node *n, struct slice topic, int32_t index, int32_t leader_epoch, struct partition **p)
{
    const struct metadata_partition *described = metadata_partition_find(metadata_topic_find(&n->image, topic), index);
    *p = partition_find(n, topic, index);
    if (!described) return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (!*p) return KAFKA_NOT_LEADER_OR_FOLLOWER; /* its folder is still being made: the client tries again */
    return n->disk_failed ? KAFKA_KAFKA_STORAGE_ERROR : leader_epoch_check(described, leader_epoch);
}

void partitions_each(struct node *n, void (*each)(struct node *n, struct partition *p))
{
    if (n->metadata) each(n, n->metadata);
    for (struct table_entry *e = table_first(&n->topics); e; e = table_next(&n->topics, e)) {
        struct topic *t = e->value;
        for (int32_t i = 0; i < t->partition_count; i++)
            if (t->partitions[i]) each(n, t->partitions[i]);
    }
}

/* --- making --- */

void partition_dir(const char *topic, int32_t index, char *out, size_t size)
{
    snprintf(out, size, "%s-%d", topic, index);
}

struct config_layers node_config_layers(const struct node *n)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)n->config->node_id);
    return (struct config_layers){
        .broker = metadata_broker_configs(&n->image, slice_str(id)),
        .cluster = metadata_broker_configs(&n->image, SLICE_LIT("")),
        .file = &n->config->properties,
    };
}

int64_t node_config_number(const struct node *n, const char *key)
{
    struct config_layers layers = node_config_layers(n);
    return config_key_number(key, &layers);
}

struct log_config partition_log_config(const struct node *n, const struct metadata_topic *t)
{
    struct log_config c = log_config_default();
    c.producer_id_expiration_ms = node_config_number(n, "producer.id.expiration.ms");
    if (!t) { /* the metadata log: nothing expires */
        c.deletes = false;
        return c;
    }
    const struct metadata_configs *own = &t->configs;
    const struct config_layers layers = node_config_layers(n), *broker = &layers;
    c.segment_bytes = topic_config_number("segment.bytes", own, broker);
    int64_t internal_bytes = topic_config_number("internal.segment.bytes", own, broker);
    if (internal_bytes > 0) c.segment_bytes = internal_bytes; /* below the public minimum, for tests */
    c.segment_ms = topic_config_number("segment.ms", own, broker);
    c.segment_index_bytes = topic_config_number("segment.index.bytes", own, broker);
    c.index_interval_bytes = topic_config_number("index.interval.bytes", own, broker);
    c.retention_ms = topic_config_number("retention.ms", own, broker);
    c.retention_bytes = topic_config_number("retention.bytes", own, broker);
    c.max_message_bytes = topic_config_number("max.message.bytes", own, broker);
    c.log_append_time = topic_config_has("message.timestamp.type", "LogAppendTime", own, broker);
    c.deletes = topic_config_has("cleanup.policy", "delete", own, broker);
    return c;
}

/* What a topic says beyond what its logs work with. */
struct topic_settings {
    int64_t flush_messages, flush_ms, min_insync_replicas, message_bytes_max;
    struct record_rules rules;
};

/* compression.type: producer, uncompressed or the name of a codec. */
static int stored_codec(const struct metadata_topic *t, const struct config_layers *broker)
{
    for (int codec = 0; compression_name(codec); codec++) {
        const char *word = codec == COMPRESSION_NONE ? "uncompressed" : compression_name(codec);
        if (topic_config_has("compression.type", word, &t->configs, broker)) return codec;
    }
    return CODEC_OF_PRODUCER;
}

static int stored_level(int codec, const struct metadata_topic *t, const struct config_layers *broker)
{
    const char *key = codec == COMPRESSION_GZIP   ? "compression.gzip.level"
                      : codec == COMPRESSION_LZ4  ? "compression.lz4.level"
                      : codec == COMPRESSION_ZSTD ? "compression.zstd.level"
                                                  : NULL;
    return key ? (int)topic_config_number(key, &t->configs, broker) : 0;
}

/* The metadata log is always synced before it is believed, as KRaft does. */
static struct topic_settings settings_of(const struct node *n, const struct metadata_topic *t)
{
    struct topic_settings s = {1, INT64_MAX, 1, INT64_MAX, {.codec = CODEC_OF_PRODUCER}};
    struct config_layers broker = node_config_layers(n);
    if (!t) return s;
    s.flush_messages = topic_config_number("flush.messages", &t->configs, &broker);
    s.flush_ms = topic_config_number("flush.ms", &t->configs, &broker);
    s.min_insync_replicas = topic_config_number("min.insync.replicas", &t->configs, &broker);
    s.message_bytes_max = topic_config_number("max.message.bytes", &t->configs, &broker);
    s.rules = (struct record_rules){
        .keyed = topic_config_has("cleanup.policy", "compact", &t->configs, &broker),
        .create_time = !topic_config_has("message.timestamp.type", "LogAppendTime", &t->configs, &broker),
        .before_max_ms = topic_config_number("message.timestamp.before.max.ms", &t->configs, &broker),
        .after_max_ms = topic_config_number("message.timestamp.after.max.ms", &t->configs, &broker),
        .codec = stored_codec(t, &broker),
    };
    s.rules.level = stored_level(s.rules.codec, t, &broker);
    return s;
}

static void settings_take(struct partition *p, const struct topic_settings *s)
{
    p->flush_messages = s->flush_messages;
    p->flush_ms = s->flush_ms;
    p->min_insync_replicas = s->min_insync_replicas;
    p->message_bytes_max = s->message_bytes_max;
    p->rules = s->rules;
}

/* Records that wait for a sync wait for it under the new mode: at once, until the new deadline, or no more. */
static void partition_reconfigure(struct node *n, struct partition *p, const struct topic_settings *s)
{
    settings_take(p, s);
    deadline_clear(&n->deadlines, &p->flush);
    p->flush_overdue = false;
    partition_flush_await(n, p);
    partition_advance(n, p);
}

void topic_reconfigure(struct node *n, struct topic *t)
{
    const struct metadata_topic *m = metadata_topic_find(&n->image, slice_str(t->name));
    if (!m) return;
    struct log_config config = partition_log_config(n, m);
    struct topic_settings settings = settings_of(n, m);
    for (int32_t i = 0; i < t->partition_count; i++) {
        if (!t->partitions[i]) continue;
        log_set_config(t->partitions[i]->log, &config);
        partition_reconfigure(n, t->partitions[i], &settings);
    }
}

struct topic *topic_new(struct node *n, const struct metadata_topic *m)
{
    struct topic *t = memory_new(sizeof *t);
    t->name = memory_str(m->name);
    t->id = m->id;
    t->partitions = memory_new((size_t)m->partition_count * sizeof(struct partition *));
    t->partition_count = m->partition_count;
    table_set_str(&n->topics, t->name, t);
    return t;
}

struct topic *topic_grow(struct node *n, const struct metadata_topic *m)
{
    struct topic *t = topic_find(n, slice_str(m->name));
    size_t old = (size_t)t->partition_count, now = (size_t)m->partition_count;
    t->partitions = memory_grow(t->partitions, now, sizeof(struct partition *));
    memset(t->partitions + old, 0, (now - old) * sizeof(struct partition *));
    t->partition_count = m->partition_count;
    return t;
}

struct partition *partition_new(struct node *n, struct topic *t, int32_t index, struct log *log)
{
    struct partition *p = memory_new(sizeof *p);
    p->topic = t;
    p->index = index;
    p->log = log;
    p->order = ORDER_PARTITION_FIRST + n->last_order++;
    p->flush = (struct deadline){.kind = DEADLINE_FLUSH, .owner = p};
    p->jobs_again = (struct deadline){.kind = DEADLINE_JOBS, .owner = p};
    const struct metadata_topic *m = t ? metadata_topic_find(&n->image, slice_str(t->name)) : NULL;
    struct topic_settings settings = settings_of(n, m);
    settings_take(p, &settings);
    p->leader_epoch = m ? m->partitions[index].leader_epoch : -1;
    p->internal = !m || m->internal;
    if (t) {
        assert(index < t->partition_count && !t->partitions[index]);
        t->partitions[index] = p;
    }
    return p;
}

static void partition_free(struct node *n, struct partition *p)
{
    deadline_clear(&n->deadlines, &p->flush);
    deadline_clear(&n->deadlines, &p->jobs_again);
    appends_release(n, p);
    log_free(p->log);
    free(p);
}

static void topic_free(struct topic *t)
{
    free(t->name);
    free(t->partitions);
    free(t);
}

void partitions_release(struct node *n)
{
    for (struct table_entry *e = table_first(&n->topics); e; e = table_next(&n->topics, e)) {
        struct topic *t = e->value;
        for (int32_t i = 0; i < t->partition_count; i++)
            if (t->partitions[i]) partition_free(n, t->partitions[i]);
        topic_free(t);
    }
    table_release(&n->topics);
    if (n->metadata) partition_free(n, n->metadata);
    for (int i = 0; i < n->doomed_count; i++) partition_free(n, n->doomed[i]);
    free(n->doomed);
}

/* --- durability --- */

/* Where every batch is synced before it is seen, no clock is needed. */
void partition_flush_await(struct node *n, struct partition *p)
{
    if (p->unflushed > 0 && p->flush_messages > 1 && p->flush_ms != INT64_MAX)
        node_deadline_in(n, &p->flush, p->flush_ms);
}

/* A sync covers what is written; what is on its way to the file then waits for the next one, an interval later. */
static void flush_begin_again(struct node *n, struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    p->unflushed = o->end - o->written;
    deadline_clear(&n->deadlines, &p->flush);
    partition_flush_await(n, p);
}

void partition_sync(struct node *n, struct partition *p)
{
    if (p->syncing) return;
    struct log_file **files;
    int count = log_sync_begin(p->log, &n->out->arena, &files);
    if (count == 0) return;
    p->syncing = true;
    p->flush_overdue = false;
    flush_begin_again(n, p);
    struct action *a = action_add(n, ACTION_SYNC);
    a->token = node_await(n, p);
    a->files = arena_alloc(&n->out->arena, (size_t)count * sizeof *a->files);
    a->file_count = count;
    for (int i = 0; i < count; i++) a->files[i] = log_file_ref(files[i]);
}

static bool sync_is_due(const struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    return p->flush_overdue || o->written - o->durable >= p->flush_messages;
}

void partition_flush(struct node *n, struct partition *p)
{
#if MILLRACE_SEEDED_BUG == 12 /* for tests/sim/bites.sh: an interval with few records is forgotten */
    if (p->unflushed < 8) return;
#endif
    p->flush_overdue = p->unflushed > 0;
    partition_sync(n, p);
}

/* Kafka's UnifiedLog.append syncs with the log's lock held once flush.messages records are not synced: whoever reaches
 * that number, and whoever comes behind, is answered after the sync. So are they here; those before it are not held. */
static bool high_watermark_raise(struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    int64_t ahead_max = p->flush_messages - 1;
#if MILLRACE_SEEDED_BUG == 1 /* for tests/sim/bites.sh: acknowledged before the sync */
    ahead_max = INT64_MAX;
#elif MILLRACE_SEEDED_BUG == 13 /* for tests/sim/bites.sh: flush.messages acknowledges the batch that reaches it */
    if (ahead_max > 0) ahead_max = INT64_MAX;
#endif
    if (o->written - o->durable <= ahead_max) return log_raise_high_watermark(p->log, o->written);
    bool moved = log_raise_high_watermark(p->log, o->durable);
    /* The log may know no batch boundary there any more; those that it would show then wait for the sync as well. */
    return (ahead_max > 0 && log_raise_high_watermark(p->log, o->durable + ahead_max)) || moved;
}

void partition_advance(struct node *n, struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    if (high_watermark_raise(p)) {
        appends_complete(n, p, o->high_watermark);
        fetch_wake(n, p);
    }
    if (log_state(p->log) == LOG_ONLINE && sync_is_due(p)) partition_sync(n, p);
}

/* What found no descriptor: not a matter of the disk, and soon over. */
enum { AGAIN_MS = 100 };

static void sync_later(struct node *n, struct partition *p)
{
    const struct log_offsets *o = log_offsets(p->log);
    if (p->doomed || log_state(p->log) != LOG_ONLINE) return;
    p->unflushed = o->end - o->durable;
    node_deadline_in(n, &p->flush, AGAIN_MS);
}

void partition_synced(struct node *n, struct partition *p, int err)
{
    p->syncing = false;
    log_synced(p->log, err);
    if (err == ERR_NOMEM)
        sync_later(n, p);
    else if (err < 0 && !p->doomed)
        node_disk_failed(n, log_dir(p->log));
    partition_jobs(n, p); /* first: one that waited for this sync would wait for the next one as well */
    if (err != ERR_NOMEM) partition_advance(n, p);
}

static void partition_fail(struct node *n, struct partition *p)
{
    log_set_offline(p->log);
    appends_fail_above(n, p, log_offsets(p->log)->high_watermark, KAFKA_KAFKA_STORAGE_ERROR);
    fetch_wake(n, p);
}

/* After a failed fdatasync the kernel may have dropped the pages and forgotten the error, so a second try
 * would prove nothing (Rebello et al., ATC 2020). The directory is left alone until the next start. */
void node_disk_failed(struct node *n, const char *what)
{
    if (n->disk_failed) return;
    n->disk_failed = true;
    action_say(n, LOG_LEVEL_ERROR, "%s could not be synced: %s is offline until the broker is started again", what,
               n->config->log_dir);
    partitions_each(n, partition_fail);
    n->logs_open = 0;
}

/* --- jobs of the log --- */

struct partition_job {
    struct job job;
    struct partition *partition;
    struct log_job *work;
};

static int partition_job_run(struct node_job *base, struct disk *disk)
{
    return log_job_run(((struct partition_job *)base)->work, disk);
}

static void partition_job_done(struct node *n, struct job *j, int err)
{
    struct partition_job *pj = (struct partition_job *)j;
    struct partition *p = pj->partition;
    if (err < 0) action_say(n, LOG_LEVEL_ERROR, "%s: %s: %s", log_dir(p->log), log_job_name(pj->work), err_name(err));
    node_say_lines(n, slice_str(log_job_text(pj->work)));
    log_job_done(p->log, pj->work, err);
    free(pj);
    p->job_running = false;
    if (log_state(p->log) == LOG_OFFLINE && !p->doomed) node_disk_failed(n, log_dir(p->log));
    if (err == ERR_NOMEM && !p->doomed) node_deadline_in(n, &p->jobs_again, AGAIN_MS);
    partition_advance(n, p);
    partition_jobs(n, p);
}

void partition_jobs_again(struct node *n, struct partition *p)
{
    log_jobs_again(p->log);
    partition_jobs(n, p);
}

static void partition_job_drop(struct job *j)
{
    struct partition_job *pj = (struct partition_job *)j;
    log_job_done(pj->partition->log, pj->work, ERR_CLOSED);
    free(pj);
}

void partition_jobs(struct node *n, struct partition *p)
{
    struct log_job *work = p->job_running ? NULL : log_take_job(p->log);
    if (!work) return;
    struct log_file *const *files;
    int count = log_job_forget(work, &files);
    for (int i = 0; i < count; i++) action_add(n, ACTION_FORGET)->file = log_file_ref(files[i]);
    struct partition_job *pj = memory_new(sizeof *pj);
    pj->job.base = (struct node_job){.name = log_job_name(work), .order = p->order, .run = partition_job_run};
    pj->job.done = partition_job_done;
    pj->job.drop = partition_job_drop;
    pj->partition = p;
    pj->work = work;
    p->job_running = true;
    job_start(n, &pj->job);
}

/* --- deletion --- */

static void partition_doom(struct node *n, struct partition *p)
{
    p->doomed = true;
    deadline_clear(&n->deadlines, &p->flush);
    deadline_clear(&n->deadlines, &p->jobs_again);
    appends_fail_above(n, p, -1, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    fetch_wake(n, p);
    if (n->doomed_count == n->doomed_capacity) {
        n->doomed_capacity = n->doomed_capacity ? n->doomed_capacity * 2 : 8;
        n->doomed = memory_grow(n->doomed, (size_t)n->doomed_capacity, sizeof(struct partition *));
    }
    n->doomed[n->doomed_count++] = p;
    log_delete_begin(p->log);
    partition_jobs(n, p);
}

/* Its folder is gone and nothing refers to it any more. */
static bool doomed_is_over(const struct partition *p)
{
    return log_state(p->log) == LOG_DELETED && !p->syncing && !p->writing.first && p->checks == 0 && !p->job_running &&
           p->reads == 0;
}

/* What holds the last reference to a file (an answer that leaves slowly, a lookup) tells nobody when it lets go:
 * the doomed are looked at in turn, some at each step and, should no step come, by the clock. */
void partitions_doomed_continue(struct node *n)
{
    enum { LOOKS_PER_STEP = 64, LOOK_AGAIN_MS = 200 };
    int looks = n->doomed_count < LOOKS_PER_STEP ? n->doomed_count : LOOKS_PER_STEP;
    for (; looks > 0; looks--) {
        if (n->doomed_next >= n->doomed_count) n->doomed_next = 0;
        struct partition *p = n->doomed[n->doomed_next];
        partition_jobs(n, p);
        if (!doomed_is_over(p)) {
            n->doomed_next++;
            continue;
        }
        n->doomed[n->doomed_next] = n->doomed[--n->doomed_count];
        controller_doomed_gone(n, p);
        partition_free(n, p);
    }
    if (n->doomed_count == 0)
        deadline_clear(&n->deadlines, &n->doomed_again);
    else if (!deadline_is_set(&n->doomed_again))
        node_deadline_in(n, &n->doomed_again, LOOK_AGAIN_MS);
}

void topic_delete(struct node *n, struct topic *t)
{
    table_remove(&n->topics, slice_str(t->name));
    n->checkpoints_stale = true;
    n->logs_open = 0;
    for (int32_t i = 0; i < t->partition_count; i++) {
        if (!t->partitions[i]) continue;
        partition_doom(n, t->partitions[i]);
        t->partitions[i]->topic = NULL;
    }
    topic_free(t);
}
