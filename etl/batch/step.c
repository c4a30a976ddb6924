/* One file of a load mode, inside the caller's transaction. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etl/batch/load.h"

enum { FLUSH_EVERY = 10000, FLUSH_BYTES = 16 * 1024 * 1024 };

/* What operators collect is written from time to time, so that memory does not grow with the file. */
static int flush(struct load *l)
{
    l->pending = 0;
    l->bytes = 0;
    arena_reset(&l->record);
    return job_engine_result(l->job, engine_flush(l->job->engine));
}

static int record_done(struct load *l, uint64_t line)
{
    arena_reset(&l->record);
    bool full = ++l->pending == FLUSH_EVERY || l->bytes >= FLUSH_BYTES;
    if (full || l->pending % JOB_PROGRESS_EVERY == 0) {
        progress_update(&l->job->progress, l->job->lines_done + line);
        int result = job_rejects_check(l->job, false);
        if (result != 0) return result;
    }
    return full ? flush(l) : 0;
}

static int take_back(struct load *l, const struct record *record)
{
    l->bytes += record->raw.n;
    return job_engine_result(l->job, engine_take_back(l->job->engine, record));
}

/* What is kept at a position of a file, taken back and dropped. */
static int kept_take_back(struct load *l, const struct step *s, uint64_t byte_offset)
{
    struct record record;
    int result = ledger_kept(l->ledger, s->known.id, byte_offset, &l->record, &record, l->job->error);
    if (result != 1) return result;
    record.at.file = slice_str(s->known.name);
    record.feed = s->feed->index;
    result = take_back(l, &record);
    return result == 0 ? ledger_drop(l->ledger, s->known.id, byte_offset, l->job->error) : result;
}

static int fact_write(struct load *l, const struct step *s)
{
    struct file_fact fact = source_file_fact(s->feed, s->file);
    fact.file = slice_str(s->known.name);
    fact.skipped_as_identical_to = slice_str(s->same_as ? s->same_as : "");
    return job_engine_result(l->job, engine_file(l->job->engine, &fact));
}

/* The file as it is now, nothing of it loaded. */
static struct ledger_file ledger_now(const struct step *s)
{
    struct ledger_file k = {.id = s->known.id, .name = s->known.name, .bytes = s->file->bytes};
    memcpy(k.digest, s->file->digest, sizeof k.digest);
    return k;
}

/* --- what was loaded from a file before --- */

typedef int former_record(struct load *l, const struct step *s, struct record *record);

/* The records that are loaded, from an offset on, as the file still has them: it has only grown. */
static int former_each(struct load *l, const struct step *s, uint64_t from, former_record *each)
{
    struct source_file then = *s->file;
    struct source_reader *reader;
    struct record record;
    then.bytes = s->known.bytes;
    then.from = from;
    then.grows = then.as_then = true;
    int result = source_open(s->feed, l->job->options->in, &then, &reader, l->job->error);
    if (result != 0) return result < 0 ? result : 0; /* it had no header line then, so no records */
    while ((result = source_next(reader, &record, l->job->error)) == 1 && record.at.byte_offset < s->known.seen) {
        record.at.file = slice_str(s->known.name);
        result = each(l, s, &record);
        if (result != 0) break;
    }
    source_close(reader);
    return result == 1 ? 0 : result;
}

static int former_drop(struct load *l, const struct step *s, struct record *record)
{
    (void)s;
    l->job->counts.taken_back++;
    int result = take_back(l, record);
    return result == 0 ? record_done(l, 0) : result;
}

/* It comes again, perhaps longer. */
static int former_yield(struct load *l, const struct step *s, struct record *record)
{
    (void)s;
    l->job->counts.replaced++;
    return take_back(l, record);
}

static int former_note(struct load *l, const struct step *s, struct record *record)
{
    (void)s;
    tail_note(l, record);
    return 0;
}

static bool keeps(const struct load *l, const struct step *s)
{
    bool rows = s->feed->watermark >= 0 || s->feed->deletes;
    return rows ? l->job->options->mode >= ENGINE_INCREMENTAL
                : s->feed->key_count > 0 && l->job->options->mode == ENGINE_UPSERT;
}

