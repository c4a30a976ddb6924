/* sender.h - what stands in the outboxes of a warehouse, to their topics.
 *
 *     outbox --letters--> producer --acknowledged by all in-sync replicas--> deleted from the outbox
 *
 * One batch of an outbox is under way at a time. A process that is killed has sent some of it and deleted none: the
 * next one sends these keys again, with what the table says then. So every change is told at least once, and the last
 * message of a key is what the table says of it: a key is always in the same partition, the producer is idempotent,
 * and one process sends at a time (it holds the lock of the run).
 *
 *     sender_open -> sender_fresh ... -> sender_attach -> { sender_run } ... -> sender_check -> sender_close
 *
 * A key that two rows have is left in the outbox, because nobody can say which of them is meant: in a stream the other
 * one may be about to go. sender_check finds those that are left at the end. */
#ifndef MILLRACE_ETL_CHANGELOG_SENDER_H
#define MILLRACE_ETL_CHANGELOG_SENDER_H

#include <sqlite3.h>
#include <stdint.h>

#include "etl/definition.h"

struct sender;

/* Looks for the topics at HOST:PORT. A broker that acknowledges nothing for `give_up_ms` is an error of sender_run; 0:
 * never. *out is NULL without changelogs, and all calls take that and do nothing. */
int sender_open(const struct definition *d, const char *bootstrap, int give_up_ms, struct sender **out,
                struct err_text *error);
/* The id of the cluster. */
const char *sender_cluster(const struct sender *s);
/* 1: the topic of definition.changelogs[i] is not there yet, or does not hold what this database was told to have sent
 * (ends.h), and none of what the table says can be taken for told. 0: it may be. In the transaction that fills the
 * outbox. */
int sender_fresh(const struct sender *s, int i, sqlite3 *db, struct err_text *error);
/* Makes topics that are not there; from now on reads the outboxes of this database, on a connection of its own. */
int sender_attach(struct sender *s, const char *db_path, struct err_text *error);
/* Sends for at most `ms` milliseconds. *idle: all outboxes are empty, but for keys that two rows have; then it comes
 * back at once, or with `rest` when the time is over. */
int sender_run(struct sender *s, int ms, bool rest, bool *idle, struct err_text *error);
/* OUTBOX_KEY_BROKEN with a sentence when an outbox is not empty; after sender_run was idle. */
int sender_check(struct sender *s, struct err_text *error);
/* Messages that were acknowledged. */
uint64_t sender_sent(const struct sender *s);
void sender_close(struct sender *s);

#endif
