/* TZif (RFC 8536):
 *
 *     header  44  "TZif" version 15x0, then six counts of 32 bits, big-endian: isut isstd leap time type char
 *     block       time x transition, time x type index (1 byte), type x {offset i32, is summer, abbreviation},
 *                 char, leap x {time, correction}, isstd, isut; a transition has 4 bytes
 *     header, block   again from version 2 on, a transition has 8 bytes
 *     footer      newline, TZ string (perhaps empty), newline
 */
#include "etl/time_zone.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/document.h"
#include "etl/time_format.h"
#include "etl/tz_rule.h"
#include "lib/base/text.h"

const char *const ZONE_CHOICES[] = {"reject", "earlier", "later", NULL};

enum { HEADER_BYTES = 44, FILE_BYTES_MAX = 1 << 20, OFFSET_MIN_S = -89999, OFFSET_MAX_S = 93599, YEARS_REPEATED = 400 };
static const int64_t PERIOD_S = (int64_t)146097 * 86400; /* 400 years */

struct change {
    int64_t at;     /* UTC */
    int64_t offset; /* from then on, seconds east */
};

struct time_zone {
    int64_t offset; /* before the first change */
    struct change *changes;
    size_t count;
    bool repeats;         /* the changes from `repeats_from` on fill more than 400 years and go on so */
    int64_t repeats_from; /* a year behind the table's end; UTC or wall clock, because both repeat */
};

/* --- answering --- */

/* Times behind the table are those of 400, 800, ... years before. */
static int64_t shift_of(const struct time_zone *z, int64_t time)
{
    if (!z->repeats || time < z->repeats_from + PERIOD_S) return 0;
    return (time - z->repeats_from) / PERIOD_S * PERIOD_S;
}

/* How many changes are at or before `utc`. */
static size_t changes_before(const struct time_zone *z, int64_t utc)
{
    size_t low = 0, high = z->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->changes[middle].at <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The offset behind the first `i` changes. */
static int64_t offset_behind(const struct time_zone *z, size_t i)
{
    return i ? z->changes[i - 1].offset : z->offset;
}

int64_t time_zone_offset(const struct time_zone *z, int64_t utc)
{
    return offset_behind(z, changes_before(z, utc - shift_of(z, utc)));
}

/* Between two changes one offset holds: which of the stretches near a wall clock have it? They come in the order of
 * time. */
static bool wall_find(const struct time_zone *z, int64_t wall, enum zone_choice choice, int64_t *utc)
{
    size_t first = changes_before(z, wall - OFFSET_MAX_S), last = changes_before(z, wall - OFFSET_MIN_S);
    int found = 0;
    *utc = wall - offset_behind(z, first);
    for (size_t i = first; i <= last; i++) {
        int64_t candidate = wall - offset_behind(z, i);
        bool early = i > 0 && candidate < z->changes[i - 1].at;
        bool late = i < z->count && candidate >= z->changes[i].at;
        if (early || late) continue;
        if (found++ == 0 || choice == ZONE_LATER) *utc = candidate;
    }
    if (found) return found == 1 || choice != ZONE_REJECT;
    /* It lies in a gap: the offset before the change holds. */
    for (size_t i = first; i < last; i++) {
        int64_t before = wall - offset_behind(z, i), after = wall - offset_behind(z, i + 1);
        if (before >= z->changes[i].at && after < z->changes[i].at) *utc = before;
    }
    return choice != ZONE_REJECT;
}

bool time_zone_to_utc(const struct time_zone *z, int64_t wall, enum zone_choice choice, int64_t *utc)
{
    int64_t shift = shift_of(z, wall);
    bool good = wall_find(z, wall - shift, choice, utc);
    *utc += shift;
    return good;
}

bool time_zone_is_fixed(const struct time_zone *z)
{
    return z->count == 0;
}

/* --- reading --- */

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

/* A header and the block behind it. */
struct block {
    char version;
    struct counts n;
    const uint8_t *times, *indexes, *types;
    size_t time_bytes;
};

/* Takes one off `rest`. False when it is none or is cut. */
static bool block_take(struct slice *rest, size_t time_bytes, struct block *b)
{
    if (rest->n < HEADER_BYTES || memcmp(rest->p, "TZif", 4) != 0) return false;
    const uint8_t *p = rest->p + 20;
    b->version = (char)rest->p[4];
    b->n = (struct counts){get_u32be(p),      get_u32be(p + 4),  get_u32be(p + 8),
                           get_u32be(p + 12), get_u32be(p + 16), get_u32be(p + 20)};
    const uint32_t counts[] = {b->n.isut, b->n.isstd, b->n.leap, b->n.time, b->n.type, b->n.chars};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > FILE_BYTES_MAX) return false;
    size_t size = b->n.time * (time_bytes + 1) + (size_t)b->n.type * 6 + b->n.chars + b->n.leap * (time_bytes + 4) +
                  b->n.isstd + b->n.isut;
    if (rest->n - HEADER_BYTES < size) return false;
    b->time_bytes = time_bytes;
    b->times = rest->p + HEADER_BYTES;
    b->indexes = b->times + b->n.time * time_bytes;
    b->types = b->indexes + b->n.time;
    *rest = slice_of(rest->p + HEADER_BYTES + size, rest->n - HEADER_BYTES - size);
    return true;
}

