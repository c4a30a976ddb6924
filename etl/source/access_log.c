#include "etl/source/access_log.h"

#include <ctype.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "etl/source/csv.h"

enum part_kind { PART_WORD, PART_WORD_LAST, PART_QUOTED, PART_QUOTED_LAST, PART_BRACKETS, PART_ANY };

/* A field and the text that stands behind it. */
struct part {
    enum part_kind kind;
    struct slice after;
    bool padded; /* blanks ahead of it do not count */
};

struct log_layout {
    struct slice before; /* the text ahead of the first field */
    struct part parts[LOG_FIELDS_MAX];
    int count;
    const char *names[LOG_FIELDS_MAX + 4];
    int request, status, bytes; /* indexes or -1 */
};

static const struct {
    const char *name, *layout;
} NAMED[] = {
    {"common", "{client} {ident} {user} [{time}] \"{request+}\" {status} {bytes}"},
    {"combined", "{client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\""},
    {"combined_plus",
     "{client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\" \"{extra}\""},
    {"vhost_common", "{site+}:{port} {client} {ident} {user} [{time}] \"{request+}\" {status} {bytes}"},
    {"vhost_combined",
     "{site+}:{port} {client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\""},
};
enum { NAMED_COUNT = sizeof NAMED / sizeof *NAMED };

/* --- compiling a layout --- */

static const char *layout_text(struct node n)
{
    const char *text = node_text(n, NULL), *known[NAMED_COUNT + 1] = {NULL};
    for (int i = 0; i < NAMED_COUNT; i++) {
        known[i] = NAMED[i].name;
        if (strcmp(text, NAMED[i].name) == 0) return NAMED[i].layout;
    }
    if (!strchr(text, '{'))
        node_fail(n,
                  "\"%s\" is no layout: common, combined, combined_plus, vhost_common, vhost_combined, or a text "
                  "with fields in braces%s",
                  text, node_hint(n, text, known));
    return text;
}

static enum part_kind part_kind(const char *text, const char *open, const char *after, bool last)
{
    bool quoted = open > text && open[-1] == '"' && *after == '"';
    if (quoted) return last ? PART_QUOTED_LAST : PART_QUOTED;
    if (open > text && open[-1] == '[' && *after == ']') return PART_BRACKETS;
    return last ? PART_WORD_LAST : PART_WORD;
}

static int name_index(const struct log_layout *l, const char *name)
{
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->names[i], name) == 0) return i;
    return -1;
}

/* The text from `at` to the next field or the end, where `{{` is one brace; gives where that is. */
static const char *text_read(struct node n, const char *at, struct slice *out)
{
    char *made = arena_alloc(n.doc->arena, strlen(at) + 1);
    size_t length = 0;
    for (; *at && (*at != '{' || at[1] == '{'); at++) {
        if (*at == '{') at++;
        made[length++] = *at;
    }
    *out = slice_of(made, length);
    return at;
}

/* One `{name}` at `open` and the text behind it; gives where the next brace or the end is. */
static const char *part_read(struct node n, struct log_layout *l, const char *text, const char *open)
{
    const char *close = strchr(open, '}');
    size_t length = close ? (size_t)(close - open - 1) : 0;
    const char mark = length > 1 && strchr("+*>", close[-1]) ? close[-1] : '\0';
    bool last = mark == '+', any = mark == '*', padded = mark == '>';
    if (length - (mark != 0) < 1 || l->count == LOG_FIELDS_MAX) {
        node_fail(n, length ? "has more than %d fields" : "a { without its name and }; at most %d fields",
                  LOG_FIELDS_MAX);
        return "";
    }
    const char *name = arena_str(n.doc->arena, slice_of(open + 1, length - (mark != 0)));
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            node_fail(n, "the field name \"%s\" must be of a-z, 0-9 and _", name);
    if (name_index(l, name) >= 0) node_fail(n, "the field {%s} stands twice", name);
    enum part_kind kind = any ? PART_ANY : part_kind(text, open, close + 1, last);
    for (int i = 0; kind == PART_QUOTED_LAST && i < l->count; i++) /* two could try every pair of quotes */
        if (l->parts[i].kind == PART_QUOTED_LAST) node_fail(n, "only one quoted field may be written {name+}");
    if (last && kind == PART_BRACKETS) node_fail(n, "{%s+} cannot stand between brackets", name);
    if (padded && kind != PART_WORD) node_fail(n, "{%s>} cannot stand between quotes or brackets", name);
    struct slice behind;
    const char *next = text_read(n, close + 1, &behind);
    if (behind.n == 0 && *next) node_fail(n, "{%s} and the next field need a text between them", name);
    l->names[l->count] = name;
    l->parts[l->count++] = (struct part){kind, behind, padded};
    return next;
}

const struct log_layout *log_layout_read(struct node n)
{
    return log_layout_of(n, layout_text(n));
}

