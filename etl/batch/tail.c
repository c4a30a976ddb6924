/* The last records of a file whose records have keys, when they were loaded without the end of their line: each may be
 * another record by now, and then it is taken back, and what it had replaced comes again. */
#include "etl/batch/load.h"

static struct record *tails(const struct load *l, size_t *count)
{
    *count = l->tail.n / sizeof(struct record);
    return (struct record *)(void *)l->tail.p;
}

void tail_note(struct load *l, const struct record *record)
{
    struct record kept = *record;
    kept.raw = slice_of(arena_copy(&l->tail_arena, record->raw.p, record->raw.n), record->raw.n);
    kept.layout = slice_of(arena_copy(&l->tail_arena, record->layout.p, record->layout.n), record->layout.n);
    buf_append(&l->tail, &kept, sizeof kept);
}

bool tail_is(const struct load *l, const struct record *record)
{
    size_t count;
    const struct record *tail = tails(l, &count);
    for (size_t i = 0; i < count; i++)
        if (tail[i].at.byte_offset == record->at.byte_offset) return slice_equal(tail[i].raw, record->raw);
    return false;
}

/* Nobody has its key now: the record that replaced it has just gone. */
static int put_back(struct load *l, const struct step *s, struct record *former, int64_t file)
{
    struct engine *e = l->job->engine;
    uint8_t key[16];
    former->feed = s->feed->index;
    struct judged *row = engine_judge(e, former, &l->record);
    int has = engine_judged_key(e, row, key);
    if (has < 0) return job_engine_result(l->job, has);
    int result = job_engine_result(l->job, engine_apply(e, row));
    return result == 0 && has ? ledger_keep(l->ledger, file, former, key, l->job->error) : result;
}

/* It is kept under its key; or a rule rejected it, so that it replaced nothing; or another one has replaced it. */
static int one_undo(struct load *l, const struct step *s, const struct record *record)
{
    struct engine *e = l->job->engine;
    struct record kept, former;
    uint8_t key[16];
    int64_t file;
    int found = ledger_kept(l->ledger, s->known.id, record->at.byte_offset, &l->record, &kept, l->job->error);
    if (found < 0) return found;
    int has = found ? 1 : engine_judged_key(e, engine_judge(e, record, &l->record), key);
    if (has < 0) return job_engine_result(l->job, has);
    int result = found || !has ? job_engine_result(l->job, engine_take_back(e, record)) : 0;
    l->job->counts.replaced++;
    if (result != 0 || !found) return result;
    result = ledger_drop(l->ledger, s->known.id, record->at.byte_offset, l->job->error);
    if (result != 0) return result;
    found = ledger_replaced(l->ledger, s->known.id, record->at.byte_offset, &l->record, &former, &file, l->job->error);
    return found == 1 ? put_back(l, s, &former, file) : found;
}

int tail_undo(struct load *l, const struct step *s, uint64_t byte_offset)
{
    size_t count;
    const struct record *tail = tails(l, &count);
    int result = 0;
    for (; count && result == 0 && tail[count - 1].at.byte_offset >= byte_offset; count--)
        result = one_undo(l, s, &tail[count - 1]);
    l->tail.n = count * sizeof *tail;
    return result == 0 ? ledger_replaced_forget(l->ledger, s->known.id, byte_offset, UINT64_MAX, l->job->error)
                       : result;
}
