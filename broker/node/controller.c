/* The controller of a quorum of one: changes of the metadata, one after the other.
 *
 *     decide (a batch of records) -> append to __cluster_metadata-0 -> durable -> replay into the image
 *         -> make folders (a job) -> done
 *
 * A decision reads the image, and the image does not know of a decision before its records are replayed.
 * Items of one request are decided in one batch unless their names are too much alike, which only the
 * image of the next round can judge. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/disk_watch.h"
#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

struct change *change_new(enum change_kind kind, struct request *r, int32_t items,
                          void (*done)(struct node *, struct change *))
{
    struct arena arena = {0};
    struct change *c = arena_alloc(&arena, sizeof *c);
    c->items = arena_alloc(&arena, (size_t)(items + 1) * sizeof *c->items);
    c->item_count = items;
    c->kind = kind;
    c->request = r;
    c->done = done;
    c->arena = arena;
    return c;
}

void change_free(struct change *c)
{
    struct arena arena = c->arena;
    arena_release(&arena);
}

static void changes_continue(struct node *n);
static void folders_make(struct node *n);

static void change_end(struct node *n, struct change *c)
{
    n->changes = c->next;
    if (!n->changes) n->changes_last = &n->changes;
    n->change_running = false;
    c->done(n, c);
    change_free(c);
}

void change_submit(struct node *n, struct change *c)
{
    c->next = NULL;
    *n->changes_last = c;
    n->changes_last = &c->next;
    changes_continue(n);
}

/* --- deciding --- */

static struct metadata_limits limits_of(const struct node *n)
{
    enum { PARTITION_COUNT_MAX = 20000 };
    return (struct metadata_limits){
        .num_partitions = (int32_t)n->config->partitions_default,
        .default_replication_factor = (int16_t)n->config->replication_factor_default,
        .partition_count_max = PARTITION_COUNT_MAX,
        .directory = n->directory_id,
        .broker_id = (int32_t)n->config->node_id,
    };
}

/* '.' and '_' make the same metric name, so Kafka takes only one of such a pair. Whether this item must
 * wait until those decided in this round are in the image, because its name is like one of theirs. */
static bool item_must_wait(struct table *round, struct arena *arena, struct change_item *item)
{
    struct slice name = kafka_string_slice(item->name);
    char *likeness = arena_str(arena, name);
    for (char *c = likeness; *c; c++)
        if (*c == '.') *c = '_';
    return table_set_str(round, likeness, item) != NULL;
}

/* `pending` partitions were decided in this round and are not in the image yet. */
static void item_decide(struct node *n, struct change *c, struct change_item *item, int32_t pending)
{
    struct metadata_limits limits = limits_of(n);
    limits.partition_count_max -= pending;
    switch (c->kind) {
    case CHANGE_CREATE:
        item->outcome = metadata_create_topic(&n->image, &limits, &item->create, &n->random, &n->decided);
        break;
    case CHANGE_OFFSETS_TOPIC:
        item->outcome =
            metadata_create_offsets_topic(&n->image, &limits, (int32_t)n->config->offsets_partitions,
                                          (int32_t)n->config->offsets_segment_bytes, &n->random, &n->decided);
        break;
    case CHANGE_PARTITIONS:
        item->outcome = metadata_grow_topic(&n->image, &limits, &item->create, &n->random, &n->decided);
        break;
    case CHANGE_CONFIGS: item->outcome = metadata_alter_configs(&n->image, &item->alter, &n->decided); break;
    case CHANGE_DELETE: item->outcome = metadata_delete_topic(&n->image, item->name, item->id, &n->decided); break;
    case CHANGE_PRODUCER_IDS:
    case CHANGE_FOLDERS: break;
    }
    item->decided = true;
    if (item->outcome.message) item->outcome.message = arena_str(&c->arena, slice_str(item->outcome.message));
}

/* A round: as many items as one image can judge. */
static void round_decide(struct node *n, struct change *c)
{
    metadata_changes_reset(&n->decided);
    if (c->kind == CHANGE_PRODUCER_IDS)
        c->first_producer_id = metadata_allocate_producer_ids(&n->image, (int32_t)n->config->node_id, &n->decided);
    if (c->kind == CHANGE_PRODUCER_IDS || c->kind == CHANGE_FOLDERS) {
        c->items[0].decided = true;
        return;
    }
    struct table round = {0};
    int32_t pending = 0;
    for (int32_t at = 0; at < c->item_count; at++) {
        struct change_item *item = &c->items[at];
        if (item->decided) continue;
        if (item_must_wait(&round, &n->out->arena, item)) break;
        item_decide(n, c, item, pending);
        if (c->kind != CHANGE_DELETE) pending += item->outcome.num_partitions;
    }
    table_release(&round);
}

