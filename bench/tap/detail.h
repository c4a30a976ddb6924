/* detail.h - what a message is about, as members of a JSON object: which partitions and offsets, which group, whose
 * generation. For those who follow a run (`millrace timeline`); docs/tap.md lists the members. Inside bench/tap. */
#ifndef MILLRACE_BENCH_TAP_DETAIL_H
#define MILLRACE_BENCH_TAP_DETAIL_H

#include "lib/base/bytes.h"

enum { TAP_DETAIL_PARTITIONS_MAX = 64 };

/* Appends `"acks":-1,"produced":[...]` and the like, with a comma in front when `out` has members already; nothing for
 * an API of which nothing is told. `message` is the decoded body. */
void tap_detail_request(int api_key, const void *message, struct buf *out);
void tap_detail_response(int api_key, const void *message, struct buf *out);

#endif
