/* server.properties, checked: the table of config_keys.c first, then what is more than a number. Keys that Kafka
 * knows and that have no meaning on one node of this kind are in that table too, so that a server.properties
 * from elsewhere starts here without a false alarm about spelling. */
#include "broker/node/config.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "broker/node/config_keys.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/os/address.h"

/* With no queued.max.request.bytes Kafka has no bound. We always have one. */
enum { REQUEST_MEMORY_MIB_DEFAULT = 256 };

static int complain(struct err_text *error, const struct property *p, const char *what)
{
    if (p->line) return err_set(error, ERR_INVALID, "%s:%d: %s=%s: %s", p->origin, p->line, p->key, p->value, what);
    return err_set(error, ERR_INVALID, "%s %s=%s: %s", p->origin, p->key, p->value, what);
}

static int long_read(const struct property *p, int64_t min, int64_t max, int64_t *out, struct err_text *error)
{
    int64_t v;
    if (!text_to_i64(slice_str(p->value), &v)) return complain(error, p, "must be a whole number");
    if (v < min || v > max) {
        char what[96];
        if (max == INT64_MAX)
            snprintf(what, sizeof what, "must be at least %lld", (long long)min);
        else
            snprintf(what, sizeof what, "must be from %lld to %lld", (long long)min, (long long)max);
        return complain(error, p, what);
    }
    *out = v;
    return 0;
}

static int bool_read(const struct property *p, bool *out, struct err_text *error)
{
    bool yes = strcasecmp(p->value, "true") == 0;
    if (!yes && strcasecmp(p->value, "false") != 0) return complain(error, p, "must be true or false");
    *out = yes;
    return 0;
}

static int number_take(const struct config_key *k, const struct property *p, int64_t *out, struct err_text *error)
{
    bool good = text_to_i64(slice_str(k->def.default_value), out);
    assert(good); /* config_keys_test.c */
    return p ? long_read(p, k->def.min, k->def.max, out, error) : 0;
}

static int flag_take(const struct config_key *k, const struct property *p, bool *out, struct err_text *error)
{
    *out = strcmp(k->def.default_value, "true") == 0;
    return p ? bool_read(p, out, error) : 0;
}

static int table_read(struct node_config *c, struct err_text *error)
{
    int rc = 0;
    for (int i = 0; i < config_key_count && rc == 0; i++) {
        const struct config_key *k = &config_keys[i];
        void *field = (char *)c + k->offset;
        const struct property *p = properties_find(&c->properties, k->def.name);
        switch (k->kind) {
        case CONFIG_KEY_NUMBER: rc = number_take(k, p, field, error); break;
        case CONFIG_KEY_FLAG: rc = flag_take(k, p, field, error); break;
        case CONFIG_KEY_TEXT: *(char **)field = p ? memory_str(p->value) : NULL; break;
        case CONFIG_KEY_BY_HAND:
        case CONFIG_KEY_NO_EFFECT: break;
        }
    }
    return rc;
}

/* --- keys that are more than a number --- */

/* Keys that are what a topic starts with (log.retention.hours, ...) have their types and ranges in
 * topic_config.h, and their values are read from the properties when a topic is opened. */
static int topic_defaults_check(const struct node_config *c, struct err_text *error)
{
    for (int i = 0; i < c->properties.count; i++) {
        const struct property *p = &c->properties.items[i];
        const struct topic_config *t = topic_config_of_broker_key(slice_str(p->key), NULL);
        struct err_text why = {0};
        if (t && config_check(&t->def, slice_str(p->value), &why) < 0) return complain(error, p, why.text);
    }
    return 0;
}

/* Whether "NAME://..." is named by controller.listener.names: controllers that talk to one another. One node has
 * nobody to talk to, so such a listener is not opened. */
static bool is_for_controllers(const struct node_config *c, struct slice listener)
{
    const struct property *p = properties_find(&c->properties, "controller.listener.names");
    struct slice rest = p ? slice_str(p->value) : (struct slice){0}, name;
    while (config_list_next(&rest, &name))
        if (name.n && listener.n > name.n && memcmp(listener.p, name.p, name.n) == 0 && listener.p[name.n] == ':')
            return true;
    return false;
}

/* The one listener for clients of a list that may name others. */
static int listener_read(const struct node_config *c, const struct property *p, char **host, int *port,
                         struct err_text *error)
{
    struct slice rest = slice_str(p->value), entry, mine = {0};
    struct net_address address;
    struct err_text why = {0};
    int count = 0;
    while (config_list_next(&rest, &entry)) {
        if (is_for_controllers(c, entry)) continue;
        mine = entry;
        count++;
    }
    if (count != 1) return complain(error, p, "one listener is served, PLAINTEXT://HOST:PORT");
    char *text = memory_copy((const char *)mine.p, mine.n);
    int rc = net_listener_parse(text, &address, &why);
    free(text);
    if (rc < 0) return complain(error, p, why.text);
    *host = memory_str(address.host);
    *port = address.port;
    return 0;
}

