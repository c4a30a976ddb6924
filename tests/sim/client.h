/* client.h - a Kafka client as a small state machine over one link.
 *
 *     think ---> client_call ... ---> answered | lost
 *       ^                                |
 *       +---- client_think_in -----------+
 *
 * Real frames, encoded with lib/kafka in a version drawn for each call. `think` is called when its time has
 * come; it looks where the client stands, does one thing and says when to think again. A call ends in
 * `answered` with the decoded response, or in `lost` when the connection went; after the last lost one `gone`
 * is called. A call that is not answered within a bound while its link stands is a failure of the node. */
#ifndef MILLRACE_TESTS_SIM_CLIENT_H
#define MILLRACE_TESTS_SIM_CLIENT_H

#include "lib/kafka/api.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/messages.h"
#include "tests/sim/sim.h"

struct call {
    int32_t correlation;
    const struct kafka_api *api;
    int16_t version;
    int64_t sent_ns;
    uint64_t sent_event; /* number of the event: what happened before what */
    void *context;       /* the caller's */
    struct call *next;
};

struct client_kind {
    const char *name;
    void (*think)(struct client *c);
    void (*answered)(struct client *c, const struct call *call, const void *response);
    void (*lost)(struct client *c, const struct call *call); /* may be NULL */
    void (*gone)(struct client *c);                          /* may be NULL */
    bool (*is_idle)(const struct client *c);                 /* nothing it still waits for; may be NULL */
    void (*release)(struct client *c);                       /* what hangs on `state`, which is freed; may be NULL */
};

struct client {
    struct sim *sim;
    const struct client_kind *kind;
    int number;
    void *state; /* of the kind */
    struct link *link;
    struct buf inbox;
    struct call *first, **last;
    int call_count;
    int32_t correlation;
    uint64_t think_number;
    struct arena arena; /* for one request or response */
};

/* Takes `state` (from memory_new). It thinks first at a time drawn. */
struct client *client_add(struct sim *s, const struct client_kind *kind, void *state);
void clients_release(struct sim *s);

void client_think_in(struct client *c, int64_t in_ns);
/* True when there is a link; otherwise one is opened if the broker is there, else thinks again later. */
bool client_connect(struct client *c);
/* Sends a request of this API in a version that is drawn (or at most / at least what is given). */
void client_call(struct client *c, int api_key, int min_version, int max_version, const void *request, void *context);
/* The version that client_call would draw, for requests that look different in some. */
int16_t client_version(struct client *c, int api_key, int min_version, int max_version);
void client_call_version(struct client *c, int api_key, int16_t version, const void *request, void *context,
                         bool answered);
/* Bytes of its own, answered or not. */
void client_send_bytes(struct client *c, struct buf *frame);
void client_drop(struct client *c); /* walks away from its link */

/* From the network. */
void client_received(struct client *c, struct slice bytes);
void client_disconnected(struct client *c);

/* The kinds. */
void producer_add(struct sim *s);
void consumer_add(struct sim *s);
void member_add(struct sim *s);
void committer_add(struct sim *s);
void shaper_add(struct sim *s);
void admin_add(struct sim *s);
void passenger_add(struct sim *s);
void garbage_add(struct sim *s);
struct client *auditor_add(struct sim *s);
void auditor_begin(struct client *c);

#endif