static int64_t block_time(const struct block *b, size_t i)
{
    const uint8_t *p = b->times + i * b->time_bytes;
    return b->time_bytes == 8 ? (int64_t)get_u64be(p) : (int32_t)get_u32be(p);
}

/* False when there is no such type, or it has an offset of more than a day. */
static bool block_offset(const struct block *b, size_t type, int64_t *out)
{
    if (type >= b->n.type) return false;
    *out = (int32_t)get_u32be(b->types + 6 * type);
    return *out >= OFFSET_MIN_S && *out <= OFFSET_MAX_S;
}

/* `room` more changes will follow. */
static bool changes_read(const struct block *b, size_t room, struct time_zone *z, struct arena *arena)
{
    z->changes = arena_alloc(arena, (b->n.time + room) * sizeof *z->changes);
    z->count = b->n.time;
    if (!block_offset(b, 0, &z->offset)) return false;
    for (size_t i = 0; i < z->count; i++) {
        struct change *c = &z->changes[i];
        c->at = block_time(b, i);
        if (!block_offset(b, b->indexes[i], &c->offset) || (i > 0 && c->at <= c[-1].at)) return false;
    }
    return true;
}

/* The TZ string between two newlines. */
static bool footer_read(struct slice rest, struct slice *text)
{
    const uint8_t *end = rest.n > 1 && rest.p[0] == '\n' ? memchr(rest.p + 1, '\n', rest.n - 1) : NULL;
    if (!end) return false;
    *text = slice_of(rest.p + 1, (size_t)(end - rest.p - 1));
    return true;
}

static int64_t year_of(int64_t utc)
{
    int64_t year;
    int month, day;
    civil_from_days(utc / 86400 - (utc % 86400 < 0), &year, &month, &day);
    return year;
}

/* Keeps the order. Two at one time stay as they came: a summer time without end ends and begins at once. */
static void change_insert(struct time_zone *z, int64_t at, int64_t offset, int64_t behind)
{
    if (at <= behind) return;
    size_t i = z->count++;
    for (; i > 0 && z->changes[i - 1].at > at; i--) z->changes[i] = z->changes[i - 1];
    z->changes[i] = (struct change){at, offset};
}

enum { RULE_YEARS = YEARS_REPEATED + 3 };

/* What the rule says about the years behind the table, until they repeat themselves. */
static void rule_expand(struct time_zone *z, const struct tz_rule *rule)
{
    int64_t behind = z->count ? z->changes[z->count - 1].at : INT64_MIN;
    if (!rule->has_summer && z->count == 0) z->offset = rule->standard_s;
    if (!rule->has_summer || (behind > 0 && !time_in_range(behind))) return;
    int64_t first = time_in_range(behind) ? year_of(behind) : 0;
    if (z->count == 0) z->offset = rule->standard_s;
    for (int64_t year = first; year < first + RULE_YEARS; year++) {
        change_insert(z, tz_rule_begin(rule, year), rule->summer_s, behind);
        change_insert(z, tz_rule_end(rule, year), rule->standard_s, behind);
    }
    z->repeats = true;
    z->repeats_from = days_from_civil(first + 1, 7, 1) * 86400;
}

