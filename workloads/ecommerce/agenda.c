#include "workloads/ecommerce/agenda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"

/* A file holds what arrived in a month, late or not. */
static void month_open(struct agenda *a, int kind, int64_t day_of_arrival)
{
    char name[64];
    int64_t year;
    int month, day;
    civil_from_days(day_of_arrival, &year, &month, &day);
    if (a->month[kind] == year * 12 + month - 1) return;
    a->month[kind] = (int)year * 12 + month - 1;
    out_file_close(&a->out[kind]);
    snprintf(name, sizeof name, "%s-%04d-%02d.ndjson", message_kind_name(kind), (int)(year % 10000), month);
    out_file_open(&a->out[kind], name);
}

void agenda_init(struct agenda *a, const struct catalogue *c, int64_t first_day, struct disk *disk,
                 struct err_text *why)
{
    memset(a, 0, sizeof *a);
    a->catalogue = c;
    for (int i = 0; i < MESSAGE_KINDS; i++) {
        out_file_init(&a->out[i], disk, why);
        a->month[i] = -1;
        month_open(a, i, first_day);
    }
}

void agenda_release(struct agenda *a)
{
    for (int i = 0; i < MESSAGE_KINDS; i++) out_file_release(&a->out[i]);
    free(a->heap);
}

static bool earlier(const struct message *a, const struct message *b)
{
    return a->arrival != b->arrival ? a->arrival < b->arrival : a->put < b->put;
}

void agenda_put(struct agenda *a, struct message m)
{
    if (a->count == a->capacity) {
        a->capacity = a->capacity ? 2 * a->capacity : 1024;
        a->heap = memory_grow(a->heap, a->capacity, sizeof *a->heap);
    }
    m.put = a->put++;
    size_t at = a->count++;
    for (; at > 0 && earlier(&m, &a->heap[(at - 1) / 2]); at = (at - 1) / 2) a->heap[at] = a->heap[(at - 1) / 2];
    a->heap[at] = m;
}

static void take_first(struct agenda *a)
{
    const struct message last = a->heap[--a->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < a->count; at = child) {
        if (child + 1 < a->count && earlier(&a->heap[child + 1], &a->heap[child])) child++;
        if (!earlier(&a->heap[child], &last)) break;
        a->heap[at] = a->heap[child];
    }
    a->heap[at] = last;
}

void agenda_write_until(struct agenda *a, int64_t until)
{
    while (a->count > 0 && a->heap[0].arrival <= until) {
        const struct message *m = &a->heap[0];
        struct out_file *out = &a->out[m->kind];
        month_open(a, m->kind, m->arrival / 86400);
        message_write(&out->pending, m, a->catalogue);
        out_file_flush_when_full(out);
        a->written++;
        take_first(a);
    }
}

int agenda_finish(struct agenda *a)
{
    int error = 0;
    agenda_write_until(a, INT64_MAX);
    for (int i = 0; i < MESSAGE_KINDS; i++) {
        out_file_close(&a->out[i]);
        if (!error) error = a->out[i].error;
    }
    return error;
}
