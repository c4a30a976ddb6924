#include "etl/source/json_path.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/text.h"

/* --- the text of a path --- */

static int refuse(const char **wrong, const char *why)
{
    *wrong = why;
    return -1;
}

/* `['name']` or `["name"]`; the quote inside is written twice. */
static int quoted_name_take(const char **path, struct json_step *out, struct arena *arena, const char **wrong)
{
    const char *at = *path + 1, quote = *at++;
    char *name = arena_alloc(arena, strlen(at) + 1);
    size_t n = 0;
    for (; *at && (*at != quote || at[1] == quote); at++) {
        name[n++] = *at;
        if (*at == quote) at++;
    }
    if (!*at || at[1] != ']') return refuse(wrong, "a quoted name in brackets ends with a quote and ]");
    *out = (struct json_step){slice_of(name, n), -1};
    *path = at + 2;
    return 1;
}

static int index_take(const char **path, struct json_step *out, const char **wrong)
{
    const char *at = *path + 1;
    out->name = slice_of(NULL, 0);
    out->index = 0;
    if (*at == '*' && at[1] == ']') {
        out->index = JSON_STEP_ALL;
        *path = at + 2;
        return 1;
    }
    if (*at < '0' || *at > '9') return refuse(wrong, "brackets hold a number from 0, * or a name in quotes");
    for (; *at >= '0' && *at <= '9'; at++) {
        out->index = out->index * 10 + *at - '0';
        if (out->index > 1000000) return refuse(wrong, "the number in brackets is above 1000000");
    }
    if (*at != ']') return refuse(wrong, "a bracket is not closed");
    *path = at + 1;
    return 1;
}

int json_step_take(const char **path, bool first, struct json_step *out, struct arena *arena, const char **wrong)
{
    const char *at = *path;
    if (first && *at == '$' && (!at[1] || at[1] == '.' || at[1] == '[')) {
        at++;
        first = false;
        *path = at;
    }
    if (!*at) return 0;
    if (*at == '[')
        return at[1] == '\'' || at[1] == '"' ? quoted_name_take(path, out, arena, wrong) : index_take(path, out, wrong);
    if (*at == '.' ? first : !first) return refuse(wrong, "a . or [ must stand between the steps of a path");
    at += *at == '.';
    size_t n = strcspn(at, ".[]");
    if (n == 0) return refuse(wrong, "a name is missing");
    if (at[n] == ']') return refuse(wrong, "a ] without its [; write the name in quotes: ['a]b']");
    int index = n == 1 && *at == '*' ? JSON_STEP_MEMBERS : -1;
    *out = (struct json_step){slice_of(arena_copy(arena, at, n), n), index};
    *path = at + n;
    return 1;
}

/* --- the set: a tree of steps --- */

/* Few children each: a list with the siblings. */
struct step {
    struct json_step key;
    struct step *children, *sibling;
    const struct step *parent;
    struct wanted *wanted; /* the numbers of the paths that end here */
    int number;            /* of this step, for what was seen */
};

struct wanted {
    int field;
    bool truth_is_number;
    struct wanted *next;
};

enum { STEPS_MAX = 4096 };

struct json_paths {
    struct arena *arena;
    struct step root;
    int step_count, field_count;
    int rest; /* number of what no path begins with; -1: nobody wants it */
    bool strict;
    struct demand *demands, *last; /* what must be there; what the path that was added last ends with */
};

struct demand {
    const struct step *step;
    const char *path;
    struct demand *next;
};

struct json_paths *json_paths_new(struct arena *arena)
{
    struct json_paths *paths = arena_alloc(arena, sizeof *paths);
    paths->arena = arena;
    paths->step_count = 1;
    paths->rest = -1;
    return paths;
}

/* Behind the last child, so that keys in the order of the columns are found at once. */
static struct step *child(struct json_paths *paths, struct step *parent, const struct json_step *key)
{
    struct step **at = &parent->children;
    for (; *at; at = &(*at)->sibling)
        if ((*at)->key.index == key->index && slice_equal((*at)->key.name, key->name)) return *at;
    *at = arena_alloc(paths->arena, sizeof **at);
    (*at)->key = *key;
    (*at)->parent = parent;
    (*at)->number = paths->step_count++;
    return *at;
}

