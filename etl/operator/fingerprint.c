#include "etl/operator/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/table.h"

enum { MAP_SIZE_MIN = 256, MAP_SIZE_KEPT = 1 << 16, MAP_SIZE_LARGE = 1 << 20 };

struct fingerprint fingerprint_of(const void *p, size_t n)
{
    uint64_t hashes[] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f};
    hash_bytes_pair(p, n, hashes);
    struct fingerprint f = {hashes[0], hashes[1]};
    if (f.high == 0 && f.low == 0) f.low = 1;
    return f;
}

void fingerprint_put(struct fingerprint f, uint8_t out[16])
{
    put_u64be(out, f.high);
    put_u64be(out + 8, f.low);
}

struct fingerprint fingerprint_get(const uint8_t bytes[16])
{
    struct fingerprint f = {get_u64be(bytes), get_u64be(bytes + 8)};
    if (f.high == 0 && f.low == 0) f.low = 1;
    return f;
}

/* Type and length stand before the bytes, so that no two lists of values run into each other. */
void fingerprint_encode(struct buf *out, const struct value *v)
{
    bool text = v->type == VALUE_TEXT;
    uint64_t number = v->type == VALUE_NULL ? 0 : text ? v->text.n : (uint64_t)v->i;
    uint8_t *p = buf_reserve(out, 9 + (text ? v->text.n : 0));
    *p = (uint8_t)v->type;
    memcpy(p + 1, &number, 8);
    out->n += 9;
    if (text && v->text.n) {
        memcpy(p + 9, v->text.p, v->text.n);
        out->n += v->text.n;
    }
}

void fingerprint_encode_texts(struct buf *out, const struct slice *texts, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += 9 + texts[i].n;
    uint8_t *p = buf_reserve(out, bytes);
    out->n += bytes;
    for (int i = 0; i < count; i++) {
        uint64_t n = texts[i].n;
        *p = VALUE_TEXT;
        memcpy(p + 1, &n, 8);
        if (n) memcpy(p + 9, texts[i].p, n);
        p += 9 + n;
    }
}

static bool slot_free(const struct fingerprint_entry *e)
{
    return e->key.high == 0 && e->key.low == 0;
}

static struct fingerprint_entry *slot_find(const struct fingerprint_map *m, struct fingerprint key)
{
    size_t at = key.low & (m->size - 1);
    while (!slot_free(&m->slots[at]) && !fingerprint_equal(m->slots[at].key, key)) at = (at + 1) & (m->size - 1);
    return &m->slots[at];
}

static void map_grow(struct fingerprint_map *m)
{
    /* By four while that is cheap: moving the entries costs as much as adding them did. */
    size_t factor = m->size < MAP_SIZE_LARGE ? 4 : 2;
    struct fingerprint_map bigger = {.size = m->size ? m->size * factor : MAP_SIZE_MIN, .count = m->count};
    bigger.slots = memory_new(bigger.size * sizeof *bigger.slots);
    for (size_t i = 0; i < m->size; i++)
        if (!slot_free(&m->slots[i])) *slot_find(&bigger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = bigger;
}

struct fingerprint_entry *fingerprint_map_at(struct fingerprint_map *m, struct fingerprint key, bool *added)
{
    if (m->count * 2 >= m->size) map_grow(m); /* at most half full: short probes */
    struct fingerprint_entry *e = slot_find(m, key);
    *added = slot_free(e);
    if (*added) {
        *e = (struct fingerprint_entry){key, 0};
        m->count++;
    }
    return e;
}

bool fingerprint_map_has(const struct fingerprint_map *m, struct fingerprint key)
{
    return m->size && !slot_free(slot_find(m, key));
}

void fingerprint_map_clear(struct fingerprint_map *m)
{
    if (m->count) memset(m->slots, 0, m->size * sizeof *m->slots);
    m->count = 0;
}

void fingerprint_map_reset(struct fingerprint_map *m)
{
    if (m->size > MAP_SIZE_KEPT)
        fingerprint_map_release(m);
    else
        fingerprint_map_clear(m);
}

void fingerprint_map_release(struct fingerprint_map *m)
{
    free(m->slots);
    *m = (struct fingerprint_map){0};
}
