/* What is to be done: the files as they are against the ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/batch/load.h"
#include "etl/source/sqlite_rows.h"

/* Which name has a digest; the smallest one is read. */
struct holder {
    const char *digest, *name;
};

/* One source: its files and what is known of them, both in byte order of names. */
struct sight {
    struct load *load;
    const struct feed *feed;
    const struct source_list *list;
    struct ledger_file *known;
    int known_count;
    struct holder *holders; /* by digest, then name */
    size_t holder_count;
};

static const struct ledger_file *known_find(const struct sight *v, const char *name)
{
    for (int low = 0, high = v->known_count; low < high;) {
        int middle = low + (high - low) / 2, order = strcmp(name, v->known[middle].name);
        if (order == 0) return &v->known[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct source_file *file_find(const struct sight *v, const char *name)
{
    for (int i = 0; i < v->list->count; i++)
        if (strcmp(v->list->files[i].name, name) == 0) return &v->list->files[i];
    return NULL;
}

static bool is_loaded(const struct ledger_file *k)
{
    return k && k->id && !k->skipped;
}

/* The row by row way of tables. */
static bool compares(const struct sight *v)
{
    return v->load->job->options->mode >= ENGINE_INCREMENTAL && (v->feed->watermark >= 0 || v->feed->deletes);
}

/* A copy that comes again would bring an old version back: where keys replace, every file is read. */
static bool has_copies(const struct sight *v)
{
    return v->load->job->options->mode != ENGINE_UPSERT || v->feed->key_count == 0;
}

static int holder_order(const void *a, const void *b)
{
    const struct holder *x = a, *y = b;
    int order = strcmp(x->digest, y->digest);
    return order ? order : strcmp(x->name, y->name);
}

/* Over all that was ever seen: files that are gone count with the bytes that they had. */
static void holders_find(struct sight *v)
{
    size_t most = (size_t)v->list->count + (size_t)v->known_count;
    v->holders = arena_alloc(&v->load->arena, (most + 1) * sizeof *v->holders);
    for (int i = 0; i < v->list->count; i++)
        v->holders[v->holder_count++] = (struct holder){v->list->files[i].digest, v->list->files[i].name};
    for (int i = 0; i < v->known_count; i++)
        if (is_loaded(&v->known[i]) && !file_find(v, v->known[i].name))
            v->holders[v->holder_count++] = (struct holder){v->known[i].digest, v->known[i].name};
    qsort(v->holders, v->holder_count, sizeof *v->holders, holder_order);
}

/* The other file that stands for this one, or NULL. */
static const char *twin_of(const struct sight *v, const char *digest, const char *name)
{
    size_t low = 0, high = v->holder_count;
    while (low < high) { /* the first one that is not before this digest */
        size_t middle = low + (high - low) / 2;
        if (strcmp(v->holders[middle].digest, digest) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool twin = has_copies(v) && low < v->holder_count && strcmp(v->holders[low].digest, digest) == 0 &&
                strcmp(v->holders[low].name, name) != 0;
    return twin ? v->holders[low].name : NULL;
}

static void step_add(struct sight *v, struct step s)
{
    s.feed = v->feed;
    buf_append(&v->load->steps, &s, sizeof s);
}

static int changed(const struct sight *v, const struct source_file *f, const struct ledger_file *k,
                   struct err_text *error)
{
    const char *in = v->load->job->options->in;
    if (f->rows && sqlite_rows_counted(f->rows))
        return err_set(
            error, ERR_INVALID,
            "%s/%s: rows that are loaded have changed or are gone, or others sort between them, and it has no "
            "rowids by which that could be told (%s of %s): --mode full loads it anew. Nothing was loaded",
            in, f->name, v->feed->at, v->feed->path);
    if (f->rows)
        return err_set(error, ERR_INVALID,
                       "%s/%s: rows that are loaded have changed or are gone; \"watermark\" or \"deletes\" in %s of %s "
                       "and --mode incremental take such changes. Nothing was loaded",
                       in, f->name, v->feed->at, v->feed->path);
    if (f->bytes < k->bytes)
        return err_set(error, ERR_INVALID,
                       "%s/%s: bytes 0 to %" PRIu64 " of it are loaded, and now it has %" PRIu64
                       "; a load mode takes what is added to files. Nothing was loaded",
                       in, f->name, k->bytes, f->bytes);
    return err_set(error, ERR_INVALID,
                   "%s/%s: bytes 0 to %" PRIu64
                   " of it are loaded, and they have changed since; a load mode takes what "
                   "is added to files. Nothing was loaded",
                   in, f->name, k->bytes);
}

/* Whether the file is at most longer than it was. */
static int growth_check(const struct sight *v, const struct source_file *f, const struct ledger_file *k)
{
    struct job *j = v->load->job;
    char digest[65];
    if (f->bytes < k->bytes) return changed(v, f, k, j->error);
    if (f->bytes == k->bytes) return strcmp(f->digest, k->digest) == 0 ? 0 : changed(v, f, k, j->error);
    int result = source_prefix_digest(j->options->in, f, k->bytes, digest, j->error);
    if (result < 0) return result;
    return strcmp(digest, k->digest) == 0 ? 0 : changed(v, f, k, j->error);
}

static int file_look(struct sight *v, const struct source_file *f)
{
    const struct ledger_file *k = known_find(v, f->name);
    const char *twin = twin_of(v, f->digest, f->name);
    bool loaded = is_loaded(k);
    bool same = k && k->bytes == f->bytes && strcmp(k->digest, f->digest) == 0;
    struct step s = {.file = f, .known = {.name = f->name}, .same_as = twin};
    if (k) s.known = *k;
    int result = k && loaded && !compares(v) && !(same && !k->waits) ? growth_check(v, f, k) : 0;
    if (result < 0) return result;
    if (twin && loaded)
        s.kind = STEP_UNLOAD;
    else if (twin && k && same && strcmp(k->same_as, twin) == 0)
        return 0;
    else if (twin)
        s.kind = STEP_SKIP;
    else if (loaded && same && !k->waits)
        return 0;
    else
        s.kind = compares(v) ? STEP_COMPARE : STEP_LOAD;
    if (!loaded && !twin) s.known.next = s.known.seen = s.known.bytes = 0; /* a copy no longer: nothing of it is in */
    step_add(v, s);
    return 0;
}

static void gone_look(struct sight *v, const struct ledger_file *k)
{
    struct job *j = v->load->job;
    const char *twin = twin_of(v, k->digest, k->name);
    const struct source_file *copy = twin ? file_find(v, twin) : NULL;
    if (copy)
        step_add(v, (struct step){.kind = STEP_UNLOAD, .file = copy, .known = *k, .same_as = twin});
    else
        fprintf(stderr, "%s: %s/%s is gone; what was loaded from it stays\n", j->title, j->options->in, k->name);
}

static int source_look(struct load *l, const struct source_list *list)
{
    struct sight v = {.load = l, .feed = list->feed, .list = list};
    struct job *j = l->job;
    int result = ledger_files(l->ledger, v.feed->name, &l->arena, &v.known, &v.known_count, j->error);
    if (result == 0 && v.known_count == 0) result = source_list_check(list, j->options->in, j->error);
    if (result == 0) holders_find(&v);
    for (int i = 0; i < list->count && result == 0; i++) result = file_look(&v, &list->files[i]);
    for (int i = 0; i < v.known_count && result == 0; i++)
        if (is_loaded(&v.known[i]) && !file_find(&v, v.known[i].name)) gone_look(&v, &v.known[i]);
    return result;
}

/* A position must be free before another file's records come to stand for the same bytes. */
static void unloads_first(struct load *l)
{
    struct buf sorted = {0};
    const struct step *steps = (const struct step *)(const void *)l->steps.p;
    size_t count = l->steps.n / sizeof *steps;
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < count; i++)
            if ((steps[i].kind != STEP_UNLOAD) == others) buf_append(&sorted, &steps[i], sizeof steps[i]);
    buf_release(&l->steps);
    l->steps = sorted;
}

int changes_find(struct load *l)
{
    int result = 0;
    for (int i = 0; i < l->job->lists.count && result == 0; i++) result = source_look(l, &l->job->lists.of[i]);
    unloads_first(l);
    return result;
}
