#include "broker/node/driver_test.h"

#include "lib/base/memory.h"
#include "tests/unit.h"

/* --- a disk in memory --- */

struct disk_file {
    struct buf *content;
};

static struct memory_disk *disk_of(struct disk *d)
{
    return (struct memory_disk *)d;
}

struct buf *memory_disk_file(struct memory_disk *m, const char *path)
{
    return table_get_str(&m->files, path);
}

static int memory_open(struct disk *d, const char *path, enum disk_open how, struct disk_file **out)
{
    struct buf *b = memory_disk_file(disk_of(d), path);
    if (!b && how != DISK_CREATE) return ERR_NOTFOUND;
    if (!b) {
        b = memory_new(sizeof *b);
        table_set_str(&disk_of(d)->files, path, b);
    }
    *out = memory_new(sizeof **out);
    (*out)->content = b;
    return 0;
}

static void memory_close(struct disk *d, struct disk_file *f)
{
    (void)d;
    free(f);
}

static int64_t memory_read_at(struct disk *d, struct disk_file *f, uint64_t at, void *p, size_t n)
{
    (void)d;
    if (at >= f->content->n) return 0;
    size_t left = f->content->n - at;
    if (n > left) n = left;
    if (n) memcpy(p, f->content->p + at, n);
    return (int64_t)n;
}

static void content_write(struct buf *b, uint64_t at, const void *p, size_t n)
{
    while (b->n < at + n) buf_append_byte(b, 0);
    if (n) memcpy(b->p + at, p, n);
}

static int memory_write_at(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
    (void)d;
    content_write(f->content, at, p, n);
    return 0;
}

static int64_t memory_size(struct disk *d, struct disk_file *f)
{
    (void)d;
    return (int64_t)f->content->n;
}

static int memory_truncate(struct disk *d, struct disk_file *f, uint64_t size)
{
    (void)d;
    while (f->content->n < size) buf_append_byte(f->content, 0);
    f->content->n = size;
    return 0;
}

static int memory_sync(struct disk *d, struct disk_file *f)
{
    disk_of(d)->syncs++;
    (void)f;
    return 0;
}

static int memory_make_dir(struct disk *d, const char *path)
{
    char name[512];
    if (disk_of(d)->fail_make_dir) return disk_of(d)->fail_make_dir;
    snprintf(name, sizeof name, "%s/", path);
    struct buf *old = table_set_str(&disk_of(d)->files, name, memory_new(sizeof *old));
    if (old) {
        buf_release(old);
        free(old);
    }
    return 0;
}

static int memory_sync_dir(struct disk *d, const char *path)
{
    disk_of(d)->syncs++;
    return path[0] ? disk_of(d)->fail_sync_folders : disk_of(d)->fail_sync_root;
}

static void content_free(struct buf *b)
{
    if (!b) return;
    buf_release(b);
    free(b);
}

/* A directory takes what is in it along. */
static int memory_rename(struct disk *d, const char *from, const char *to)
{
    struct table *files = &disk_of(d)->files;
    struct table renamed = {0};
    size_t n = strlen(from);
    int moved = 0;
    for (struct table_entry *e = table_first(files); e; e = table_next(files, e)) {
        char name[512], target[1024];
        snprintf(name, sizeof name, "%.*s", (int)e->key.n, (const char *)e->key.p);
        if (strncmp(name, from, n) != 0 || (name[n] != '\0' && name[n] != '/')) continue;
        snprintf(target, sizeof target, "%s%s", to, name + n);
        table_set_str(&renamed, target, table_remove(files, slice_str(name)));
        moved++;
    }
    for (struct table_entry *e = table_first(&renamed); e; e = table_next(&renamed, e))
        content_free(table_set(files, e->key, e->value));
    table_release(&renamed);
    return moved ? 0 : ERR_NOTFOUND;
}

