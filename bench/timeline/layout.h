/* layout.h - where everything of a timeline stands in its picture. Pure; svg.c writes it down.
 *
 *     title                                    flags: kill, ready, partition, ...
 *     client   produce |##  #  ##########        rows: one for each kind of thing that a client does
 *              group   |join|== generation 2: numbers 0-1 ====
 *     broker           |=========xxxx down xxx==========
 *                      0 s      1 s      2 s
 *     legend, notes
 *
 * Requests of a row that are closer than LAYOUT_GAP pixels become one band, which says how many they are: a picture has
 * room for some hundred things, a run has thousands of requests. What was lost is never part of the others' band. Signs
 * of what went wrong are put together where they would cover each other; a row with more than LAYOUT_NOTES_MAX is
 * crowded: one of each kind with its number, every so many pixels. There are at most LAYOUT_ARROWS_MAX arrows: of what
 * was lost first, then of the kinds that have the fewest; a note says so. */
#ifndef MILLRACE_BENCH_TIMELINE_LAYOUT_H
#define MILLRACE_BENCH_TIMELINE_LAYOUT_H

#include "bench/timeline/model.h"

enum {
    LAYOUT_WIDTH = 1280,
    LAYOUT_HEIGHT = 720, /* more when there are more lanes than fit */
    LAYOUT_GAP = 4,
    LAYOUT_NOTES_MAX = 16,
    LAYOUT_ARROWS_MAX = 130,
    LAYOUT_ROW_MIN = 22,
    LAYOUT_ROW_MAX = 60,
    LAYOUT_LANES_MAX = 60,
    LAYOUT_TICKS_MAX = 12,
};

enum layout_row_kind { LAYOUT_ROW_PRODUCE, LAYOUT_ROW_FETCH, LAYOUT_ROW_COMMIT, LAYOUT_ROW_GROUP, LAYOUT_ROW_BROKER };

/* Something that went wrong, or was done again. */
enum layout_sign { LAYOUT_LOST, LAYOUT_ERROR, LAYOUT_AGAIN, LAYOUT_LATE, LAYOUT_SIGNS };

struct layout_row {
    enum layout_row_kind kind;
    int owner;  /* lane or broker */
    bool first; /* of its owner */
    bool crowded;
    int64_t requests, records, signs[LAYOUT_SIGNS]; /* of all that is in it */
    double y, height;
};

/* One request, or a band of several. */
struct layout_bar {
    double x, width;
    int row;
    enum timeline_kind kind;
    int64_t count, records, answered_ns; /* answered_ns: the sum of latencies, of those that were answered */
    const struct timeline_mark *mark;    /* the first */
    bool lost;                           /* all of them */
};

struct layout_note {
    double x;
    int row;
    enum layout_sign sign;
    int64_t count;
    const struct timeline_mark *mark;
    bool on_arrow; /* its arrow says it already */
};

/* A stretch of a group's row or a broker's. */
enum layout_state_kind { LAYOUT_JOINING, LAYOUT_MEMBER, LAYOUT_UP, LAYOUT_DOWN };
struct layout_state {
    double x, width;
    int row;
    enum layout_state_kind kind;
    const char *text, *title;
};

struct layout_arrow {
    double x, from_y, to_y;
    bool lost; /* it ends half way */
    enum timeline_kind kind;
};

/* Something that happened to all: a line from top to bottom, a shade when it lasts. */
struct layout_flag {
    double x, width;
    int level; /* of its words: 0 or 1, so that near ones do not cover each other; -1: no place for them */
    bool end;  /* the words stand before the line */
    const struct timeline_event *event;
};

struct layout_options {
    int64_t from_ns, to_ns;   /* of what is shown; the timeline's own begin and end, or within */
    const char *const *lanes; /* NULL-terminated: only clients whose name begins so; NULL: all */
    const char *title;
};

struct layout {
    const struct timeline *timeline;
    struct layout_options options;
    struct arena arena;
    double width, height, left, right, top, bottom; /* of the picture; of the plot inside */
    double words;                                   /* the size of letters in rows, pixels */
    struct layout_row *rows;
    int row_count;
    struct layout_bar *bars;
    int bar_count;
    struct layout_note *notes;
    int note_count, note_capacity;
    struct layout_state *states;
    int state_count;
    struct layout_arrow *arrows;
    int arrow_count;
    struct layout_flag *flags;
    int flag_count;
    double ticks[LAYOUT_TICKS_MAX + 2]; /* seconds since the begin */
    int tick_count;
    double tick_step;
    /* what is not drawn as it is */
    int64_t banded, requests, others, lanes_left_out, arrows_left_out, heartbeats;
};

/* Release it also after an error: ERR_NOTFOUND with a sentence when nothing is left to be drawn. */
int layout_make(struct layout *l, const struct timeline *t, const struct layout_options *options,
                struct err_text *error);
void layout_release(struct layout *l);
double layout_x(const struct layout *l, int64_t time_ns);
/* A step of 1, 2 or 5 times a power of ten with which at most `max` ticks are in `seconds`. */
double layout_step(double seconds, int max);

#endif
