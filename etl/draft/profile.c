#include "etl/draft/profile.h"

#include <stdlib.h>
#include <string.h>

#include "etl/source/field.h"
#include "lib/base/hash.h"
#include "lib/base/memory.h"

enum { INTEGER_ZEROS = 1 }; /* the candidate that reads 17850.0 as an integer */

void profile_init(struct profile *p, const struct candidates *all)
{
    *p = (struct profile){0};
    p->fitting = memory_new((size_t)all->count * sizeof *p->fitting);
    for (int i = 0; i < all->count; i++) p->fitting[p->fitting_count++] = i;
}

void profile_release(struct profile *p)
{
    free(p->fitting);
    free(p->hashes);
}

/* --- different values --- */

static void value_note(struct profile *p, struct slice s, struct arena *arena)
{
    if (p->many) return;
    for (int i = 0; i < p->value_count; i++)
        if (slice_equal(s, slice_str(p->values[i]))) return;
    p->many = p->value_count == PROFILE_VALUES_MAX || s.n > PROFILE_VALUE_BYTES_MAX || memchr(s.p, 0, s.n);
    if (!p->many) p->values[p->value_count++] = arena_str(arena, s);
}

/* Open addressing; 0 is a free place. Two values with one hash of 64 bits make a key none: nothing worse. */
static bool hash_put(uint64_t *places, size_t room, uint64_t hash)
{
    size_t i = hash & (room - 1);
    for (; places[i]; i = (i + 1) & (room - 1))
        if (places[i] == hash) return false;
    places[i] = hash;
    return true;
}

static void hashes_grow(struct profile *p)
{
    size_t room = p->hash_room ? p->hash_room * 2 : 1024;
    uint64_t *places = memory_new(room * sizeof *places);
    for (size_t i = 0; i < p->hash_room; i++)
        if (p->hashes[i]) hash_put(places, room, p->hashes[i]);
    free(p->hashes);
    p->hashes = places;
    p->hash_room = room;
}

static void hash_note(struct profile *p, struct slice s)
{
    if (p->repeated) return;
    if (p->hash_count * 2 >= p->hash_room) hashes_grow(p);
    uint64_t hash = hash_bytes(s.p, s.n, 0);
    if (hash_put(p->hashes, p->hash_room, hash ? hash : 1)) {
        p->hash_count++;
        return;
    }
    p->repeated = true;
    free(p->hashes);
    p->hashes = NULL;
    p->hash_room = 0;
}

/* --- types --- */

static struct slice trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits behind the last `point`. */
static int digits_behind(struct slice s, char point)
{
    const uint8_t *at = s.n ? memrchr(s.p, point, s.n) : NULL;
    int digits = 0;
    while (at && at + 1 + digits < s.p + s.n && is_digit(at[1 + digits])) digits++;
    return digits;
}

static void number_note(struct profile *p, struct slice s)
{
    int point = digits_behind(s, '.'), comma = digits_behind(s, ',');
    size_t sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    if (point > p->after_point) p->after_point = point;
    if (comma > p->after_comma) p->after_comma = comma;
    for (size_t i = 0; i < s.n; i++) p->has_letters = p->has_letters || !(is_digit(s.p[i]) || strchr("+-.,' ", s.p[i]));
    if (s.n && (memchr(s.p, '-', s.n) || memchr(s.p, '(', s.n))) p->negative = true;
    if (s.n > sign + 1 && s.p[sign] == '0' && is_digit(s.p[sign + 1])) p->leading_zero = true;
}

static bool fits(const struct candidate *c, struct slice s)
{
    struct value v;
    size_t sign = s.p[0] == '-' || s.p[0] == '+';
    /* 0,125 is no 125 */
    if (c->type == VALUE_INTEGER && c->thousands && s.n > sign + 1 && s.p[sign] == '0') return false;
    return field_convert(c->field, s, &v) && v.type == c->type;
}

/* How many of the first `count` fit, which come to the front; when none does they stay as they are. */
static int candidates_sift(struct profile *p, const struct candidates *all, int count, struct slice s)
{
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (fits(&all->items[p->fitting[i]], s)) p->fitting[kept++] = p->fitting[i];
    return kept;
}

