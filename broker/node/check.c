/* The records of a batch are looked at before it is appended, and stored in another codec where the topic
 * says so. docs/formats/wire.md has the list of checks beside Kafka's. Decompressing may burn, so compressed batches go
 * to a helper thread.
 *
 *     connection 1: [ checked now ][ compressed ][ plain ]      a line for each connection: its batches keep their
 *     connection 2: [ checked now ]                             order, and those of others do not wait for them
 *
 * A line has one job at a time. So the helper threads have no more jobs than there are connections, each client has its
 * turn, and one that sends bombs has the next one opened when the last is done. A batch that grows beyond what batches
 * usually are is begun anew as a heavy job, of which one runs at a time: the other thread stays free for the rest. */
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

enum { NO_TIMESTAMP = -1 }; /* of a record that has none */

/* --- one record after the other --- */

static bool timestamp_allowed(const struct append *a, int64_t timestamp)
{
    const struct record_rules *rules = &a->rules;
    if (!rules->create_time || timestamp == NO_TIMESTAMP) return true;
    __int128 age = (__int128)a->now_ms - timestamp; /* a timestamp is any number */
    return age <= rules->before_max_ms && -age <= rules->after_max_ms;
}

/* What Kafka asks of a record, in its order: a compacted topic's has a key (T23), and its time is within bounds. */
static int16_t record_check(const struct append *a, const struct batch_record *r)
{
    if (a->rules.keyed && r->key.n < 0) return KAFKA_INVALID_RECORD;
    return timestamp_allowed(a, r->timestamp) ? KAFKA_NONE : KAFKA_INVALID_TIMESTAMP;
}

static void bad_record_note(struct bad_records *bad, int32_t index, int16_t error)
{
    if (bad->count == BAD_RECORDS_MAX) return;
    if ((bad->count & (bad->count - 1)) == 0) /* the capacity: powers of two */
        bad->items = memory_grow(bad->items, bad->count ? 2 * (size_t)bad->count : 1, sizeof *bad->items);
    bad->items[bad->count++] = (struct bad_record){index, error};
}

/* Every record must parse. All that are refused are named, not the first one only; a bad time weighs more. */
static int16_t payload_check(const struct append *a, struct slice payload, struct bad_records *bad,
                             int64_t *max_timestamp)
{
    struct batch_records records;
    struct batch_record record;
    int16_t error = KAFKA_NONE;
    int rc;
    *max_timestamp = NO_TIMESTAMP;
    batch_records_init(&records, &a->header, payload);
    while ((rc = batch_records_next(&records, &record)) > 0) {
        if (record.timestamp > *max_timestamp) *max_timestamp = record.timestamp;
        int16_t own = record_check(a, &record);
        if (own == KAFKA_NONE) continue;
        bad_record_note(bad, records.index - 1, own);
        if (error != KAFKA_INVALID_TIMESTAMP) error = own;
    }
    return rc < 0 ? KAFKA_INVALID_RECORD : error;
}

/* Bytes whose crc is right and that cannot be opened all the same will never be better: no CORRUPT_MESSAGE, which
 * clients try again. */
static int16_t payload_open(const struct append *a, size_t max, struct buf *scratch, struct slice *payload)
{
    int rc = batch_payload(slice_of(a->batch, a->size), &a->header, max, scratch, payload);
    if (rc == 0) return KAFKA_NONE;
    return rc == ERR_RANGE ? KAFKA_MESSAGE_TOO_LARGE : KAFKA_INVALID_RECORD;
}

/* Lookups by time and retention believe the header: a producer that counts wrong is put right, as Kafka does. */
static void max_timestamp_settle(struct append *a, int64_t max_timestamp)
{
    if (!a->rules.create_time || a->header.max_timestamp == max_timestamp) return;
    batch_stamp_max_timestamp(a->batch, a->size, max_timestamp);
    batch_header_read(slice_of(a->batch, a->size), &a->header);
}

static int16_t records_check(struct append *a, size_t max, struct buf *scratch, struct slice *payload)
{
    int64_t max_timestamp;
    int16_t error = payload_open(a, max, scratch, payload);
    if (error == KAFKA_NONE) error = payload_check(a, *payload, &a->bad, &max_timestamp);
    if (error == KAFKA_NONE) max_timestamp_settle(a, max_timestamp);
    return error;
}

int16_t append_records_check(struct append *a)
{
    struct buf scratch = {0};
    struct slice payload;
    int16_t error = records_check(a, DECOMPRESSED_BYTES_MAX, &scratch, &payload);
    buf_release(&scratch);
    return error;
}

/* --- another codec --- */

bool append_is_recoded(const struct append *a)
{
    return a->rules.codec != CODEC_OF_PRODUCER && a->rules.codec != batch_codec(&a->header);
}

