/* es_shop.c - `millrace es append --shop DIR`: carts and orders of a generated shop, as streams of events.
 *
 * The messages of a month lie in a file for each kind. They are put into the order of their times first: an item is
 * added before its cart is checked out. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/es_lines.h"
#include "etl/eventstore/instant.h"
#include "etl/eventstore/shop.h"
#include "lib/base/memory.h"

enum { WRONG_SHOWN_MAX = 10 };

struct appended {
    int64_t at;
    size_t number;
    json_t *append;
};

struct shop {
    const struct es_command *c;
    struct appended *items;
    size_t count, capacity;
    int64_t messages, wrong;
};

static int by_time(const void *a, const void *b)
{
    const struct appended *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int item_add(struct shop *s, json_t *append, struct err_text *error)
{
    int64_t at;
    const char *text = json_string_value(json_object_get(append, "timestamp"));
    if (!instant_read(text, &at)) {
        json_decref(append);
        return err_set(error, ERR_INVALID, "\"at\" is no instant");
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 1024;
        s->items = memory_grow(s->items, s->capacity, sizeof *s->items);
    }
    s->items[s->count] = (struct appended){at, s->count, append};
    s->count++;
    return 0;
}

static int message_add(struct shop *s, const char *text, size_t n, struct err_text *error)
{
    json_error_t wrong;
    json_t *out[ES_SHOP_EVENTS_MAX], *message = json_loadb(text, n, JSON_ALLOW_NUL, &wrong);
    if (!message) return err_set(error, ERR_INVALID, "is no JSON: %s", wrong.text);
    int count = es_shop_events(message, out, error), result = count < 0 ? count : 0;
    for (int i = 0; i < count; i++) {
        int added = item_add(s, out[i], error);
        if (result == 0) result = added;
    }
    json_decref(message);
    return result;
}

/* A message that is no event is said and counted, as the shop's pipelines do. */
static int file_read(struct shop *s, const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t capacity = 0;
    ssize_t n;
    if (!f) {
        fprintf(stderr, "millrace %s: %s: %s\n", s->c->name, path, strerror(errno));
        return CLI_USAGE;
    }
    for (int64_t line = 1; (n = getline(&text, &capacity, f)) >= 0; line++) {
        struct err_text error = {""};
        s->messages++;
        if (message_add(s, text, (size_t)n, &error) == 0) continue;
        if (s->wrong++ < WRONG_SHOWN_MAX)
            fprintf(stderr, "millrace %s: %s:%lld: left out: %s\n", s->c->name, path, (long long)line, error.text);
    }
    int status = ferror(f) ? CLI_USAGE : CLI_OK;
    if (status != CLI_OK) fprintf(stderr, "millrace %s: %s: cannot be read\n", s->c->name, path);
    fclose(f);
    free(text);
    return status;
}

static int files_read(struct shop *s, const char *folder)
{
    int status = CLI_OK;
    for (int k = 0; ES_SHOP_FILES[k] && status == CLI_OK; k++) {
        struct buf pattern = {0};
        glob_t found = {0};
        buf_printf(&pattern, "%s/%s-*.ndjson", folder, ES_SHOP_FILES[k]);
        if (glob(buf_cstr(&pattern), 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc && status == CLI_OK; i++) status = file_read(s, found.gl_pathv[i]);
        globfree(&found);
        buf_release(&pattern);
    }
    if (status == CLI_OK && s->messages == 0) {
        fprintf(stderr,
                "millrace %s: %s: has no messages of a shop (millrace generate ecommerce --out DIR makes them)\n",
                s->c->name, folder);
        status = CLI_USAGE;
    }
    return status;
}

static int items_append(struct shop *s)
{
    struct err_text error = {""};
    struct es_lines *l = es_lines_new(s->c, true);
    int result = 0;
    qsort(s->items, s->count, sizeof *s->items, by_time);
    for (size_t i = 0; i < s->count && result != ERR_CLOSED; i++) {
        struct err_text wrong = {""};
        result = es_lines_add(l, s->items[i].append, &wrong);
        s->items[i].append = NULL;
        if (result < 0 && result != ERR_CLOSED) err_set(&error, result, "%s", wrong.text);
    }
    int status = es_lines_free(l);
    fprintf(stderr, "%lld messages, %lld of them left out\n", (long long)s->messages, (long long)s->wrong);
    return *error.text ? es_complain(s->c, &error) : status;
}

int es_shop_append(const struct es_command *c)
{
    struct shop s = {.c = c};
    int status = files_read(&s, c->shop);
    if (status == CLI_OK) status = items_append(&s);
    for (size_t i = 0; i < s.count; i++) json_decref(s.items[i].append);
    free(s.items);
    return status;
}