const char *json_paths_add(struct json_paths *paths, const char *text, bool truth_is_number)
{
    struct step *step = &paths->root;
    struct json_step key;
    const char *wrong = NULL;
    bool first = true;
    int taken;
    const char *whole = text;
    if (!*text) return "is empty; $ is the whole record";
    for (int depth = 1; (taken = json_step_take(&text, first, &key, paths->arena, &wrong)) == 1; depth++) {
        if (key.index == JSON_STEP_ALL) return "names one value; [*] would be several";
        if (key.index == JSON_STEP_MEMBERS)
            return "names one value; * would be several, and a member that is called so is ['*']";
        if (depth > JSON_DEPTH_MAX / 2 || paths->step_count == STEPS_MAX) return "is too long";
        step = child(paths, step, &key);
        first = false;
    }
    if (taken < 0) return wrong;
    struct wanted *w = arena_alloc(paths->arena, sizeof *w);
    *w = (struct wanted){paths->field_count++, truth_is_number, step->wanted};
    step->wanted = w;
    paths->last = arena_alloc(paths->arena, sizeof *paths->last);
    *paths->last = (struct demand){step, arena_str(paths->arena, slice_str(whole)), NULL};
    return NULL;
}

void json_paths_strict(struct json_paths *paths)
{
    paths->strict = true;
}

void json_paths_demand(struct json_paths *paths)
{
    struct demand **at = &paths->demands;
    bool member = paths->last->step != &paths->root && paths->last->step->key.index == -1;
    while (*at) at = &(*at)->next;
    if (member) *at = paths->last;
}

void json_paths_skip(struct json_paths *paths)
{
    paths->field_count++;
}

void json_paths_rest(struct json_paths *paths)
{
    paths->rest = paths->field_count++;
}

/* --- one document --- */

struct split {
    struct json_scan *scan;
    struct arena *arena;
    struct slice *fields;
    bool as_they_stand;
    int left; /* members of the root that are wanted and not found yet; then nothing more is read. 0: all is read */
    bool keeps_rest, strict;
    int wholes;      /* how many of the values around, below the root, are wanted as a whole: what is in them is read */
    struct buf rest; /* what no path leads to */
    uint64_t seen[STEPS_MAX / 64];
};

/* --- what no path leads to --- */

static bool wants_unread(const struct split *c)
{
    return (c->keeps_rest || c->strict) && c->wholes == 0;
}

static void name_put(struct buf *out, struct slice name)
{
    bool plain = name.n && *name.p != '$';
    for (size_t i = 0; i < name.n; i++) plain = plain && !strchr(".[]'\"", name.p[i]);
    if (plain) {
        if (out->n) buf_append_byte(out, '.');
        buf_append_slice(out, name);
        return;
    }
    buf_append_str(out, "['");
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '\'') buf_append_byte(out, '\'');
        buf_append_byte(out, name.p[i]);
    }
    buf_append_str(out, "']");
}

/* The path of a step from the root on. */
static void way_put(struct buf *out, const struct step *step)
{
    if (!step->parent) return;
    way_put(out, step->parent);
    if (step->key.index < 0)
        name_put(out, step->key.name);
    else
        buf_printf(out, "[%d]", step->key.index);
}

static bool drifts(struct split *c, const uint8_t *at, const char *what, struct slice name)
{
    c->scan->p = at;
    c->scan->drift = true;
    return json_scan_fail(
        c->scan, arena_printf(c->arena, "%s \"%.*s\"", what, name.n < 80 ? (int)name.n : 80, (const char *)name.p));
}

/* A value that nobody wants, from `value` to where the scan is: of the step, or of the member `name` in it. */
static bool unread(struct split *c, const struct step *step, const struct slice *name, const uint8_t *value)
{
    struct buf way = {0};
    bool good = true;
    way_put(&way, step);
    if (name) name_put(&way, *name);
    if (c->strict) {
        good = drifts(c, value, "no column reads its member", buf_slice(&way));
    } else {
        buf_append_str(&c->rest, c->rest.n ? ", " : "{");
        text_json_string(buf_slice(&way), &c->rest);
        buf_append_str(&c->rest, ": ");
        buf_append(&c->rest, value, (size_t)(c->scan->p - value));
    }
    buf_release(&way);
    return good;
}

