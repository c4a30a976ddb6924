/* count.c - how many partitions a store has: as many as its topic had when its first event was written.
 *
 * A stream's partition is CRC-32 of its id modulo that count. A topic may be given more partitions later; with the new
 * count a stream would be looked for, and written, where it is not. So each record says for how many it was written
 * (header es-partitions), and the first one that is found decides for the store. The added partitions hold nothing.
 *
 * Records of other writers need not say it. Where none of the first SAMPLE_MAX does, the count of the topic is taken if
 * they lie as it says; if they do not there is no answer, unless the caller has one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/eventstore/store.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

enum { SAMPLE_MAX = 1000, FIT_OF_4 = 3 };

struct sample {
    int count; /* of the topic */
    int said;  /* by a record; 0: by none */
    int appends, fitting;
    bool *fits; /* [n]: all appends lie as with n partitions */
    char odd[ES_NAME_MAX + 1];
    int32_t odd_partition;
    int64_t odd_offset;
    struct arena scratch;
};

static int message(void *context, const rd_kafka_message_t *m)
{
    struct sample *w = context;
    struct es_raw raw;
    struct es_record r;
    es_log_raw(m, &raw);
    es_record_decode(&raw, &w->scratch, &r);
    bool append = !r.malformed;
    if (append && r.partitions > 0 && r.partitions <= ES_PARTITIONS_MAX &&
        es_log_partition_of(r.stream, (int)r.partitions) == m->partition)
        w->said = (int)r.partitions;
    if (append && w->said == 0) {
        w->appends++;
        for (int n = 1; n <= w->count; n++) w->fits[n] = w->fits[n] && es_log_partition_of(r.stream, n) == m->partition;
        if (es_log_partition_of(r.stream, w->count) == m->partition) {
            w->fitting++;
        } else if (!*w->odd) {
            snprintf(w->odd, sizeof w->odd, "%.*s", (int)r.stream.n, (const char *)r.stream.p);
            w->odd_partition = m->partition;
            w->odd_offset = m->offset;
        }
    }
    es_record_release(&r);
    arena_reset(&w->scratch);
    return w->said > 0 || w->appends >= SAMPLE_MAX;
}

static int sample_take(struct es_store *s, struct sample *w, struct err_text *error)
{
    int64_t *low = memory_new((size_t)w->count * sizeof *low), *high = memory_new((size_t)w->count * sizeof *high);
    int result = es_log_ends_all(&s->log, s->topic, w->count, low, high, error);
    for (int32_t p = 0; p < w->count && result == 0 && w->said == 0 && w->appends < SAMPLE_MAX; p++) {
        if (high[p] <= low[p]) continue;
        result = es_log_read(&s->log, s->topic, p, low[p], message, w, NULL, error);
        if (result == ERR_NOTFOUND) { /* its beginning went meanwhile */
            if (error) *error = (struct err_text){""};
            result = es_log_ends(&s->log, s->topic, p, &low[p], &high[p], error);
            if (result == 0) p--;
        }
    }
    free(low);
    free(high);
    return result;
}

static int no_answer(const struct es_store *s, const struct sample *w, struct err_text *error)
{
    int before = w->count - 1;
    while (before > 1 && !w->fits[before]) before--;
    char guess[64] = "";
    if (before > 0 && w->fits[before]) snprintf(guess, sizeof guess, ", but as with %d", before);
    return err_set(
        error, ERR_INVALID,
        "topic %s has %d partitions, and its records do not lie as with so many%s (partition %" PRId32
        ", offset %" PRId64 ": stream %s belongs into %" PRId32
        "): partitions were added, and no record says to how many; give the number that there was (--partitions N)",
        s->topic, w->count, guess, w->odd_partition, w->odd_offset, w->odd,
        es_log_partition_of(slice_str(w->odd), w->count));
}

static int settle(struct es_store *s, const struct sample *w, struct err_text *error)
{
    s->counted = w->said > 0 || w->appends > 0;
    s->partitions = w->said > 0 ? w->said : w->count;
    if (w->said > w->count)
        return err_set(error, ERR_INVALID,
                       "topic %s has %d partitions, and its records were written for %d: it was made again with fewer; "
                       "copy them into a topic of %d",
                       s->topic, w->count, w->said, w->said);
    if (w->said > 0 || 4 * w->fitting >= FIT_OF_4 * w->appends) return 0;
    if (s->told_partitions < 1 || s->told_partitions > w->count) return no_answer(s, w, error);
    s->partitions = s->told_partitions;
    return 0;
}

int es_count_find(struct es_store *s, struct err_text *error)
{
    int count = es_log_partitions(&s->log, s->topic, error);
    if (count <= 0) return count;
    struct sample w = {.count = count, .fits = memory_new((size_t)count + 1)};
    memset(w.fits, true, (size_t)count + 1);
    int result = sample_take(s, &w, error);
    if (result == 0) result = settle(s, &w, error);
    arena_release(&w.scratch);
    free(w.fits);
    return result == 0 ? count : result;
}

int es_count_confirm(struct es_store *s, struct err_text *error)
{
    int before = s->partitions;
    if (s->counted) return 0;
    int count = es_count_find(s, error);
    if (count < 0) return count;
    if (count == 0) return err_set(error, ERR_NOTFOUND, "topic %s is gone", s->topic);
    if (s->partitions != before) es_forget(s);
    return 0;
}
