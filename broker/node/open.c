/* Opening a data directory: format it if it is empty, recover it otherwise.
 *
 *     meta.properties                 who we are; made up where there is none
 *     __cluster_metadata-0            replayed into the image; a new leader epoch and our registration
 *                                     are appended and synced
 *     a folder for each partition     opened, or made where a crash came between the metadata and the
 *                                     folder (T51); folders of nobody are set aside
 *     __consumer_offsets              replayed into the group coordinator
 *
 * All of it works on the struct disk; nothing here is on the request path. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/checkpoint.h"
#include "broker/log/sealed.h"
#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

struct opening {
    struct node *node;
    struct disk *disk;
    struct err_text *error;
    bool clean;
    bool root_changed; /* names in the data directory are not durable yet */
    struct checkpoint recovery_points, log_starts;
    struct actions actions; /* the node's parts may want to say something; nothing else comes out */
};

static void say(struct opening *o, const char *text)
{
    buf_append_str(&o->node->opening_text, text);
    buf_append_byte(&o->node->opening_text, '\n');
}

/* --- identity --- */

static int identity_make(struct opening *o)
{
    struct node *n = o->node;
    struct meta_properties m = {.node_id = (int32_t)n->config->node_id};
    struct buf text = {0};
    kafka_uuid_to_text(metadata_uuid_new(&n->random), m.cluster_id);
    n->directory_id = metadata_uuid_new(&n->random);
    memcpy(m.directory_id, n->directory_id.bytes, sizeof m.directory_id);
    memcpy(n->cluster_id, m.cluster_id, sizeof n->cluster_id);
    meta_properties_format(&m, &text);
    int rc = disk_replace_unsynced(o->disk, CHECKPOINT_META, buf_slice(&text));
    o->root_changed = true;
    buf_release(&text);
    if (rc < 0) err_set(o->error, rc, "cannot write %s: %s", CHECKPOINT_META, err_name(rc));
    return rc;
}

static int identity_load(struct opening *o)
{
    struct node *n = o->node;
    struct meta_properties m;
    int rc = meta_properties_read(o->disk, &m, o->error);
    if (rc == ERR_NOTFOUND) {
        if (o->error) o->error->text[0] = '\0';
        return identity_make(o);
    }
    if (rc < 0) return rc;
    if (m.node_id != n->config->node_id)
        return err_set(o->error, ERR_INVALID, "%s says node.id=%d, the configuration says %lld", CHECKPOINT_META,
                       m.node_id, (long long)n->config->node_id);
    memcpy(n->cluster_id, m.cluster_id, sizeof n->cluster_id);
    memcpy(n->directory_id.bytes, m.directory_id, sizeof m.directory_id);
    return 0;
}

/* The marker says that nothing was written since; from now on that may be wrong. */
static int shutdown_marker_take(struct opening *o)
{
    o->clean = clean_shutdown_read(o->disk);
    int rc = o->disk->call->remove(o->disk, CHECKPOINT_CLEAN_SHUTDOWN);
    if (rc == ERR_NOTFOUND) return 0;
    if (rc == 0) rc = o->disk->call->sync_dir(o->disk, "");
    if (rc < 0) err_set(o->error, rc, "cannot remove %s: %s", CHECKPOINT_CLEAN_SHUTDOWN, err_name(rc));
    return rc;
}

/* A damaged checkpoint costs a longer recovery, not the start. One that cannot be read just now refuses it: without log
 * starts what was deleted would be back, without recovery points a damaged batch of long ago would end its log, and the
 * next checkpoints would make that final. */
static int checkpoint_load(struct opening *o, const char *path, struct checkpoint *c)
{
    struct err_text error = {0};
    int rc = checkpoint_read(o->disk, path, c, &error);
    if (rc == 0 && error.text[0]) say(o, error.text);
    if (rc == 0) return 0;
    if (rc == ERR_IO) return err_set(o->error, rc, "%s", error.text);
    say(o, error.text[0] ? error.text : path);
    checkpoint_release(c);
    memset(c, 0, sizeof *c);
    o->clean = false;
    return 0;
}

/* --- one log --- */

static int log_make(struct opening *o, const char *dir, const uint8_t topic_id[16], const struct log_config *config,
                    struct log **out)
{
    int rc = log_create_unsynced(o->disk, dir, topic_id, o->error);
    if (rc < 0) return rc;
    o->root_changed = true;
    *out = log_new(&o->node->files, dir, topic_id, config);
    return 0;
}

