#include "etl/stream/whole.h"

#include <pthread.h>
#include <stdlib.h>

#include "etl/admission.h"
#include "etl/belt.h"
#include "etl/outstanding.h"
#include "etl/regex.h"
#include "lib/base/memory.h"

enum { PAGES = 8, PAGE_ROWS = 64, PAGE_FILES = 64, PAGE_BYTES = 1 << 17, PROGRESS_EVERY = 4096 };

/* Records as they come one after the other, and files among them. */
struct page {
    struct judged *rows[PAGE_ROWS];
    struct file_fact files[PAGE_FILES];
    int row_count, file_count;
    uint64_t taken; /* messages so far */
    struct arena arena;
    int result;
    struct err_text error;
};

struct whole {
    const struct whole_options *options;
    struct ordered *ordered;
    struct engine *engine;
    struct belt belt;
    struct page pages[PAGES];
    pthread_t thread;
};

/* --- the thread that reads --- */

static void page_empty(struct page *p)
{
    arena_reset(&p->arena);
    p->row_count = p->file_count = p->result = 0;
    p->error.text[0] = 0;
}

static struct slice text_copy(struct slice s, struct arena *arena)
{
    return s.n ? slice_of(arena_copy(arena, s.p, s.n), s.n) : s;
}

static void file_add(struct page *p, const struct file_fact *f)
{
    struct file_fact *fact = &p->files[p->file_count++];
    *fact = *f;
    fact->file = text_copy(f->file, &p->arena);
    fact->digest = text_copy(f->digest, &p->arena);
    fact->skipped_as_identical_to = text_copy(f->skipped_as_identical_to, &p->arena);
}

/* 1 when the page is full, else as ordered_next. */
static int page_fill(struct whole *w, struct page *p)
{
    const struct message *m;
    size_t bytes = 0;
    int result = 1;
    while (p->row_count < PAGE_ROWS && p->file_count < PAGE_FILES && bytes < PAGE_BYTES &&
           (result = ordered_next(w->ordered, &m, &p->error)) == 1) {
        if (m->kind == MESSAGE_FILE)
            file_add(p, &m->file);
        else
            p->rows[p->row_count++] = engine_judge(w->engine, &m->record, &p->arena);
        bytes += m->record.raw.n;
    }
    p->taken = ordered_taken(w->ordered);
    return result;
}

static void *run(void *context)
{
    struct whole *w = context;
    int result = 1;
    size_t i;
    while (result == 1 && belt_room(&w->belt, &i)) {
        page_empty(&w->pages[i]);
        result = page_fill(w, &w->pages[i]);
        w->pages[i].result = result < 0 ? result : 0;
        belt_send(&w->belt);
    }
    belt_end(&w->belt);
    regex_thread_end();
    return NULL;
}

/* --- the caller's --- */

static int engine_result(const struct whole *w, int result, struct err_text *error)
{
    return result == 0 ? 0 : err_set(error, result, "%s", engine_error(w->engine));
}

/* Rows of one source at a time: a page of an engine has no others. */
static int rows_apply(struct whole *w, const struct page *p)
{
    int result = 0;
    for (int i = 0, end; i < p->row_count && result == 0; i = end) {
        for (end = i + 1; end < p->row_count && p->rows[end]->record.feed == p->rows[i]->record.feed;) end++;
        result = engine_judged(w->engine, &p->rows[i], end - i);
    }
    return result;
}

static int page_apply(struct whole *w, const struct page *p, struct err_text *error)
{
    int result = 0;
    for (int i = 0; i < p->file_count && result == 0; i++) result = engine_file(w->engine, &p->files[i]);
    if (result == 0) result = rows_apply(w, p);
    if (result != 0) return engine_result(w, result, error);
    return p->result == 0 ? 0 : err_set(error, p->result, "%s", p->error.text);
}

static void progress_tell(const struct whole *w, const struct page *p, uint64_t *told)
{
    if (p->taken / PROGRESS_EVERY == *told / PROGRESS_EVERY) return;
    *told = p->taken;
    w->options->progress(w->options->context, p->taken, ordered_messages(w->ordered));
}

static int records_load(struct whole *w, struct err_text *error)
{
    size_t i;
    uint64_t told = 0;
    int result = 0;
    belt_init(&w->belt, PAGES);
    for (int k = 0; k < PAGES; k++) w->pages[k].arena.block_size = PAGE_BYTES;
    if (pthread_create(&w->thread, NULL, run, w) != 0) abort(); /* no memory for a stack */
    while (result == 0 && belt_take(&w->belt, &i)) {
        result = page_apply(w, &w->pages[i], error);
        progress_tell(w, &w->pages[i], &told);
        belt_return(&w->belt);
    }
    belt_stop(&w->belt);
    pthread_join(w->thread, NULL);
    belt_release(&w->belt);
    for (int k = 0; k < PAGES; k++) arena_release(&w->pages[k].arena);
    return result;
}

static int positions_write(const struct whole *w, struct err_text *error)
{
    const struct ordered_options *s = &w->options->stream;
    sqlite3 *db = w->options->db;
    const char *topic;
    int32_t partition;
    struct offset_state state;
    int result = 0;
    for (int i = 0; i < s->topics->count && result == 0; i++)
        result = offsets_init(db, s->topics->names[i], s->partitions[i], error);
    for (size_t i = 0; result == 0 && ordered_end(w->ordered, i, &topic, &partition, &state); i++) {
        int moved = offsets_move(db, topic, partition, -1, &state, error);
        result = moved < 0 ? moved : 0;
    }
    return result == 0 ? offsets_identity(db, "stream", slice_str(ordered_stream(w->ordered)), error) : result;
}

static int tables_build(struct whole *w, struct err_text *error)
{
    const struct whole_options *o = w->options;
    int result = engine_open(o->stream.definition, o->db, ENGINE_WHOLE, o->run, &w->engine, error);
    if (result == 0) result = records_load(w, error);
    if (result == 0) result = engine_result(w, engine_flush(w->engine), error);
    if (result == 0) buf_append_str(o->state, engine_state(w->engine));
    if (result == 0) result = engine_result(w, engine_install(w->engine), error);
    if (result == 0) result = outstanding_check(o->stream.definition, o->db, error);
    if (result == 0) result = positions_write(w, error);
    engine_close(w->engine);
    return result;
}

int whole_load(const struct whole_options *options, struct err_text *error)
{
    struct whole *w = memory_new(sizeof *w);
    w->options = options;
    int result = ordered_open(&options->stream, &w->ordered, error);
    if (result == 0) result = tables_build(w, error);
    ordered_close(w->ordered);
    free(w);
    return result;
}
