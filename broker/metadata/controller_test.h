/* controller_test.h - a controller of one for tests: an image, the log that made it, defaults, a seed. */
#ifndef MILLRACE_BROKER_METADATA_CONTROLLER_TEST_H
#define MILLRACE_BROKER_METADATA_CONTROLLER_TEST_H

#include "broker/metadata/topic_config.h"

struct controller {
    struct metadata_image image;
    struct metadata_limits limits;
    struct random random;
    struct metadata_changes changes; /* of the last decision */
    struct arena arena;              /* the log's values */
    struct slice *log;
    int32_t log_count;
};

/* Brokers 1 .. brokers are registered. */
void controller_init(struct controller *c, int brokers);
void controller_release(struct controller *c);
/* The changes of the last decision go to the log and are replayed. */
void controller_commit(struct controller *c);
/* A new image, from the first `count` records of the log. */
void controller_replay(const struct controller *c, int32_t count, struct metadata_image *out);
/* Creates with "key=value,..." as configs; commits when it may. */
struct metadata_outcome controller_create(struct controller *c, const char *name, int32_t partitions,
                                          int16_t replication, const char *configs);
struct metadata_outcome controller_delete(struct controller *c, const char *name);
/* Everything an image holds, as text: equal images have equal texts. */
void image_show(const struct metadata_image *m, struct buf *out);
/* One record as text, field by field. */
void record_show(struct slice value, struct buf *out);

#endif