static int kept_drop_all(struct load *l, const struct step *s)
{
    int64_t after = -1;
    uint64_t at;
    int result;
    while ((result = ledger_kept_after(l->ledger, s->known.id, after, &at, l->job->error)) == 1) {
        result = kept_take_back(l, s, at);
        l->job->counts.taken_back++;
        if (result == 0) result = record_done(l, 0);
        if (result != 0) return result;
        after = (int64_t)at;
    }
    return result;
}

static int copy_note(struct load *l, const struct step *s)
{
    struct ledger_file k = ledger_now(s);
    k.skipped = true;
    k.same_as = s->same_as;
    int result = fact_write(l, s);
    return result == 0 ? ledger_write(l->ledger, s->feed->name, &k, l->job->error) : result;
}

static int unload(struct load *l, const struct step *s)
{
    int result = job_engine_result(l->job, engine_expect_take_back(l->job->engine));
    if (result == 0) result = keeps(l, s) ? kept_drop_all(l, s) : former_each(l, s, 0, former_drop);
    return result == 0 ? copy_note(l, s) : result;
}

/* --- records that come --- */

/* In place of the record that has its key, whichever file that came from. */
static int keyed_apply(struct load *l, const struct step *s, int64_t file, const struct record *record)
{
    struct engine *e = l->job->engine;
    struct record former;
    uint8_t key[16];
    int64_t former_file;
    if (tail_is(l, record)) return 0;
    int result = l->tail.n ? tail_undo(l, s, record->at.byte_offset) : 0;
    if (result != 0) return result;
    struct judged *row = engine_judge(e, record, &l->record);
    int has = engine_judged_key(e, row, key);
    if (has < 0) return job_engine_result(l->job, has);
    int found = has ? ledger_keyed(l->ledger, key, &l->record, &former, &former_file, l->job->error) : 0;
    if (found < 0) return found;
    if (found) {
        former.feed = s->feed->index;
        l->job->counts.replaced++;
        result = take_back(l, &former);
        if (result == 0) result = ledger_drop(l->ledger, former_file, former.at.byte_offset, l->job->error);
        if (result == 0 && l->tentative)
            result = ledger_replace(l->ledger, file, record->at.byte_offset, former_file, &former, l->job->error);
    }
    if (result == 0) result = job_engine_result(l->job, engine_apply(e, row));
    return result == 0 && has ? ledger_keep(l->ledger, file, record, key, l->job->error) : result;
}

static int plain_apply(struct load *l, const struct step *s, int64_t file, const struct record *record)
{
    (void)s, (void)file;
    return job_engine_result(l->job, engine_record(l->job->engine, record));
}

/* In place of what its position was before, if that was something else. */
static int row_apply(struct load *l, const struct step *s, int64_t file, const struct record *record)
{
    struct record former;
    int found = ledger_kept(l->ledger, file, record->at.byte_offset, &l->record, &former, l->job->error);
    if (found < 0 || (found && slice_equal(former.raw, record->raw))) return found < 0 ? found : 0;
    int result = found ? kept_take_back(l, s, record->at.byte_offset) : 0;
    l->job->counts.replaced += found;
    if (result == 0) result = job_engine_result(l->job, engine_record(l->job->engine, record));
    return result == 0 ? ledger_keep(l->ledger, file, record, NULL, l->job->error) : result;
}

typedef int record_apply(struct load *l, const struct step *s, int64_t file, const struct record *record);

/* The first line of a file has no end: there is nothing to load from it before it has grown. */
static int header_wait(const struct load *l, const struct source_file *f)
{
    const struct job *j = l->job;
    if (f->bytes > 0)
        fprintf(stderr, "%s: %s/%s has no whole header line yet; nothing of it is loaded\n", j->title, j->options->in,
                f->name);
    return 0;
}

