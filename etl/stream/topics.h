/* topics.h - the topics that a pipeline's records travel on: the pipeline's own, or one that a source names.
 *
 *     {"topic": "shop", "sources": [{"name": "orders", ...}, {"name": "hits", "topic": "clicks", ...}]}
 *
 *     names    shop   clicks         of_feed    0 (orders)   1 (hits)
 *
 * They carry one stream together: one stream id, and an end message in each partition of each. */
#ifndef MILLRACE_ETL_STREAM_TOPICS_H
#define MILLRACE_ETL_STREAM_TOPICS_H

#include "etl/definition.h"

struct topics {
    const char **names; /* each once, in the order of the sources; they belong to the definition or the caller */
    int count;
    int *of_feed; /* index in names */
};

/* `instead` takes the place of the pipeline's topic, unless it is NULL; sources with one of their own keep it. */
void topics_find(struct topics *t, const struct definition *d, const char *instead);
void topics_release(struct topics *t);

/* Index in names or -1. */
int topics_index(const struct topics *t, const char *name);
/* The only source that a topic carries; -1 when it carries several. */
int topics_only_feed(const struct topics *t, int feed_count, int topic);
/* All names, with commas between them. */
void topics_print(const struct topics *t, struct buf *out);

#endif
