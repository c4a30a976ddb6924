#include "etl/batch/reading.h"

#include <pthread.h>
#include <stdlib.h>

#include "etl/belt.h"
#include "etl/regex.h"
#include "lib/base/memory.h"

struct page {
    struct reading_page shown;
    struct arena arena; /* of its rows */
    int result;
    struct err_text error;
};

struct reading {
    const struct source_lists *lists;
    const char *dir;
    struct engine *engine;
    struct source_notes *notes;
    struct belt belt;
    pthread_t thread;
    struct page pages[READING_PAGES];
    struct page *shown; /* the caller's */
};

/* --- the thread that reads --- */

/* An empty page of a file; NULL when nobody wants one any more. */
static struct page *page_begin(struct reading *r, const struct source_list *list, const struct source_file *f)
{
    size_t i;
    if (!belt_room(&r->belt, &i)) return NULL;
    struct page *p = &r->pages[i];
    arena_reset(&p->arena);
    p->shown.list = list;
    p->shown.file = f;
    p->shown.begins = p->shown.ends = false;
    p->shown.count = 0;
    p->result = 0;
    p->error.text[0] = 0;
    return p;
}

/* 1 when the page is full, else as source_next. */
static int page_fill(struct reading *r, struct source_reader *reader, struct page *p)
{
    struct lateness *lateness = source_lateness(reader);
    struct record record;
    size_t bytes = 0;
    int result = 1;
    while (p->shown.count < READING_ROWS && bytes < READING_BYTES &&
           (result = source_next(reader, &record, &p->error)) == 1) {
        p->shown.rows[p->shown.count++] = engine_judge_in_order(r->engine, &record, lateness, &p->arena);
        bytes += record.raw.n;
    }
    return result;
}

/* False: no further file is to be read. */
static bool file_read(struct reading *r, const struct source_list *list, const struct source_file *f)
{
    struct source_reader *reader = NULL;
    struct page *p;
    int result = 1;
    for (bool first = true; result == 1 && (p = page_begin(r, list, f)); first = false) {
        p->shown.begins = first;
        if (f->same_as)
            result = 0;
        else if (first)
            result = source_open(list->feed, r->dir, f, &reader, &p->error);
        if (reader) result = page_fill(r, reader, p);
        if (reader && result == 0) source_notes_take(r->notes, reader);
        p->shown.ends = result == 0;
        p->result = result < 0 ? result : 0;
        belt_send(&r->belt);
    }
    source_close(reader);
    return result == 0;
}

static void *run(void *context)
{
    struct reading *r = context;
    bool more = true;
    for (int i = 0; i < r->lists->count && more; i++)
        for (int k = 0; k < r->lists->of[i].count && more; k++)
            more = file_read(r, &r->lists->of[i], &r->lists->of[i].files[k]);
    belt_end(&r->belt);
    regex_thread_end();
    return NULL;
}

/* --- the one that asks --- */

struct reading *reading_start(const struct source_lists *lists, const char *dir, struct engine *engine,
                              struct source_notes *notes)
{
    struct reading *r = memory_new(sizeof *r);
    r->lists = lists;
    r->dir = dir;
    r->engine = engine;
    r->notes = notes;
    belt_init(&r->belt, READING_PAGES);
    for (int i = 0; i < READING_PAGES; i++) r->pages[i].arena.block_size = READING_BYTES;
    if (pthread_create(&r->thread, NULL, run, r) != 0) abort(); /* no memory for a stack */
    return r;
}

int reading_next(struct reading *r, const struct reading_page **page, struct err_text *error)
{
    size_t i;
    if (r->shown && r->shown->result < 0) return err_set(error, r->shown->result, "%s", r->shown->error.text);
    if (r->shown) belt_return(&r->belt);
    r->shown = belt_take(&r->belt, &i) ? &r->pages[i] : NULL;
    if (!r->shown) return 0;
    *page = &r->shown->shown;
    return 1;
}

void reading_stop(struct reading *r)
{
    belt_stop(&r->belt);
    pthread_join(r->thread, NULL);
    belt_release(&r->belt);
    for (int i = 0; i < READING_PAGES; i++) arena_release(&r->pages[i].arena);
    free(r);
}