/* A member of the record stays as it is written, from its name at `start` on: it is no path. */
static bool member_unread(struct split *c, const struct step *object, struct slice name, const uint8_t *start,
                          const uint8_t *value)
{
    if (object->parent || c->strict) return unread(c, object, &name, value);
    buf_append_str(&c->rest, c->rest.n ? ", " : "{");
    buf_append(&c->rest, start, (size_t)(c->scan->p - start));
    return true;
}

/* Whether paths lead on from the step into a value that begins so. */
static bool leads_into(const struct step *step, uint8_t first)
{
    for (const struct step *s = step->children; s; s = s->sibling)
        if (first == (s->key.index < 0 ? '{' : '[')) return true;
    return false;
}

/* --- values --- */

static bool value_take(struct split *c, const struct step *step, int depth);

/* The children stand in the order of the columns, which most often is that of the members: the search begins
 * behind the last one that was found. */
static const struct step *member_find(const struct step *parent, const struct step *hint, struct slice name)
{
    for (const struct step *s = hint; s; s = s->sibling)
        if (s->key.index == -1 && s->key.name.n == name.n && memcmp(s->key.name.p, name.p, name.n) == 0) return s;
    for (const struct step *s = parent->children; s != hint; s = s->sibling)
        if (s->key.index == -1 && s->key.name.n == name.n && memcmp(s->key.name.p, name.p, name.n) == 0) return s;
    return NULL;
}

static bool member_take(struct split *c, const struct step *step, const uint8_t *at, int depth)
{
    uint64_t bit = UINT64_C(1) << (step->number % 64), *seen = &c->seen[step->number / 64];
    if (*seen & bit) {
        c->scan->p = at;
        return json_scan_fail(c->scan, "a member that is asked for comes twice");
    }
    *seen |= bit;
    return value_take(c, step, depth);
}

static bool object_take(struct split *c, const struct step *step, int depth)
{
    struct json_scan *s = c->scan;
    const struct step *hint = step->children;
    s->p++;
    json_scan_blanks(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
        return true;
    }
    for (;;) {
        const uint8_t *at = s->p;
        struct slice name;
        if (!json_scan_string(s, &name)) return false;
        if (s->escaped) name = json_scan_text(name, c->arena);
        json_scan_blanks(s);
        if (!json_scan_byte(s, ':', "a : must stand behind a name")) return false;
        json_scan_blanks(s);
        const struct step *found = member_find(step, hint, name);
        if (found) hint = found->sibling;
        const uint8_t *value = s->p;
        if (!(found ? member_take(c, found, at, depth) : json_scan_value(s, depth))) return false;
        if (!found && wants_unread(c) && !member_unread(c, step, name, at, value)) return false;
        json_scan_blanks(s);
        if (s->p < s->end && *s->p == '}') break;
        if (!json_scan_byte(s, ',', "a , or } must stand behind a member")) return false;
        if (found && depth == 1 && --c->left == 0) return true;
        json_scan_blanks(s);
    }
    s->p++;
    return true;
}

static const struct step *element_find(const struct step *parent, int index)
{
    for (const struct step *s = parent->children; s; s = s->sibling)
        if (s->key.index == index) return s;
    return NULL;
}

static bool array_take(struct split *c, const struct step *step, int depth)
{
    struct json_scan *s = c->scan;
    s->p++;
    json_scan_blanks(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return true;
    }
    for (int index = 0;; index++) {
        const struct step *found = element_find(step, index);
        if (!(found ? value_take(c, found, depth) : json_scan_value(s, depth))) return false;
        json_scan_blanks(s);
        if (s->p < s->end && *s->p == ']') break;
        if (!json_scan_byte(s, ',', "a , or ] must stand behind an element")) return false;
        json_scan_blanks(s);
    }
    s->p++;
    return true;
}