/* The same batch with its payload in another codec: header bytes stay but for length, codec and crc. */
static struct shared *batch_recode(const struct append *a, struct slice payload)
{
    enum { LENGTH_AT = 8, CRC_AT = 17, ATTRIBUTES_AT = 21 };
    int codec = a->rules.codec;
    struct buf out = {0};
    buf_append(&out, a->batch, BATCH_HEADER_SIZE);
    if (codec == COMPRESSION_NONE) {
        buf_append_slice(&out, payload);
    } else if (compression_compress_level(codec, a->rules.level, payload, &out) < 0) {
        buf_release(&out);
        return NULL;
    }
    uint16_t attributes = (uint16_t)((get_u16be(out.p + ATTRIBUTES_AT) & ~BATCH_CODEC_MASK) | codec);
    put_u32be(out.p + LENGTH_AT, (uint32_t)(out.n - BATCH_LOG_OVERHEAD));
    put_u16be(out.p + ATTRIBUTES_AT, attributes);
    put_u32be(out.p + CRC_AT, crc32c(0, out.p + ATTRIBUTES_AT, out.n - ATTRIBUTES_AT));
    return shared_take(&out);
}

/* --- jobs --- */

struct check_job {
    struct job job;
    struct check_line *line;
    struct append *append;
    struct shared *recoded; /* NULL: stored as it came */
    int16_t error;
};

static int check_run(struct node_job *base, struct disk *disk)
{
    struct check_job *c = (struct check_job *)base;
    struct append *a = c->append;
    struct buf scratch = {0};
    struct slice payload;
    (void)disk;
    c->error = records_check(a, base->heavy ? DECOMPRESSED_BYTES_MAX : DECOMPRESSED_BYTES_COMMON, &scratch, &payload);
    if (c->error == KAFKA_NONE && append_is_recoded(a)) c->recoded = batch_recode(a, payload);
    buf_release(&scratch);
    return 0;
}

static void check_drop(struct job *j)
{
    struct check_job *c = (struct check_job *)j;
    shared_unref(c->recoded);
    free(c);
}

/* --- lines --- */

struct check_line {
    struct connection *connection; /* NULL: gone */
    struct append *first, *last;
    struct check_line *next, **link; /* of all lines */
};

static struct check_line *line_new(struct node *n, struct connection *c)
{
    struct check_line *line = memory_new(sizeof *line);
    line->connection = c;
    if (c) c->line = line;
    line->next = n->check_lines;
    if (line->next) line->next->link = &line->next;
    line->link = &n->check_lines;
    n->check_lines = line;
    return line;
}

void check_line_orphan(struct check_line *line)
{
    line->connection->line = NULL;
    line->connection = NULL;
}

static void line_free(struct check_line *line)
{
    if (line->connection) check_line_orphan(line);
    *line->link = line->next;
    if (line->next) line->next->link = line->link;
    free(line);
}

static void check_begin(struct node *n, struct check_line *line, bool heavy);

/* Whatever needs no job leaves the line; the first that does is looked at. */
static void line_continue(struct node *n, struct check_line *line)
{
    while (line->first) {
        struct append *a = line->first;
        if (a->unchecked && !a->check_done && !a->partition->doomed) {
            check_begin(n, line, false);
            return;
        }
        line->first = a->next_in_line;
        a->partition->checks--;
        append_checked(n, a);
    }
    line_free(line);
}

static void recoded_take(struct append *a, struct shared *recoded)
{
    shared_unref(a->frame);
    a->frame = shared_ref(recoded);
    a->batch = a->frame->p;
    a->size = a->frame->n;
    batch_header_read(slice_of(a->batch, a->size), &a->header);
}

static void check_done(struct node *n, struct job *j, int err)
{
    struct check_job *c = (struct check_job *)j;
    struct check_line *line = c->line;
    struct append *a = c->append;
    bool again = c->error == KAFKA_MESSAGE_TOO_LARGE && !j->base.heavy && !a->partition->doomed;
    (void)err;
    a->check_done = !again;
    a->error = c->error;
    if (c->recoded) recoded_take(a, c->recoded);
    check_drop(j);
    if (again)
        check_begin(n, line, true);
    else
        line_continue(n, line);
}

static void check_begin(struct node *n, struct check_line *line, bool heavy)
{
    struct check_job *c = memory_new(sizeof *c);
    c->job.base = (struct node_job){.name = "check-records", .heavy = heavy, .run = check_run};
    c->job.done = check_done;
    c->job.drop = check_drop;
    c->line = line;
    c->append = line->first;
    job_start(n, &c->job);
}

static struct connection *connection_of(const struct append *a)
{
    return a->request ? a->request->connection : NULL;
}

bool append_must_line_up(const struct append *a)
{
    const struct connection *c = connection_of(a);
    return a->unchecked || (c && c->line);
}

void append_line_up(struct node *n, struct append *a)
{
    struct connection *c = connection_of(a);
    struct check_line *line = c && c->line ? c->line : line_new(n, c);
    bool is_first = !line->first;
    *(is_first ? &line->first : &line->last->next_in_line) = a;
    line->last = a;
    a->partition->checks++;
    if (is_first) line_continue(n, line);
}

void check_lines_release(struct node *n)
{
    for (struct check_line *line = n->check_lines, *after; line; line = after) {
        after = line->next;
        for (struct append *a = line->first, *next; a; a = next) {
            next = a->next_in_line;
            append_free(a);
        }
        line_free(line);
    }
}
