/* Many connections with one request in flight each, from one thread: what takes part in the measurement is the broker,
 * not sixty-four clients that fight for the same processors. The request is encoded once; all connections send the
 * same bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/speed/wire.h"
#include "lib/base/memory.h"
#include "lib/kafka/api.h"
#include "lib/kafka/batch.h"
#include "lib/kafka/messages_data.h"
#include "lib/os/clock.h"
#include "lib/os/net.h"

enum { ANSWER_BYTES_MAX = 1024, STALL_MS = 10000 };

struct member {
    int descriptor;
    int64_t sent_ns;
    uint8_t answer[ANSWER_BYTES_MAX];
    size_t answer_n;
};

struct crowd {
    struct wire_crowd *options;
    struct buf frame;
    struct member *members;
    int epoll, waiting; /* members that wait for an answer */
    int64_t end_ns;
    struct err_text *error;
};

static int frame_build(struct crowd *c)
{
    struct wire_crowd *o = c->options;
    struct buf batch = {0};
    struct kafka_request_header header = {KAFKA_API_PRODUCE, WIRE_PRODUCE_VERSION, 1, KAFKA_STRING_LIT("bench")};
    int rc = wire_batch(o->records, o->record_bytes, &batch);
    struct produce_request_partition_produce_data data = {.records = kafka_bytes_of_slice(buf_slice(&batch))};
    struct produce_request_topic_produce_data topic = {
        .name = kafka_string_of(o->topic), .partition_data = &data, .partition_data_count = 1};
    struct produce_request request = {.transactional_id = KAFKA_STRING_NULL,
                                      .acks = 1,
                                      .timeout_ms = STALL_MS,
                                      .topic_data = &topic,
                                      .topic_data_count = 1};
    if (rc == 0) rc = kafka_request_frame(&header, &request, &c->frame);
    o->request_bytes = (int64_t)batch.n;
    buf_release(&batch);
    return rc < 0 ? err_set(c->error, rc, "a request that cannot be encoded: %s", err_name(rc)) : 0;
}

static int member_send(struct crowd *c, struct member *m)
{
    m->answer_n = 0;
    m->sent_ns = clock_mono_ns();
    /* One request is far smaller than a socket's buffer that is empty. */
    ssize_t n = send(m->descriptor, c->frame.p, c->frame.n, MSG_NOSIGNAL);
    if (n != (ssize_t)c->frame.n) return err_set(c->error, ERR_IO, "a connection took %zd of %zu bytes", n, c->frame.n);
    c->waiting++;
    return 0;
}

static int answer_check(struct crowd *c, const struct member *m)
{
    struct arena arena = {0};
    struct produce_response answer;
    struct slice body;
    int32_t id;
    int rc = kafka_response_header_decode(KAFKA_API_PRODUCE, WIRE_PRODUCE_VERSION,
                                          slice_of(m->answer + 4, m->answer_n - 4), &id, &body);
    if (rc == 0) rc = kafka_decode(&produce_response_message, WIRE_PRODUCE_VERSION, body, &arena, &answer);
    if (rc == 0 && answer.responses[0].partition_responses[0].error_code != 0) rc = ERR_INVALID;
    if (rc < 0) err_set(c->error, rc, "a batch was not taken: %s", err_name(rc));
    arena_release(&arena);
    return rc;
}

static int member_ready(struct crowd *c, struct member *m)
{
    ssize_t n = recv(m->descriptor, m->answer + m->answer_n, sizeof m->answer - m->answer_n, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) return err_set(c->error, ERR_CLOSED, "the broker closed a connection");
    m->answer_n += (size_t)n;
    if (m->answer_n < 4 || m->answer_n < get_u32be(m->answer) + 4) return 0;
    int64_t now_ns = clock_mono_ns();
    int rc = answer_check(c, m);
    if (rc < 0) return rc;
    c->waiting--;
    c->options->acked++;
    if (c->options->ack) histogram_record(c->options->ack, now_ns - m->sent_ns);
    return now_ns < c->end_ns ? member_send(c, m) : 0;
}

static int crowd_run(struct crowd *c)
{
    struct epoll_event events[64];
    int rc = 0;
    for (int i = 0; i < c->options->connections && rc == 0; i++) rc = member_send(c, &c->members[i]);
    while (rc == 0 && c->waiting) {
        int n = epoll_wait(c->epoll, events, 64, STALL_MS);
        if (n == 0) rc = err_set(c->error, ERR_IO, "no answer within %d ms", STALL_MS);
        for (int i = 0; i < n && rc == 0; i++) rc = member_ready(c, events[i].data.ptr);
    }
    return rc;
}

static int crowd_open(struct crowd *c)
{
    struct net_address address;
    int rc = net_address_parse(c->options->bootstrap, &address, c->error);
    for (int i = 0; i < c->options->connections && rc == 0; i++) {
        struct member *m = &c->members[i];
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = m};
        m->descriptor = net_connect(&address, 5000, c->error);
        if (m->descriptor < 0)
            rc = m->descriptor;
        else
            epoll_ctl(c->epoll, EPOLL_CTL_ADD, m->descriptor, &e);
    }
    return rc;
}

int wire_crowd(struct wire_crowd *o, struct err_text *error)
{
    struct crowd c = {.options = o, .error = error, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    c.members = memory_new((size_t)o->connections * sizeof *c.members);
    for (int i = 0; i < o->connections; i++) c.members[i].descriptor = -1;
    int rc = frame_build(&c);
    if (rc == 0) rc = crowd_open(&c);
    int64_t begin_ns = clock_mono_ns();
    c.end_ns = begin_ns + (int64_t)(o->seconds * 1e9);
    if (rc == 0) rc = crowd_run(&c);
    o->took_s = (double)(clock_mono_ns() - begin_ns) / 1e9;
    for (int i = 0; i < o->connections; i++)
        if (c.members[i].descriptor >= 0) close(c.members[i].descriptor);
    close(c.epoll);
    buf_release(&c.frame);
    free(c.members);
    return rc;
}