const struct time_zone *time_zone_parse(struct slice bytes, struct arena *arena)
{
    struct block b;
    struct slice rest = bytes, text = {0};
    struct tz_rule rule;
    struct time_zone *z = arena_alloc(arena, sizeof *z);
    if (bytes.n > FILE_BYTES_MAX || !block_take(&rest, 4, &b)) return NULL;
    if (b.version && (!block_take(&rest, 8, &b) || !footer_read(rest, &text))) return NULL;
    if (b.n.leap || !changes_read(&b, 2 * (size_t)RULE_YEARS, z, arena)) return NULL;
    if (text.n == 0) return z;
    if (!tz_rule_parse(text, &rule)) return NULL;
    rule_expand(z, &rule);
    return z;
}

/* --- finding one --- */

static const char *folder(void)
{
    const char *own = getenv("TZDIR");
    return own && *own ? own : "/usr/share/zoneinfo";
}

/* Letters, digits and _ + - between slashes: nothing that leaves the folder. */
static bool name_good(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t n = strlen(name);
    return n > 0 && n < 64 && strspn(name, allowed) == n && name[0] != '/' && name[n - 1] != '/' && !strstr(name, "//");
}

static const struct time_zone *fixed_new(int64_t offset, struct arena *arena)
{
    struct time_zone *z = arena_alloc(arena, sizeof *z);
    z->offset = offset;
    return z;
}

/* The name in the same part of the world that is nearest to a misspelt one, "" if none is near. */
static const char *hint(const char *name, struct arena *arena)
{
    enum { NAMES_MAX = 1000 };
    const char *slash = strrchr(name, '/'), **names = arena_alloc(arena, (NAMES_MAX + 1) * sizeof *names);
    int part = slash ? (int)(slash - name) + 1 : 0, count = 0;
    DIR *dir = opendir(arena_printf(arena, "%s/%.*s", folder(), part, name));
    for (struct dirent *entry; dir && count < NAMES_MAX && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') names[count++] = arena_printf(arena, "%.*s%s", part, name, entry->d_name);
    if (dir) closedir(dir);
    const char *near = name_nearest(name, names);
    return near ? arena_printf(arena, "; did you mean \"%s\"?", near) : "";
}

static const struct time_zone *file_open(const char *name, struct arena *arena, char message[ZONE_MESSAGE_BYTES])
{
    const char *path = arena_printf(arena, "%s/%s", folder(), name);
    struct buf bytes = {0};
    FILE *file = fopen(path, "rb");
    const struct time_zone *z = NULL;
    if (!file)
        snprintf(message, ZONE_MESSAGE_BYTES, "there is no time zone \"%s\" in %s (%s)%s", name, folder(),
                 errno == ENOENT ? "package tzdata" : strerror(errno), hint(name, arena));
    else {
        bytes.n = fread(buf_reserve(&bytes, FILE_BYTES_MAX + 1), 1, FILE_BYTES_MAX + 1, file);
        z = bytes.n ? time_zone_parse(buf_slice(&bytes), arena) : NULL;
        if (!z) snprintf(message, ZONE_MESSAGE_BYTES, "%s is no time zone file, or one with leap seconds", path);
        fclose(file);
    }
    buf_release(&bytes);
    return z;
}

const struct time_zone *time_zone_open(const char *name, struct arena *arena, char message[ZONE_MESSAGE_BYTES])
{
    int64_t offset;
    if (time_zone_read(slice_str(name), &offset)) return fixed_new(offset, arena);
    if (name_good(name)) return file_open(name, arena, message);
    snprintf(message, ZONE_MESSAGE_BYTES,
             "\"%.80s\" is no time zone: a name such as \"Europe/Rome\", \"UTC\" or an offset such as \"+02:00\"",
             name);
    return NULL;
}