static int log_load(struct opening *o, const char *topic, int32_t index, const struct log_config *config,
                    struct log **out)
{
    char dir[300];
    partition_dir(topic, index, dir, sizeof dir);
    struct log_report report = {0};
    struct log_open_info info = {
        .clean = o->clean,
        .recovery_point = checkpoint_get(&o->recovery_points, topic, index, 0),
        .log_start = checkpoint_get(&o->log_starts, topic, index, 0),
        .now_ms = o->node->now.wall_ms,
    };
    int rc = log_open(o->disk, &o->node->files, dir, config, &info, out, &report, o->error);
    if (report.text.n) buf_append_slice(&o->node->opening_text, buf_slice(&report.text));
    log_report_release(&report);
    return rc;
}

/* --- writing at start: what actions would do, done at once --- */

static int write_out(struct opening *o, const struct log_write *w)
{
    struct disk_file *f;
    int rc = o->disk->call->open(o->disk, w->file->path, DISK_CREATE, &f);
    if (rc < 0) return rc;
    rc = o->disk->call->write_at(o->disk, f, w->at, w->bytes.p, w->bytes.n);
    o->disk->call->close(o->disk, f);
    return rc;
}

static int sync_file(struct opening *o, const struct log_file *file)
{
    if (file->directory) return o->disk->call->sync_dir(o->disk, file->path);
    struct disk_file *f;
    int rc = o->disk->call->open(o->disk, file->path, DISK_WRITE, &f);
    if (rc < 0) return rc;
    rc = o->disk->call->sync(o->disk, f);
    o->disk->call->close(o->disk, f);
    return rc;
}

static int sync_out(struct opening *o, struct log *log)
{
    struct log_file **files;
    int count = log_sync_begin(log, &o->actions.arena, &files), rc = 0;
    for (int i = 0; i < count && rc == 0; i++) rc = sync_file(o, files[i]);
    if (count > 0) log_synced(log, rc);
    return rc;
}

static int root_sync(struct opening *o)
{
    int rc = o->root_changed ? o->disk->call->sync_dir(o->disk, "") : 0;
    o->root_changed = false;
    return rc;
}

/* Appends one batch of the metadata log. */
static int batch_put(struct opening *o, struct buf *batch)
{
    struct log *log = o->node->metadata->log;
    struct batch_header header;
    struct log_append_result result;
    int rc = batch_header_read(buf_slice(batch), &header);
    assert(rc == 0);
    struct log_append in = {batch->p, batch->n, &header, o->node->metadata_epoch, o->node->now.wall_ms, false};
    log_append(log, &in, &o->actions.arena, &result);
    if (result.outcome != LOG_APPENDED) return ERR_IO;
    for (int i = 0; i < result.write_count && rc == 0; i++) rc = write_out(o, &result.writes[i]);
    log_written(log, result.base_offset, rc);
    return rc;
}

/* One sync for all that was put, and one for the names beside it: a start is as long as its syncs. What the log wants
 * done beyond that is a job of the first step. */
static int metadata_sync(struct opening *o)
{
    struct log *log = o->node->metadata->log;
    int rc = sync_out(o, log);
    if (rc == 0) rc = root_sync(o);
    if (rc == 0) log_raise_high_watermark(log, log_offsets(log)->durable);
    return rc;
}

/* --- metadata --- */

static int records_replay(struct opening *o, struct slice batch, const struct batch_header *h)
{
    struct node *n = o->node;
    struct slice payload;
    struct batch_records records;
    struct batch_record record;
    struct buf scratch = {0};
    if (h->leader_epoch > n->metadata_epoch) n->metadata_epoch = h->leader_epoch;
    if (batch_is_control(h)) return 0;
    int rc = batch_payload(batch, h, DECOMPRESSED_BYTES_MAX, &scratch, &payload);
    batch_records_init(&records, h, payload);
    while (rc >= 0 && (rc = batch_records_next(&records, &record)) > 0) {
        struct err_text error = {0};
        rc = metadata_replay(&n->image, kafka_bytes_slice(record.value), &error);
        if (rc == ERR_UNSUPPORTED) { /* a newer broker wrote it */
            say(o, error.text);
            rc = 0;
        } else if (rc < 0) {
            err_set(o->error, rc, "%s-0 at offset %lld: %s", METADATA_TOPIC, (long long)record.offset, error.text);
        }
        if (rc < 0) break;
    }
    buf_release(&scratch);
    return rc < 0 ? rc : 0;
}

/* A damaged batch is passed over by the cursor. Nobody knows what it told, topics perhaps, whose folders would then be
 * taken for strays: the start is refused. */
