/* node_fuzz - a whole broker, and what a client sends to it.
 *
 *     input := { size u32 big-endian, frame } ...          as on the wire: a capture of a connection is an input
 *
 * The frames reach a node on a disk in memory one after the other; where one costs its connection the next comes over a
 * new one. Batches in Produce requests get their length and CRC put right first, for no fuzzer guesses them. Then time
 * passes, the clients leave, the node shuts down, and a new one opens the same disk: whatever was sent, it starts.
 *
 * The mutator knows frames: it moves, doubles and drops them, gives them the key and version of any API that is served,
 * and lets libFuzzer loose on one body at a time. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/config.h"
#include "broker/node/node.h"
#include "lib/base/checksum.h"
#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages.h"
#include "tests/memory_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

enum { EVENTS_MAX = 1 << 16, FRAMES_MAX = 64 };

/* --- a server of one thread --- */

static struct fake disk;
static struct node_config config;
static struct node *node;
static struct actions actions;
static struct node_time now;
static struct event *events; /* a ring; completions wait here for the step under way to end */
static unsigned event_first, event_count;
static uint64_t connection;
static bool connected, stopped;

static void post(struct event e)
{
    assert(event_count < EVENTS_MAX);
    events[(event_first + event_count++) % EVENTS_MAX] = e;
}

static struct buf *file_of(const struct log_file *f)
{
    struct fake_file *file = fake_find(&disk, f->path);
    return &(file ? file : file_add(&disk, f->path, false))->bytes;
}

static void append(const struct action *a)
{
    struct buf *b = file_of(a->file);
    size_t at = (size_t)a->at;
    for (int i = 0; i < a->piece_count; i++) {
        struct slice s = a->pieces[i].bytes;
        if (at + s.n > b->n) resize(b, at + s.n);
        if (s.n) memcpy(b->p + at, s.p, s.n);
        at += s.n;
    }
    if (a->token) post((struct event){.kind = EVENT_APPENDED, .token = a->token});
}

static void read_back(const struct action *a)
{
    const struct buf *b = file_of(a->file);
    size_t n = a->at >= b->n ? 0 : b->n - (size_t)a->at;
    if (n > a->length) n = (size_t)a->length;
    post((struct event){.kind = EVENT_READ,
                        .token = a->token,
                        .data = slice_of(memory_copy(n ? b->p + a->at : (const uint8_t *)"", n), n)});
}

/* Every answer is whole: its size is what follows, and each range of a file is there. */
static void sent(const struct action *a)
{
    uint64_t n = 0;
    for (int i = 0; i < a->piece_count; i++) {
        const struct action_piece *p = &a->pieces[i];
        if (p->file) assert(p->at + p->length <= file_of(p->file)->n);
        n += p->file ? p->length : p->bytes.n;
    }
    assert(a->piece_count > 0 && !a->pieces[0].file && a->pieces[0].bytes.n >= 8);
    assert(get_u32be(a->pieces[0].bytes.p) == n - 4);
}

static void perform(const struct action *a)
{
    switch (a->kind) {
    case ACTION_APPEND: append(a); break;
    case ACTION_SYNC: post((struct event){.kind = EVENT_SYNCED, .token = a->token}); break;
    case ACTION_READ: read_back(a); break;
    case ACTION_SEND: sent(a); break;
    case ACTION_CLOSE: connected &= a->connection != connection; break;
    case ACTION_JOB:
        post((struct event){.kind = EVENT_JOB_DONE, .job = a->job, .err = a->job->run(a->job, &disk.disk)});
        break;
    case ACTION_STOPPED: stopped = true; break;
    default: break;
    }
}

static void tell(struct event e)
{
    post(e);
    while (event_count) {
        struct event next = events[event_first];
        event_first = (event_first + 1) % EVENTS_MAX;
        event_count--;
        node_step(node, now, &next, &actions);
        if (next.kind == EVENT_READ) free((void *)next.data.p);
        for (int i = 0; i < actions.count; i++) perform(&actions.items[i]);
        actions_reset(&actions);
    }
}

static void pass(int64_t ms)
{
    now.monotonic_ns += ms * 1000000;
    now.wall_ms += ms;
    tell((struct event){.kind = EVENT_TIMER});
}

static void start(void)
{
    struct err_text error = {""};
    int rc = node_open(&config, &disk.disk, now, 1, &node, &error);
    assert(rc == 0);
    stopped = false;
    pass(0);
}

static void end(void)
{
    tell((struct event){.kind = EVENT_SHUTDOWN});
    for (int i = 0; i < 100 && !stopped; i++) pass(100);
    assert(stopped);
    node_free(node);
    actions_release(&actions);
}

static void set_up(void)
{
    static const char text[] = "offsets.topic.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n"
                               "num.partitions=2\n";
    struct properties p = {0};
    struct err_text error;
    int rc = properties_parse(&p, slice_str(text), "fuzz", &error);
    if (rc == 0) rc = node_config_load(&config, &p, NULL, NULL, &error);
    assert(rc == 0);
    events = memory_new(EVENTS_MAX * sizeof *events);
}

/* --- frames --- */

static void batch_repair(struct kafka_bytes records)
{
    uint8_t *p = (uint8_t *)records.p;
    if (records.n < BATCH_HEADER_SIZE) return;
    put_u32be(p + 8, (uint32_t)records.n - BATCH_LOG_OVERHEAD);
    put_u32be(p + 17, crc32c(0, p + 21, (size_t)records.n - 21));
}

