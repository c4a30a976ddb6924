/* followed.h - the files that a publisher follows, and what it remembers of them in its state file.
 *
 * A followed file is a content, not a name: what began as access.log stays `access.log` when it is called access.log.1,
 * access.log.2.gz or nothing any more. Its name is the one under which it was found first; a later content of that
 * name is `access.log;000002`. That name, with the number of the line, is a record's identity, so the state file
 * has a name before the first record of it is sent.
 *
 *     state file, JSON       stream       the id of the stream, drawn when the file was made
 *                            cluster      that it is sent to
 *                            positions    per topic and partition the offset behind the last acknowledged message
 *                            files        names, where and how far
 *
 * It is ahead of the topic in nothing but names: how far a file is sent is written when all of that is acknowledged. So
 * after a kill some records are sent again, and workers know them (`millrace_loaded`). Without its state file a stream
 * can not go on: another one would have another id. */
#ifndef MILLRACE_ETL_STREAM_FOLLOWED_H
#define MILLRACE_ETL_STREAM_FOLLOWED_H

#include <stdbool.h>
#include <stdint.h>

#include "etl/source/source.h"
#include "etl/stream/sent_rows.h"
#include "etl/stream/stream_id.h"

struct sha256;

/* What the file with these bytes is known by: CRCs of its beginning and of what stands before an offset. */
enum { MARK_BYTES = 4096, MARK_STARTS = 4 };
struct mark {
    uint32_t head_n, head; /* of the first head_n bytes, at most MARK_BYTES */
    uint32_t tail;         /* of up to MARK_BYTES bytes before `sent` */
    uint32_t start_count;  /* not in the state file: of the first 64, 256, 1024, 4096 bytes, as many as it has */
    uint32_t starts[MARK_STARTS];
};

struct followed {
    int feed;
    char *name;             /* in messages */
    char *home;             /* under which it was found first */
    char *at;               /* its name in the folder now; NULL: it has none */
    uint64_t device, inode; /* 0, 0: its content is in no file that is known */
    uint64_t size;          /* when it was looked at last */
    uint64_t sent;          /* bytes whose records were sent */
    uint64_t lines;         /* in them */
    uint64_t told;          /* bytes that its last file message was about; UINT64_MAX: there was none */
    struct mark mark;
    bool whole;                 /* is taken as it is, once; otherwise it may grow */
    char content[65];           /* of a whole one that was sent, or a copy of one: its SHA-256; "" otherwise */
    int64_t seen_ms;            /* its time of modification when it was looked at last; 0: not known */
    bool finished;              /* its last line had no end and was sent: nothing behind it can be */
    bool table;                 /* of a database: its rows change, each change has the next version */
    int64_t version;            /* used last; for a table */
    struct watermark watermark; /* how far its rows were seen; for a table */
    char *copy_of; /* another one's name: has the same content, so nothing of it is sent. NULL: it has not */

    /* not in the state file */
    int64_t tried_ms; /* of a whole one that could not be read: seen_ms when that was tried */
    bool seen;        /* in this look at the folder */
    bool cut;         /* in this look its file was found to hold something else */
    bool gzip;        /* what is left of it is read from a compressed file */
    bool said;        /* something that is wrong with it */
    bool dropped;     /* nothing was sent of it, and nothing will be: it is not in the list any more */
    int64_t changed_ns, told_ns;
    struct source_file file; /* of the reader */
    struct source_reader *reader;
    struct sent_rows *rows; /* for a table */
    struct sha256 *digest;  /* of the first `digested` bytes */
    uint64_t digested;
};

struct followed_list {
    struct followed **items; /* in the order in which they were found */
    int count;
    char stream[STREAM_ID_SIZE];
    char cluster[64]; /* "" before it is known */
    int64_t *next;    /* positions: by topic and partition, `next_count` of them; -1: nothing was sent there */
    int next_count;
    bool names_changed; /* there is a file that the state file does not have */
};

/* At the end of the list; nothing is known of it. */
struct followed *followed_new(struct followed_list *list);
struct followed *followed_add(struct followed_list *list, int feed, const char *home);
struct followed *followed_by_inode(const struct followed_list *list, int feed, uint64_t device, uint64_t inode);
/* Its content is not where it was. */
void followed_lose(struct followed *f);
/* Takes those that are dropped out of the list. */
void followed_sweep(struct followed_list *list);
void followed_release(struct followed_list *list);

/* Reads FILE, or draws a new stream id when there is none. ERR_EXISTS when it is of another definition. */
int followed_load(struct followed_list *list, const struct definition *d, const char *file, struct err_text *error);
/* Replaces FILE; durable when it returns 0. */
int followed_save(struct followed_list *list, const struct definition *d, const char *file, struct err_text *error);

#endif