static int memory_remove(struct disk *d, const char *path)
{
    char name[512];
    struct buf *b = table_remove(&disk_of(d)->files, slice_str(path));
    snprintf(name, sizeof name, "%s/", path);
    if (!b) b = table_remove(&disk_of(d)->files, slice_str(name));
    if (!b) return ERR_NOTFOUND;
    content_free(b);
    return 0;
}

struct listed {
    char name[300];
    bool is_dir;
};

static int listed_compare(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static int memory_list(struct disk *d, const char *path, void (*each)(void *, const char *, bool), void *context)
{
    struct table *files = &disk_of(d)->files;
    struct listed *list = memory_new((files->count + 1) * sizeof *list);
    char prefix[512];
    size_t count = 0;
    bool found = !path[0];
    snprintf(prefix, sizeof prefix, "%s%s", path, path[0] ? "/" : "");
    size_t n = strlen(prefix);
    for (struct table_entry *e = table_first(files); e; e = table_next(files, e)) {
        char name[512];
        snprintf(name, sizeof name, "%.*s", (int)e->key.n, (const char *)e->key.p);
        if (strncmp(name, prefix, n) != 0) continue;
        found = true;
        char *rest = name + n, *slash = strchr(rest, '/');
        if (!rest[0] || (slash && slash[1])) continue;
        if (slash) *slash = '\0';
        snprintf(list[count].name, sizeof list[count].name, "%.299s", rest);
        list[count++].is_dir = slash != NULL;
    }
    qsort(list, count, sizeof *list, listed_compare);
    for (size_t i = 0; i < count; i++) each(context, list[i].name, list[i].is_dir);
    free(list);
    return found ? 0 : ERR_NOTFOUND;
}

static const struct disk_functions memory_functions = {
    memory_open, memory_close,    memory_read_at,  memory_write_at, memory_size,   memory_truncate,
    memory_sync, memory_make_dir, memory_sync_dir, memory_rename,   memory_remove, memory_list,
};

void memory_disk_init(struct memory_disk *m)
{
    *m = (struct memory_disk){.disk = {&memory_functions}};
}

void memory_disk_release(struct memory_disk *m)
{
    for (struct table_entry *e = table_first(&m->files); e; e = table_next(&m->files, e)) content_free(e->value);
    table_release(&m->files);
}

int memory_disk_files(struct memory_disk *m, const char *prefix)
{
    int count = 0;
    for (struct table_entry *e = table_first(&m->files); e; e = table_next(&m->files, e))
        if (e->key.n >= strlen(prefix) && memcmp(e->key.p, prefix, strlen(prefix)) == 0) count++;
    return count;
}

/* --- actions --- */

static void post(struct driver *d, const struct event *e, uint8_t *bytes)
{
    int i = (d->event_first + d->event_count++) % 1024;
    check(d->event_count <= 1024);
    d->events[i] = *e;
    d->read_bytes[i] = bytes;
}

static struct buf *file_of(struct driver *d, const struct log_file *f)
{
    struct buf *b = memory_disk_file(d->disk, f->path);
    if (b) return b;
    b = memory_new(sizeof *b);
    table_set_str(&d->disk->files, f->path, b);
    return b;
}

static void perform_append(struct driver *d, const struct action *a)
{
    int err = a->token ? d->fail_append : 0;
    uint64_t at = a->at;
    for (int i = 0; i < a->piece_count && err == 0; i++) {
        content_write(file_of(d, a->file), at, a->pieces[i].bytes.p, a->pieces[i].bytes.n);
        at += a->pieces[i].bytes.n;
    }
    if (a->token) post(d, &(struct event){.kind = EVENT_APPENDED, .token = a->token, .err = err}, NULL);
}

static void perform_read(struct driver *d, const struct action *a)
{
    struct buf *b = file_of(d, a->file);
    size_t n = a->at >= b->n ? 0 : b->n - a->at < a->length ? b->n - a->at : a->length;
    uint8_t *bytes = memory_copy(n ? b->p + a->at : (const uint8_t *)"", n);
    struct event e = {.kind = EVENT_READ, .token = a->token, .data = slice_of(bytes, n)};
    if (d->hold_reads) {
        check(d->held_read_count < DRIVER_HELD);
        d->held_reads[d->held_read_count++] = e;
        return;
    }
    post(d, &e, bytes);
}

static void perform_send(struct driver *d, const struct action *a)
{
    struct driver_connection *c = &d->connections[a->connection];
    for (int i = 0; i < a->piece_count; i++) {
        const struct action_piece *p = &a->pieces[i];
        if (!p->file) {
            buf_append_slice(&c->sent, p->bytes);
            continue;
        }
        struct buf *b = file_of(d, p->file);
        check(p->at + p->length <= b->n);
        buf_append(&c->sent, b->p + p->at, p->length);
        if (d->hold_files) d->held_files[d->held_file_count++] = log_file_ref(p->file);
    }
}

static void perform_job(struct driver *d, struct node_job *job)
{
    if (d->hold_jobs) {
        check(d->held_job_count < DRIVER_HELD);
        d->held_jobs[d->held_job_count++] = job;
        return;
    }
    int err = job->run(job, &d->disk->disk);
    post(d, &(struct event){.kind = EVENT_JOB_DONE, .job = job, .err = err}, NULL);
}

static void perform_sync(struct driver *d, const struct action *a)
{
    d->sync_count++;
    if (d->hold_syncs) {
        check(d->held_sync_count < DRIVER_HELD);
        d->held_syncs[d->held_sync_count++] = a->token;
        return;
    }
    post(d, &(struct event){.kind = EVENT_SYNCED, .token = a->token, .err = d->fail_sync}, NULL);
}

static void perform(struct driver *d, const struct action *a)
{
    switch (a->kind) {
    case ACTION_APPEND: perform_append(d, a); break;
    case ACTION_SYNC: perform_sync(d, a); break;
    case ACTION_READ: perform_read(d, a); break;
    case ACTION_SEND: perform_send(d, a); break;
    case ACTION_CLOSE: d->connections[a->connection].open = false; break;
    case ACTION_JOB: perform_job(d, a->job); break;
    case ACTION_WAKE: d->wake_ns = a->at_ns; break;
    case ACTION_PAUSE: d->connections[a->connection].paused = true; break;
    case ACTION_RESUME: d->connections[a->connection].paused = false; break;
    case ACTION_FORGET: break;
    case ACTION_SAY: break;
    case ACTION_LIMIT: d->connections_max = (int64_t)a->length; break;
    case ACTION_STOPPED: d->stopped = true; break;
    }
}

static void run(struct driver *d)
{
    if (d->stepping) return;
    d->stepping = true;
    while (d->event_count) {
        struct event e = d->events[d->event_first];
        uint8_t *bytes = d->read_bytes[d->event_first];
        d->event_first = (d->event_first + 1) % 1024;
        d->event_count--;
        node_step(d->node, d->now, &e, &d->actions);
        free(bytes);
        for (int i = 0; i < d->actions.count; i++) perform(d, &d->actions.items[i]);
        actions_reset(&d->actions);
    }
    d->stepping = false;
}

static void tell(struct driver *d, const struct event *e)
{
    post(d, e, NULL);
    run(d);
}

/* --- life --- */

int driver_start(struct driver *d, const char *properties, struct err_text *error)
{
    struct properties p = {0};
    check_int(properties_parse(&p, slice_str("group.initial.rebalance.delay.ms=0\n"), "test", error), 0);
    check_int(properties_parse(&p, slice_str(properties), "test", error), 0);
    int rc = node_config_load(&d->config, &p, NULL, NULL, error);
    d->disk->syncs = 0;
    if (rc == 0) rc = node_open(&d->config, &d->disk->disk, d->now, 42, &d->node, error);
    if (rc < 0) return rc;
    d->opening_syncs = d->disk->syncs;
    d->wake_ns = INT64_MAX;
    d->stopped = false;
    tell(d, &(struct event){.kind = EVENT_TIMER});
    return 0;
}

static void node_start(struct driver *d, const char *properties)
{
    struct err_text error = {0};
    if (driver_start(d, properties, &error) < 0) unit_fail("the node does not open: %s", error.text);
}

static void node_end(struct driver *d)
{
    while (d->held_file_count) log_file_unref(d->held_files[--d->held_file_count]);
    while (d->held_read_count) free((void *)d->held_reads[--d->held_read_count].data.p);
    node_free(d->node);
    d->node = NULL;
    actions_release(&d->actions);
    node_config_release(&d->config);
    for (int i = 0; i < DRIVER_CONNECTIONS; i++) buf_release(&d->connections[i].sent);
    memset(d->connections, 0, sizeof d->connections);
    d->held_sync_count = d->held_job_count = 0;
    d->hold_syncs = d->hold_jobs = d->hold_reads = false;
    d->fail_append = d->fail_sync = 0;
}

void driver_open(struct driver *d, const char *properties)
{
    memset(d, 0, sizeof *d);
    memory_disk_init(&d->own_disk);
    d->disk = &d->own_disk;
    d->now = (struct node_time){1000000000, 1700000000000};
    node_start(d, properties);
}

void driver_crash(struct driver *d, const char *properties)
{
    node_end(d);
    node_start(d, properties);
}

void driver_stop(struct driver *d)
{
    tell(d, &(struct event){.kind = EVENT_SHUTDOWN});
    check(d->stopped);
    d->marker_left = memory_disk_file(d->disk, ".kafka_cleanshutdown") != NULL;
    node_end(d);
}

void driver_stop_hard(struct driver *d)
{
    node_end(d);
}

void driver_restart(struct driver *d, const char *properties)
{
    driver_stop(d);
    node_start(d, properties);
}

void driver_close(struct driver *d)
{
    node_end(d);
    memory_disk_release(&d->own_disk);
    arena_release(&d->arena);
}

void driver_wait(struct driver *d, int64_t ms)
{
    int64_t until_ns = d->now.monotonic_ns + ms * 1000000;
    while (d->wake_ns <= until_ns) {
        int64_t step_ns = d->wake_ns - d->now.monotonic_ns;
        if (step_ns > 0) {
            d->now.monotonic_ns += step_ns;
            d->now.wall_ms += step_ns / 1000000;
        }
        d->wake_ns = INT64_MAX;
        tell(d, &(struct event){.kind = EVENT_TIMER});
    }
    d->now.wall_ms += (until_ns - d->now.monotonic_ns) / 1000000;
    d->now.monotonic_ns = until_ns;
    tell(d, &(struct event){.kind = EVENT_TIMER});
}

/* --- clients --- */

static struct driver_connection *connection(struct driver *d, int i)
{
    struct driver_connection *c = &d->connections[i];
    if (!c->open) {
        tell(d, &(struct event){.kind = EVENT_CONNECTED, .connection = (uint64_t)i, .data = SLICE_LIT("127.0.0.1")});
        c->open = true;
    }
    return c;
}

void driver_frame(struct driver *d, int i, struct slice frame)
{
    connection(d, i);
    struct shared *s = shared_new(frame.n);
    memcpy(s->p, frame.p, frame.n);
    tell(d, &(struct event){.kind = EVENT_FRAME, .connection = (uint64_t)i, .frame = s});
}

void driver_ask(struct driver *d, int i, int api_key, int version, const void *request)
{
    struct driver_connection *c = connection(d, i);
    struct buf frame = {0};
    struct kafka_request_header h = {
        .api_key = (int16_t)api_key,
        .api_version = (int16_t)version,
        .correlation_id = ++c->correlation_sent,
        .client_id = KAFKA_STRING_LIT("test"),
    };
    check_int(kafka_request_frame(&h, request, &frame), 0);
    check(c->asked_count < 256);
    c->asked[(c->asked_first + c->asked_count++) % 256] = (struct driver_asked){(int16_t)api_key, (int16_t)version};
    driver_frame(d, i, slice_of(frame.p + 4, frame.n - 4));
    buf_release(&frame);
}

void *driver_answer(struct driver *d, int i)
{
    struct driver_connection *c = &d->connections[i];
    if (c->sent.n - c->read < 4 || c->asked_count == 0) return NULL;
    size_t size = get_u32be(c->sent.p + c->read);
    check(c->sent.n - c->read >= 4 + size);
    struct slice frame = slice_of(arena_copy(&d->arena, c->sent.p + c->read + 4, size), size), body;
    c->read += 4 + size;
    struct driver_asked asked = c->asked[c->asked_first];
    c->asked_first = (c->asked_first + 1) % 256;
    c->asked_count--;
    const struct kafka_api *api = kafka_api_find(asked.key);
    int32_t correlation;
    check_int(kafka_response_header_decode(asked.key, asked.version, frame, &correlation, &body), 0);
    check_int(correlation, ++c->correlation_seen);
    void *out = arena_alloc(&d->arena, api->response->root->size);
    check_int(kafka_decode(api->response, asked.version, body, &d->arena, out), 0);
    return out;
}

void driver_disconnect(struct driver *d, int i)
{
    d->connections[i].open = false;
    tell(d, &(struct event){.kind = EVENT_DISCONNECTED, .connection = (uint64_t)i});
}

void driver_end(struct driver *d, int i)
{
    tell(d, &(struct event){.kind = EVENT_ENDED, .connection = (uint64_t)i});
}

void driver_release_syncs(struct driver *d, int err)
{
    int count = d->held_sync_count;
    d->held_sync_count = 0;
    for (int i = 0; i < count; i++)
        tell(d, &(struct event){.kind = EVENT_SYNCED, .token = d->held_syncs[i], .err = err});
}

void driver_release_jobs(struct driver *d)
{
    int count = d->held_job_count;
    d->held_job_count = 0;
    for (int i = 0; i < count; i++) {
        int err = d->held_jobs[i]->run(d->held_jobs[i], &d->disk->disk);
        tell(d, &(struct event){.kind = EVENT_JOB_DONE, .job = d->held_jobs[i], .err = err});
    }
}

void driver_release_reads(struct driver *d)
{
    int count = d->held_read_count;
    d->held_read_count = 0;
    for (int i = 0; i < count; i++) {
        post(d, &d->held_reads[i], (uint8_t *)d->held_reads[i].data.p);
        run(d);
    }
}

void driver_release_files(struct driver *d)
{
    while (d->held_file_count) log_file_unref(d->held_files[--d->held_file_count]);
    driver_wait(d, 1);
}

/* --- short forms --- */

int16_t driver_create(struct driver *d, const char *topic, int32_t partitions, const char *config, const char *value)
{
    struct create_topics_request_creatable_topic_config c = {kafka_string_of(config), kafka_string_of(value)};
    struct create_topics_request_creatable_topic t = {.name = kafka_string_of(topic),
                                                      .num_partitions = partitions,
                                                      .replication_factor = 1,
                                                      .configs = &c,
                                                      .configs_count = config ? 1 : 0};
    struct create_topics_request r = {.topics = &t, .topics_count = 1, .timeout_ms = 1000};
    driver_ask(d, 7, KAFKA_API_CREATE_TOPICS, 7, &r);
    struct create_topics_response *a = driver_answer(d, 7);
    check(a && a->topics_count == 1);
    return a->topics[0].error_code;
}

void driver_batch_build(const struct driver_batch *b, struct buf *out)
{
    struct batch_builder builder;
    struct batch_options options = BATCH_OPTIONS_PLAIN;
    options.codec = b->codec;
    options.producer_id = b->producer_id;
    options.producer_epoch = b->epoch;
    options.base_sequence = b->sequence;
    batch_builder_init(&builder, &options);
    uint8_t *value = memory_new(b->value_bytes);
    memset(value, 'v', b->value_bytes);
    for (int i = 0; i < b->count; i++)
        batch_builder_add(&builder, b->timestamp + i, b->keyed ? (struct kafka_bytes){value, 1} : KAFKA_BYTES_NULL,
                          (struct kafka_bytes){value, (int32_t)b->value_bytes}, NULL, 0);
    check_int(batch_builder_finish(&builder, out), 0);
    batch_builder_release(&builder);
    free(value);
}

void driver_produce_begin(struct driver *d, int i, const char *topic, int16_t acks, int version,
                          struct kafka_bytes records)
{
    struct produce_request_partition_produce_data p = {.records = records};
    struct produce_request_topic_produce_data t = {
        .name = kafka_string_of(topic), .partition_data = &p, .partition_data_count = 1};
    struct produce_request r = {.transactional_id = KAFKA_STRING_NULL,
                                .acks = acks,
                                .timeout_ms = 5000,
                                .topic_data = &t,
                                .topic_data_count = 1};
    driver_ask(d, i, KAFKA_API_PRODUCE, version, &r);
    if (acks == 0) { /* no answer is awaited */
        d->connections[i].asked_count--;
        d->connections[i].correlation_seen++;
    }
}

struct produce_response_partition_produce_response driver_produce(struct driver *d, const char *topic,
                                                                  const struct driver_batch *b)
{
    struct buf batch = {0};
    driver_batch_build(b, &batch);
    driver_produce_begin(d, 6, topic, -1, 9, (struct kafka_bytes){batch.p, (int32_t)batch.n});
    buf_release(&batch);
    struct produce_response *a = driver_answer(d, 6);
    check(a && a->responses_count == 1 && a->responses[0].partition_responses_count == 1);
    return a->responses[0].partition_responses[0];
}

void driver_fetch_begin(struct driver *d, int i, const char *topic, const struct driver_fetch *f)
{
    struct fetch_request_fetch_partition p = {.current_leader_epoch = f->epoch,
                                              .fetch_offset = f->offset,
                                              .last_fetched_epoch = f->last_epoch,
                                              .log_start_offset = -1,
                                              .partition_max_bytes = f->partition_max_bytes};
    struct fetch_request_fetch_topic t = {
        .topic = kafka_string_of(topic), .topic_id = f->topic_id, .partitions = &p, .partitions_count = 1};
    struct fetch_request r = {.cluster_id = KAFKA_STRING_NULL,
                              .replica_id = -1,
                              .max_wait_ms = f->max_wait_ms,
                              .min_bytes = f->min_bytes,
                              .max_bytes = f->max_bytes,
                              .session_epoch = -1,
                              .topics = &t,
                              .topics_count = 1,
                              .rack_id = KAFKA_STRING_LIT("")};
    driver_ask(d, i, KAFKA_API_FETCH, f->version, &r);
}

struct fetch_response_partition_data driver_fetched(struct driver *d, int i)
{
    struct fetch_response *a = driver_answer(d, i);
    check(a && a->responses_count == 1 && a->responses[0].partitions_count == 1);
    return a->responses[0].partitions[0];
}

struct fetch_response_partition_data driver_fetch_at(struct driver *d, int64_t offset)
{
    struct driver_fetch f = DRIVER_FETCH;
    f.offset = offset;
    driver_fetch_begin(d, 2, "t", &f);
    return driver_fetched(d, 2);
}

int64_t driver_base_offset(struct kafka_bytes records)
{
    struct batch_header h;
    check_int(batch_check(kafka_bytes_slice(records), &h), 0);
    return h.base_offset;
}
