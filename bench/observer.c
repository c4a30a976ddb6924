#include "bench/observer.h"

#include <stdio.h>
#include <string.h>

#include "lib/kafka/api.h"
#include "lib/os/net.h"

void observer_exchange(void *context, const struct tap_exchange *x)
{
    struct observer *o = context;
    if (x->api_key != KAFKA_API_PRODUCE || o->seen++ == 0) return;
    o->requests++;
    o->request_bytes += x->request_bytes;
    o->response_bytes += x->response_bytes;
    o->records += x->records;
    o->record_bytes += x->record_bytes;
    o->unanswered += x->status == TAP_UNANSWERED;
    if (x->status == TAP_ANSWERED) histogram_record(&o->latency, x->response_last_ns - x->request_last_ns);
}

static void frame_ignored(void *context, const struct tap_frame *f)
{
    (void)context;
    (void)f;
}

/* After the stop until nothing has come for a while: what was sent before is still on its way to us. */
static void *capture_run(void *context)
{
    struct observer *o = context;
    struct tcp_segment segment;
    struct err_text error;
    int kind = CAPTURE_IDLE;
    while (kind > CAPTURE_END && !(o->stop && kind == CAPTURE_IDLE)) {
        kind = capture_next(o->capture, &segment, &error);
        if (kind == CAPTURE_SEGMENT) tap_source_segment(&o->source, &segment);
    }
    return NULL;
}

static void *proxy_run(void *context)
{
    struct observer *o = context;
    while (!o->stop && proxy_step(o->proxy) == 0) {}
    return NULL;
}

static int proxy_start(struct observer *o, const char *broker, struct err_text *error)
{
    o->proxy = proxy_new(&o->tap, NULL, "127.0.0.1:0", broker, error);
    if (!o->proxy) return ERR_IO;
    o->kind = OBSERVER_PROXY;
    snprintf(o->bootstrap, sizeof o->bootstrap, "%s", proxy_address(o->proxy));
    return pthread_create(&o->thread, NULL, proxy_run, o) == 0 ? 0 : err_set(error, ERR_IO, "no thread for a proxy");
}

static int port_of(const char *address)
{
    struct net_address a;
    return net_address_parse(address, &a, NULL) < 0 ? 0 : a.port;
}

int observer_start(struct observer *o, const char *broker, enum observer_wish wish, struct err_text *error)
{
    struct err_text refused = {""};
    memset(o, 0, sizeof *o);
    histogram_init(&o->latency);
    o->dropped = -1;
    o->sink = (struct tap_sink){frame_ignored, observer_exchange, o};
    snprintf(o->bootstrap, sizeof o->bootstrap, "%s", broker);
    tap_init(&o->tap, &o->sink);
    o->capture = capture_open_live("lo", port_of(broker), &refused);
    if (!o->capture) {
        snprintf(o->refused, sizeof o->refused, "%.*s", (int)sizeof o->refused - 1, refused.text);
        return wish == OBSERVE_ANYHOW ? proxy_start(o, broker, error) : 0;
    }
    tap_source_init(&o->source, &o->tap, port_of(broker));
    o->kind = OBSERVER_CAPTURE;
    return pthread_create(&o->thread, NULL, capture_run, o) == 0 ? 0
                                                                 : err_set(error, ERR_IO, "no thread for a capture");
}

void observer_stop(struct observer *o)
{
    o->stop = true;
    if (o->kind != OBSERVER_NONE) pthread_join(o->thread, NULL);
    if (o->capture) {
        tap_source_finish(&o->source);
        o->dropped = (int64_t)capture_counts(o->capture).dropped;
        capture_close(o->capture);
        o->capture = NULL;
    }
    if (o->proxy) proxy_free(o->proxy);
    o->proxy = NULL;
    tap_release(&o->tap);
}

void observer_tell(const struct observer *o, struct trial *t)
{
    static const char *const kinds[] = {"none", "capture", "proxy"};
    struct gate_facts facts = {
        .saturated = t->saturated, .lateness_p99_ns = -1, .io_before = -1, .capture_drops = o->dropped};
    trial_set(t, "observed", kinds[o->kind]);
    if (o->refused[0]) trial_set(t, "capture_refused", o->refused);
    if (o->kind == OBSERVER_NONE) return;
    trial_judge(t, &facts);
    trial_metric(t, "wire_requests", "requests", (double)o->requests);
    trial_metric(t, "wire_unanswered", "requests", (double)o->unanswered);
    if (o->requests > 0) trial_metric(t, "records_per_request", "records", (double)o->records / (double)o->requests);
    if (o->records > 0) {
        double records = (double)o->records;
        trial_metric(t, "bytes_per_record", "bytes", (double)(o->request_bytes + o->response_bytes) / records);
        trial_metric(t, "request_bytes_per_record", "bytes", (double)o->request_bytes / records);
        trial_metric(t, "batch_bytes_per_record", "bytes", (double)o->record_bytes / records);
    }
    struct histogram *h = trial_histogram(t, o->kind == OBSERVER_CAPTURE ? "wire" : "through_proxy", "ns");
    histogram_merge(h, &o->latency);
}

void observer_release(struct observer *o)
{
    histogram_release(&o->latency);
}
