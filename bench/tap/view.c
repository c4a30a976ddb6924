#include "bench/tap/view.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "bench/tap/xray.h"
#include "lib/base/text.h"
#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"

enum { OUT_BYTES = 1 << 16 };

static void flush(struct tap_view *v)
{
    if (v->out.n) fwrite(v->out.p, 1, v->out.n, v->to);
    buf_reset(&v->out);
}

static void errors_list(const struct tap_exchange *x, struct buf *out)
{
    for (int i = 0; i < x->error_count; i++) buf_printf(out, "  %s", kafka_error_name(x->errors[i]));
}

static void exchange_line(const struct tap_exchange *x, struct buf *out)
{
    buf_printf(out, "%7" PRId64 " ", x->request_frame);
    if (x->response_frame)
        buf_printf(out, "%7" PRId64, x->response_frame);
    else
        buf_printf(out, "%7s", "-");
    buf_printf(out, "  %-21s > %-21s  %s %d  %" PRId64 " B", x->client, x->broker, tap_api_name(x->api_key),
               x->api_version, x->request_bytes);
    if (x->status == TAP_ANSWERED)
        buf_printf(out, ", %" PRId64 " B after %.3f ms", x->response_bytes,
                   (double)(x->response_last_ns - x->request_last_ns) / 1e6);
    else
        buf_append_str(out, x->status == TAP_ONE_WAY ? ", asks for no answer" : ", no answer");
    if (x->records) buf_printf(out, ", %" PRId64 " %s", x->records, x->records == 1 ? "record" : "records");
    errors_list(x, out);
    buf_append_byte(out, '\n');
}

static void exchange(void *context, const struct tap_exchange *x)
{
    struct tap_view *v = context;
    tap_summary_add(&v->summary, x);
    if (v->mode == TAP_VIEW_JSON) tap_exchange_json(x, &v->out);
    if (v->mode == TAP_VIEW_LIST) exchange_line(x, &v->out);
    if (v->out.n > OUT_BYTES) flush(v);
}

static void frame(void *context, const struct tap_frame *f)
{
    struct tap_view *v = context;
    if (v->mode != TAP_VIEW_XRAY || v->found) return;
    v->found = v->frame ? f->number == v->frame : f->api_key == v->api_key && f->stream == v->stream;
    if (!v->found) return;
    v->xray_status = tap_xray(f, &v->out);
    flush(v);
    fflush(v->to); /* a proxy has some goodbyes to say yet */
}

void tap_view_init(struct tap_view *v, enum tap_view_mode mode, FILE *to)
{
    *v = (struct tap_view){.mode = mode, .to = to, .sink = {.frame = frame, .exchange = exchange}};
    v->sink.context = v;
    if (mode == TAP_VIEW_LIST)
        buf_printf(&v->out, "%7s %7s  %-21s > %-21s  %s\n", "request", "answer", "client", "broker", "");
}

int tap_view_choose(struct tap_view *v, const char *text, struct err_text *error)
{
    const char *dot = strchr(text, '.');
    size_t n = dot ? (size_t)(dot - text) : strlen(text);
    if (text_to_i64(slice_str(text), &v->frame) && v->frame > 0) return 0;
    v->frame = 0;
    v->stream = dot ? TAP_RESPONSES : TAP_REQUESTS;
    if (dot && strcmp(dot, ".response") != 0 && strcmp(dot, ".request") != 0) n = 0;
    if (dot && strcmp(dot, ".request") == 0) v->stream = TAP_REQUESTS;
    for (int i = 0; i < kafka_apis_count; i++) {
        v->api_key = kafka_apis[i].key;
        if (strlen(kafka_apis[i].name) == n && strncasecmp(kafka_apis[i].name, text, n) == 0) return 0;
    }
    return err_set(error, ERR_INVALID,
                   "--xray %s: neither a frame's number (--list has them) nor an API like Produce or Produce.response",
                   text);
}

static void counts_json(const struct tap_counts *c, struct buf *out)
{
    buf_printf(out,
               "\"connections\":%" PRId64 ",\"midway\":%" PRId64 ",\"encrypted\":%" PRId64
               ",\"other_protocol\":%" PRId64 ",\"frames\":%" PRId64 ",\"bytes\":%" PRId64,
               c->connections, c->midway, c->encrypted, c->other_protocol, c->frames, c->bytes);
    buf_printf(out,
               ",\"gaps\":%" PRId64 ",\"gap_bytes\":%" PRId64 ",\"skipped_bytes\":%" PRId64 ",\"unmatched\":%" PRId64
               ",\"undecoded_api\":%" PRId64 ",\"undecoded_damage\":%" PRId64,
               c->gaps, c->gap_bytes, c->skipped_bytes, c->unmatched, c->undecoded_api, c->undecoded_damage);
}

/* "3 connections were ...": nothing where there are none. */
static void line(int64_t count, const char *what, struct buf *out)
{
    if (count) buf_printf(out, "%" PRId64 " %s\n", count, what);
}

static void counts_text(const struct tap_counts *c, struct buf *out)
{
    buf_printf(out, "%" PRId64 " connections, %" PRId64 " frames, %" PRId64 " bytes\n", c->connections, c->frames,
               c->bytes);
    line(c->midway, "connections were seen from the middle", out);
    line(c->encrypted, "connections are encrypted (TLS) and were passed over", out);
    line(c->other_protocol, "connections do not speak Kafka and were passed over", out);
    if (c->gaps) buf_printf(out, "%" PRId64 " gaps: %" PRId64 " bytes were not captured\n", c->gaps, c->gap_bytes);
    line(c->skipped_bytes, "bytes skipped on the way to the next message", out);
    line(c->unmatched, "answers to requests that were not seen", out);
    line(c->undecoded_api, "messages of an API or version that is not described", out);
    line(c->undecoded_damage, "messages that are damaged or do not fit their description", out);
}

void tap_view_finish(struct tap_view *v, const struct tap_counts *counts, struct slice more)
{
    if (v->mode == TAP_VIEW_JSON) {
        buf_append_str(&v->out, "{\"type\":\"summary\",");
        counts_json(counts, &v->out);
        buf_append_slice(&v->out, more);
        buf_append_str(&v->out, ",\"apis\":");
        tap_summary_json(&v->summary, &v->out);
        buf_append_str(&v->out, "}\n");
    } else if (v->mode != TAP_VIEW_XRAY) {
        if (v->mode == TAP_VIEW_LIST) buf_append_byte(&v->out, '\n');
        tap_summary_table(&v->summary, &v->out);
        counts_text(counts, &v->out);
        buf_append_slice(&v->out, more);
    }
    flush(v);
}

void tap_view_release(struct tap_view *v)
{
    tap_summary_release(&v->summary);
    buf_release(&v->out);
}