static bool all_decided(const struct change *c)
{
    for (int32_t i = 0; i < c->item_count; i++)
        if (!c->items[i].decided) return false;
    return true;
}

static void decided_append(struct node *n)
{
    struct own_record *records = arena_alloc(&n->out->arena, (size_t)n->decided.count * sizeof *records);
    for (int32_t i = 0; i < n->decided.count; i++)
        records[i] = (struct own_record){KAFKA_BYTES_NULL, kafka_bytes_of_slice(n->decided.values[i])};
    append_own(n, n->metadata, APPEND_CONTROLLER, records, n->decided.count, 0);
}

static void change_continue(struct node *n)
{
    struct change *c = n->changes;
    n->change_running = true;
    if (!all_decided(c)) round_decide(n, c);
    if (n->decided.count > 0 && !c->validate_only) {
        decided_append(n); /* controller_appended goes on, perhaps it already has: no word about `c` after this */
        return;
    }
    metadata_changes_reset(&n->decided);
    if (c->kind == CHANGE_FOLDERS)
        folders_make(n);
    else if (all_decided(c))
        change_end(n, c);
    else
        n->change_running = false; /* only refusals in this round: the next one */
}

/* Also called from inside of itself, by what a change ends with: then the outermost one goes on. A log that refuses
 * ends each change at once, and as many of them inside one another as are waiting would be too many for the stack. */
static void changes_continue(struct node *n)
{
    if (n->changes_continuing) return;
    n->changes_continuing = true;
    while (n->changes && !n->change_running) change_continue(n);
    n->changes_continuing = false;
}

/* --- folders of new topics --- */

enum { FOLDERS_AGAIN_MS = 5000, FOLDERS_SOON_MS = 50, FOLDERS_PATIENCE_MS = 2000 };

struct folder {
    char dir[300];
    uint8_t topic_id[16];
};

struct folders_job {
    struct job job;
    struct checkpoint_files checkpoints; /* without what is deleted; empty where they name nothing that is */
    struct folder *folders;
    const struct metadata_topic **topics; /* whose they are; the image stays as it is until the job is done */
    int32_t count, topic_count;
    bool sync_failed; /* a result: another try would prove nothing */
    struct err_text error;
};

/* Checkpoints know partitions by name alone: what they say of a deleted topic must go before a new one of its name can
 * have records, or these would count as lost, or as deleted, after a crash. */
static int folders_write(struct folders_job *f, struct disk *disk)
{
    int stale = checkpoint_files_write(&f->checkpoints, disk);
    if (stale < 0) return stale;
    for (int32_t i = 0; i < f->count; i++) {
        int rc = log_create_unsynced(disk, f->folders[i].dir, f->folders[i].topic_id, &f->error);
        if (rc < 0) return rc;
    }
    return disk->call->sync_dir(disk, "");
}

static int folders_run(struct node_job *base, struct disk *disk)
{
    struct folders_job *f = (struct folders_job *)base;
    struct disk_watch watch;
    disk_watch_init(&watch, disk);
    int rc = folders_write(f, &watch.disk);
    f->sync_failed = watch.sync_failed;
    return rc;
}

static void folders_drop(struct job *j)
{
    struct folders_job *f = (struct folders_job *)j;
    checkpoint_files_release(&f->checkpoints);
    free(f->folders);
    free(f->topics);
    free(f);
}

/* How many partitions of a topic of the image are here; the rest has no folders yet. */
static int32_t partitions_here(struct node *n, const struct metadata_topic *t)
{
    const struct topic *mine = topic_find(n, slice_str(t->name));
    return mine ? mine->partition_count : 0;
}

/* The partitions whose folders were made: those of a new topic, or more of a known one. */
static void topic_attach(struct node *n, const struct metadata_topic *t)
{
    int32_t here = partitions_here(n, t);
    struct topic *mine = here ? topic_grow(n, t) : topic_new(n, t);
    struct log_config config = partition_log_config(n, t);
    for (int32_t i = here; i < t->partition_count; i++) {
        char dir[300];
        partition_dir(t->name, i, dir, sizeof dir);
        partition_new(n, mine, i, log_new(&n->files, dir, t->id.bytes, &config));
        if (strcmp(t->name, OFFSETS_TOPIC) == 0) group_api_load_empty(n, i);
    }
}

