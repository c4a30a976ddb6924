#include "bench/gaps.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/memory.h"

void gaps_init(struct gaps *g, int partitions, int64_t count)
{
    assert(partitions <= GAPS_PARTITIONS_MAX);
    *g = (struct gaps){
        .partitions = partitions, .count = count, .begin_ns = INT64_MAX, .receipts = memory_new((size_t)count + 1)};
}

void gaps_release(struct gaps *g)
{
    free(g->receipts);
    g->receipts = NULL;
}

void gaps_begin(struct gaps *g, int64_t begin_ns, int64_t second_ns, int64_t third_ns)
{
    g->begin_ns = g->phase_ns[0] = begin_ns;
    g->phase_ns[1] = second_ns;
    g->phase_ns[2] = third_ns;
    for (int i = 0; i < g->partitions; i++) g->last_ns[i] = begin_ns;
}

static void gap_end(struct gaps *g, int partition, int64_t now_ns)
{
    int phase = GAPS_PHASES - 1;
    while (phase > 0 && now_ns < g->phase_ns[phase]) phase--;
    int64_t gap_ns = now_ns - g->last_ns[partition];
    if (gap_ns > g->longest_ns[phase][partition]) g->longest_ns[phase][partition] = gap_ns;
    if (now_ns > g->last_ns[partition]) g->last_ns[partition] = now_ns;
}

int gaps_received(struct gaps *g, int32_t partition, uint64_t number, int64_t now_ns)
{
    if (number >= (uint64_t)g->count || partition < 0 || partition >= g->partitions) return 0;
    uint8_t *times = &g->receipts[number];
    if (*times < UINT8_MAX) ++*times;
    if (*times > 1) return 0;
    if (now_ns >= g->begin_ns) gap_end(g, partition, now_ns);
    return 1;
}

void gaps_end(struct gaps *g, int64_t now_ns)
{
    bool missing[GAPS_PARTITIONS_MAX] = {false};
    for (int64_t i = 0; i < g->count; i++) missing[i % g->partitions] |= g->receipts[i] == 0;
    for (int i = 0; i < g->partitions; i++)
        if (missing[i]) gap_end(g, i, now_ns);
}

int64_t gaps_missing(const struct gaps *g)
{
    int64_t n = 0;
    for (int64_t i = 0; i < g->count; i++) n += g->receipts[i] == 0;
    return n;
}

int64_t gaps_again(const struct gaps *g)
{
    int64_t n = 0;
    for (int64_t i = 0; i < g->count; i++) n += g->receipts[i] > 1 ? g->receipts[i] - 1 : 0;
    return n;
}

int64_t gaps_longest(const struct gaps *g, int phase)
{
    int64_t longest = 0;
    for (int i = 0; i < g->partitions; i++)
        if (g->longest_ns[phase][i] > longest) longest = g->longest_ns[phase][i];
    return longest;
}

int gaps_stopped(const struct gaps *g, int phase, int64_t bound_ns)
{
    int n = 0;
    for (int i = 0; i < g->partitions; i++) n += g->longest_ns[phase][i] > bound_ns;
    return n;
}
