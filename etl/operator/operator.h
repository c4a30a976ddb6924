/* operator.h - what turns changes of rows into changes of tables.
 *
 *     engine --change--> store -----change----> aggregate
 *                          |                      (writes its groups at flush)
 *                          +--------change----> sessionize --change at flush--> aggregate
 *
 * A change adds (+1) or takes back (-1) a row. Each operator keeps one table of the database up to
 * date. Rows of a store are written by the time of the flush (sink/pending.h); the others collect and write at
 * flush, parents before children (the order of definition.tables), so a child may read its parent's stored rows during
 * its own flush: that is how an extreme or a session is found again after a row was taken back. A store keeps the rows
 * of a page of records for those of its children to whom their order among other inputs is nothing (aggregates): each
 * then goes over many at once.
 *
 *     operator_open -> { operator_process }... -> operator_flush -> ... -> operator_close
 *
 * Everything happens inside the caller's transaction. After a rollback, or when another process wrote,
 * operator_forget drops what was read or collected; the database is the only truth.
 *
 * Lifetime: a change and its values live during the call; what is kept is copied. */
#ifndef MILLRACE_ETL_OPERATOR_OPERATOR_H
#define MILLRACE_ETL_OPERATOR_OPERATOR_H

#include <sqlite3.h>

#include "etl/definition.h"
#include "etl/row.h"
#include "etl/sink/pending.h"
#include "etl/state_size.h"
#include "lib/base/err.h"

/* The order behind `first` and `last`: event time, then source (byte order of the names), then position. */
struct order {
    int64_t time;
    struct slice file;
    uint64_t byte_offset;
    int source; /* feed.rank */
};
int order_compare(const struct order *a, const struct order *b);

struct change {
    int sign;                   /* +1 or -1 */
    const struct value *values; /* one for each column of the input */
    struct order order;
    /* The row's rowid in the table of the operator that emits it; from a source the one that it has in stores, 0 when
     * it is not known. */
    int64_t id;
    /* Which of the operator's inputs it comes from. Store: which of table.inputs; join: 0 the left table, 1 the
     * right one; check: 0 the rows that are judged, 1 + i the table that rule i looks at; others: 0. */
    int input;
};

/* What all operators of an engine share. */
struct operator_context {
    const struct definition *definition;
    sqlite3 *db;
    bool alone; /* live: nobody else adds or takes back rows while the engine is open */
    bool live;  /* state is kept in the database; else all in memory, and no row is taken back */
    /* Batch, until a flush reads tables: who writes rows (etl/sink/deferred.h); else NULL. */
    struct deferred *deferred;
    bool in_page;                 /* records stay as they are until operator_hand_on */
    struct recents *recents;      /* live: what stands in front of tables of keys (recent.h); NULL: nothing */
    struct pending_list pendings; /* live: rows that wait; what is read of the database during a flush is there */
    struct arena *cycle;          /* reset after every flush of the engine */
    struct err_text *error;
};

struct operator;

/* Each of these has a file of its own. */
struct operator_class {
    int (*open)(struct operator_context *c, const struct table *t, struct operator** out);
    int (*process)(struct operator* o, const struct change *change);
    int (*flush)(struct operator* o);
    void (*forget)(struct operator* o);
    void (*close)(struct operator* o);
    void (*measure)(const struct operator* o, struct buf *out); /* NULL: nothing grows with keys in a batch */
    /* Many rows of its only input. NULL: it takes each as it comes. */
    int (*stretch)(struct operator* o, const struct change *rows, size_t count);
    /* Rows that were kept for those who take many go to them now. NULL: it keeps none. */
    int (*hand_on)(struct operator* o);
    bool flush_reads; /* its flush looks at tables of the database in a batch, too */
};
extern const struct operator_class operator_store, operator_select, operator_aggregate, operator_sessionize,
    operator_join, operator_ranking, operator_history, operator_check;

/* First member of every operator. */
struct operator
{
    const struct operator_class *class;
    struct operator_context *context;
    const struct table *table;
    struct operator_child {
        struct operator* operator;
        int input; /* of the child */
    } * children;
    int child_count;
};

int operator_open(struct operator_context *c, const struct table *t, struct operator** out);
/* From now on `child` gets the changes of `parent` as those of its input number `input`. */
void operator_child_add(struct operator* parent, struct operator* child, int input);
int operator_process(struct operator* o, const struct change *change);
/* At the end of a page of records: their rows are still there. */
int operator_hand_on(struct operator* o);
int operator_flush(struct operator* o);
bool operator_flush_reads(const struct operator* o);
void operator_forget(struct operator* o);
/* Batch, before operator_forget: says what is kept about keys (state_size.h). */
void operator_measure(const struct operator* o, struct buf *out);
void operator_close(struct operator* o); /* NULL is allowed */

/* --- for the operators --- */

/* Hands a change of their table on. */
int operator_emit(struct operator* o, const struct change *change);
/* The same to those of the children that take each row as it comes, and to the others. */
int operator_emit_single(struct operator* o, const struct change *change);
int operator_emit_stretch(struct operator* o, const struct change *rows, size_t count);
/* The event time that a row of a table has in its order; 0 when it has none. */
int64_t order_time(const struct table *t, const struct value *row);

#endif