static void produce_repair(struct slice frame)
{
    struct kafka_request_header h;
    struct slice body;
    struct produce_request r;
    struct arena a = {0};
    if (kafka_request_header_decode(frame, &h, &body) == 0 && h.api_key == KAFKA_API_PRODUCE &&
        kafka_decode_front(&produce_request_message, h.api_version, body, &a, &r) == 0)
        for (int32_t t = 0; t < r.topic_data_count; t++)
            for (int32_t i = 0; i < r.topic_data[t].partition_data_count; i++)
                batch_repair(r.topic_data[t].partition_data[i].records);
    arena_release(&a);
}

/* Thousands of partitions take the disk in memory, which looks for a file by walking, minutes. */
static bool is_too_wide(struct slice frame)
{
    enum { WIDE = 20 };
    struct kafka_request_header h = {0};
    struct slice body;
    struct create_topics_request topics = {0};
    struct create_partitions_request more = {0};
    struct arena a = {0};
    bool wide = false;
    if (kafka_request_header_decode(frame, &h, &body) == 0 && h.api_key == KAFKA_API_CREATE_TOPICS &&
        kafka_decode_front(&create_topics_request_message, h.api_version, body, &a, &topics) == 0) {
        wide = topics.topics_count > WIDE;
        for (int32_t i = 0; i < topics.topics_count && !wide; i++)
            wide = topics.topics[i].num_partitions > WIDE || topics.topics[i].assignments_count > WIDE;
    } else if (h.api_key == KAFKA_API_CREATE_PARTITIONS &&
               kafka_decode_front(&create_partitions_request_message, h.api_version, body, &a, &more) == 0) {
        for (int32_t i = 0; i < more.topics_count && !wide; i++) wide = more.topics[i].count > WIDE;
    }
    arena_release(&a);
    return wide;
}

static void send_frame(struct slice bytes)
{
    if (is_too_wide(bytes)) return;
    struct shared *frame = shared_new(bytes.n);
    if (bytes.n) memcpy(frame->p, bytes.p, bytes.n);
    produce_repair(slice_of(frame->p, frame->n));
    if (!connected) tell((struct event){.kind = EVENT_CONNECTED, .connection = ++connection, .data = slice_str("::1")});
    connected = true;
    tell((struct event){.kind = EVENT_FRAME, .connection = connection, .frame = frame});
}

/* The next frame of a stream; the last one may be shorter than it says. */
static bool frame_next(struct slice *in, struct slice *frame)
{
    if (in->n < 4) return false;
    size_t n = get_u32be(in->p);
    if (n > in->n - 4) n = in->n - 4;
    *frame = slice_of(in->p + 4, n);
    *in = slice_of(in->p + 4 + n, in->n - 4 - n);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!events) set_up();
    fake_init(&disk);
    now = (struct node_time){1000000000, 1700000000000};
    connected = false;
    start();
    struct slice in = slice_of(data, size), frame;
    for (int i = 0; i < FRAMES_MAX && frame_next(&in, &frame); i++) {
        send_frame(frame);
        pass(i % 8 == 7 ? 700 : 1);
    }
    pass(20000);
    if (connected) tell((struct event){.kind = EVENT_DISCONNECTED, .connection = connection});
    pass(8LL * 24 * 3600 * 1000); /* retention */
    end();
    start();
    end();
    fake_release(&disk);
    return 0;
}

/* --- the mutator --- */

static size_t put_frame(struct buf *out, struct slice frame, size_t max)
{
    if (out->n + 4 + frame.n > max) return 0;
    buf_put_u32(out, (uint32_t)frame.n);
    buf_append_slice(out, frame);
    return frame.n;
}

static void header_change(uint8_t *p, size_t n, unsigned chance)
{
    if (n < 8) return;
    const struct kafka_api *api = &kafka_apis[chance % (unsigned)kafka_apis_count];
    const struct kafka_api *own = kafka_api_find((int16_t)get_u16be(p));
    if (chance & 0x100 && own) api = own;
    put_u16be(p, (uint16_t)api->key);
    put_u16be(p + 2, (uint16_t)(api->min + (int)(chance >> 12) % (api->max - api->min + 1)));
}

/* One frame with a change in it. */
static void frame_change(struct buf *out, struct slice frame, size_t max, unsigned chance)
{
    size_t room = frame.n + 64;
    uint8_t *p = memory_new(room);
    if (frame.n) memcpy(p, frame.p, frame.n);
    size_t n = frame.n;
    if (chance % 4 == 0)
        header_change(p, n, chance >> 3);
    else if (n > 8)
        n = 8 + LLVMFuzzerMutate(p + 8, n - 8, room - 8);
    put_frame(out, slice_of(p, n), max);
    free(p);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct slice frames[FRAMES_MAX], in = slice_of(data, size);
    unsigned count = 0;
    while (count < FRAMES_MAX && frame_next(&in, &frames[count])) count++;
    if (count == 0 || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max);
    struct buf out = {0};
    unsigned at = (seed >> 4) % count, other = (seed >> 10) % count, what = (seed >> 16) % 8;
    for (unsigned i = 0; i < count; i++) {
        if (i != at)
            put_frame(&out, frames[i], max);
        else if (what < 5)
            frame_change(&out, frames[i], max, seed >> 19);
        else if (what == 5)
            put_frame(&out, frames[other], max);
        if (i == at && what == 6) {
            put_frame(&out, frames[i], max);
            put_frame(&out, frames[other], max);
        }
    }
    if (out.n == 0) put_frame(&out, frames[0], max);
    if (out.n) memcpy(data, out.p, out.n);
    size_t n = out.n;
    buf_release(&out);
    return n;
}
