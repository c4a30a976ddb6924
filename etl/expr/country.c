#include "etl/expr/country.h"

#include <stdlib.h>
#include <string.h>

#include "etl/expr/node.h"
#include "etl/expr/unicode.h"

struct country_key {
    struct slice text;
    const struct country_row *row;
};

struct country_index {
    struct country_key *keys; /* sorted */
    size_t count;
};

static bool counts(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

/* Letters and digits, folded. False when the text is not UTF-8. */
static bool key_of(struct slice text, struct arena *arena, struct slice *key)
{
    struct slice s;
    if (!unicode_map(text, UNICODE_NFC | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, arena, &s))
        return false;
    uint8_t *p = arena_alloc(arena, 3 * s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        utf8proc_int32_t c;
        size_t length = (size_t)utf8proc_iterate(s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
        if (c == '&') {
            for (const char *word = "and"; *word; word++) p[n++] = (uint8_t)*word;
        } else if (counts(c)) {
            memcpy(p + n, s.p + i, length);
            n += length;
        }
        i += length;
    }
    *key = slice_of(p, n);
    return true;
}

/* --- the index --- */

static int keys_compare(const void *a, const void *b)
{
    return slice_compare(((const struct country_key *)a)->text, ((const struct country_key *)b)->text);
}

static size_t names_count(void)
{
    size_t n = 0;
    for (const struct country_row *row = COUNTRIES; row->alpha2; row++) {
        n += 4;
        for (const char *p = row->others; *p; p++) n += *p == '|';
    }
    return n;
}

static void name_enter(struct country_index *index, const struct country_row *row, struct slice name,
                       struct arena *arena)
{
    struct country_key *key = &index->keys[index->count];
    if (name.n && key_of(name, arena, &key->text)) {
        key->row = row;
        index->count++;
    }
}

const struct country_index *country_index_new(struct arena *arena)
{
    struct country_index *index = arena_alloc(arena, sizeof *index);
    index->keys = arena_alloc(arena, names_count() * sizeof *index->keys);
    for (const struct country_row *row = COUNTRIES; row->alpha2; row++) {
        name_enter(index, row, slice_str(row->alpha2), arena);
        name_enter(index, row, slice_str(row->alpha3), arena);
        name_enter(index, row, slice_str(row->name), arena);
        for (const char *p = row->others, *end; *p; p = end + (*end == '|')) {
            end = strchrnul(p, '|');
            name_enter(index, row, slice_of(p, (size_t)(end - p)), arena);
        }
    }
    qsort(index->keys, index->count, sizeof *index->keys, keys_compare);
    return index;
}

/* --- finding --- */

static const struct country_row *key_find(const struct country_index *index, struct slice text)
{
    struct country_key wanted = {.text = text};
    const struct country_key *key = bsearch(&wanted, index->keys, index->count, sizeof wanted, keys_compare);
    return key ? key->row : NULL;
}

/* What may stand ahead of the name of a state, longer ones first. */
static const char *const TITLES[] = {"democraticrepublicof",
                                     "democraticsocialistrepublicof",
                                     "socialistrepublicof",
                                     "islamicrepublicof",
                                     "federalrepublicof",
                                     "peoplesrepublicof",
                                     "republicof",
                                     "commonwealthof",
                                     "principalityof",
                                     "kingdomof",
                                     "stateof",
                                     "unionof",
                                     "the",
                                     NULL};

static bool title_skip(struct slice *key)
{
    for (const char *const *title = TITLES; *title; title++) {
        size_t n = strlen(*title);
        if (key->n <= n || memcmp(key->p, *title, n) != 0) continue;
        *key = slice_of(key->p + n, key->n - n);
        return true;
    }
    return false;
}

enum country_outcome country_find(const struct country_index *index, struct slice text, struct arena *arena,
                                  const struct country_row **out)
{
    struct slice key;
    if (!key_of(text, arena, &key)) return COUNTRY_BAD_TEXT;
    *out = key_find(index, key);
    /* A code is never what is left of a name without its title. */
    while (!*out && title_skip(&key) && key.n > 3) *out = key_find(index, key);
    return *out ? COUNTRY_FOUND : COUNTRY_NONE;
}

/* --- country(text), country_name(text) --- */

static enum expr_outcome country_call(const struct expr *e, const struct value *a, struct arena *arena,
                                      struct value *out)
{
    const struct country_row *row;
    switch (country_find(e->data, a[0].text, arena, &row)) {
    case COUNTRY_FOUND: return expr_give_text(out, slice_str(e->number ? row->name : row->alpha2));
    case COUNTRY_NONE: return expr_give_null(out);
    default: return EXPR_BAD_TEXT;
    }
}

static struct expr *country_build(struct expr_builder *b, const struct expr_function *f, struct expr **args, int count)
{
    struct expr *e = expr_strict_node(b, f->type, 0, f->call, args, count);
    e->number = strcmp(f->name, "country_name") == 0;
    e->data = country_index_new(b->arena);
    return e;
}

const struct expr_function EXPR_COUNTRY_FUNCTIONS[] = {
    {"country", "t", VALUE_TEXT, country_call, country_build},
    {"country_name", "t", VALUE_TEXT, country_call, country_build},
    {NULL, NULL, VALUE_NULL, NULL, NULL},
};
