/* site.h - the web sites of the clickstream workload: paths, visitors and what scanners send.
 *
 * A visitor has one client address and one user agent for ever; some addresses are shared by two
 * visitors (a household behind one router), which then differ in the agent. So a visitor and a site
 * are exactly one session key, and no map of strings is needed to count keys. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_SITE_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_SITE_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "workloads/chance.h"

enum {
    SITE_COMBINED = 3, /* sites [0, SITE_COMBINED) have a log each, the others share one on a hosting server */
    SITE_COUNT = 5,
    SITE_VISITORS = 40000,
    SITE_CLOCKWORK = 64, /* the last visitors: they come only at planned instants (see traffic.c) */
    SITE_PAGES = 1600,   /* paths [0, SITE_PAGES) are pages, the most popular first */
    SITE_ASSETS = 300,   /* then static files */
    SITE_PROBES = 24,    /* then what scanners look for */
    SITE_PATHS = SITE_PAGES + SITE_ASSETS + SITE_PROBES,
    SITE_CONNECT = SITE_PATHS - 1, /* a target that is not a path: a proxy request's host:port */
};

struct path {
    char text[48]; /* as logged, before any '?' */
    uint8_t length;
    bool is_static; /* ends in an extension that is no page view */
    uint32_t bytes;
};

struct visitor {
    uint32_t address; /* 100.64.0.0 plus this */
    uint16_t agent;
};

struct sites {
    struct path path[SITE_PATHS];
    struct visitor visitor[SITE_VISITORS];
    struct popularity pages, assets, visitors;
};

void sites_init(struct sites *s, struct random *r);
const char *site_name(int site); /* ascending in byte order */
/* As it is logged, between its quotes; some hold escaped quotes. */
const char *site_agent(int agent);
bool site_is_hosted(int site);
/* A browser that runs the scripts of a page, so that the page's events are sent. */
bool site_agent_runs_scripts(int agent);
bool site_agent_is_bot(int agent);
bool site_agent_is_scanner(int agent);
/* Bytes that are no request line, as a server logs them. */
const char *site_garbage(struct random *r);
/* Query strings, "?" included; some with backslash escapes. */
const char *site_query(struct random *r);
const char *site_escaped_query(struct random *r);
static inline void site_put_path(struct buf *b, const struct path *p)
{
    buf_append(b, p->text, p->length);
}
void site_put_address(struct buf *b, const struct visitor *v);

#endif