static int metadata_gap(struct opening *o, int64_t from, int64_t to)
{
    return err_set(o->error, ERR_CORRUPT, "%s-0: offsets %lld to %lld are damaged, and what they say is unknown",
                   METADATA_TOPIC, (long long)from, (long long)to - 1);
}

static int metadata_replay_all(struct opening *o)
{
    struct log *log = o->node->metadata->log;
    struct log_cursor *cursor;
    struct slice batch;
    struct batch_header header;
    int64_t next = log_offsets(log)->start;
    int rc = log_cursor_open(log, o->disk, next, &cursor);
    if (rc < 0) return err_set(o->error, rc, "cannot read %s-0: %s", METADATA_TOPIC, err_name(rc));
    while ((rc = log_cursor_next(cursor, &batch, &header)) > 0) {
        rc = header.base_offset > next ? metadata_gap(o, next, header.base_offset) : records_replay(o, batch, &header);
        if (rc < 0) break;
        next = batch_last_offset(&header) + 1;
    }
    if (rc == 0 && next < log_offsets(log)->end) rc = metadata_gap(o, next, log_offsets(log)->end);
    log_cursor_close(cursor);
    if (rc < 0) err_set(o->error, rc, "cannot read %s-0: %s", METADATA_TOPIC, err_name(rc));
    return rc;
}

/* The election of a quorum of one: a new epoch, and its first record says so. */
static int leader_change_put(struct opening *o)
{
    struct node *n = o->node;
    struct buf value = {0}, batch = {0};
    struct leader_change_message_voter voter;
    struct leader_change_message m;
    kafka_struct_init(&leader_change_message_struct, &m);
    kafka_struct_init(&leader_change_message_voter_struct, &voter);
    voter.voter_id = m.leader_id = (int32_t)n->config->node_id;
    voter.voter_directory_id = n->directory_id;
    m.voters = m.granting_voters = &voter;
    m.voters_count = m.granting_voters_count = 1;
    n->metadata_epoch++;
    int rc = kafka_encode(&leader_change_message_message, 0, &m, &value);
    assert(rc == 0);
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    options.leader_epoch = n->metadata_epoch;
    batch_control_build(&options, BATCH_CONTROL_LEADER_CHANGE, n->now.wall_ms, buf_slice(&value), &batch);
    rc = batch_put(o, &batch);
    buf_release(&value);
    buf_release(&batch);
    return rc;
}

static void registration_decide(struct node *n, struct metadata_changes *changes)
{
    struct metadata_endpoint endpoint = {
        .name = "PLAINTEXT",
        .host = n->config->advertised_host,
        .port = (uint16_t)n->config->advertised_port,
    };
    struct metadata_registration r = {
        .broker_id = (int32_t)n->config->node_id,
        .incarnation = metadata_uuid_new(&n->random),
        .directory = n->directory_id,
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .rack = n->config->rack,
        .log_end = log_offsets(n->metadata->log)->end,
    };
    metadata_register_broker(&n->image, &r, changes);
}

static int changes_put(struct opening *o, const struct metadata_changes *changes)
{
    struct batch_builder builder;
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    struct buf batch = {0};
    options.leader_epoch = o->node->metadata_epoch;
    batch_builder_init(&builder, &options);
    for (int32_t i = 0; i < changes->count; i++)
        batch_builder_add(&builder, o->node->now.wall_ms, KAFKA_BYTES_NULL, kafka_bytes_of_slice(changes->values[i]),
                          NULL, 0);
    int rc = batch_builder_finish(&builder, &batch);
    if (rc == 0) rc = batch_put(o, &batch);
    for (int32_t i = 0; i < changes->count && rc == 0; i++)
        rc = metadata_replay(&o->node->image, changes->values[i], o->error);
    batch_builder_release(&builder);
    buf_release(&batch);
    return rc;
}

/* A directory whose first start was cut short has a metadata log without features: it is formatted now. */
static int registration_put(struct opening *o)
{
    struct node *n = o->node;
    struct metadata_changes changes = {0};
    int rc = 0;
    if (n->image.feature_count == 0) {
        metadata_format(&changes);
        rc = changes_put(o, &changes);
        metadata_changes_reset(&changes);
    }
    if (rc == 0) {
        registration_decide(n, &changes);
        metadata_elect_leaders(&n->image, (int32_t)n->config->node_id, &changes);
        if (changes.count > 0) rc = changes_put(o, &changes);
    }
    metadata_changes_release(&changes);
    return rc;
}

