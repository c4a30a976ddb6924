/* written.h - what a store has read of its streams to write to them (inside this folder only).
 *
 *     partition   | ............................. front |        read, in one piece from the beginning
 *     stream A      first . . . . . . . . . . . . = at_front     its index is as far as the partition is read
 *     stream B      first . . . next                             behind: its index was dropped, or has just been asked
 * for stream C                                      next = front never met: all that is read is without it
 *
 * Of every stream that was met the place of its first record is kept (16 bytes), so that one that is asked for anew is
 * read from there, and a new one from the end: thousands of streams that are written one after the other cost no
 * reading of the log for each thousand. Beyond ES_PLACES_MAX streams later ones are read from where the places end. */
#ifndef MILLRACE_ETL_EVENTSTORE_WRITTEN_H
#define MILLRACE_ETL_EVENTSTORE_WRITTEN_H

#include "etl/eventstore/store.h"

struct written {
    struct slice stream;
    int32_t partition;
    bool at_front;
    int64_t next; /* unless at_front: how far its index is */
    struct es_index index;
};

/* What is known of the stream. Begins anew when another domain's rules are asked than before: its state is that of a
 * fold from the beginning. */
struct written *es_written_of(struct es_store *s, const struct es_append *a);
/* For so many more at once: drops all when there would be too many. */
void es_written_room(struct es_store *s, uint32_t more);
/* Reads on to the end of its partition, for all streams of the partition that are as far. After a failure in the middle
 * each index is where it is. When the log is another one (ERR_EXISTS, ERR_RANGE) nothing is left of them, and of `w`.
 */
int es_written_catch_up(struct es_store *s, struct written *w, struct err_text *error);

#endif
