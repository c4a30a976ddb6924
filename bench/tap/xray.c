#include "bench/tap/xray.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/tap/summary.h"
#include "lib/base/text.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/trace.h"

enum { ROW_BYTES = 12, FIELD_WIDTH = 34, VALUE_BYTES_MAX = 64, ROWS_MAX = 6 };

struct xray {
    const struct tap_frame *frame;
    struct slice unpacked; /* of the records at hand */
    struct buf scratch;
    size_t packed_offset; /* where its batch begins */
    struct buf *out;
    bool unpacking;
    size_t end; /* of what was shown of the frame */
};

static void hex(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.n; i++) buf_printf(out, i ? " %02x" : "%02x", bytes.p[i]);
}

static void bytes_value(struct slice bytes, struct buf *out)
{
    struct slice shown = slice_of(bytes.p, bytes.n < VALUE_BYTES_MAX ? bytes.n : VALUE_BYTES_MAX);
    bool text = bytes.n > 0 && text_is_utf8(shown);
    for (size_t i = 0; text && i < shown.n; i++) text = shown.p[i] >= 0x20 && shown.p[i] != 0x7f;
    if (text)
        text_json_string(shown, out);
    else
        buf_printf(out, "%zu bytes", bytes.n);
    if (text && shown.n < bytes.n) buf_printf(out, "... %zu bytes", bytes.n);
}

