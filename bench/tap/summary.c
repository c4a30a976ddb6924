#include "bench/tap/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"

enum { KEY_OTHERS = -1 };

const char *tap_api_name(int key)
{
    static char text[24];
    const struct kafka_api *api = kafka_api_find(key);
    if (api) return api->name;
    snprintf(text, sizeof text, key == KEY_OTHERS ? "others" : "API %d", key);
    return text;
}

static struct tap_api *api_of(struct tap_summary *s, int key)
{
    for (int i = 0; i < s->count; i++)
        if (s->apis[i].key == key) return &s->apis[i];
    if (s->count >= TAP_APIS_MAX && key != KEY_OTHERS) return api_of(s, KEY_OTHERS);
    struct tap_api *a = &s->apis[s->count++];
    *a = (struct tap_api){.key = key, .version_min = INT16_MAX, .version_max = -1};
    histogram_init(&a->first);
    histogram_init(&a->last);
    return a;
}

void tap_summary_add(struct tap_summary *s, const struct tap_exchange *x)
{
    struct tap_api *a = api_of(s, x->api_key);
    if (x->api_version < a->version_min) a->version_min = x->api_version;
    if (x->api_version > a->version_max) a->version_max = x->api_version;
    a->count++;
    a->answered += x->status == TAP_ANSWERED;
    a->one_way += x->status == TAP_ONE_WAY;
    a->unanswered += x->status == TAP_UNANSWERED;
    a->with_errors += x->error_count > 0;
    a->undecoded += !x->request_decoded || (x->status == TAP_ANSWERED && !x->response_decoded);
    a->request_bytes += x->request_bytes;
    a->response_bytes += x->response_bytes;
    a->records += x->records;
    a->record_bytes += x->record_bytes;
    if (x->status != TAP_ANSWERED) return;
    histogram_record(&a->first, x->response_first_ns - x->request_last_ns);
    histogram_record(&a->last, x->response_last_ns - x->request_last_ns);
}

void tap_summary_release(struct tap_summary *s)
{
    for (int i = 0; i < s->count; i++) {
        histogram_release(&s->apis[i].first);
        histogram_release(&s->apis[i].last);
    }
    s->count = 0;
}