static void field_set(struct split *c, const struct wanted *w, struct slice text)
{
    uint8_t first = text.p[0];
    if (c->as_they_stand) {
    } else if (first == '"') {
        text = (struct slice){text.p + 1, text.n - 2};
        if (c->scan->escaped) text = json_scan_text(text, c->arena); /* it was the last string */
    } else if (first == 'n')
        text = slice_of(NULL, 0);
    else if (w->truth_is_number && (first == 't' || first == 'f'))
        text = first == 't' ? SLICE_LIT("1") : SLICE_LIT("0");
    c->fields[w->field] = text;
}

static bool value_take(struct split *c, const struct step *step, int depth)
{
    struct json_scan *s = c->scan;
    const uint8_t *start = s->p;
    uint8_t first = s->p < s->end ? *s->p : 0;
    bool whole = (c->keeps_rest || c->strict) && depth == 0 && first == '{';
    bool inside = whole || leads_into(step, first);
    bool wanted = step->wanted && step->parent;
    c->wholes += wanted;
    if (!(!inside        ? json_scan_value(s, depth)
          : first == '{' ? object_take(c, step, depth + 1)
                         : array_take(c, step, depth + 1)))
        return false;
    c->wholes -= wanted;
    bool other = step->parent && !step->wanted && first != 'n' && !leads_into(step, first);
    if (other && wants_unread(c) && !unread(c, step, NULL, start)) return false;
    for (const struct wanted *w = step->wanted; w; w = w->next)
        field_set(c, w, slice_of(start, (size_t)(s->p - start)));
    return true;
}

/* A record of which members are wanted is an object, and one of which elements are wanted an array; otherwise every
 * value would be missing without a word. A wanted $ takes any value. */
static bool root_check(const struct step *root, const uint8_t *start, struct json_scan *scan)
{
    bool members = false, elements = false;
    for (const struct step *s = root->children; s; s = s->sibling) {
        members = members || s->key.index < 0;
        elements = elements || s->key.index >= 0;
    }
    bool nothing = !root->children; /* all columns read what is around the record */
    if (nothing || root->wanted || (members && *start == '{') || (elements && *start == '[')) return true;
    scan->p = start;
    return json_scan_fail(scan, !elements  ? "an object must stand here"
                                : !members ? "an array must stand here"
                                           : "an object or an array must stand here");
}

static void split_begin(struct split *c, const struct json_paths *paths, struct slice text, struct json_scan *scan)
{
    memset(c->seen, 0, ((size_t)paths->step_count + 63) / 64 * sizeof *c->seen);
    for (int i = 0; i < paths->field_count; i++) c->fields[i] = slice_of(NULL, 0);
    c->scan = scan;
    c->as_they_stand = false;
    c->left = 0;
    c->keeps_rest = c->strict = false;
    c->wholes = 0;
    c->rest = (struct buf){0};
    *scan = json_scan_of(text);
    json_scan_blanks(scan);
}

static bool demands_check(struct split *c, const struct json_paths *paths, const uint8_t *start)
{
    for (const struct demand *d = paths->demands; d; d = d->next)
        if (!(c->seen[d->step->number / 64] >> (d->step->number % 64) & 1))
            return drifts(c, start, "it has no member", slice_str(d->path));
    return true;
}

bool json_split(const struct json_paths *paths, struct slice text, struct arena *arena, struct slice *fields,
                struct json_scan *scan)
{
    struct split c;
    c.arena = arena;
    c.fields = fields;
    split_begin(&c, paths, text, scan);
    c.keeps_rest = paths->rest >= 0;
    c.strict = paths->strict;
    const uint8_t *start = scan->p;
    bool good = value_take(&c, &paths->root, 0) && json_scan_end(scan) && root_check(&paths->root, start, scan) &&
                demands_check(&c, paths, start);
    if (good && c.rest.n) {
        buf_append_byte(&c.rest, '}');
        fields[paths->rest] = slice_of(arena_copy(arena, c.rest.p, c.rest.n), c.rest.n);
    }
    buf_release(&c.rest);
    return good;
}

bool json_find(const struct json_paths *paths, struct slice text, struct arena *arena, struct slice *values,
               struct json_scan *scan)
{
    struct split c;
    c.arena = arena;
    c.fields = values;
    split_begin(&c, paths, text, scan);
    c.as_they_stand = true;
    for (const struct step *s = paths->root.children; s; s = s->sibling) c.left++;
    return value_take(&c, &paths->root, 0);
}
