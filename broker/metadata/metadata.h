/* metadata.h - what the cluster consists of: brokers, topics, partitions, configs, producer ids.
 *
 *                     decide                       append                    replay
 *   request ------> metadata_create_topic ---> metadata_changes ---> __cluster_metadata-0 ---> metadata_image
 *                   metadata_delete_topic      (encoded records)      (node and log)            |
 *                   metadata_register_broker ...      ^                                         |
 *                        ^                            |                                         |
 *                        +----------------------------+-- reads the image, never changes it <---+
 *
 * The image changes in one way only: metadata_replay of a record that is in the log. Deciding functions
 * read the image and answer either with an error code or with the records that would make it so; the node
 * appends them as one batch and replays them when they are stored. At start it replays the whole log.
 * So an image is a function of the log, and a controller of more than one node changes nothing here.
 *
 * One decision at a time: between a decision and the replay of its records the image does not know of
 * it, so the node starts the next decision after the replay (or after the failure) of the one before.
 *
 * Records are Kafka's own types (lib/kafka/metadata_record.h has the frame).
 *
 * Ownership: an image owns all that its pointers lead to; they are good until the next replay. Errors of
 * decisions are Kafka's codes with a sentence for the client; replay answers a negative enum err. */
#ifndef MILLRACE_BROKER_METADATA_METADATA_H
#define MILLRACE_BROKER_METADATA_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"
#include "lib/base/random.h"
#include "lib/base/table.h"
#include "lib/kafka/error_code.h"
#include "lib/kafka/schema.h"

/* ---- the image: read freely, written by metadata_replay alone ---- */

struct metadata_partition {
    int32_t leader; /* -1: none */
    int32_t leader_epoch, partition_epoch;
    int32_t *replicas, *isr;
    int32_t replica_count, isr_count;
    struct kafka_uuid *directories; /* one for each replica; zero where unknown */
};

/* A config of a topic or a broker that somebody set; what nobody set has its default (topic_config.h). */
struct metadata_config {
    char *name, *value;
};

struct metadata_configs {
    struct metadata_config *items; /* in byte order of the names */
    int32_t count;
};

struct metadata_topic {
    char *name;
    struct kafka_uuid id;
    bool internal;                         /* __consumer_offsets, __transaction_state, ... */
    struct metadata_partition *partitions; /* index = partition number */
    int32_t partition_count;
    struct metadata_configs configs;
    struct metadata_topic *next, *previous; /* in order of creation */
};

struct metadata_endpoint {
    char *name, *host; /* "PLAINTEXT", "127.0.0.1" */
    uint16_t port;
    int16_t security_protocol; /* 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL */
};

struct metadata_broker {
    int32_t id;
    int64_t epoch; /* offset of its registration */
    struct kafka_uuid incarnation;
    struct metadata_endpoint *endpoints;
    int32_t endpoint_count;
    char *rack; /* NULL: none */
    bool fenced, in_controlled_shutdown;
};

struct metadata_feature {
    char *name;
    int16_t level;
};

struct metadata_image {
    struct table topics_by_name;     /* name -> struct metadata_topic */
    struct table topics_by_id;       /* 16 bytes -> the same */
    struct table topics_by_likeness; /* name with '.' as '_' -> the same: these must not collide */
    struct metadata_topic *first, *last;
    struct metadata_broker *brokers; /* ascending ids */
    int32_t broker_count;
    struct table broker_configs; /* broker id as text, "" for the cluster's default -> struct metadata_configs */
    struct metadata_feature *features;
    int32_t feature_count;
    int64_t next_producer_id; /* every id below is given away */
    int64_t partition_count;  /* over all topics */
};

/* A zeroed image is an empty one too. */
void metadata_image_init(struct metadata_image *m);
void metadata_image_release(struct metadata_image *m);

const struct metadata_topic *metadata_topic_find(const struct metadata_image *m, struct slice name);
const struct metadata_topic *metadata_topic_find_id(const struct metadata_image *m, struct kafka_uuid id);
/* NULL when the topic is NULL or has no such partition. */
const struct metadata_partition *metadata_partition_find(const struct metadata_topic *t, int32_t partition);
const struct metadata_broker *metadata_broker_find(const struct metadata_image *m, int32_t id);
/* What is set for a broker (its id as text) or for all of them (""); NULL when nothing ever was. */
const struct metadata_configs *metadata_broker_configs(const struct metadata_image *m, struct slice name);
/* NULL when it is not set. */
const char *metadata_config_find(const struct metadata_configs *c, const char *name);
/* All topics in order of creation:
 *     for (t = metadata_topic_next(m, NULL); t; t = metadata_topic_next(m, t)) */
const struct metadata_topic *metadata_topic_next(const struct metadata_image *m, const struct metadata_topic *after);

/* Applies the value of one record of __cluster_metadata (control records are not for here). A record of
 * a type that is not known changes nothing and is ERR_UNSUPPORTED; one that contradicts the image is
 * ERR_CORRUPT and changes nothing; `error` says which record and why. */
int metadata_replay(struct metadata_image *m, struct slice value, struct err_text *error);

/* ---- decisions ---- */

/* Values of records to append as one batch to __cluster_metadata-0, in order. Zero it before first use. */
struct metadata_changes {
    struct slice *values; /* in `arena` */
    int32_t count, capacity;
    struct arena arena;
};

void metadata_changes_reset(struct metadata_changes *c);
void metadata_changes_release(struct metadata_changes *c);

