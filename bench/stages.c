#include "bench/stages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

const char *stage_name(enum stage stage)
{
    static const char *const names[STAGES] = {"lateness", "transport", "validate", "wait", "transform", "commit"};
    return names[stage];
}

/* --- the two files --- */

typedef int line_fn(struct stages *s, char *line);

static int each_line(struct stages *s, const char *path, line_fn *take, struct err_text *error)
{
    FILE *file = fopen(path, "r");
    if (!file) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t size = 0;
    int rc = 0, number = 0;
    while (rc == 0 && getline(&line, &size, file) > 0) {
        number++;
        rc = take(s, line);
    }
    free(line);
    fclose(file);
    return rc == 0              ? 0
           : rc == ERR_NOTFOUND ? err_set(error, ERR_CORRUPT, "%s:%d: a record that was never sent", path, number)
                                : err_set(error, rc, "%s:%d: not a line of a probe", path, number);
}

/* `count` whole numbers behind the topic's name. */
static bool numbers_read(char *line, int64_t *out, int count)
{
    char *at = strchr(line, ' '), *end;
    for (int i = 0; i < count; i++) {
        if (!at || *at != ' ') return false;
        out[i] = strtoll(at, &end, 10);
        if (end == at) return false;
        at = end;
    }
    return *at == '\n';
}

static int sent_line(struct stages *s, char *line)
{
    int64_t n[5];
    if (!numbers_read(line, n, 5)) return ERR_CORRUPT;
    if ((s->count & (s->count - 1)) == 0)
        s->records = memory_grow(s->records, s->count ? 2 * (size_t)s->count : 1, sizeof *s->records);
    s->records[s->count++] =
        (struct staged){.partition = n[0], .offset = n[1], .due_ns = n[2], .sent_ns = n[3], .acked_ns = n[4]};
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct staged *x = a, *y = b;
    if (x->partition != y->partition) return x->partition < y->partition ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_due(const void *a, const void *b)
{
    const struct staged *x = a, *y = b;
    return x->due_ns != y->due_ns ? (x->due_ns < y->due_ns ? -1 : 1) : by_place(a, b);
}

static int loaded_line(struct stages *s, char *line)
{
    int64_t n[7];
    if (!numbers_read(line, n, 7)) return ERR_CORRUPT;
    struct staged key = {.partition = n[0], .offset = n[1]};
    struct staged *r = s->count ? bsearch(&key, s->records, (size_t)s->count, sizeof key, by_place) : NULL;
    if (!r) return ERR_NOTFOUND;
    r->received_ns = n[2];
    r->judged_ns = n[3];
    r->begun_ns = n[4];
    r->applied_ns = n[5];
    r->committed_ns = n[6];
    return 0;
}

int stages_read(struct stages *s, const char *sent, const char *loaded, struct err_text *error)
{
    *s = (struct stages){0};
    int rc = each_line(s, sent, sent_line, error);
    if (s->count) qsort(s->records, (size_t)s->count, sizeof *s->records, by_place);
    if (rc == 0 && loaded) rc = each_line(s, loaded, loaded_line, error);
    if (s->count) qsort(s->records, (size_t)s->count, sizeof *s->records, by_due);
    if (rc < 0) stages_release(s);
    return rc;
}

void stages_release(struct stages *s)
{
    free(s->records);
    *s = (struct stages){0};
}

/* --- records --- */

int64_t stage_ns(const struct staged *r, enum stage stage)
{
    const int64_t at[STAGES + 1] = {r->due_ns,   r->sent_ns,    r->received_ns, r->judged_ns,
                                    r->begun_ns, r->applied_ns, r->committed_ns};
    return at[stage + 1] - at[stage];
}

int64_t stages_sum(const struct stages *s, int64_t from_ns, int64_t to_ns, struct histogram *const parts[STAGES],
                   struct histogram *total, struct histogram *ack)
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const struct staged *r = &s->records[i];
        if (r->due_ns < from_ns || r->due_ns >= to_ns || r->received_ns == 0) continue;
        for (int k = 0; k < STAGES && parts; k++)
            if (parts[k]) histogram_record(parts[k], stage_ns(r, (enum stage)k));
        if (total) histogram_record(total, r->committed_ns - r->due_ns);
        if (ack) histogram_record(ack, r->acked_ns - r->sent_ns);
        count++;
    }
    return count;
}

/* --- transactions --- */

static int by_commit(const void *a, const void *b)
{
    const struct staged *x = *(const struct staged *const *)a, *y = *(const struct staged *const *)b;
    return x->committed_ns < y->committed_ns ? -1 : x->committed_ns > y->committed_ns;
}

int stages_transactions(const struct stages *s, int64_t from_ns, int64_t to_ns, double *rows, double *seconds, int max)
{
    const struct staged **of = memory_new(((size_t)s->count + 1) * sizeof *of);
    size_t loaded = 0;
    int count = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const struct staged *r = &s->records[i];
        if (r->received_ns && r->committed_ns >= from_ns && r->committed_ns < to_ns) of[loaded++] = r;
    }
    qsort(of, loaded, sizeof *of, by_commit);
    for (size_t i = 0; i < loaded; i++) {
        bool first = i == 0 || of[i]->committed_ns != of[i - 1]->committed_ns;
        if (first && count == max) break;
        if (first) {
            rows[count] = 0;
            seconds[count++] = (double)(of[i]->committed_ns - of[i]->begun_ns) / 1e9;
        }
        rows[count - 1]++;
    }
    free(of);
    return count;
}