/* Every record of the file that source_open gives; *k learns how far they reach. */
static int records_apply(struct load *l, const struct step *s, const struct source_file *f, record_apply *apply,
                         struct ledger_file *k)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(s->feed, l->job->options->in, f, &reader, l->job->error);
    if (result != 0) return result < 0 ? result : header_wait(l, f);
    while ((result = source_next(reader, &record, l->job->error)) == 1) {
        l->tentative = source_tentative(reader);
        result = apply(l, s, k->id, &record);
        l->bytes += record.raw.n;
        if (result == 0) result = record_done(l, record.at.line);
        if (result != 0) break;
        k->seen = record.at.byte_offset + 1;
        if (!source_tentative(reader)) k->next = k->seen;
    }
    k->waits = source_waits(reader);
    if (result == 0) source_notes_take(l->job->notes, reader);
    source_close(reader);
    return result;
}

static int load(struct load *l, const struct step *s)
{
    bool keyed = keeps(l, s);
    struct source_file f = *s->file;
    struct ledger_file k = ledger_now(s);
    bool tail = s->known.next < s->known.seen;
    k.next = k.seen = f.from = s->known.next;
    f.grows = true;
    int result = tail ? former_each(l, s, s->known.next, keyed ? former_note : former_yield) : 0;
    if (result == 0) result = ledger_write(l->ledger, s->feed->name, &k, l->job->error); /* it has an id now */
    if (result == 0) result = records_apply(l, s, &f, keyed ? keyed_apply : plain_apply, &k);
    if (result == 0) result = tail_undo(l, s, k.seen); /* of those that are still there, some wait for their end */
    if (result == 0) result = ledger_replaced_forget(l->ledger, k.id, 0, k.next, l->job->error);
    if (result == 0) result = fact_write(l, s);
    buf_reset(&l->tail);
    arena_reset(&l->tail_arena);
    return result == 0 ? ledger_write(l->ledger, s->feed->name, &k, l->job->error) : result;
}

/* --- rows of a table --- */

struct gone {
    struct load *load;
    const struct step *step;
    uint64_t at; /* the first kept position that has not been looked for */
    bool more;
};

static int gone_next(struct gone *g, int64_t after)
{
    int result = ledger_kept_after(g->load->ledger, g->step->known.id, after, &g->at, g->load->job->error);
    g->more = result == 1;
    return result < 0 ? result : 0;
}

/* Takes back what is kept at positions before `number`, which is there. */
static int gone_before(void *context, uint64_t number)
{
    struct gone *g = context;
    while (g->more && g->at <= number) {
        int result = g->at < number ? kept_take_back(g->load, g->step, g->at) : 0;
        g->load->job->counts.taken_back += g->at < number;
        if (result == 0 && g->at < number) result = record_done(g->load, 0);
        if (result == 0) result = gone_next(g, (int64_t)g->at);
        if (result != 0) return result;
    }
    return 0;
}

static int gone_find(struct load *l, const struct step *s)
{
    struct gone g = {.load = l, .step = s};
    int result = gone_next(&g, -1);
    if (result == 0) result = source_numbers(s->file, gone_before, &g, l->job->error);
    return result == 0 ? gone_before(&g, UINT64_MAX) : result;
}

static int compare(struct load *l, const struct step *s)
{
    struct source_file f = *s->file;
    struct ledger_file k = ledger_now(s);
    struct step now = *s;
    f.since = &s->known.watermark;
    k.watermark = s->known.watermark;
    int result = ledger_write(l->ledger, s->feed->name, &k, l->job->error);
    now.known.id = k.id;
    if (result == 0) result = records_apply(l, &now, &f, row_apply, &k);
    if (result == 0 && s->feed->deletes) result = gone_find(l, &now);
    if (result == 0 && s->feed->watermark >= 0) result = source_watermark(s->feed, &f, &k.watermark, l->job->error);
    if (result == 0) result = fact_write(l, s);
    return result == 0 ? ledger_write(l->ledger, s->feed->name, &k, l->job->error) : result;
}

int step_do(struct load *l, const struct step *s)
{
    static int (*const doing[])(struct load * l, const struct step *s) = {
        [STEP_UNLOAD] = unload, [STEP_SKIP] = copy_note, [STEP_LOAD] = load, [STEP_COMPARE] = compare};
    int result = doing[s->kind](l, s);
    if (result == 0) result = flush(l);
    l->job->counts.files += s->kind == STEP_LOAD || s->kind == STEP_COMPARE;
    l->job->lines_done += s->file->lines;
    return result;
}
