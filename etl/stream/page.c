#include "etl/stream/page.h"

#include <stdlib.h>

#include "lib/base/memory.h"

void page_init(struct page *p, size_t items, size_t moves)
{
    *p = (struct page){.items = memory_new(items * sizeof *p->items), .moves = memory_new(moves * sizeof *p->moves)};
}

void page_empty(struct page *p)
{
    for (size_t i = 0; i < p->count; i++) rd_kafka_message_destroy(p->items[i].kafka);
    p->count = p->bytes = 0;
    p->move_count = 0;
    arena_reset(&p->arena);
}

void page_release(struct page *p)
{
    page_empty(p);
    arena_release(&p->arena);
    free(p->items);
    free(p->moves);
}