const struct log_layout *log_layout_of(struct node n, const char *text)
{
    struct log_layout *l = arena_alloc(n.doc->arena, sizeof *l);
    const char *at = text_read(n, text, &l->before);
    if (!*at) node_fail(n, "has no field in braces");
    while (*at && !n.doc->failed) at = part_read(n, l, text, at);
    if (n.doc->failed) return NULL;
    l->request = name_index(l, "request");
    l->status = name_index(l, "status");
    l->bytes = name_index(l, "bytes");
    if (l->request >= 0) {
        static const char *const made[] = {"method", "target", "protocol"};
        for (int i = 0; i < 3; i++) {
            if (name_index(l, made[i]) >= 0) node_fail(n, "{%s} stands beside {request}, which gives it", made[i]);
            l->names[l->count + i] = made[i];
        }
    }
    return n.doc->failed ? NULL : l;
}

const char *const *log_layout_fields(const struct log_layout *layout)
{
    return layout->names;
}

/* --- matching a line --- */

static bool text_follows(struct slice line, size_t at, struct slice text)
{
    return line.n - at >= text.n && memcmp(line.p + at, text.p, text.n) == 0;
}

/* The first place from `at` on where one of two bytes stands, or the line's end. */
static size_t either_find(struct slice line, size_t at, char a, char b)
{
#ifdef __SSE2__
    const __m128i as = _mm_set1_epi8(a), bs = _mm_set1_epi8(b);
    for (; at + 16 <= line.n; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(line.p + at));
        int found = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, as), _mm_cmpeq_epi8(v, bs)));
        if (found) return at + (size_t)__builtin_ctz((unsigned)found);
    }
#endif
    while (at < line.n && line.p[at] != (uint8_t)a && line.p[at] != (uint8_t)b) at++;
    return at;
}

/* The quote that ends the field beginning at `at`, or SIZE_MAX. */
static size_t quote_find(struct slice line, size_t at)
{
    while ((at = either_find(line, at, '"', '\\')) < line.n) {
        if (line.p[at] == '"') return at;
        at += 2;
        if (at > line.n) break;
    }
    return SIZE_MAX;
}

/* A word ends before the next blank, or within it where the text behind it stands first (or last). */
static size_t word_end(const struct part *part, struct slice line, size_t at)
{
    size_t end = either_find(line, at, ' ', '\t'), found = SIZE_MAX;
    if (part->after.n == 0 || part->after.p[0] == ' ' || part->after.p[0] == '\t') return end > at ? end : SIZE_MAX;
    for (size_t i = at + 1; i < end && (found == SIZE_MAX || part->kind == PART_WORD_LAST); i++)
        if (text_follows(line, i, part->after)) found = i;
    return found;
}

/* Anything up to the first place where the text behind it stands. */
static size_t any_end(const struct part *part, struct slice line, size_t at)
{
    if (part->after.n == 0) return line.n;
    const uint8_t *found = at < line.n ? memmem(line.p + at, line.n - at, part->after.p, part->after.n) : NULL;
    return found ? (size_t)(found - line.p) : SIZE_MAX;
}

static size_t part_end(const struct part *part, struct slice line, size_t at)
{
    if (part->kind == PART_QUOTED) return quote_find(line, at);
    if (part->kind == PART_ANY) return any_end(part, line, at);
    if (part->kind != PART_BRACKETS) return word_end(part, line, at);
    const uint8_t *p = at < line.n ? memchr(line.p + at, ']', line.n - at) : NULL;
    return p ? (size_t)(p - line.p) : SIZE_MAX;
}

/* How far a line fits: the field that was read last, where it begins, and where it ends if it does (SIZE_MAX). */
struct miss {
    int part;
    size_t at, end;
};

/* false, always; of several the miss that is furthest in the line counts. */
static bool missed(struct miss *miss, int part, size_t at, size_t end)
{
    size_t reached = end == SIZE_MAX ? at : end, before = miss->end == SIZE_MAX ? miss->at : miss->end;
    if (miss->part < 0 || reached >= before) *miss = (struct miss){part, at, end};
    return false;
}

/* Matches parts from number `i` on. The only choice is a last quote: it is tried from the line's end. */
static bool parts_match(const struct log_layout *l, int i, struct slice line, size_t at, struct slice *fields,
                        struct miss *miss)
{
    for (; i < l->count; i++) {
        const struct part *part = &l->parts[i];
        while (part->padded && at < line.n && line.p[at] == ' ') at++;
        if (part->kind == PART_QUOTED_LAST) {
            missed(miss, i, at, SIZE_MAX);
            for (size_t end = line.n; end-- > at;) {
                fields[i] = slice_of(line.p + at, end - at);
                if (line.p[end] != '"') continue;
                if (!text_follows(line, end, part->after))
                    missed(miss, i, at, end);
                else if (parts_match(l, i + 1, line, end + part->after.n, fields, miss))
                    return true;
            }
            return false;
        }
        size_t end = part_end(part, line, at);
        if (end == SIZE_MAX || !text_follows(line, end, part->after)) return missed(miss, i, at, end);
        fields[i] = slice_of(line.p + at, end - at);
        at = end + part->after.n;
    }
    return at == line.n || missed(miss, l->count, at, at);
}

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit(s.p[i])) return false;
    return s.n > 0;
}

