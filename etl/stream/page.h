/* page.h - messages that were read and judged, on their way to the transaction that loads them.
 *
 *     loader fills a page  ->  writer applies it  ->  loader empties it and fills it again
 *
 * There are two of them: while one is applied the other one is filled. */
#ifndef MILLRACE_ETL_STREAM_PAGE_H
#define MILLRACE_ETL_STREAM_PAGE_H

#include "etl/stream/message.h"
#include "etl/stream/offsets.h"

struct page_item {
    rd_kafka_message_t *kafka; /* `message` points into it */
    struct message message;
    struct judged *judged;          /* MESSAGE_RECORD that is not gone */
    int64_t late_s;                 /* and by how much it came too late, 0: it did not */
    int64_t received_ns, judged_ns; /* where there is a probe (probe.h) */
};

/* How a partition's offset and clocks move with the page. */
struct page_move {
    const char *topic;
    int32_t partition;
    int64_t from;
    struct offset_state to;
    const int64_t *clocks; /* one per feed; NULL: as they were */
};

struct page {
    struct page_item *items;
    size_t count, bytes;
    struct page_move *moves;
    int move_count;
    const char *stream;  /* id of the stream that all of them belong to */
    struct arena arena;  /* of what the items and moves point to, but for the messages */
    struct probe *probe; /* NULL: nobody measures */
};

/* Room for so many messages and moves. */
void page_init(struct page *p, size_t items, size_t moves);
void page_empty(struct page *p);
void page_release(struct page *p);

#endif