static void round_done(struct node *n)
{
    struct change *c = n->changes;
    if (all_decided(c))
        change_end(n, c);
    else
        n->change_running = false;
    changes_continue(n);
}

static void folders_done(struct node *n, struct job *j, int err)
{
    struct folders_job *f = (struct folders_job *)j;
    if (f->checkpoints.count > 0) checkpoint_hashes_forget(n);
    if (err < 0) {
        n->checkpoints_stale |= f->checkpoints.count > 0;
        /* The topic is in the metadata and stays there without a leader until its folders can be made. */
        action_say(n, LOG_LEVEL_ERROR, "cannot make the folders of a topic: %s",
                   f->error.text[0] ? f->error.text : err_name(err));
        n->changes->error = KAFKA_KAFKA_STORAGE_ERROR;
        if (f->sync_failed)
            node_disk_failed(n, "the folders of a topic");
        else
            node_deadline_in(n, &n->folders_again, FOLDERS_AGAIN_MS);
    } else {
        for (int32_t i = 0; i < f->topic_count; i++) topic_attach(n, f->topics[i]);
    }
    folders_drop(j);
    round_done(n);
}

static void folders_add(struct folders_job *f, const struct metadata_topic *t, int32_t here)
{
    f->topics = memory_grow(f->topics, (size_t)f->topic_count + 1, sizeof(struct metadata_topic *));
    f->topics[f->topic_count++] = t;
    f->folders = memory_grow(f->folders, (size_t)(f->count + t->partition_count - here), sizeof *f->folders);
    for (int32_t i = here; i < t->partition_count; i++) {
        struct folder *x = &f->folders[f->count++];
        partition_dir(t->name, i, x->dir, sizeof x->dir);
        memcpy(x->topic_id, t->id.bytes, sizeof x->topic_id);
    }
}

/* How many doomed partitions stand where folders of `t` are to be made; they are marked. */
static int32_t topic_blocked(const struct table *standing, const struct metadata_topic *t, int32_t here)
{
    int32_t count = 0;
    for (int32_t i = here; i < t->partition_count && standing->count > 0; i++) {
        char dir[300];
        partition_dir(t->name, i, dir, sizeof dir);
        struct partition *p = table_get_str(standing, dir);
        if (!p) continue;
        p->blocks = true;
        count++;
    }
    return count;
}

/* The folders of partitions that are new, but for those of topics that are blocked. NULL when there are none. */
static struct folders_job *folders_plan(struct node *n)
{
    struct folders_job *f = memory_new(sizeof *f);
    struct table standing = {0};
    for (int i = 0; i < n->doomed_count; i++) {
        n->doomed[i]->blocks = false;
        table_set_str(&standing, log_dir(n->doomed[i]->log), n->doomed[i]);
    }
    n->folders_blocked = 0;
    for (const struct metadata_topic *t = metadata_topic_next(&n->image, NULL); t;
         t = metadata_topic_next(&n->image, t)) {
        int32_t here = partitions_here(n, t);
        if (here == t->partition_count) continue;
        int32_t blocked = topic_blocked(&standing, t, here);
        n->folders_blocked += blocked;
        if (!blocked) folders_add(f, t, here);
    }
    table_release(&standing);
    if (f->count > 0) return f;
    folders_drop(&f->job);
    return NULL;
}

/* A topic that is made again right after its deletion waits until the old folders are gone, which may be held by an
 * answer on its way to a slow client. Others do not wait for that client: after FOLDERS_PATIENCE_MS the change is over,
 * the topic has no leader, and its folders are made when they can be. */
