/* dump_log.c - `millrace dump-log FILE...`: what is in a broker's files, as people or programs read it.
 *
 * The kind of a file is its name's. Damage is told with file and position on standard error, what follows it is
 * shown all the same, and the exit status is 1. */
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/log/checkpoint.h"
#include "broker/log/index.h"
#include "broker/log/producer.h"
#include "broker/log/scan.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/dump_message.h"
#include "cli/record.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum { PAYLOAD_MAX = 256 << 20, OFFSET_DIGITS = 20, FILE_MAX = 256 << 20 };

enum decoder { DECODE_NOTHING, DECODE_OFFSETS, DECODE_METADATA };

struct dump {
    bool json, data, batches_only;
    enum decoder decoder; /* of the file at hand */
    const char *decode;   /* --decode, NULL: by the folder's name */
    const char *path;     /* as it was given */
    const char *name;     /* without its folder */
    struct slice topic;   /* of the folder; n == 0 when its name says none */
    int32_t partition;
    struct disk *disk; /* on the file's folder */
    struct buf out;
    int status;
};

static int usage(FILE *to)
{
    fputs("usage: millrace dump-log [--print-data-log] [--batches] [--decode offsets|metadata|none]\n"
          "                         [--format text|json] FILE...\n"
          "\n"
          "Shows .log, .index, .timeindex and .snapshot files, the checkpoints, partition.metadata and\n"
          "meta.properties. Of a .log every batch and every record (with key and value: --print-data-log; only\n"
          "batches: --batches); with --format json a record is an object a line with topic, partition, offset,\n"
          "timestamp, key, value and headers. Records of __consumer_offsets and __cluster_metadata are decoded\n"
          "by the name of their folder or by --decode. The exit status is 1 when something is damaged.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static void flush(struct dump *d)
{
    fwrite(d->out.p, 1, d->out.n, stdout);
    buf_reset(&d->out);
}

/* Damage: `status` stays 1 unless something worse happened. */
static void damaged(struct dump *d, uint64_t position, const char *why)
{
    flush(d);
    fflush(stdout);
    fprintf(stderr, "millrace dump-log: %s: position %" PRIu64 ": %s\n", d->path, position, why);
    if (d->status < CLI_DIFFERENCE) d->status = CLI_DIFFERENCE;
}

static void unreadable(struct dump *d, int err, const char *why)
{
    fprintf(stderr, "millrace dump-log: %s: %s%s%s\n", d->path, why ? why : "cannot be read", why ? "" : ": ",
            why ? "" : err_words(err));
    d->status = CLI_USAGE;
}

/* ---- segments ---- */

static const void *present(const struct kafka_bytes *b)
{
    return b->n < 0 ? NULL : b->n == 0 ? "" : (const void *)b->p;
}

static size_t length(const struct kafka_bytes *b)
{
    return b->n < 0 ? 0 : (size_t)b->n;
}

static bool decoded(const struct dump *d, const struct batch_header *h, const struct batch_record *r, struct buf *out)
{
    if (batch_is_control(h)) return dump_control_record(r, out);
    if (d->decoder == DECODE_OFFSETS) return dump_offsets_record(r, out);
    return d->decoder == DECODE_METADATA && dump_metadata_record(r, out);
}

static void headers_json(struct slice headers, struct buf *out)
{
    struct batch_record_header h;
    const char *separator = "";
    buf_append_byte(out, '[');
    while (batch_record_header_next(&headers, &h)) {
        buf_printf(out, "%s{\"name\":", separator);
        text_json_string(kafka_string_slice(h.key), out);
        buf_append_str(out, ",\"value\":");
        record_bytes_json(present(&h.value), length(&h.value), out);
        buf_append_byte(out, '}');
        separator = ",";
    }
    buf_append_byte(out, ']');
}

static void record_object(struct dump *d, const struct batch_header *h, const struct batch_record *r)
{
    struct buf *out = &d->out;
    buf_append_str(out, "{\"topic\":");
    record_bytes_json(d->topic.n ? d->topic.p : NULL, d->topic.n, out);
    if (d->topic.n)
        buf_printf(out, ",\"partition\":%d", d->partition);
    else
        buf_append_str(out, ",\"partition\":null");
    buf_printf(out, ",\"offset\":%" PRId64 ",\"timestamp\":", r->offset);
    if (r->timestamp < 0)
        buf_append_str(out, "null");
    else
        buf_printf(out, "%" PRId64, r->timestamp);
    buf_append_str(out, ",\"key\":");
    record_bytes_json(present(&r->key), length(&r->key), out);
    buf_append_str(out, ",\"value\":");
    record_bytes_json(present(&r->value), length(&r->value), out);
    buf_append_str(out, ",\"headers\":");
    headers_json(r->headers, out);
    buf_append_str(out, ",\"decoded\":");
    size_t before = out->n;
    if (!decoded(d, h, r, out)) out->n = before - strlen(",\"decoded\":");
    buf_append_str(out, "}\n");
}

/* What the timestamps of a batch are, in the words of Kafka's own dump. */
static const char *time_name(const struct batch_header *h)
{
    return h->attributes & BATCH_LOG_APPEND_TIME ? "LogAppendTime" : "CreateTime";
}

static void record_line(struct dump *d, const struct batch_header *h, const struct batch_record *r)
{
    struct buf *out = &d->out;
    buf_printf(out, "| offset: %" PRId64 " %s: %" PRId64 " keySize: %d valueSize: %d headers: %d", r->offset,
               time_name(h), r->timestamp, r->key.n, r->value.n, r->header_count);
    if (d->data || d->decoder || batch_is_control(h)) buf_append_str(out, " payload: ");
    if (!decoded(d, h, r, out) && d->data) {
        record_bytes_json(present(&r->key), length(&r->key), out);
        buf_append_str(out, " ");
        record_bytes_json(present(&r->value), length(&r->value), out);
        if (r->header_count) buf_append_str(out, " ");
        if (r->header_count) headers_json(r->headers, out);
    }
    buf_append_byte(out, '\n');
}

static void batch_line(struct dump *d, const struct scan *s)
{
    const struct batch_header *h = &s->header;
    const char *codec = compression_name(batch_codec(h));
    if (d->json) return;
    buf_printf(&d->out,
               "baseOffset: %" PRId64 " lastOffset: %" PRId64 " count: %d baseSequence: %d producerId: %" PRId64
               " producerEpoch: %d partitionLeaderEpoch: %d isTransactional: %s isControl: %s position: %" PRIu64
               " %s: %" PRId64 " size: %zu magic: %d compresscodec: %s crc: %" PRIu32 " isvalid: true\n",
               h->base_offset, batch_last_offset(h), h->count, h->base_sequence, h->producer_id, h->producer_epoch,
               h->leader_epoch, h->attributes & BATCH_TRANSACTIONAL ? "true" : "false",
               batch_is_control(h) ? "true" : "false", s->position, time_name(h), h->max_timestamp, batch_size(h),
               h->magic, codec ? codec : "unknown", h->crc);
}

static int batch_records_show(struct dump *d, struct scan *s)
{
    struct slice batch, payload;
    struct buf scratch = {0};
    struct batch_records records;
    struct batch_record r;
    int status = scan_batch(s, &batch);
    if (status == 0) status = batch_payload(batch, &s->header, PAYLOAD_MAX, &scratch, &payload);
    if (status == 0) batch_records_init(&records, &s->header, payload);
    while (status == 0 && (status = batch_records_next(&records, &r)) == 1) {
        status = 0;
        if (d->json)
            record_object(d, &s->header, &r);
        else
            record_line(d, &s->header, &r);
        if (d->out.n > 1 << 20) flush(d);
    }
    buf_release(&scratch);
    return status;
}

static void dump_segment(struct dump *d)
{
    struct scan s;
    int status = scan_open(&s, d->disk, d->name);
    if (status < 0) {
        unreadable(d, status, NULL);
        return;
    }
    while ((status = scan_check(&s)) > SCAN_END) {
        if (status == SCAN_BAD) {
            damaged(d, s.position, s.why);
            if ((status = scan_resync(&s, 0, INT64_MAX)) <= SCAN_END) break;
        }
        batch_line(d, &s);
        if (!d->batches_only && batch_records_show(d, &s) < 0) damaged(d, s.position, "its records do not parse");
        scan_skip(&s);
    }
    if (status < 0) unreadable(d, status, NULL);
    scan_close(&s);
}

/* ---- indexes and snapshots ---- */

static int64_t base_offset(const struct dump *d)
{
    int64_t base = 0;
    text_to_i64(slice_of(d->name, OFFSET_DIGITS), &base);
    return base;
}

/* Each entry must lead to a batch that ends at its offset, where the segment is beside its index. */
static void index_verify(struct dump *d, const struct offset_index *x)
{
    struct scan s;
    struct buf path = {0};
    buf_printf(&path, "%.*s.log", OFFSET_DIGITS, d->name);
    int status = scan_open(&s, d->disk, buf_cstr(&path));
    buf_release(&path);
    if (status < 0) return;
    for (uint32_t i = 0; i < x->count; i++) {
        s.position = x->entries[i].position;
        bool leads = scan_header(&s) == SCAN_BATCH;
        if (!leads || batch_last_offset(&s.header) != base_offset(d) + x->entries[i].offset)
            damaged(d, (uint64_t)i * OFFSET_ENTRY_SIZE, "the entry does not lead to its batch");
    }
    scan_close(&s);
}

static void dump_index(struct dump *d, struct slice bytes)
{
    struct offset_index x = {0};
    bool whole = offset_index_parse(&x, bytes, UINT64_MAX);
    for (uint32_t i = 0; i < x.count; i++)
        buf_printf(&d->out,
                   d->json ? "{\"offset\":%" PRId64 ",\"position\":%u}\n" : "offset: %" PRId64 " position: %u\n",
                   base_offset(d) + x.entries[i].offset, x.entries[i].position);
    index_verify(d, &x);
    if (!whole) damaged(d, (uint64_t)x.count * OFFSET_ENTRY_SIZE, "no entry that ascends begins here");
    offset_index_release(&x);
}

static void dump_time_index(struct dump *d, struct slice bytes)
{
    struct time_index x = {0};
    bool whole = time_index_parse(&x, bytes);
    for (uint32_t i = 0; i < x.count; i++)
        buf_printf(&d->out,
                   d->json ? "{\"timestamp\":%" PRId64 ",\"offset\":%" PRId64 "}\n"
                           : "timestamp: %" PRId64 " offset: %" PRId64 "\n",
                   x.entries[i].timestamp, base_offset(d) + x.entries[i].offset);
    if (!whole) damaged(d, (uint64_t)x.count * TIME_ENTRY_SIZE, "no entry that ascends begins here");
    time_index_release(&x);
}

static void dump_snapshot(struct dump *d, struct slice bytes)
{
    struct producers p = {0};
    int status = producers_decode(&p, bytes, 0);
    for (struct table_entry *e = table_first(&p.by_id); e && status == 0; e = table_next(&p.by_id, e)) {
        const struct producer *one = e->value;
        const struct producer_batch *last = one->batch_count ? &one->batches[one->batch_count - 1] : NULL;
        buf_printf(&d->out,
                   d->json ? "{\"producer_id\":%" PRId64 ",\"producer_epoch\":%d,\"first_sequence\":%d,"
                             "\"last_sequence\":%d,\"last_offset\":%" PRId64 ",\"timestamp\":%" PRId64 "}\n"
                           : "producerId: %" PRId64 " producerEpoch: %d firstSequence: %d lastSequence: %d lastOffset: "
                             "%" PRId64 " lastTimestamp: %" PRId64 "\n",
                   one->id, one->epoch, last ? last->first_sequence : -1, last ? last->last_sequence : -1,
                   last ? last->last_offset : -1, last ? last->timestamp : -1);
    }
    if (status == ERR_UNSUPPORTED)
        damaged(d, 0, "no producer snapshot of version 1");
    else if (status < 0)
        damaged(d, 2, "the CRC or the number of entries does not match");
    producers_release(&p);
}

/* ---- text files ---- */

static void text_damaged(struct dump *d, const struct err_text *why)
{
    flush(d);
    fflush(stdout);
    fprintf(stderr, "millrace dump-log: %s\n", why->text);
    if (d->status < CLI_DIFFERENCE) d->status = CLI_DIFFERENCE;
}

static void dump_checkpoint(struct dump *d, struct slice text)
{
    struct checkpoint c = {0};
    struct err_text why = {""};
    if (checkpoint_parse(&c, text, d->path, &why) < 0) text_damaged(d, &why);
    for (int i = 0; i < c.count; i++) {
        const struct checkpoint_entry *e = &c.entries[i];
        if (d->json) {
            buf_append_str(&d->out, "{\"topic\":");
            text_json_string(slice_str(e->topic), &d->out);
            buf_printf(&d->out, ",\"partition\":%d,\"offset\":%" PRId64 "}\n", e->partition, e->offset);
        } else {
            buf_printf(&d->out, "topic: %s partition: %d offset: %" PRId64 "\n", e->topic, e->partition, e->offset);
        }
    }
    checkpoint_release(&c);
}

static void dump_epochs(struct dump *d, struct slice text)
{
    struct epoch_entry *entries = NULL;
    int count = 0;
    struct err_text why = {""};
    if (epochs_parse(text, d->path, &entries, &count, &why) < 0) text_damaged(d, &why);
    for (int i = 0; i < count; i++)
        buf_printf(&d->out,
                   d->json ? "{\"leader_epoch\":%d,\"start_offset\":%" PRId64 "}\n"
                           : "leaderEpoch: %d startOffset: %" PRId64 "\n",
                   entries[i].epoch, entries[i].start_offset);
    free(entries);
}

static void dump_partition_metadata(struct dump *d, struct slice text)
{
    uint8_t id[16];
    char id_text[23];
    struct err_text why = {""};
    if (partition_metadata_parse(text, d->path, id, &why) < 0) {
        text_damaged(d, &why);
        return;
    }
    uuid_format(id, id_text);
    buf_printf(&d->out, d->json ? "{\"version\":0,\"topic_id\":\"%s\"}\n" : "version: 0 topicId: %s\n", id_text);
}

static void dump_meta(struct dump *d, struct slice text)
{
    struct meta_properties m;
    struct err_text why = {""};
    (void)text;
    char directory[23];
    if (meta_properties_read(d->disk, &m, &why) < 0) {
        text_damaged(d, &why);
        return;
    }
    uuid_format(m.directory_id, directory);
    buf_printf(&d->out,
               d->json ? "{\"version\":1,\"cluster_id\":\"%s\",\"node_id\":%d,\"directory_id\":\"%s\"}\n"
                       : "version: 1 clusterId: %s nodeId: %d directoryId: %s\n",
               m.cluster_id, m.node_id, directory);
}

/* ---- which is which ---- */

struct kind {
    const char *suffix;
    void (*show)(struct dump *d, struct slice bytes);
};

static const struct kind kinds[] = {
    {".index", dump_index},
    {".timeindex", dump_time_index},
    {".snapshot", dump_snapshot},
    {"leader-epoch-checkpoint", dump_epochs},
    {"-offset-checkpoint", dump_checkpoint},
    {"partition.metadata", dump_partition_metadata},
    {"meta.properties", dump_meta},
};

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* "NNN.log", and what recovery or deletion made of one. */
static bool is_segment(const char *name)
{
    return ends_with(name, ".log") || ends_with(name, ".log.deleted") || strstr(name, ".log.cut-");
}

static void dump_by_kind(struct dump *d)
{
    struct buf bytes = {0};
    if (is_segment(d->name)) {
        dump_segment(d);
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!ends_with(d->name, kinds[i].suffix)) continue;
        int status = disk_read_all(d->disk, d->name, FILE_MAX, &bytes);
        if (status < 0)
            unreadable(d, status, NULL);
        else
            kinds[i].show(d, buf_slice(&bytes));
        buf_release(&bytes);
        return;
    }
    unreadable(d, ERR_INVALID, "no file of a broker: its name is none of those that --help lists");
}

static enum decoder decoder_of(const struct dump *d)
{
    if (d->decode) {
        if (strcmp(d->decode, "offsets") == 0) return DECODE_OFFSETS;
        return strcmp(d->decode, "metadata") == 0 ? DECODE_METADATA : DECODE_NOTHING;
    }
    if (slice_equal(d->topic, SLICE_LIT("__consumer_offsets"))) return DECODE_OFFSETS;
    return slice_equal(d->topic, SLICE_LIT("__cluster_metadata")) ? DECODE_METADATA : DECODE_NOTHING;
}

static void dump_file(struct dump *d, const char *path)
{
    struct stat st;
    struct err_text why = {""};
    d->path = path;
    char *real = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? realpath(path, NULL) : NULL;
    if (!real) {
        unreadable(d, ERR_NOTFOUND, "no such file");
        return;
    }
    char *folder = memory_str(real), *parent = dirname(folder);
    bool doomed;
    d->name = basename(real);
    d->topic = (struct slice){0};
    if (!partition_dir_parse(strrchr(parent, '/') + 1, &d->topic, &d->partition, &doomed)) d->topic = (struct slice){0};
    d->decoder = decoder_of(d);
    if (disk_linux_new(parent, &d->disk, &why) < 0) {
        unreadable(d, ERR_IO, why.text);
    } else {
        if (!d->json) buf_printf(&d->out, "Dumping %s\n", path);
        dump_by_kind(d);
        flush(d);
        disk_linux_free(d->disk);
    }
    free(folder);
    free(real);
}

int cli_dump_log(int argc, char **argv)
{
    struct dump d = {0};
    const char *format = "text";
    bool help = false;
    const char **files = memory_new((size_t)argc * sizeof *files);
    const struct client_option options[] = {
        {"--print-data-log", NULL, &d.data},
        {"--batches", NULL, &d.batches_only},
        {"--decode", &d.decode, NULL},
        {"--format", &format, NULL},
        {"--help", NULL, &help},
        {0},
    };
    int status = CLI_USAGE;
    if (!client_arguments("dump-log", argc, argv, options, files, argc - 1)) goto out;
    if (help) {
        status = usage(stdout);
        goto out;
    }
    if (!client_format("dump-log", format, &d.json)) goto out;
    if (d.decode && strcmp(d.decode, "offsets") != 0 && strcmp(d.decode, "metadata") != 0 &&
        strcmp(d.decode, "none") != 0) {
        fprintf(stderr, "millrace dump-log: --decode %s: expected offsets, metadata or none\n", d.decode);
        goto out;
    }
    if (!files[0]) {
        usage(stderr);
        goto out;
    }
    for (int i = 0; files[i]; i++) dump_file(&d, files[i]);
    status = d.status;
    if (fflush(stdout) != 0) status = CLI_USAGE;
out:
    buf_release(&d.out);
    free(files);
    return status;
}