static int listeners_read(struct node_config *c, struct err_text *error)
{
    static struct property otherwise = {"listeners", "PLAINTEXT://127.0.0.1:9092", "default", 0};
    const struct property *p = properties_find(&c->properties, "listeners");
    int rc = listener_read(c, p ? p : &otherwise, &c->host, &c->port, error);
    if (rc < 0) return rc;
    const struct property *a = properties_find(&c->properties, "advertised.listeners");
    if (a) return listener_read(c, a, &c->advertised_host, &c->advertised_port, error);
    c->advertised_host = memory_str(c->host[0] ? c->host : "127.0.0.1");
    c->advertised_port = c->port;
    return 0;
}

static int log_dir_read(struct node_config *c, struct err_text *error)
{
    const struct property *p = properties_find(&c->properties, "log.dirs");
    if (!p) p = properties_find(&c->properties, "log.dir");
    if (p && strchr(p->value, ',')) return complain(error, p, "one directory is served, not a list");
    if (p && !p->value[0]) return complain(error, p, "must name a directory");
    c->log_dir = memory_str(p ? p->value : "/tmp/kafka-logs");
    return 0;
}

/* One node is both roles; anything else would be a promise that is not kept. */
static int roles_read(struct node_config *c, struct err_text *error)
{
    const struct property *p = properties_find(&c->properties, "process.roles");
    if (!p || strcmp(p->value, "broker,controller") == 0 || strcmp(p->value, "controller,broker") == 0) return 0;
    return complain(error, p, "must be broker,controller");
}

static int special_read(struct node_config *c, struct err_text *error)
{
    const struct property *id = properties_find(&c->properties, "broker.id");
    int rc = topic_defaults_check(c, error);
    if (rc == 0 && id && !properties_find(&c->properties, "node.id"))
        rc = long_read(id, 0, INT32_MAX, &c->node_id, error);
    if (rc == 0) rc = listeners_read(c, error);
    if (rc == 0) rc = log_dir_read(c, error);
    if (rc == 0) rc = roles_read(c, error);
    return rc;
}

/* What no single row can say. */
static int whole_check(struct node_config *c, struct err_text *error)
{
    if (c->request_memory_bytes < 0) c->request_memory_bytes = (int64_t)REQUEST_MEMORY_MIB_DEFAULT << 20;
    if (c->group_session_timeout_min_ms > c->group_session_timeout_max_ms)
        return err_set(error, ERR_INVALID, "group.min.session.timeout.ms is above group.max.session.timeout.ms");
    if (c->replication_factor_default > 1)
        return err_set(error, ERR_INVALID, "default.replication.factor=%lld: one node holds one replica",
                       (long long)c->replication_factor_default);
    return 0;
}

static void doubts_say(const struct node_config *c, node_config_say_fn *say, void *context)
{
    for (int i = 0; i < c->properties.count; i++) {
        const struct property *p = &c->properties.items[i];
        const struct config_key *k = config_key_find(slice_str(p->key));
        bool effective =
            k ? k->kind != CONFIG_KEY_NO_EFFECT : topic_config_of_broker_key(slice_str(p->key), NULL) != NULL;
        if (effective) continue;
        char line[512], where[256];
        if (p->line)
            snprintf(where, sizeof where, "%s:%d:", p->origin, p->line);
        else
            snprintf(where, sizeof where, "%s", p->origin);
        snprintf(line, sizeof line, "%s %s: %s", where, p->key, k ? "has no effect here" : "unknown key, ignored");
        say(context, line);
    }
}

int node_config_load(struct node_config *c, struct properties *p, node_config_say_fn *say, void *context,
                     struct err_text *error)
{
    memset(c, 0, sizeof *c);
    c->properties = *p;
    memset(p, 0, sizeof *p);
    int rc = table_read(c, error);
    if (rc == 0) rc = special_read(c, error);
    if (rc == 0) rc = whole_check(c, error);
    if (rc < 0) {
        node_config_release(c);
        return rc;
    }
    if (say) doubts_say(c, say, context);
    return 0;
}

void node_config_release(struct node_config *c)
{
    properties_release(&c->properties);
    free(c->rack);
    free(c->log_dir);
    free(c->host);
    free(c->advertised_host);
    memset(c, 0, sizeof *c);
}

const char *node_config_given(const struct node_config *c, const char *key)
{
    const struct property *p = properties_find(&c->properties, key);
    return p ? p->value : NULL;
}