static int metadata_load(struct opening *o)
{
    /* Kafka's Uuid.METADATA_TOPIC_ID. */
    static const uint8_t topic_id[16] = {[15] = 1};
    struct node *n = o->node;
    struct log_config config = partition_log_config(n, NULL);
    struct log *log;
    int rc = log_load(o, METADATA_TOPIC, 0, &config, &log);
    if (rc == ERR_NOTFOUND) {
        if (o->error) o->error->text[0] = '\0';
        rc = log_make(o, METADATA_TOPIC "-0", topic_id, &config, &log);
    }
    if (rc < 0) return rc;
    n->metadata = partition_new(n, NULL, 0, log);
    rc = metadata_replay_all(o);
    if (rc == 0) rc = leader_change_put(o);
    if (rc == 0) rc = registration_put(o);
    if (rc == 0) rc = metadata_sync(o);
    if (rc < 0) err_set(o->error, rc, "cannot write %s-0: %s", METADATA_TOPIC, err_name(rc));
    return rc;
}

/* --- folders --- */

struct names {
    char **items;
    int count;
};

static void name_add(void *context, const char *name, bool is_dir)
{
    struct names *list = context;
    if (!is_dir) return;
    list->items = memory_grow(list->items, (size_t)list->count + 1, sizeof(char *));
    list->items[list->count++] = memory_str(name);
}

