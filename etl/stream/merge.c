#include "etl/stream/merge.h"

#include <stdlib.h>
#include <string.h>

#include "etl/parse.h"
#include "lib/base/memory.h"
#include "lib/os/descriptors.h"

/* A file on its way: it stands on a record, or (not open) on what is known of its first one. */
struct strand {
    const struct source_list *list;
    const struct source_file *file;
    struct source_reader *reader; /* NULL: not open yet */
    struct record record;
    int64_t due_s;
    uint64_t byte_offset; /* of the record */
};

struct merge {
    const char *dir;
    struct source_notes *notes;
    struct row_parser **parsers; /* by feed */
    int parser_count;
    struct strand *strands;
    struct strand **heap; /* the smallest first */
    size_t count;
    bool given; /* the first strand's record was handed out */
    struct arena arena;
};

/* --- times --- */

static int64_t event_time(struct merge *m, const struct strand *s)
{
    const struct feed *feed = s->list->feed;
    struct row row;
    arena_reset(&m->arena);
    row_parse(m->parsers[feed->index], &s->record, &m->arena, &row);
    const struct value *v = &row.values[feed->time];
    if (v->type == VALUE_NULL || row.bucket != ROW_VALID) return INT64_MIN;
    return v->type == VALUE_DATE ? v->i * 86400 : v->i;
}

/* --- the heap --- */

static bool before(const struct strand *a, const struct strand *b)
{
    if (a->due_s != b->due_s) return a->due_s < b->due_s;
    if (a->list != b->list) return a->list->feed->index < b->list->feed->index;
    int names = strcmp(a->file->name, b->file->name);
    return names != 0 ? names < 0 : a->byte_offset < b->byte_offset;
}

static void sift_down(struct merge *m, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < m->count; at = child) {
        if (child + 1 < m->count && before(m->heap[child + 1], m->heap[child])) child++;
        if (!before(m->heap[child], m->heap[at])) return;
        struct strand *s = m->heap[at];
        m->heap[at] = m->heap[child];
        m->heap[child] = s;
    }
}

/* --- strands --- */

/* To the next record; 0 at the end. */
static int strand_step(struct merge *m, struct strand *s, struct err_text *error)
{
    int result = source_next(s->reader, &s->record, error);
    if (result != 1) return result;
    int64_t time_s = event_time(m, s);
    if (time_s > s->due_s) s->due_s = time_s;
    s->byte_offset = s->record.at.byte_offset;
    return 1;
}

static int strand_open(struct merge *m, struct strand *s, struct err_text *error)
{
    s->due_s = INT64_MIN;
    int result = source_open(s->list->feed, m->dir, s->file, &s->reader, error);
    return result == 0 ? strand_step(m, s, error) : result;
}

static void strand_close(struct strand *s)
{
    source_close(s->reader);
    s->reader = NULL;
}

/* The first strand has a record to give, or there is none any more. 1, 0 or negative. */
static int first_ready(struct merge *m, struct err_text *error)
{
    while (m->count > 0) {
        struct strand *s = m->heap[0];
        int result = 1;
        if (!s->reader)
            result = strand_open(m, s, error);
        else if (m->given)
            result = strand_step(m, s, error);
        else
            return 1;
        if (result < 0) return result;
        m->given = false;
        if (result == 0) {
            source_notes_take(m->notes, s->reader);
            strand_close(s);
            m->heap[0] = m->heap[--m->count];
        }
        sift_down(m, 0);
    }
    return 0;
}

int merge_next(struct merge *m, struct record *record, int64_t *time_s, struct err_text *error)
{
    int result = first_ready(m, error);
    if (result != 1) return result;
    *record = m->heap[0]->record;
    *time_s = m->heap[0]->due_s;
    m->given = true;
    return 1;
}

/* --- opening --- */

/* When the file begins; it is closed again until then. */
static int strand_add(struct merge *m, const struct source_list *list, const struct source_file *file,
                      struct err_text *error)
{
    struct strand *s = &m->strands[m->count];
    *s = (struct strand){.list = list, .file = file};
    int result = strand_open(m, s, error);
    strand_close(s);
    if (result == 1) m->heap[m->count++] = s;
    return result < 0 ? result : 0;
}

static int strands_add(struct merge *m, const struct source_lists *lists, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < lists->count; i++) {
        const struct source_list *list = &lists->of[i];
        m->parsers[i] = row_parser_new(list->feed);
        for (int k = 0; k < list->count && result == 0; k++)
            if (!list->files[k].same_as) result = strand_add(m, list, &list->files[k], error);
    }
    for (size_t i = m->count / 2; i-- > 0;) sift_down(m, i);
    return result;
}

int merge_open(const char *dir, const struct source_lists *lists, struct source_notes *notes, struct merge **out,
               struct err_text *error)
{
    struct merge *m = memory_new(sizeof *m);
    size_t files = 1;
    for (int i = 0; i < lists->count; i++) files += (size_t)lists->of[i].count;
    m->dir = dir;
    m->notes = notes;
    m->parser_count = lists->count;
    m->parsers = memory_new((size_t)(lists->count + 1) * sizeof(struct row_parser *));
    m->strands = memory_new(files * sizeof *m->strands);
    m->heap = memory_new(files * sizeof *m->heap);
    descriptors_allow(); /* files that all overlap are all open at a time */
    int result = strands_add(m, lists, error);
    *out = m;
    if (result == 0) return 0;
    merge_close(m);
    *out = NULL;
    return result;
}

void merge_close(struct merge *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->count; i++) strand_close(m->heap[i]);
    for (int i = 0; i < m->parser_count; i++) row_parser_free(m->parsers[i]);
    arena_release(&m->arena);
    free(m->parsers);
    free(m->strands);
    free(m->heap);
    free(m);
}
