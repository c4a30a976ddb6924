#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/net.h"

enum { CONNECT_MS = 5000, ANSWER_MS = 30000, ANSWER_BYTES_MAX = 256 * 1024 * 1024 };

static void fail(const struct ask *a, const char *what)
{
    char broker[300];
    net_address_format(&a->broker, broker, sizeof broker);
    fprintf(stderr, "millrace %s: %s: %s\n", a->command, broker, what);
}

static bool connect_to(struct ask *a, const struct net_address *to, struct err_text *why)
{
    if (a->descriptor >= 0) close(a->descriptor);
    a->broker = *to;
    a->descriptor = net_connect(to, CONNECT_MS, why);
    return a->descriptor >= 0;
}

bool ask_open(struct ask *a, const char *command, const char *bootstrap)
{
    struct err_text why = {0};
    *a = (struct ask){.command = command, .descriptor = -1};
    for (const char *at = bootstrap; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char one[300];
        struct net_address to;
        snprintf(one, sizeof one, "%.*s", (int)strcspn(at, ","), at);
        if (net_address_parse(one, &to, &why) == 0 && connect_to(a, &to, &why)) return true;
    }
    fprintf(stderr, "millrace %s: %s\n", command, why.text);
    ask_close(a);
    return false;
}

/* The frame of an answer, without its size; in the arena. */
static int answer_read(struct ask *a, struct slice *out)
{
    uint8_t size[4];
    int rc = net_receive_all(a->descriptor, size, sizeof size, ANSWER_MS);
    if (rc < 0) return rc;
    uint32_t n = get_u32be(size);
    if (n > ANSWER_BYTES_MAX) return ERR_CORRUPT;
    uint8_t *bytes = arena_alloc(&a->arena, n);
    *out = slice_of(bytes, n);
    return net_receive_all(a->descriptor, bytes, n, ANSWER_MS);
}

static const void *answer_decode(struct ask *a, const struct kafka_api *api, int version, struct slice answer)
{
    int32_t correlation;
    struct slice body;
    int rc = kafka_response_header_decode(api->key, version, answer, &correlation, &body);
    if (rc == 0 && correlation != a->correlation) rc = ERR_CORRUPT;
    void *out = kafka_struct_array(api->response->root, &a->arena, 1);
    if (rc == 0) rc = kafka_decode(api->response, version, body, &a->arena, out);
    if (rc == 0) return out;
    fail(a, "its answer cannot be read");
    return NULL;
}

const void *ask(struct ask *a, int api_key, int version, const void *request)
{
    const struct kafka_api *api = kafka_api_find(api_key);
    struct kafka_request_header h = {(int16_t)api_key, (int16_t)version, ++a->correlation,
                                     KAFKA_STRING_LIT("millrace")};
    struct buf frame = {0};
    int rc = kafka_request_frame(&h, request, &frame);
    if (rc == 0) rc = net_send_all(a->descriptor, buf_slice(&frame));
    buf_release(&frame);
    struct slice answer;
    if (rc == 0) rc = answer_read(a, &answer);
    if (rc == 0) return answer_decode(a, api, version, answer);
    char what[200];
    snprintf(what, sizeof what,
             rc == ERR_CLOSED ? "it closed the connection: perhaps it does not know %s %d" : "no answer to %s %d",
             api->name, version);
    fail(a, what);
    return NULL;
}

bool ask_broker(struct ask *a, int32_t id)
{
    struct metadata_request none = {.topics_count = 0, .allow_auto_topic_creation = false};
    const struct metadata_response *m = ask(a, KAFKA_API_METADATA, 7, &none);
    if (!m) return false;
    for (int32_t i = 0; i < m->brokers_count; i++) {
        struct net_address to = {.port = m->brokers[i].port};
        struct err_text why = {0};
        if (m->brokers[i].node_id != id) continue;
        snprintf(to.host, sizeof to.host, "%.*s", m->brokers[i].host.n, m->brokers[i].host.p);
        if (connect_to(a, &to, &why)) return true;
        fprintf(stderr, "millrace %s: %s\n", a->command, why.text);
        return false;
    }
    fprintf(stderr, "millrace %s: there is no broker %d\n", a->command, id);
    return false;
}

void ask_refused(const struct ask *a, const char *what, int16_t error, struct kafka_string message)
{
    const char *name = kafka_error_name(error);
    if (message.n > 0)
        fprintf(stderr, "millrace %s: %s: %s: %.*s\n", a->command, what, name, message.n, message.p);
    else
        fprintf(stderr, "millrace %s: %s: %s\n", a->command, what, name);
}

void ask_close(struct ask *a)
{
    if (a->descriptor >= 0) close(a->descriptor);
    a->descriptor = -1;
    arena_release(&a->arena);
}