static void folders_make(struct node *n)
{
    struct folders_job *f = folders_plan(n);
    n->folders_impatient &= n->folders_blocked > 0;
    if (n->folders_blocked > 0 && !n->folders_impatient) {
        if (f) folders_drop(&f->job);
        if (!deadline_is_set(&n->folders_patience)) node_deadline_in(n, &n->folders_patience, FOLDERS_PATIENCE_MS);
        return;
    }
    if (f && n->disk_failed) {
        n->changes->error = KAFKA_KAFKA_STORAGE_ERROR;
        folders_drop(&f->job);
        f = NULL;
    }
    if (!f) {
        round_done(n);
        return;
    }
    f->job.base = (struct node_job){.name = "make-folders", .order = ORDER_CHECKPOINTS, .run = folders_run};
    f->job.done = folders_done;
    f->job.drop = folders_drop;
    if (n->checkpoints_stale) checkpoint_files_now(n, &f->checkpoints);
    n->checkpoints_stale = false;
    job_start(n, &f->job);
}

void controller_patience_over(struct node *n)
{
    action_say(n, LOG_LEVEL_WARN,
               "a topic that was made again has no leader yet: answers with records of its deleted "
               "namesake are still on their way to slow clients");
    n->folders_impatient = true;
    folders_make(n);
}

void controller_doomed_gone(struct node *n, const struct partition *p)
{
    if (!p->blocks) return;
    n->folders_blocked--;
    if (n->folders_impatient) {
        if (!deadline_is_set(&n->folders_again)) node_deadline_in(n, &n->folders_again, FOLDERS_SOON_MS);
    } else if (n->folders_blocked == 0) {
        deadline_clear(&n->deadlines, &n->folders_patience);
        folders_make(n);
    }
}

static void folders_made_again(struct node *n, struct change *c)
{
    (void)n;
    (void)c;
}

void controller_folders_again(struct node *n)
{
    change_submit(n, change_new(CHANGE_FOLDERS, NULL, 1, folders_made_again));
}

/* --- after the append --- */

/* Topics that are here and not in the image any more. */
static void topics_detach(struct node *n)
{
    for (struct table_entry *e = table_first(&n->topics); e; e = table_next(&n->topics, e)) {
        struct topic *t = e->value;
        if (metadata_topic_find_id(&n->image, t->id)) continue;
        group_api_topic_deleted(n, kafka_string_of(t->name));
        topic_delete(n, t);
    }
}

/* What the records of an alteration mean for the partitions that are here. */
static void configs_take(struct node *n, const struct change *c)
{
    bool all = false;
    for (int32_t i = 0; i < c->item_count; i++) {
        const struct change_item *item = &c->items[i];
        struct topic *t =
            item->alter.resource_type == KAFKA_RESOURCE_TOPIC ? topic_find(n, kafka_string_slice(item->name)) : NULL;
        if (item->outcome.error != KAFKA_NONE) continue;
        if (item->alter.resource_type == KAFKA_RESOURCE_BROKER) all = true;
        if (t) topic_reconfigure(n, t);
    }
    if (all) node_limits_tell(n);
    for (struct table_entry *e = all ? table_first(&n->topics) : NULL; e; e = table_next(&n->topics, e))
        topic_reconfigure(n, e->value);
}

static void decided_replay(struct node *n)
{
    for (int32_t i = 0; i < n->decided.count; i++) {
        struct err_text error = {0};
        int rc = metadata_replay(&n->image, n->decided.values[i], &error);
        /* The decision was made from this very image. */
        if (rc < 0) action_say(n, LOG_LEVEL_ERROR, "a metadata record of our own cannot be replayed: %s", error.text);
        assert(rc == 0);
    }
    metadata_changes_reset(&n->decided);
}

/* Others have nothing to do with folders: they neither wait nor fail when those of some topic cannot be made. */
static bool makes_partitions(const struct change *c)
{
    return c->kind == CHANGE_CREATE || c->kind == CHANGE_OFFSETS_TOPIC || c->kind == CHANGE_PARTITIONS;
}

void controller_appended(struct node *n, struct append *a)
{
    struct change *c = n->changes;
    assert(c && n->change_running);
    if (a->error != KAFKA_NONE) {
        metadata_changes_reset(&n->decided);
        c->error = KAFKA_KAFKA_STORAGE_ERROR;
        change_end(n, c);
        changes_continue(n);
        return;
    }
    decided_replay(n);
    if (c->kind == CHANGE_DELETE) topics_detach(n);
    if (c->kind == CHANGE_CONFIGS) configs_take(n, c);
    if (makes_partitions(c))
        folders_make(n);
    else
        round_done(n);
}

void controller_release(struct node *n)
{
    for (struct change *c = n->changes, *next; c; c = next) {
        next = c->next;
        change_free(c);
    }
    metadata_changes_release(&n->decided);
}
