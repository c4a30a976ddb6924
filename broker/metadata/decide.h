/* decide.h - what the deciding files share: decide.c (brokers, producer ids), decide_topic.c, decide_config.c. */
#ifndef MILLRACE_BROKER_METADATA_DECIDE_H
#define MILLRACE_BROKER_METADATA_DECIDE_H

#include "broker/metadata/metadata.h"

/* Encodes a record into the changes; what goes in was checked. */
void metadata_change_add(struct metadata_changes *c, int type, int version, const void *record);
/* Fills in a refusal; false, for the caller to return. */
__attribute__((format(printf, 4, 5))) bool metadata_refuse(struct metadata_outcome *o, struct metadata_changes *c,
                                                           int16_t error, const char *format, ...);

/* Of PartitionRecord and PartitionChangeRecord, as metadata.version says. */
enum { METADATA_PARTITION_VERSION = 1 };

#endif
