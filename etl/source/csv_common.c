#include "etl/source/csv_common.h"

#include <string.h>

#include "etl/source/marks.h"

struct slice csv_doubled_halve(struct slice s, char quote, struct arena *arena)
{
    const uint8_t *from = s.p, *end = s.p + s.n, *at = memchr(s.p, quote, s.n);
    if (!at) return s;
    uint8_t *p = arena_alloc(arena, s.n), *to = p;
    while (at) {
        memcpy(to, from, (size_t)(at + 1 - from));
        to += at + 1 - from;
        from = at + 2;
        at = from < end ? memchr(from, quote, (size_t)(end - from)) : NULL;
    }
    if (from < end) memcpy(to, from, (size_t)(end - from));
    return slice_of(p, (size_t)(to - p) + (from < end ? (size_t)(end - from) : 0));
}

/* What is known of the quotes of a record behind some of its blocks. */
struct quoting {
    bool twice;         /* they may be doubled */
    bool some, doubled; /* there were some */
    uint64_t inside;    /* all bits: one is open */
    uint64_t starts;    /* bit 0: a field begins with the next block */
    uint64_t closed;    /* bit 0: the byte before that was a closing quote, or the first one of two */
};

/* Takes the delimiters that are content out of *delimiters. False when a quote stands where this kind has none. */
static bool quotes_apply(struct quoting *q, uint64_t quotes, uint64_t *delimiters)
{
    if (!(quotes | q->inside | q->closed)) return true; /* most blocks: nothing of what follows would change */
    uint64_t inside = marks_between(quotes) ^ q->inside, outer = *delimiters & ~inside;
    uint64_t opening = quotes & inside, closing = quotes & ~inside, behind = closing << 1 | q->closed;
    uint64_t doubled = q->twice ? opening & behind : 0;
    uint64_t misplaced = (opening & ~(outer << 1 | q->starts)) | (behind & ~outer);
    q->some |= quotes != 0;
    q->doubled |= doubled != 0;
    q->inside = (uint64_t)0 - (inside >> 63);
    q->closed = closing >> 63;
    *delimiters = outer;
    return !(misplaced & ~doubled);
}

static struct slice field_of(const struct quoting *q, const uint8_t *start, const uint8_t *end, char quote,
                             struct arena *arena)
{
    bool quoted = q->some && start < end && *start == (uint8_t)quote;
    struct slice s = {start + quoted, (size_t)(end - start) - 2 * (size_t)quoted};
    return quoted && q->doubled ? csv_doubled_halve(s, quote, arena) : s;
}

/* A delimiter is thought of behind the record's end. */
bool csv_common_split(const struct csv_spec *spec, struct slice record, struct arena *arena, struct slice *fields,
                      int *count)
{
    const uint8_t *start = record.p;
    struct slice *field = fields;
    struct quoting q = {.twice = spec->escape == CSV_ESCAPE_DOUBLED, .starts = 1};
    if (spec->escape == CSV_ESCAPE_BACKSLASH || record.n >= CSV_FIELDS_MAX) return false;
    for (size_t base = 0; base <= record.n; base += MARKS_BLOCK) {
        uint64_t ends = marks_of(record, base, (uint8_t)spec->delimiter);
        uint64_t quotes = spec->quote ? marks_of(record, base, (uint8_t)spec->quote) : 0;
        if (record.n - base < MARKS_BLOCK) ends |= UINT64_C(1) << (record.n - base);
        if (!quotes_apply(&q, quotes, &ends) || (spec->trim && q.some)) return false;
        q.starts = ends >> 63;
        for (; ends; ends &= ends - 1) {
            const uint8_t *end = record.p + base + __builtin_ctzll(ends);
            *field++ = field_of(&q, start, end, spec->quote, arena);
            start = end + 1;
        }
    }
    *count = (int)(field - fields);
    return !q.inside;
}