static int by_key(const void *a, const void *b)
{
    return ((const struct tap_api *)a)->key - ((const struct tap_api *)b)->key;
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static double per(int64_t sum, int64_t count)
{
    return count ? (double)sum / (double)count : 0;
}

static void row(struct tap_api *a, struct buf *out)
{
    char versions[16];
    snprintf(versions, sizeof versions, a->version_min == a->version_max ? "%d" : "%d-%d", a->version_min,
             a->version_max);
    buf_printf(out, "%-24s %8" PRId64 " %8s %6" PRId64, tap_api_name(a->key), a->count, versions, a->with_errors);
    if (a->answered)
        buf_printf(out, " %10.3f %10.3f %10.3f %10.3f", ms(histogram_percentile(&a->first, 50)),
                   ms(histogram_percentile(&a->first, 99)), ms(histogram_percentile(&a->last, 99)), ms(a->last.max));
    else
        buf_printf(out, " %10s %10s %10s %10s", "-", "-", "-", "-");
    buf_printf(out, " %11.1f %11.1f", per(a->request_bytes, a->count), per(a->response_bytes, a->answered));
    if (a->records)
        buf_printf(out, " %9" PRId64 " %8.1f", a->records, per(a->record_bytes, a->records));
    else
        buf_printf(out, " %9s %8s", "-", "-");
    buf_append_byte(out, '\n');
}

static void notes(const struct tap_api *a, struct buf *out)
{
    const char *name = tap_api_name(a->key);
    if (a->one_way) buf_printf(out, "%s: %" PRId64 " asked for no answer (acks=0)\n", name, a->one_way);
    if (a->unanswered) buf_printf(out, "%s: %" PRId64 " without an answer\n", name, a->unanswered);
    if (a->undecoded) buf_printf(out, "%s: %" PRId64 " could not be decoded\n", name, a->undecoded);
}

void tap_summary_table(struct tap_summary *s, struct buf *out)
{
    if (s->count == 0) {
        buf_append_str(out, "no Kafka requests\n");
        return;
    }
    qsort(s->apis, (size_t)s->count, sizeof *s->apis, by_key);
    buf_printf(out, "%-24s %8s %8s %6s %21s %21s %23s %9s %8s\n", "", "", "", "", "first byte, ms", "last byte, ms",
               "bytes each", "", "");
    buf_printf(out, "%-24s %8s %8s %6s %10s %10s %10s %10s %11s %11s %9s %8s\n", "API", "requests", "versions",
               "errors", "p50", "p99", "p99", "max", "request", "response", "records", "B/record");
    for (int i = 0; i < s->count; i++) row(&s->apis[i], out);
    for (int i = 0; i < s->count; i++) notes(&s->apis[i], out);
}

static void latency_json(const struct histogram *h, struct buf *out)
{
    buf_printf(out, "{\"p50\":%" PRId64 ",\"p90\":%" PRId64 ",\"p99\":%" PRId64 ",\"max\":%" PRId64 ",\"mean\":%.0f}",
               histogram_percentile(h, 50), histogram_percentile(h, 90), histogram_percentile(h, 99), h->max,
               histogram_mean(h));
}

static void api_json(const struct tap_api *a, struct buf *out)
{
    buf_printf(out, "{\"api\":\"%s\",\"api_key\":%d,\"version_min\":%d,\"version_max\":%d,\"requests\":%" PRId64,
               tap_api_name(a->key), a->key, a->version_min, a->version_max, a->count);
    buf_printf(out,
               ",\"answered\":%" PRId64 ",\"one_way\":%" PRId64 ",\"unanswered\":%" PRId64 ",\"with_errors\":%" PRId64
               ",\"undecoded\":%" PRId64,
               a->answered, a->one_way, a->unanswered, a->with_errors, a->undecoded);
    buf_printf(out,
               ",\"request_bytes\":%" PRId64 ",\"response_bytes\":%" PRId64 ",\"records\":%" PRId64
               ",\"record_bytes\":%" PRId64,
               a->request_bytes, a->response_bytes, a->records, a->record_bytes);
    if (a->answered) {
        buf_append_str(out, ",\"first_byte_ns\":");
        latency_json(&a->first, out);
        buf_append_str(out, ",\"last_byte_ns\":");
        latency_json(&a->last, out);
    }
    buf_append_byte(out, '}');
}

void tap_summary_json(struct tap_summary *s, struct buf *out)
{
    qsort(s->apis, (size_t)s->count, sizeof *s->apis, by_key);
    buf_append_byte(out, '[');
    for (int i = 0; i < s->count; i++) {
        if (i > 0) buf_append_byte(out, ',');
        api_json(&s->apis[i], out);
    }
    buf_append_byte(out, ']');
}

static const char *status_name(enum tap_status status)
{
    return status == TAP_ANSWERED ? "answered" : status == TAP_ONE_WAY ? "one_way" : "unanswered";
}

static void errors_json(const struct tap_exchange *x, struct buf *out)
{
    buf_append_str(out, ",\"errors\":[");
    for (int i = 0; i < x->error_count; i++)
        buf_printf(out, "%s{\"code\":%d,\"name\":\"%s\"}", i ? "," : "", x->errors[i], kafka_error_name(x->errors[i]));
    buf_append_byte(out, ']');
}

void tap_exchange_json(const struct tap_exchange *x, struct buf *out)
{
    buf_printf(out, "{\"type\":\"exchange\",\"client\":\"%s\",\"broker\":\"%s\",\"api\":\"%s\",\"api_key\":%d",
               x->client, x->broker, tap_api_name(x->api_key), x->api_key);
    buf_printf(out, ",\"api_version\":%d,\"correlation_id\":%" PRId32 ",\"client_id\":", x->api_version,
               x->correlation_id);
    text_json_string(x->client_id, out);
    buf_printf(out, ",\"status\":\"%s\",\"request_frame\":%" PRId64 ",\"request_time_ns\":%" PRId64,
               status_name(x->status), x->request_frame, x->request_last_ns);
    buf_printf(out, ",\"request_bytes\":%" PRId64 ",\"request_decoded\":%s", x->request_bytes,
               x->request_decoded ? "true" : "false");
    if (x->status == TAP_ANSWERED)
        buf_printf(out,
                   ",\"response_frame\":%" PRId64 ",\"response_bytes\":%" PRId64 ",\"response_decoded\":%s"
                   ",\"first_byte_ns\":%" PRId64 ",\"last_byte_ns\":%" PRId64,
                   x->response_frame, x->response_bytes, x->response_decoded ? "true" : "false",
                   x->response_first_ns - x->request_last_ns, x->response_last_ns - x->request_last_ns);
    buf_printf(out, ",\"records\":%" PRId64 ",\"record_bytes\":%" PRId64, x->records, x->record_bytes);
    errors_json(x, out);
    if (x->detail.n) {
        buf_append_str(out, ",\"detail\":{");
        buf_append_slice(out, x->detail);
        buf_append_byte(out, '}');
    }
    buf_append_str(out, "}\n");
}
