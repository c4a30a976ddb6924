/* journal.h - what chaos did: JSON lines as it happens, sentences for the terminal, a summary at the end.
 *
 * A line is an object with "type":
 *
 *     exchange   a request and its answer, as `millrace tap --format json` has it
 *     fault      what became of one request: "what" is drop_request, cut, drop_response, cut_response, delay or held;
 * with time_ns, connection and request (the ordinals), client, broker, api, correlation_id, client_id, records,
 * delay_ns, held_ns event      what happened to all: "what" is begin, partition, partition_end, kill, power_cut, start,
 * ready, first_answer, ended, failed, end; with time_ns, broker, text and what else belongs to it summary    the last
 * one
 *
 * docs/chaos.md has the members. */
#ifndef MILLRACE_BENCH_CHAOS_JOURNAL_H
#define MILLRACE_BENCH_CHAOS_JOURNAL_H

#include <stdio.h>

#include "bench/chaos/link.h"

struct journal {
    FILE *file; /* or NULL */
    const char *path;
    struct buf line;
    int64_t begin_ns;
    /* so far */
    int64_t connections, meant, delayed, delay_ns, faults[CHAOS_FAULTS], records_lost[CHAOS_FAULTS];
    int64_t refused; /* connections to a broker that was not there */
    int kills, partitions;
    int64_t recovery_ns; /* of the last start: from the kill until it was ready; -1: none */
    int64_t answer_ns;   /* from the kill until a client had an answer to Produce or Fetch again; -1: none */
};

/* `path` may be NULL. ERR_IO with a sentence. */
int journal_open(struct journal *j, const char *path, struct err_text *error);
void journal_exchange(struct journal *j, const struct tap_exchange *x);
void journal_fault(struct journal *j, const struct chaos_event *e, int64_t time_ns);
/* An event: a line, and a sentence on standard error. `more`: further members (",\"seed\":7") or NULL. */
void journal_event(struct journal *j, int64_t time_ns, const char *what, const char *broker, const char *more,
                   const char *text);
/* What is written so far is in the file. */
void journal_flush(struct journal *j);
/* Sentences to `to`, or one object with `json`; and the last line. */
void journal_summary(struct journal *j, const struct chaos_plan *plan, const struct chaos_progress *at, bool json,
                     FILE *to);
/* ERR_IO, after a message, when something could not be written. */
int journal_close(struct journal *j);

#endif
