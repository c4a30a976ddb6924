/* follow_parts.h - the inside of a publisher that follows its files.
 *
 *     follow_look (follow_look.c)     what stands in the folder: which file is which content, which contents are new
 *     follow_consider (follow_new.c)   files that are not known
 *     follow_send (follow_send.c)     what is new in them, to the topic
 *     whole_send (follow_whole.c)     files that are taken once, as a whole
 *     marks (follow_marks.c)          by which a content is known again */
#ifndef MILLRACE_ETL_STREAM_FOLLOW_PARTS_H
#define MILLRACE_ETL_STREAM_FOLLOW_PARTS_H

#include "etl/source/notes.h"
#include "etl/stream/followed.h"
#include "etl/stream/publisher.h"
#include "lib/os/progress.h"

/* A file in the folder. */
struct entry {
    const char *name;
    uint64_t device, inode, size;
    int64_t modified_ms;
    bool known; /* it is one of the followed files, or nothing is to be done about it now */
};

/* A file that may be a copy in the making: its content is the beginning of another's. */
struct held {
    int feed;
    uint64_t device, inode, size;
    int64_t since_ns; /* as large as this */
    bool seen;
};

struct follow {
    struct publisher to;
    struct followed_list list;
    struct held *held;
    int held_count;
    bool last;            /* the publisher ends after this look */
    bool again;           /* not yet: a file had another name than the look said */
    uint32_t *signatures; /* of the databases of each feed, when they were looked at */
    bool moved;           /* something was sent that the state file does not tell */
    int64_t saved_ns;
    int lock; /* of the state file, a descriptor */
    struct source_notes *notes;
    struct progress progress;
    char title[128];
};

/* ---- marks ---- */

/* Of the open file's first `sent` bytes, or of its first `size` bytes while nothing is sent. */
int mark_take(int fd, uint64_t sent, uint64_t size, struct mark *out);
/* The part of a mark that tells most files apart without a second look at them: of a file of `size` bytes. */
void mark_starts(int fd, uint64_t size, struct mark *out);
/* Neither file begins with all of the other one. False when that is not known. */
bool mark_starts_differ(const struct mark *a, const struct mark *b);
/* The file of `size` bytes begins with all that was sent of `f`. */
bool mark_fits(int fd, uint64_t size, const struct followed *f);
/* Both files begin with the same `n` bytes, as far as their marks tell. */
bool mark_same(int a, int b, uint64_t n);
/* As mark_take with all of it sent, of a gzip'd file's text. */
void mark_take_gzip(const char *path, struct followed *f);
/* The same question of a gzip'd file: index in `items` of the first that its text begins with, -1: none. *length is
 * that of the text. Negative result: it is damaged, or not whole yet. */
int mark_find_gzip(const char *path, struct followed *const *items, int count, int *found, uint64_t *length,
                   struct err_text *error);

/* ---- the folder ---- */

/* Its files may grow; others are taken when they are whole. */
bool follow_takes_lines(const struct feed *feed);
/* Looks at the folder of a feed. New contents are in the list, and in the state file, when it returns 0. */
int follow_look(struct follow *w, const struct feed *feed);
/* For files that are not known: what this one is, if that can be told now. */
int follow_consider(struct follow *w, const struct feed *feed, const struct entry *e);
/* Which of those that wait have gone. */
void follow_held_forget(struct follow *w, int feed);
/* Its content stands in this file. */
void follow_found_at(struct followed *f, const struct entry *e);
/* In no file that could still be read: neither seen in the folder, nor open with a name somewhere else. */
bool followed_is_nowhere(const struct followed *f);
/* Opens a file of the folder; negative when it has gone or has another number. */
int follow_open(const struct follow *w, const char *name, uint64_t device, uint64_t inode);
/* Opens the file in the folder that has this content; negative when it has gone meanwhile. */
int follow_descriptor(const struct follow *w, const struct followed *f);

/* Looks at the tables of a feed and sends what has changed. */
int follow_tables(struct follow *w, const struct feed *feed);

/* ---- sending ---- */

int follow_send(struct follow *w, struct followed *f);
/* One that is whole and was not sent; one that is whole has the content of one that was: then it is a copy, or the same
 * file under a new number. */
int whole_send(struct follow *w, struct followed *f);
/* The rest of a log that was compressed before all of it was read. */
int gzip_send(struct follow *w, struct followed *f);
/* All records that the reader gives now; the file's name in them is that of the content. */
int follow_records(struct follow *w, struct followed *f, struct source_reader *reader);
/* What is known of a file that was listed, as a message. */
int follow_fact(struct follow *w, struct followed *f, const struct source_list *list);
const struct feed *follow_feed(const struct follow *w, const struct followed *f);
/* Takes an error back that is none, because the next look will tell more; returns 0. */
int follow_forgive(struct follow *w);
/* What is known of the file, if that has changed. */
int follow_tell(struct follow *w, struct followed *f);
/* All that was sent is acknowledged, and the state file says so. */
int follow_save(struct follow *w);

#endif