/* What an empty log dir starts with: the features of a cluster of this version. */
void metadata_format(struct metadata_changes *out);

/* A broker comes up (again). `log_end` is the offset its first record will get: the broker's epoch. */
struct metadata_registration {
    int32_t broker_id;
    struct kafka_uuid incarnation; /* new at each start */
    struct kafka_uuid directory;   /* directory.id of meta.properties */
    const struct metadata_endpoint *endpoints;
    int32_t endpoint_count;
    const char *rack; /* or NULL */
    int64_t log_end;
};

void metadata_register_broker(const struct metadata_image *m, const struct metadata_registration *r,
                              struct metadata_changes *out);

/* Makes a broker that is here lead the partitions that have no leader and count it as in sync. A Kafka broker that
 * ends cleanly gives its leaderships away, so a directory that comes from Kafka has such partitions. */
void metadata_elect_leaders(const struct metadata_image *m, int32_t broker_id, struct metadata_changes *out);

/* The broker's defaults for topics, and its bounds. */
struct metadata_limits {
    int32_t num_partitions;             /* num.partitions */
    int16_t default_replication_factor; /* default.replication.factor */
    int32_t partition_count_max;        /* ours: partitions in the cluster */
    struct kafka_uuid directory;        /* of this broker, for its replicas */
    int32_t broker_id;
};

struct metadata_assignment {
    int32_t partition;
    const int32_t *brokers; /* the first leads */
    int32_t broker_count;
};

struct metadata_setting {
    struct kafka_string name, value; /* a null value is refused */
};

struct metadata_create {
    struct kafka_string name;
    int32_t num_partitions;     /* -1: the default; must be -1 with assignments */
    int16_t replication_factor; /* -1: the default; must be -1 with assignments */
    const struct metadata_assignment *assignments;
    int32_t assignment_count;
    const struct metadata_setting *configs;
    int32_t config_count;
};

/* What a decision came to. `message` is for the client, in the changes' arena; NULL when error is NONE. */
struct metadata_outcome {
    int16_t error; /* a Kafka code */
    const char *message;
    struct kafka_uuid topic_id; /* create, delete */
    int32_t num_partitions;     /* create: as it came out */
    int16_t replication_factor;
};

/* A client's CreateTopics, and auto-creation (all -1). `random` draws the topic id. On error nothing is
 * added to `out`. For validate_only throw the changes away. Names of the broker's own topics are refused:
 * it creates them itself. That a name comes twice in one request is for the caller to see. */
struct metadata_outcome metadata_create_topic(const struct metadata_image *m, const struct metadata_limits *limits,
                                              const struct metadata_create *request, struct random *random,
                                              struct metadata_changes *out);

/* CreatePartitions: `num_partitions` is how many there shall be, assignments (count -1: none) are those of the new
 * ones, numbered from 0; the other fields do not count. The broker's own topics keep what they have. The outcome's
 * num_partitions is how many were added. */
struct metadata_outcome metadata_grow_topic(const struct metadata_image *m, const struct metadata_limits *limits,
                                            const struct metadata_create *request, struct random *random,
                                            struct metadata_changes *out);

/* AlterConfigs and IncrementalAlterConfigs of one resource. */
struct config_def;
struct metadata_config_op {
    struct kafka_string name, value;
    int8_t operation;             /* enum kafka_config_operation */
    const struct config_def *def; /* its row in the registry; NULL: nobody knows it, and it can only be unset */
};

struct metadata_alter {
    int8_t resource_type;              /* KAFKA_RESOURCE_TOPIC or _BROKER */
    struct kafka_string resource_name; /* a topic, a broker's id, "" for every broker */
    const struct metadata_config_op *ops;
    int32_t op_count;
    bool replace; /* AlterConfigs: what is not named is unset */
};

/* On error nothing is added to `out`; and nothing either where all is as it was. That a broker's key may be altered
 * while it runs is for the caller to see. */
struct metadata_outcome metadata_alter_configs(const struct metadata_image *m, const struct metadata_alter *request,
                                               struct metadata_changes *out);

/* The broker's own __consumer_offsets: compacted, with as many replicas as min(3, brokers). */
struct metadata_outcome metadata_create_offsets_topic(const struct metadata_image *m,
                                                      const struct metadata_limits *limits, int32_t partition_count,
                                                      int32_t segment_bytes, struct random *random,
                                                      struct metadata_changes *out);

/* By name, or by id where the name is null. Internal topics are refused (TOPIC_AUTHORIZATION_FAILED). */
struct metadata_outcome metadata_delete_topic(const struct metadata_image *m, struct kafka_string name,
                                              struct kafka_uuid id, struct metadata_changes *out);

enum { METADATA_PRODUCER_ID_BLOCK = 1000 };
/* Gives `broker_id` the next METADATA_PRODUCER_ID_BLOCK producer ids; returns the first. They may be used
 * when the record is stored. */
int64_t metadata_allocate_producer_ids(const struct metadata_image *m, int32_t broker_id, struct metadata_changes *out);

/* ---- names ---- */

/* KAFKA_NONE or KAFKA_INVALID_TOPIC_EXCEPTION: 1 to 249 of [a-zA-Z0-9._-], neither "." nor "..". */
int16_t metadata_topic_name_check(struct kafka_string name);
/* A topic of the broker's own, by name. */
bool metadata_topic_is_internal(struct slice name);
/* A random (version 4) uuid that Kafka does not reserve; its text form does not start with '-'. */
struct kafka_uuid metadata_uuid_new(struct random *random);

#endif