static bool is_http_version(struct slice s)
{
    if (s.n < 6 || memcmp(s.p, "HTTP/", 5) != 0) return false;
    struct slice version = slice_of(s.p + 5, s.n - 5);
    const uint8_t *point = memchr(version.p, '.', version.n);
    if (!point) return all_digits(version);
    size_t major = (size_t)(point - version.p);
    return all_digits(slice_of(version.p, major)) && all_digits(slice_of(point + 1, version.n - major - 1));
}

/* METHOD SP TARGET SP HTTP/x[.y] -> three fields, or three absent ones. */
static void request_split(struct slice request, struct slice *fields)
{
    fields[0] = fields[1] = fields[2] = slice_of(NULL, 0);
    const uint8_t *end = request.p + request.n, *first = memchr(request.p, ' ', request.n);
    const uint8_t *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (!second || first == request.p || second == first + 1) return;
    struct slice protocol = slice_of(second + 1, (size_t)(end - second - 1));
    for (const uint8_t *c = request.p; c < first; c++)
        if (*c < 'A' || *c > 'Z') return;
    if (!is_http_version(protocol)) return;
    fields[0] = slice_of(request.p, (size_t)(first - request.p));
    fields[1] = slice_of(first + 1, (size_t)(second - first - 1));
    fields[2] = protocol;
}

static bool line_match(const struct log_layout *l, struct slice line, struct slice *fields, struct miss *miss)
{
    *miss = (struct miss){.part = -1};
    return line.p && text_follows(line, 0, l->before) && parts_match(l, 0, line, l->before.n, fields, miss);
}

static bool status_fits(const struct log_layout *l, const struct slice *fields)
{
    return l->status < 0 || (fields[l->status].n == 3 && all_digits(fields[l->status]));
}

static bool bytes_fit(const struct log_layout *l, const struct slice *fields)
{
    return l->bytes < 0 || slice_equal(fields[l->bytes], SLICE_LIT("-")) || all_digits(fields[l->bytes]);
}

bool log_split(const struct log_layout *l, struct slice line, bool decode, struct arena *arena, struct slice *fields)
{
    struct miss miss;
    if (!line_match(l, line, fields, &miss) || !status_fits(l, fields) || !bytes_fit(l, fields)) return false;
    for (int i = 0; decode && i < l->count; i++)
        if (l->parts[i].kind == PART_QUOTED || l->parts[i].kind == PART_QUOTED_LAST)
            fields[i] = backslash_decode(fields[i], 0, arena);
    if (l->request >= 0) request_split(fields[l->request], fields + l->count);
    return true;
}

/* --- what is wrong with a line --- */

/* The text behind a field as a message shows it: its beginning, with blanks to be seen. */
static const char *literal_text(struct slice text, struct arena *arena)
{
    bool all = text.n <= 20;
    return arena_printf(arena, "'%.*s%s'", (int)(all ? text.n : 20), (const char *)text.p, all ? "" : "...");
}

static const char *miss_text(const struct log_layout *l, struct slice line, const struct miss *m, struct arena *arena)
{
    if (m->part == l->count) return arena_printf(arena, "byte %zu: the line must end here", m->at);
    const char *name = l->names[m->part], *behind = literal_text(l->parts[m->part].after, arena);
    if (m->end != SIZE_MAX) return arena_printf(arena, "byte %zu: %s must stand behind {%s}", m->end, behind, name);
    switch (l->parts[m->part].kind) {
    case PART_QUOTED:
    case PART_QUOTED_LAST: return arena_printf(arena, "byte %zu: {%s} has no closing quote", m->at, name);
    case PART_BRACKETS: return arena_printf(arena, "byte %zu: {%s} has no closing ]", m->at, name);
    case PART_ANY: return arena_printf(arena, "byte %zu: no %s stands behind {%s}", m->at, behind, name);
    default: break;
    }
    bool empty = m->at >= line.n || line.p[m->at] == ' ' || line.p[m->at] == '\t';
    if (empty) return arena_printf(arena, "byte %zu: {%s} is empty", m->at, name);
    return arena_printf(arena, "byte %zu: no %s stands behind {%s} ahead of the next blank", m->at, behind, name);
}

const char *log_wrong(const struct log_layout *l, struct slice line, struct arena *arena)
{
    struct slice fields[LOG_FIELDS_MAX + 4];
    struct miss miss;
    if (line_match(l, line, fields, &miss))
        return status_fits(l, fields) ? "{bytes} is neither digits nor -" : "{status} is not three digits";
    if (miss.part >= 0) return miss_text(l, line, &miss, arena);
    return line.n ? arena_printf(arena, "byte 0: %s must stand here", literal_text(l->before, arena))
                  : "the line is empty";
}