enum { OTHERS_PER_CENT_MAX = 5, OTHERS_FEW = 2 };

/* A value that is of another type than those before: few of these are worth a word, many make a text of the column. */
static void other_note(struct profile *p, struct slice s, struct arena *arena)
{
    if (!p->others++) p->other = arena_str(arena, slice_of(s.p, s.n < 40 ? s.n : 40));
    if (p->others > OTHERS_FEW + profile_filled(p) * OTHERS_PER_CENT_MAX / 100) p->most_count = 0;
}

static void types_note(struct profile *p, const struct candidates *all, struct slice s, struct arena *arena)
{
    int count = p->fitting_count ? p->fitting_count : p->most_count;
    int kept = s.n ? candidates_sift(p, all, count, s) : 0;
    if (p->fitting_count) p->most_count = p->fitting_count, p->fitting_count = kept;
    if (kept)
        p->most_count = kept;
    else
        other_note(p, s, arena);
}

static const char *const WORDS[] = {"NULL", "null", "\\N", "N/A", "n/a", "NA", "NaN", "None", "-", NULL};

static bool mark_note(struct profile *p, struct slice s)
{
    int i = 0;
    while (WORDS[i] && !slice_equal(s, slice_str(WORDS[i]))) i++;
    if (!WORDS[i]) return false;
    for (int k = 0; k < p->word_count; k++)
        if (p->words[k] == WORDS[i]) return p->marks++, true;
    if (p->word_count == 4) return false;
    p->words[p->word_count++] = WORDS[i];
    p->marks++;
    return true;
}

void profile_add(struct profile *p, const struct candidates *all, struct slice text, struct arena *arena)
{
    p->rows++;
    if (!text.p || text.n == 0) {
        p->nulls++;
        p->empty = p->empty || text.p;
        return;
    }
    value_note(p, text, arena);
    hash_note(p, text);
    struct slice s = trimmed(text);
    if (mark_note(p, s)) return;
    if (!p->example) p->example = arena_str(arena, slice_of(s.p, s.n < 40 ? s.n : 40));
    if (p->fitting_count == 0 && p->most_count == 0) return;
    if (s.n < text.n) p->padded = true;
    number_note(p, s);
    types_note(p, all, s, arena);
}

/* --- the choice --- */

static bool plausible(const struct profile *p, int index, const struct candidate *c)
{
    bool number = c->type == VALUE_INTEGER || c->type == VALUE_DECIMAL;
    if (number && p->leading_zero) return false;
    if (c->type == VALUE_INTEGER && p->decimals) return false;
    if (index == INTEGER_ZEROS && p->after_point > 1) return false;
    return true;
}

const struct candidate *profile_choice(const struct profile *p, const struct candidates *all)
{
    if (!p->example) return NULL;
    for (int i = 0; i < p->fitting_count; i++)
        if (plausible(p, p->fitting[i], &all->items[p->fitting[i]])) return &all->items[p->fitting[i]];
    return NULL;
}

enum { MOST_LEAST = 10 };

const struct candidate *profile_most(const struct profile *p, const struct candidates *all)
{
    if (p->fitting_count || profile_filled(p) - p->others < MOST_LEAST) return NULL;
    for (int i = 0; i < p->most_count; i++)
        if (plausible(p, p->fitting[i], &all->items[p->fitting[i]])) return &all->items[p->fitting[i]];
    return NULL;
}

const struct candidate *profile_other_order(const struct profile *p, const struct candidates *all)
{
    const struct candidate *chosen = profile_choice(p, all);
    if (!chosen || chosen->order == ORDER_NONE) return NULL;
    for (int i = 0; i < p->fitting_count; i++) {
        const struct candidate *c = &all->items[p->fitting[i]];
        if (c->type == chosen->type && c->order != ORDER_NONE && c->order != chosen->order) return c;
    }
    return NULL;
}

int profile_scale(const struct profile *p, const struct candidate *c)
{
    if (c->scale_fixed) return c->scale;
    int seen = c->point == ',' ? p->after_comma : p->after_point;
    return seen < 1 ? 1 : seen > c->scale ? c->scale : seen;
}