static void names_release(struct names *list)
{
    for (int i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
}

/* Whether the topic id in a folder is that of the topic that has its name now. */
static bool folder_is_ours(struct opening *o, const char *dir, const struct metadata_topic *t)
{
    char path[320];
    struct buf text = {0};
    uint8_t id[16];
    struct err_text error = {0};
    snprintf(path, sizeof path, "%s/partition.metadata", dir);
    bool known = disk_read_all(o->disk, path, 4096, &text) == 0 &&
                 partition_metadata_parse(buf_slice(&text), path, id, &error) == 0;
    struct buf right = {0};
    partition_metadata_format(t->id.bytes, &right);
    bool flipped = sealed_one_bit_apart(buf_slice(&text), buf_slice(&right));
    if (flipped) {
        buf_printf(&o->node->opening_text, "%s: damaged; the metadata log knows the id\n", path);
        (void)disk_replace(o->disk, path, buf_slice(&right)); /* else it is told again at the next start */
    }
    buf_release(&right);
    buf_release(&text);
    return !known || flipped || memcmp(id, t->id.bytes, sizeof id) == 0;
}

/* Folders whose deletion was cut short go; folders of no topic are set aside as Kafka does. */
static int folder_settle(struct opening *o, const char *dir)
{
    struct slice topic;
    int32_t index;
    bool doomed;
    if (!partition_dir_parse(dir, &topic, &index, &doomed)) return 0;
    if (doomed) return disk_remove_tree(o->disk, dir);
    if (slice_equal(topic, slice_str(METADATA_TOPIC))) return 0;
    const struct metadata_topic *t = metadata_topic_find(&o->node->image, topic);
    if (metadata_partition_find(t, index) && folder_is_ours(o, dir, t)) return 0;
    char aside[400], id[23];
    kafka_uuid_to_text(metadata_uuid_new(&o->node->random), id);
    snprintf(aside, sizeof aside, "%s.%s-stray", dir, id);
    buf_printf(&o->node->opening_text, "%s belongs to no topic: it is now %s\n", dir, aside);
    int rc = o->disk->call->rename(o->disk, dir, aside);
    return rc == 0 ? o->disk->call->sync_dir(o->disk, "") : rc;
}

static int folders_settle(struct opening *o)
{
    struct names names = {0};
    int rc = o->disk->call->list(o->disk, "", name_add, &names);
    for (int i = 0; i < names.count && rc == 0; i++) {
        rc = folder_settle(o, names.items[i]);
        if (rc < 0) err_set(o->error, rc, "cannot clear away %s: %s", names.items[i], err_name(rc));
    }
    names_release(&names);
    return rc;
}

/* --- partitions --- */

static int partition_load(struct opening *o, struct topic *mine, const struct metadata_topic *t, int32_t index,
                          const struct log_config *config)
{
    struct node *n = o->node;
    struct log *log;
    int rc = log_load(o, t->name, index, config, &log);
    if (rc == ERR_NOTFOUND) {
        char dir[300];
        if (o->error) o->error->text[0] = '\0';
        partition_dir(t->name, index, dir, sizeof dir);
        rc = log_make(o, dir, t->id.bytes, config, &log);
    }
    if (rc < 0) return rc;
    struct partition *p = partition_new(n, mine, index, log);
    if (strcmp(t->name, OFFSETS_TOPIC) == 0) rc = group_api_load(n, p, o->disk, o->error);
    return rc;
}

static int partitions_load(struct opening *o)
{
    struct node *n = o->node;
    for (const struct metadata_topic *t = metadata_topic_next(&n->image, NULL); t;
         t = metadata_topic_next(&n->image, t)) {
        struct topic *mine = topic_new(n, t);
        struct log_config config = partition_log_config(n, t);
        for (int32_t i = 0; i < t->partition_count; i++) {
            int rc = partition_load(o, mine, t, i, &config);
            if (rc < 0) return rc;
        }
    }
    int rc = root_sync(o); /* folders that were made: a crash had come before them */
    return rc < 0 ? err_set(o->error, rc, "cannot sync %s: %s", o->node->config->log_dir, err_name(rc)) : 0;
}

static struct group_config group_config_of(const struct node_config *c)
{
    struct group_config g = group_config_default();
    g.partition_count = (int32_t)c->offsets_partitions;
    g.session_timeout_min_ms = c->group_session_timeout_min_ms;
    g.session_timeout_max_ms = c->group_session_timeout_max_ms;
    g.initial_rebalance_delay_ms = c->group_initial_rebalance_delay_ms;
    g.group_size_max = (int32_t)c->group_size_max;
    g.offsets_retention_ms = c->offsets_retention_minutes * 60000;
    g.retention_check_ms = c->offsets_retention_check_ms;
    g.offset_metadata_bytes_max = (int32_t)c->offset_metadata_bytes_max;
    return g;
}

/* The number of partitions of __consumer_offsets is settled when it is made; a later configuration must
 * not send groups to other partitions than the ones that know them. */
static void groups_new(struct opening *o)
{
    struct node *n = o->node;
    struct group_config g = group_config_of(n->config);
    const struct metadata_topic *t = metadata_topic_find(&n->image, SLICE_LIT(OFFSETS_TOPIC));
    if (t) g.partition_count = t->partition_count;
    n->groups = group_coordinator_new(&g, random_u64(&n->random));
}

/* After a crash the checkpoints may speak of topics that are deleted (controller.c says why that matters). If they
 * cannot be written now, the next folder that is made waits for it. */
static void checkpoints_renew(struct opening *o)
{
    struct checkpoint_files files = {0};
    if (o->clean || o->recovery_points.count + o->log_starts.count == 0) return;
    checkpoint_files_now(o->node, &files);
    o->node->checkpoints_stale = checkpoint_files_write(&files, o->disk) < 0;
    checkpoint_files_release(&files);
}

static int open_all(struct opening *o)
{
    int rc = identity_load(o);
    if (rc == 0) rc = shutdown_marker_take(o);
    if (rc == 0) rc = checkpoint_load(o, CHECKPOINT_RECOVERY_POINT, &o->recovery_points);
    if (rc == 0) rc = checkpoint_load(o, CHECKPOINT_LOG_START, &o->log_starts);
    if (rc == 0) rc = metadata_load(o);
    if (rc == 0) rc = folders_settle(o);
    if (rc < 0) return rc;
    stored_configs_doubt(&o->node->image, &o->node->opening_text);
    groups_new(o);
    rc = partitions_load(o);
    if (rc == 0) checkpoints_renew(o);
    return rc;
}

int node_open(const struct node_config *config, struct disk *disk, struct node_time now, uint64_t seed,
              struct node **out, struct err_text *error)
{
    struct node *n = memory_new(sizeof *n);
    struct opening o = {.node = n, .disk = disk, .error = error};
    n->config = config;
    n->now = now;
    n->out = &o.actions;
    n->changes_last = &n->changes;
    n->wake_told_ns = INT64_MIN;
    n->connections_max = -1;
    n->group_deadline = (struct deadline){.kind = DEADLINE_GROUPS};
    n->folders_again = (struct deadline){.kind = DEADLINE_FOLDERS};
    n->folders_patience = (struct deadline){.kind = DEADLINE_PATIENCE};
    n->doomed_again = (struct deadline){.kind = DEADLINE_DOOMED};
    random_seed(&n->random, seed);
    metadata_image_init(&n->image);
    int rc = open_all(&o);
    storage_timers_start(n);
    n->out = NULL;
    checkpoint_release(&o.recovery_points);
    checkpoint_release(&o.log_starts);
    for (int i = 0; i < o.actions.count; i++)
        if (o.actions.items[i].kind == ACTION_SAY) say(&o, o.actions.items[i].text);
    actions_release(&o.actions);
    if (rc < 0) {
        if (error && !error->text[0]) err_set(error, rc, "cannot open the data directory: %s", err_name(rc));
        node_free(n);
        return rc;
    }
    *out = n;
    return 0;
}