static void time_value(int64_t time_ms, struct buf *out)
{
    int64_t days = time_ms / 86400000, year;
    int month, day, rest = (int)(time_ms % 86400000);
    if (time_ms < 0 || time_ms > INT64_C(253402300799999)) return; /* the year 9999 */
    civil_from_days(days, &year, &month, &day);
    buf_printf(out, " (%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%03d UTC)", year, month, day, rest / 3600000,
               rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

static void attributes_value(int64_t attributes, struct buf *out)
{
    const char *codec = compression_name((int)(attributes & BATCH_CODEC_MASK));
    buf_printf(out, " (%s%s%s%s)", codec ? codec : "unknown codec",
               attributes & BATCH_LOG_APPEND_TIME ? ", LogAppendTime" : "",
               attributes & BATCH_TRANSACTIONAL ? ", transactional" : "",
               attributes & BATCH_CONTROL ? ", control" : "");
}

/* What a number says beyond itself. */
static void number_words(const struct kafka_trace_entry *e, struct buf *out)
{
    if (strcmp(e->name, "api_key") == 0) buf_printf(out, " (%s)", tap_api_name((int)e->number));
    if (strcmp(e->name, "error_code") == 0) buf_printf(out, " (%s)", kafka_error_name((int)e->number));
    if (strstr(e->name, "timestamp") && !strstr(e->name, "delta")) time_value(e->number, out);
    if (strcmp(e->name, "attributes") == 0 && strcmp(e->type, "int16") == 0) attributes_value(e->number, out);
}

static void uuid_value(struct slice bytes, struct buf *out)
{
    struct kafka_uuid u;
    char text[23];
    memcpy(u.bytes, bytes.p, sizeof u.bytes);
    kafka_uuid_to_text(u, text);
    buf_append_str(out, text);
}

static void group_value(const struct kafka_trace_entry *e, struct buf *out)
{
    if (strstr(e->type, "array"))
        buf_printf(out, "%" PRId64 "%s", e->number, e->number == 1 ? " element" : " elements");
    else if (strcmp(e->type, "struct") != 0)
        buf_printf(out, "%" PRId64 " bytes", e->number);
}

static void value(const struct kafka_trace_entry *e, struct buf *out)
{
    if (e->is_null)
        buf_append_str(out, "null");
    else if (e->kind == KAFKA_TRACE_TEXT)
        text_json_string(e->bytes, out);
    else if (e->kind == KAFKA_TRACE_BYTES && strcmp(e->type, "uuid") == 0)
        uuid_value(e->bytes, out);
    else if (e->kind == KAFKA_TRACE_BYTES)
        bytes_value(e->bytes, out);
    else if (e->kind == KAFKA_TRACE_GROUP)
        group_value(e, out);
    else if (strcmp(e->type, "bool") == 0)
        buf_append_str(out, e->number ? "true" : "false");
    else {
        buf_printf(out, "%" PRId64, e->number);
        number_words(e, out);
    }
}

static void field_name(const struct kafka_trace_entry *e, struct buf *out)
{
    size_t before = out->n;
    buf_printf(out, "%*s%s", e->depth * 2, "", e->name);
    if (e->index >= 0) buf_printf(out, "[%d]", e->index);
    for (size_t n = out->n - before; n < FIELD_WIDTH; n++) buf_append_byte(out, ' ');
}

static void row_begin(size_t offset, struct slice bytes, struct buf *out)
{
    buf_printf(out, "%7zu  ", offset);
    hex(bytes, out);
    for (size_t n = bytes.n ? bytes.n * 3 - 1 : 0; n < ROW_BYTES * 3; n++) buf_append_byte(out, ' ');
}

/* Long values go on below, a few rows of them: `--xray` shows what a frame says, and a record of a megabyte says it in
 * its first bytes. */
static void rows_more(size_t offset, struct slice bytes, struct buf *out)
{
    for (int row = 1; bytes.n > ROW_BYTES; row++) {
        bytes = slice_of(bytes.p + ROW_BYTES, bytes.n - ROW_BYTES);
        offset += ROW_BYTES;
        if (row == ROWS_MAX) {
            buf_printf(out, "%7zu  ... %zu more bytes\n", offset, bytes.n);
            return;
        }
        row_begin(offset, slice_of(bytes.p, bytes.n < ROW_BYTES ? bytes.n : ROW_BYTES), out);
        while (out->p[out->n - 1] == ' ') out->n--;
        buf_append_byte(out, '\n');
    }
}

/* Records that come out of the batch which was shown last. */
static void unpack(struct xray *x)
{
    struct batch_header h;
    struct slice in = x->frame->bytes;
    if (x->unpacking) return;
    x->unpacking = true;
    in = slice_of(in.p + x->packed_offset, in.n - x->packed_offset);
    x->unpacked = slice_of(NULL, 0);
    if (batch_header_read(in, &h) == 0 && batch_size(&h) <= in.n)
        batch_payload(slice_of(in.p, batch_size(&h)), &h, 128 << 20, &x->scratch, &x->unpacked);
    buf_printf(x->out, "         unpacked: %zu bytes, offsets from their beginning\n", x->unpacked.n);
}

static void entry(void *context, const struct kafka_trace_entry *e)
{
    struct xray *x = context;
    if (strcmp(e->name, "batch") == 0 && !e->unpacked) {
        x->packed_offset = e->offset;
        x->unpacking = false;
        buf_reset(&x->scratch);
    }
    if (e->unpacked) unpack(x);
    struct slice of = e->unpacked ? x->unpacked : x->frame->bytes;
    bool inside = e->offset <= of.n && e->size <= of.n - e->offset;
    struct slice bytes = inside ? slice_of(of.p + e->offset, e->size) : slice_of(NULL, 0);
    if (!e->unpacked) x->end = e->offset + e->size;
    row_begin(e->offset, slice_of(bytes.p, bytes.n < ROW_BYTES ? bytes.n : ROW_BYTES), x->out);
    buf_printf(x->out, "%-15s  ", e->size || e->kind != KAFKA_TRACE_GROUP ? e->type : "");
    field_name(e, x->out);
    buf_append_byte(x->out, ' ');
    value(e, x->out);
    while (x->out->p[x->out->n - 1] == ' ') x->out->n--;
    buf_append_byte(x->out, '\n');
    rows_more(e->offset, bytes, x->out);
}

static void heading(const struct tap_frame *f, struct buf *out)
{
    bool request = f->stream == TAP_REQUESTS;
    buf_printf(out, "frame %" PRId64 ": ", f->number);
    if (f->api_key >= 0)
        buf_printf(out, "%s %d %s", tap_api_name(f->api_key), f->api_version, request ? "request" : "response");
    else
        buf_append_str(out, "response without its request");
    buf_printf(out, ", %s > %s, %zu bytes\n", request ? f->client : f->broker, request ? f->broker : f->client,
               f->bytes.n);
    buf_printf(out, "%7s  %-*s%-15s  %-*s %s\n", "offset", ROW_BYTES * 3, "bytes", "type", FIELD_WIDTH, "field",
               "value");
}

int tap_xray(const struct tap_frame *f, struct buf *out)
{
    struct xray x = {.frame = f, .out = out};
    heading(f, out);
    int error = f->stream == TAP_REQUESTS ? kafka_trace_request(f->bytes, entry, &x)
                                          : kafka_trace_response(f->api_key, f->api_version, f->bytes, entry, &x);
    if (x.end < f->bytes.n) {
        struct slice rest = slice_of(f->bytes.p + x.end, f->bytes.n - x.end);
        row_begin(x.end, slice_of(rest.p, rest.n < ROW_BYTES ? rest.n : ROW_BYTES), out);
        buf_append_str(out, "does not fit the description\n");
        rows_more(x.end, rest, out);
    }
    if (f->damaged) buf_append_str(out, "bytes of this frame were not captured, or it was too large to be kept\n");
    if (error == ERR_UNSUPPORTED && f->api_key >= 0)
        buf_printf(out, "version %d of %s is not described\n", f->api_version, tap_api_name(f->api_key));
    buf_release(&x.scratch);
    return error;
}
