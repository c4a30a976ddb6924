/* event.h - an event of a front end, before it becomes text: what the script in the page knows. */
#ifndef MILLRACE_WORKLOADS_CLICKSTREAM_EVENT_H
#define MILLRACE_WORKLOADS_CLICKSTREAM_EVENT_H

#include "workloads/clickstream/sessions.h"

enum { VIDEOS = 40, SEARCHES = 24, EVENT_LATE_S = 60 };

struct event {
    enum event_kind kind;
    int64_t at; /* true time */
    int site, visitor;
    int page;
    int other;       /* the page before (viewed; -1: none) or the target (clicked) */
    int subject;     /* number of the video or of the search */
    uint64_t amount; /* position, results, quantity or items */
    int64_t watched_s;
    bool declined;  /* the video was offered and not started */
    int64_t cents;  /* price of the article, or total of the order */
    uint64_t order; /* number of the order */
    bool by_bot;
};

/* Whose record is malformed or which rule it breaks first, in the order of the rules. */
enum event_fate {
    FATE_ACCEPTED,
    FATE_FORMAT,
    FATE_NO_VISITOR,
    FATE_BAD_TIME,
    FATE_BOT,
    FATE_NEGATIVE_WATCH,
    FATE_DUPLICATE,
    FATES,
};

const char *event_name(enum event_kind kind);   /* page_viewed: also the topic and the file */
const char *event_fate_name(enum event_fate f); /* the rule's name */
const char *event_search(int search);           /* what was searched, in UTF-8 */
int event_video_length_s(int video);
bool event_page_is_product(int page);

#endif
