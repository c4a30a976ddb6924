/* The records of a batch are looked at before it is appended, and stored in another codec where the topic
 * says so. Decompressing may burn, so compressed batches go to a helper thread; the partition keeps those
 * behind them waiting in their order. */
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"

/* Every record must parse; in a compacted topic every record must have a key (T23). */
static int16_t payload_check(const struct append *a, struct slice payload, int32_t *bad)
{
    struct batch_records records;
    struct batch_record record;
    int rc;
    batch_records_init(&records, &a->header, payload);
    while ((rc = batch_records_next(&records, &record)) > 0) {
        if (!a->compacted || record.key.n >= 0) continue;
        *bad = records.index - 1;
        return KAFKA_INVALID_RECORD;
    }
    return rc < 0 ? KAFKA_CORRUPT_MESSAGE : KAFKA_NONE;
}

static int16_t payload_open(const struct append *a, struct buf *scratch, struct slice *payload)
{
    int rc = batch_payload(slice_of(a->batch, a->size), &a->header, DECOMPRESSED_BYTES_MAX, scratch, payload);
    if (rc == 0) return KAFKA_NONE;
    return rc == ERR_RANGE ? KAFKA_MESSAGE_TOO_LARGE : KAFKA_CORRUPT_MESSAGE;
}

int16_t append_records_check(const struct append *a, int32_t *bad)
{
    struct buf scratch = {0};
    struct slice payload;
    *bad = -1;
    int16_t error = payload_open(a, &scratch, &payload);
    if (error == KAFKA_NONE) error = payload_check(a, payload, bad);
    buf_release(&scratch);
    return error;
}

bool append_is_recoded(const struct append *a)
{
    return a->codec != CODEC_OF_PRODUCER && a->codec != batch_codec(&a->header);
}

/* The same batch with its payload in another codec: header bytes stay but for length, codec and crc. */
static struct shared *batch_recode(const struct append *a, struct slice payload, int codec)
{
    enum { LENGTH_AT = 8, CRC_AT = 17, ATTRIBUTES_AT = 21 };
    struct buf out = {0};
    buf_append(&out, a->batch, BATCH_HEADER_SIZE);
    if (codec == COMPRESSION_NONE) {
        buf_append_slice(&out, payload);
    } else if (compression_compress(codec, payload, &out) < 0) {
        buf_release(&out);
        return NULL;
    }
    uint16_t attributes = (uint16_t)((get_u16be(out.p + ATTRIBUTES_AT) & ~BATCH_CODEC_MASK) | codec);
    put_u32be(out.p + LENGTH_AT, (uint32_t)(out.n - BATCH_LOG_OVERHEAD));
    put_u16be(out.p + ATTRIBUTES_AT, attributes);
    put_u32be(out.p + CRC_AT, crc32c(0, out.p + ATTRIBUTES_AT, out.n - ATTRIBUTES_AT));
    return shared_take(&out);
}

struct check_job {
    struct job job;
    struct append *append;
    struct shared *recoded; /* NULL: stored as it came */
    int16_t error;
    int32_t bad;
};

static int check_run(struct node_job *base, struct disk *disk)
{
    struct check_job *c = (struct check_job *)base;
    struct append *a = c->append;
    struct buf scratch = {0};
    struct slice payload;
    (void)disk;
    c->error = payload_open(a, &scratch, &payload);
    if (c->error == KAFKA_NONE) c->error = payload_check(a, payload, &c->bad);
    if (c->error == KAFKA_NONE && append_is_recoded(a)) c->recoded = batch_recode(a, payload, a->codec);
    buf_release(&scratch);
    return 0;
}

static void check_drop(struct job *j)
{
    struct check_job *c = (struct check_job *)j;
    shared_unref(c->recoded);
    free(c);
}

static void check_done(struct node *n, struct job *j, int err)
{
    struct check_job *c = (struct check_job *)j;
    struct append *a = c->append;
    struct partition *p = a->partition;
    (void)err;
    a->check_done = true;
    a->error = c->error;
    a->bad_record = c->bad;
    if (c->recoded) {
        shared_unref(a->frame);
        a->frame = shared_ref(c->recoded);
        a->batch = a->frame->p;
        a->size = a->frame->n;
        batch_header_read(slice_of(a->batch, a->size), &a->header);
    }
    p->check_running = false;
    check_drop(j);
    appends_checked_continue(n, p);
}

void append_check_begin(struct node *n, struct append *a)
{
    struct check_job *c = memory_new(sizeof *c);
    c->job.base = (struct node_job){.name = "check-records", .order = a->partition->order, .run = check_run};
    c->job.done = check_done;
    c->job.drop = check_drop;
    c->append = a;
    c->bad = -1;
    a->partition->check_running = true;
    job_start(n, &c->job);
}
