/* index.h - what decides: the version of a stream, and what becomes of an append. A pure machine, no I/O.
 *
 *     records of the stream, in the order of their offsets            an append that somebody asks for
 *            |  es_index_step                                               |  es_index_decide
 *            v                                                              v
 *     version, ids, who was refused       ------------------->   ACCEPTED, CONFLICT, ... or WRITE it (expecting V)
 *
 * The rule: a record counts when it expects the version that the stream has at its place. (es_rule; that is all that
 * the readers need.) A writer reads to the end, decides, writes if that is the decision, reads on past its record, and
 * decides again: then the answer is there.
 *
 * No id counts twice. A writer writes an id expecting v only when it has read the stream to v or further and the id was
 * not there. Of two records with the same id, expecting v and w, v <= w: if v = w one of both counts at most. If v < w
 * and the first counted, it made version v + 1 <= w, and the writer of the other would have seen it. */
#ifndef MILLRACE_ETL_EVENTSTORE_INDEX_H
#define MILLRACE_ETL_EVENTSTORE_INDEX_H

#include "etl/eventstore/fold.h"
#include "etl/eventstore/record.h"
#include "lib/base/err.h"
#include "lib/base/table.h"

enum { ES_ANY = -1 };

/* The rule of all readers. */
static inline bool es_rule(int64_t version, const struct es_record *r)
{
    return !r->malformed && r->expected == version;
}

enum es_outcome {
    ES_ACCEPTED, /* `version` is that of the last event; `repeated`: an earlier try counted */
    ES_CONFLICT, /* another version was there; `first`: the event that came first, if there is one */
    ES_RULE,     /* the domain does not allow it: `why` */
    ES_NOTHING,  /* to compensate: no such event, or it is compensated already */
    ES_CLASH,    /* one of the ids is taken by another append */
    ES_WRITE     /* not decided: write it, expecting `expected` */
};

struct es_verdict {
    enum es_outcome outcome;
    int64_t expected, version;
    bool repeated;
    char first[ES_NAME_MAX + 1];
    char why[1024]; /* the sentence for people, of every outcome but ES_WRITE */
};

/* What is asked for: record.expected is ES_ANY or a version. */
struct es_append {
    struct es_record record;
    const struct es_fold *domain; /* whose rules count; NULL: none */
};

struct es_index {
    int64_t version;
    struct table ids;         /* id -> struct known; the first event of that name */
    struct table refused;     /* first id of a refused append and what it expected */
    struct table compensated; /* id -> the event that took it back */
    const char **by_version;  /* id of each version, from version 1 at [0] */
    int64_t by_capacity;
    const struct es_fold *fold; /* whose state is kept along; NULL: none */
    json_t *state;
    struct arena arena;
};

/* `fold`: of the domain whose rules will be asked; NULL: none. */
void es_index_init(struct es_index *x, const struct es_fold *fold);
void es_index_release(struct es_index *x);

/* The next record of this stream: true when it counts, and then its events have their versions. */
bool es_index_step(struct es_index *x, struct es_record *r);

/* An append that begins with this id and expected so much was read, and did not count. */
bool es_index_refused(const struct es_index *x, struct slice id, int64_t expected);
/* What becomes of the append, as far as is read. */
void es_index_decide(const struct es_index *x, const struct es_append *a, struct es_verdict *v);

#endif
