/* controller.h - changes of the metadata, one after the other: decided, appended to the metadata log, replayed, and
 * then carried out here (controller.c). */
#ifndef MILLRACE_BROKER_NODE_CONTROLLER_H
#define MILLRACE_BROKER_NODE_CONTROLLER_H

#include "broker/metadata/metadata.h"
#include "broker/node/node.h"

struct partition;
struct request;

enum change_kind {
    CHANGE_CREATE,
    CHANGE_OFFSETS_TOPIC,
    CHANGE_DELETE,
    CHANGE_PARTITIONS,
    CHANGE_CONFIGS,
    CHANGE_PRODUCER_IDS,
    CHANGE_FOLDERS, /* of the metadata nothing: folders that could not be made before */
};

/* One thing of a request that wants a change: a topic, a resource with configs, or a block of ids. */
struct change_item {
    struct kafka_string name;        /* create, grow, delete by name; of a resource */
    struct kafka_uuid id;            /* delete by id */
    struct metadata_create create;   /* create, grow */
    struct metadata_alter alter;     /* configs */
    bool decided;                    /* set by the caller too, where there is nothing to decide: `outcome` is filled */
    struct metadata_outcome outcome; /* message is copied to the request's arena */
};

struct change {
    enum change_kind kind;
    struct request *request; /* who is answered; NULL: nobody, but continuation tells */
    struct change_item *items;
    int32_t item_count;
    bool validate_only;
    int64_t first_producer_id;
    int16_t error; /* the log refused */
    void (*done)(struct node *n, struct change *c);
    struct arena arena; /* holds the change itself and its items */
    struct change *next;
};

struct change *change_new(enum change_kind kind, struct request *r, int32_t items,
                          void (*done)(struct node *, struct change *));
/* Queues it; `done` is called with every outcome filled in, possibly at once, and the change is freed. */
void change_submit(struct node *n, struct change *c);
/* A doomed partition has gone: a topic of its name may be made now. */
void controller_doomed_gone(struct node *n, const struct partition *p);
/* A change has waited long enough for folders of deleted partitions. */
void controller_patience_over(struct node *n);
/* Tries again to make folders that are missing. */
void controller_folders_again(struct node *n);
/* Frees a change that was not submitted. */
void change_free(struct change *c);
/* For node_free. */
void controller_release(struct node *n);

#endif
