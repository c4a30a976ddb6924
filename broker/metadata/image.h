/* image.h - what replay.c and image.c share: the image's memory. Nobody else writes to an image. */
#ifndef MILLRACE_BROKER_METADATA_IMAGE_H
#define MILLRACE_BROKER_METADATA_IMAGE_H

#include "broker/metadata/metadata.h"

void metadata_partition_release(struct metadata_partition *p);
void metadata_configs_release(struct metadata_configs *c);
void metadata_topic_free(struct metadata_topic *t); /* not its places in the image */
void metadata_broker_release(struct metadata_broker *b);
/* The name with '.' as '_', in `b`. */
struct slice metadata_likeness(struct slice name, struct buf *b);

#endif
