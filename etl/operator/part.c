#include "etl/operator/part.h"

#include <string.h>

static bool is_array(struct slice list)
{
    struct json_scan s = json_scan_of(list);
    json_scan_blanks(&s);
    return s.p < s.end && *s.p == '[' && json_scan_value(&s, 0) && json_scan_end(&s);
}

void parts_begin(struct parts *p, struct slice list, const char *by, struct arena *arena)
{
    *p = (struct parts){.rest = list, .arena = arena};
    if (by) p->by = slice_str(by);
    if (by || (p->ended = !is_array(list))) return;
    p->scan = json_scan_of(list);
    json_scan_blanks(&p->scan);
    p->scan.p++;
}

static struct slice trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = slice_of(s.p + 1, s.n - 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

static bool text_next(struct parts *p, struct slice *part)
{
    while (!p->ended) {
        const uint8_t *end = p->rest.n ? memmem(p->rest.p, p->rest.n, p->by.p, p->by.n) : NULL;
        size_t n = end ? (size_t)(end - p->rest.p) : p->rest.n;
        *part = trimmed(slice_of(p->rest.p, n));
        p->ended = !end;
        if (end) p->rest = slice_of(end + p->by.n, p->rest.n - n - p->by.n);
        if (part->n) return true;
    }
    return false;
}

/* The scan stands behind the bracket, or behind an element. The array as a whole was found to be right. */
static bool element_next(struct parts *p, struct slice *part)
{
    struct json_scan *s = &p->scan;
    while (!p->ended) {
        json_scan_blanks(s);
        if (*s->p == ',') s->p++;
        json_scan_blanks(s);
        p->ended = *s->p == ']';
        if (p->ended) break;
        const uint8_t *start = s->p;
        json_scan_value(s, 1);
        *part = slice_of(start, (size_t)(s->p - start));
        if (*start == 'n') continue;
        if (*start == '"') *part = json_scan_text(slice_of(start + 1, part->n - 2), p->arena);
        return true;
    }
    return false;
}

bool parts_next(struct parts *p, struct slice *part)
{
    return p->by.p ? text_next(p, part) : element_next(p, part);
}
