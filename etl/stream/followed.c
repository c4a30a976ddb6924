#include "etl/stream/followed.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/checksum.h"
#include "lib/base/memory.h"

/* ---- the list ---- */

static bool name_is_taken(const struct followed_list *list, int feed, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (list->items[i]->feed == feed && strcmp(list->items[i]->name, name) == 0) return true;
    return false;
}

struct followed *followed_new(struct followed_list *list)
{
    struct followed *f = memory_new(sizeof *f);
    f->told = UINT64_MAX;
    list->items = memory_grow(list->items, (size_t)list->count + 1, sizeof *list->items);
    list->items[list->count++] = f;
    return f;
}

/* Names of later contents come behind those of earlier ones in byte order, which is that of positions. */
struct followed *followed_add(struct followed_list *list, int feed, const char *home)
{
    struct buf name = {0};
    buf_append_str(&name, home);
    for (int generation = 2; name_is_taken(list, feed, buf_cstr(&name)); generation++) {
        buf_reset(&name);
        buf_printf(&name, "%s;%06d", home, generation);
    }
    struct followed *f = followed_new(list);
    f->feed = feed;
    f->name = memory_str(buf_cstr(&name));
    f->home = memory_str(home);
    f->at = memory_str(home);
    list->names_changed = true;
    buf_release(&name);
    return f;
}

struct followed *followed_by_inode(const struct followed_list *list, int feed, uint64_t device, uint64_t inode)
{
    for (int i = 0; i < list->count; i++) {
        struct followed *f = list->items[i];
        if (f->feed == feed && f->inode == inode && f->device == device && inode != 0) return f;
    }
    return NULL;
}

void followed_lose(struct followed *f)
{
    source_close(f->reader);
    f->reader = NULL;
    free(f->at);
    f->at = NULL;
    f->device = f->inode = 0;
    f->gzip = false;
}

static void item_free(struct followed *f)
{
    char unused[65];
    followed_lose(f);
    if (f->digest) sha256_take_hex(f->digest, unused);
    free(f->name);
    free(f->home);
    free(f->copy_of);
    sent_rows_free(f->rows);
    free(f);
}

void followed_sweep(struct followed_list *list)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++) {
        struct followed *f = list->items[i];
        if (f->dropped)
            item_free(f);
        else
            list->items[kept++] = f;
    }
    list->count = kept;
}

void followed_release(struct followed_list *list)
{
    for (int i = 0; i < list->count; i++) item_free(list->items[i]);
    free(list->items);
    free(list->next);
    *list = (struct followed_list){0};
}
