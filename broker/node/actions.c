#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/node_internal.h"
#include "lib/base/memory.h"

static void references_drop(struct action *a)
{
    for (int i = 0; i < a->piece_count; i++) {
        shared_unref(a->pieces[i].shared);
        log_file_unref(a->pieces[i].file);
    }
    for (int i = 0; i < a->file_count; i++) log_file_unref(a->files[i]);
    log_file_unref(a->file);
}

void actions_reset(struct actions *a)
{
    for (int i = 0; i < a->count; i++) references_drop(&a->items[i]);
    a->count = 0;
    arena_reset(&a->arena);
}

void actions_release(struct actions *a)
{
    actions_reset(a);
    free(a->items);
    arena_release(&a->arena);
    memset(a, 0, sizeof *a);
}

struct action *action_add(struct node *n, enum action_kind kind)
{
    struct actions *a = n->out;
    assert(a);
    if (a->count == a->capacity) {
        a->capacity = a->capacity ? a->capacity * 2 : 32;
        a->items = memory_grow(a->items, (size_t)a->capacity, sizeof *a->items);
    }
    struct action *x = &a->items[a->count++];
    memset(x, 0, sizeof *x);
    x->kind = kind;
    return x;
}

void action_say(struct node *n, int level, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct action *a = action_add(n, ACTION_SAY);
    a->level = level;
    a->text = arena_str(&n->out->arena, slice_str(line));
}

void action_append(struct node *n, const struct log_write *w, struct shared *holder, uint64_t token)
{
    struct action *a = action_add(n, ACTION_APPEND);
    a->file = log_file_ref(w->file);
    a->at = w->at;
    a->length = w->bytes.n;
    a->token = token;
    a->pieces = arena_alloc(&n->out->arena, sizeof *a->pieces);
    a->pieces[0] = (struct action_piece){.bytes = w->bytes, .shared = holder ? shared_ref(holder) : NULL};
    a->piece_count = 1;
}

void action_connection(struct node *n, enum action_kind kind, uint64_t connection)
{
    action_add(n, kind)->connection = connection;
}
