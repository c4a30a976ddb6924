#include "etl/source/json_records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/json_path.h"
#include "lib/base/memory.h"

enum { STEPS_MAX = 32, OFF_THE_WAY = -1, THERE_MAX = 8, WAY_BYTES_MAX = 200 };

/* What must stand next. */
enum state { AT_VALUE, AT_FIRST_MEMBER, AT_MEMBER, AT_FIRST_ELEMENT, BEHIND_VALUE, AT_END };

struct level {
    bool object;
    int matched; /* how many steps of the way lead to this object or array; OFF_THE_WAY: it is beside the way */
    int index;   /* of the element that is read, in an array */
    bool taken;  /* the member that the way goes through was there */
    size_t way;  /* bytes of the way to it, until there are records */
};

/* What is wanted of the object that the first steps of the way lead to. */
struct anchor {
    struct json_paths *paths; /* NULL: nothing */
    int slots[AROUND_MAX];    /* by path: which of the wanted values it is */
    int count;
};

struct json_records {
    struct input *in;
    const char *file, *path;
    uint64_t line;
    struct arena arena;
    struct json_step steps[STEPS_MAX];
    int step_count;
    const struct around *around; /* NULL: nothing is wanted */
    struct anchor *anchors;      /* by number of steps */
    struct buf *values;          /* by wanted value: as it stands in the file; empty: it is not there */
    int places[STEPS_MAX];       /* by step: of the element that is read, in its array */
    struct buf names[STEPS_MAX]; /* by step *: of the member that is read, in its quotes */
    struct arena scratch;
    struct level levels[JSON_DEPTH_MAX];
    int depth;
    int matched; /* of the value that is read next */
    enum state state;
    bool found;   /* an array of records, or an object of them */
    bool passed;  /* an array on the way to them, perhaps an empty one */
    bool missing; /* an object on the way did not have the member that leads on */
    bool many;    /* documents, one behind the other */
    bool begun;   /* there is one */
    bool object;  /* the document is an object, and should be an array */
    uint64_t count;
    /* until there are records: the way to what is read, and the arrays that are there */
    struct buf way, there;
    const char *ways[THERE_MAX];
    int way_count;
    const char *key;
};

/* --- the way --- */

static const char *path_read(const char *path, struct arena *arena, struct json_step *steps, int *count)
{
    const char *wrong = NULL, *rest = path;
    *count = 0;
    if (!*path) return "is empty; $ is a document that is an array";
    while (*count < STEPS_MAX - 1 && json_step_take(&rest, rest == path, &steps[*count], arena, &wrong) == 1) ++*count;
    if (wrong) return wrong;
    if (*rest) return "is too long";
    if (*count == 0 || steps[*count - 1].index > JSON_STEP_ALL)
        steps[(*count)++] = (struct json_step){.index = JSON_STEP_ALL};
    return NULL;
}

const char *json_records_path_check(const char *path)
{
    struct json_step steps[STEPS_MAX];
    struct arena arena = {0};
    int count;
    const char *wrong = path_read(path, &arena, steps, &count);
    arena_release(&arena);
    return wrong;
}

/* How many steps of the way lead to what is `up` objects above a record. An array that stands in another one is none,
 * but what * stands for is one, and what it is in, when that is one of several itself; negative: it is not inside of so
 * many. */
static int steps_up(const struct json_step *steps, int count, int up)
{
    int at = count;
    while (up > 0 && at > 0) {
        at--;
        bool members = at > 0 && (steps[at].index == JSON_STEP_MEMBERS || steps[at - 1].index == JSON_STEP_MEMBERS);
        up -= steps[at].index == -1 || (members && steps[at - 1].index <= JSON_STEP_ALL);
    }
    return up > 0 ? -1 : at;
}

/* Whether a wanted value can be there, and which steps lead to where it is. */
static const char *around_place(const struct json_step *steps, int count, const struct around_value *v, int *at)
{
    *at = steps_up(steps, count, v->up);
    if (*at < 0) return "leads further up than the objects that the records are in";
    if (v->place && (*at == 0 || steps[*at - 1].index == -1))
        return "what is there is no element of an array, nor one of several members";
    return NULL;
}

const char *json_records_around_check(const char *path, const struct around_value *v)
{
    struct json_step steps[STEPS_MAX];
    struct arena arena = {0};
    int count, at;
    const char *wrong = path_read(path, &arena, steps, &count);
    if (!wrong) wrong = around_place(steps, count, v, &at);
    if (!wrong && !v->place) wrong = json_paths_add(json_paths_new(&arena), v->path, false);
    arena_release(&arena);
    return wrong;
}

static void anchors_make(struct json_records *j)
{
    int at;
    j->anchors = memory_new(STEPS_MAX * sizeof *j->anchors);
    j->values = memory_new(AROUND_MAX * sizeof *j->values);
    for (int i = 0; i < j->around->count; i++) {
        const struct around_value *v = &j->around->values[i];
        around_place(j->steps, j->step_count, v, &at);
        if (v->place) continue;
        struct anchor *anchor = &j->anchors[at];
        if (!anchor->paths) anchor->paths = json_paths_new(&j->arena);
        json_paths_add(anchor->paths, v->path, false);
        anchor->slots[anchor->count++] = i;
    }
}

struct json_records *json_records_new(struct input *in, const char *file, const char *path, const char *key, bool many,
                                      const struct around *around)
{
    struct json_records *j = memory_new(sizeof *j);
    j->in = in;
    j->file = file;
    j->path = path;
    j->line = 1;
    j->around = around;
    j->many = many;
    j->key = arena_str(&j->arena, slice_str(key));
    path_read(path, &j->arena, j->steps, &j->step_count);
    if (around) anchors_make(j);
    return j;
}

void json_records_free(struct json_records *j)
{
    if (!j) return;
    for (int i = 0; j->around && i < j->around->count; i++) buf_release(&j->values[i]);
    for (int i = 0; i < STEPS_MAX; i++) buf_release(&j->names[i]);
    buf_release(&j->way);
    buf_release(&j->there);
    free(j->values);
    free(j->anchors);
    arena_release(&j->scratch);
    arena_release(&j->arena);
    free(j);
}

/* --- errors, and moving on --- */

static int wrong_at(const struct json_records *j, const uint8_t *at, const char *what, struct err_text *error)
{
    uint64_t line = j->line, offset = j->in->offset + (uint64_t)(at - j->in->rest.p);
    for (const uint8_t *p = j->in->rest.p; p < at; p++) line += *p == '\n';
    return err_set(error, ERR_CORRUPT, "%s: line %" PRIu64 ", byte offset %" PRIu64 ": %s", j->file, line, offset,
                   what);
}

static int not_json(const struct json_records *j, const uint8_t *at, const char *what, struct err_text *error)
{
    char text[128];
    snprintf(text, sizeof text, "not JSON: %s", what);
    return wrong_at(j, at, text, error);
}

static void consume(struct json_records *j, size_t n)
{
    const uint8_t *p = j->in->rest.p, *end = p + n;
    for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++) j->line++;
    input_consume(j->in, n);
}

/* Skips blanks; the next byte is in the window then, or the document ends (*next is 0). */
static int blanks_skip(struct json_records *j, uint8_t *next, struct err_text *error)
{
    for (;;) {
        struct json_scan s = json_scan_of(j->in->rest);
        json_scan_blanks(&s);
        consume(j, (size_t)(s.p - j->in->rest.p));
        *next = j->in->rest.n ? *j->in->rest.p : 0;
        if (j->in->rest.n) return ERR_OK;
        int more = input_more(j->in, error);
        if (more <= 0) return more;
    }
}

/* Has one value, or one name, whole in the window: its length, or negative. */
static int64_t whole_find(struct json_records *j, bool name, struct err_text *error)
{
    for (;;) {
        struct json_scan s = json_scan_of(j->in->rest);
        struct slice ignored;
        bool good = name ? json_scan_string(&s, &ignored) : json_scan_value(&s, j->depth);
        bool open = good ? s.p == s.end : s.cut; /* a number may go on */
        if (good && (!open || j->in->ended)) return s.p - j->in->rest.p;
        if (!open || j->in->ended) return not_json(j, s.p, s.wrong, error);
        /* twice as much: a large record is not looked at again for every chunk */
        int err = input_want(j->in, 2 * j->in->rest.n + 1, error);
        if (err) return err;
    }
}

/* Whether the way goes on from here into an object. */
static bool step_is_member(const struct json_step *step)
{
    return step->index == -1 || step->index == JSON_STEP_MEMBERS;
}

static bool records_are_members(const struct json_records *j)
{
    return j->steps[j->step_count - 1].index == JSON_STEP_MEMBERS;
}

static int no_array(const struct json_records *j, struct err_text *error)
{
    char text[256];
    snprintf(text, sizeof text, "the records must be %s here (%s)",
             records_are_members(j) ? "the members of an object" : "an array", j->key);
    return wrong_at(j, j->in->rest.p, text, error);
}

/* --- the arrays that are there instead of records --- */

/* The way on to a member of this name, in the words of a path. */
static void way_member(struct json_records *j, struct slice name)
{
    bool plain = name.n > 0;
    if (j->found || j->way.n > WAY_BYTES_MAX) return;
    for (size_t i = 0; i < name.n; i++) plain = plain && !strchr(".[]'", name.p[i]);
    if (plain)
        buf_printf(&j->way, "%s%.*s", j->way.n ? "." : "", (int)name.n, (const char *)name.p);
    else
        buf_printf(&j->way, "['%.*s']", (int)name.n, (const char *)name.p);
}

/* Before a member or an element: the way to what it stands in. */
static void way_back(struct json_records *j)
{
    if (j->way.n > j->levels[j->depth - 1].way) j->way.n = j->levels[j->depth - 1].way;
}

/* An array begins: each way once. */
static void way_note(struct json_records *j)
{
    if (j->found || j->way_count == THERE_MAX || j->way.n > WAY_BYTES_MAX) return;
    const char *way = j->way.n ? buf_cstr(&j->way) : "$";
    for (int i = 0; i < j->way_count; i++)
        if (strcmp(j->ways[i], way) == 0) return;
    j->ways[j->way_count++] = arena_str(&j->arena, slice_str(way));
    buf_printf(&j->there, "%s\"%s\"", j->there.n ? ", " : "", way);
}

static int none_found(struct json_records *j, struct err_text *error)
{
    const char *there = j->there.n ? buf_cstr(&j->there) : "none";
    if (j->object)
        return err_set(error, ERR_INVALID, "%s: the document is an object, not an array (%s); it has arrays at: %s",
                       j->file, j->key, there);
    return err_set(error, ERR_INVALID, "%s: the document has no %s of records at \"%s\" (%s); it has arrays at: %s",
                   j->file, records_are_members(j) ? "object" : "array", j->path, j->key, there);
}

/* --- the steps of the machine: each takes one thing off the document --- */

static int level_open(struct json_records *j, bool object, struct err_text *error)
{
    bool way = j->matched != OFF_THE_WAY && j->matched < j->step_count;
    bool all = way && j->steps[j->matched].index == (object ? JSON_STEP_MEMBERS : JSON_STEP_ALL);
    if (j->depth == JSON_DEPTH_MAX)
        return not_json(j, j->in->rest.p, "more than 128 objects and arrays inside each other", error);
    if (way && !all && j->matched == j->step_count - 1) {
        if (j->depth > 0 || !object) return no_array(j, error);
        j->object = true; /* told at its end, with the arrays that are in it */
        way = false;
    }
    if (!object) way_note(j);
    j->found = j->found || (all && j->matched == j->step_count - 1); /* that it is empty is no mistake */
    j->passed = j->passed || all;
    j->levels[j->depth++] =
        (struct level){.object = object, .matched = way ? j->matched : OFF_THE_WAY, .taken = all, .way = j->way.n};
    consume(j, 1);
    j->state = object ? AT_FIRST_MEMBER : AT_FIRST_ELEMENT;
    return ERR_OK;
}

/* An object, array or scalar that is no record. */
static int value_step(struct json_records *j, uint8_t next, struct err_text *error)
{
    bool of_members = step_is_member(&j->steps[0]);
    j->begun = true;
    if (j->many && j->depth == 0 && next != (of_members ? '{' : '['))
        return wrong_at(j, j->in->rest.p, of_members ? "an object must stand here" : "an array must stand here", error);
    if (next == '{' || next == '[') return level_open(j, next == '{', error);
    int64_t n = whole_find(j, false, error);
    if (n < 0) return (int)n;
    bool array_wanted = j->matched == j->step_count - 1;
    if (array_wanted && next == 'n') j->found = true; /* null: no records */
    if (array_wanted && next != 'n') return no_array(j, error);
    consume(j, (size_t)n);
    j->state = BEHIND_VALUE;
    return ERR_OK;
}

static int element_begin(struct json_records *j)
{
    const struct level *l = &j->levels[j->depth - 1];
    const struct json_step *step = l->matched == OFF_THE_WAY ? NULL : &j->steps[l->matched];
    bool on = step && (step->index == JSON_STEP_ALL || step->index == l->index);
    j->matched = on ? l->matched + 1 : OFF_THE_WAY;
    if (on) j->places[l->matched] = l->index;
    way_back(j);
    if (!j->found && j->way.n <= WAY_BYTES_MAX) buf_append_str(&j->way, "[*]");
    j->state = AT_VALUE;
    return ERR_OK;
}

static int level_close(struct json_records *j)
{
    const struct level *l = &j->levels[j->depth - 1];
    j->missing = j->missing || (l->object && l->matched != OFF_THE_WAY && !l->taken);
    consume(j, 1);
    j->depth--;
    j->state = BEHIND_VALUE;
    return ERR_OK;
}

/* One of all members: its name is data. */
static void member_keep(struct json_records *j, const struct level *l, struct slice inside)
{
    struct buf *name = &j->names[l->matched];
    buf_reset(name);
    buf_append_byte(name, '"');
    buf_append_slice(name, inside);
    buf_append_byte(name, '"');
    way_back(j);
    if (!j->found && j->way.n <= WAY_BYTES_MAX) buf_append_str(&j->way, j->way.n ? ".*" : "*");
    j->matched = l->matched + 1;
}

/* Whether the way goes through the member of this name, which must come once unless all of them do. */
static int member_match(struct json_records *j, struct slice name, struct err_text *error)
{
    struct level *l = &j->levels[j->depth - 1];
    const struct json_step *step = l->matched == OFF_THE_WAY ? NULL : &j->steps[l->matched];
    if (step && step->index == JSON_STEP_MEMBERS) {
        member_keep(j, l, name);
        return ERR_OK;
    }
    struct arena arena = {0};
    struct slice text = json_scan_text(name, &arena);
    bool on = step && step->index == -1 && slice_equal(text, step->name);
    way_back(j);
    way_member(j, text);
    arena_release(&arena);
    j->matched = on ? l->matched + 1 : OFF_THE_WAY;
    if (on && l->taken) return wrong_at(j, j->in->rest.p, "a member on the way to the records comes twice", error);
    l->taken = l->taken || on;
    return ERR_OK;
}

static int member_step(struct json_records *j, struct err_text *error)
{
    uint8_t next;
    int64_t n = whole_find(j, true, error);
    if (n < 0) return (int)n;
    int err = member_match(j, slice_of(j->in->rest.p + 1, (size_t)n - 2), error);
    if (err) return err;
    consume(j, (size_t)n);
    err = blanks_skip(j, &next, error);
    if (err) return err;
    if (next != ':') return not_json(j, j->in->rest.p, "a : must stand behind a name", error);
    consume(j, 1);
    j->state = AT_VALUE;
    return ERR_OK;
}

static int behind_step(struct json_records *j, uint8_t next, struct err_text *error)
{
    if (j->depth == 0 && j->many && next != 0) {
        j->matched = 0;
        j->way.n = 0;
        j->state = AT_VALUE;
        return ERR_OK;
    }
    if (j->depth == 0) {
        j->state = AT_END;
        bool lines = next == '{' || next == '[';
        return next == 0 ? ERR_OK
                         : not_json(j, j->in->rest.p,
                                    lines ? "something stands behind the document; is each line a record? then the "
                                            "format is ndjson"
                                          : "something stands behind the document",
                                    error);
    }
    struct level *l = &j->levels[j->depth - 1];
    if (next == (l->object ? '}' : ']')) return level_close(j);
    if (next != ',')
        return not_json(j, j->in->rest.p,
                        l->object ? "a , or } must stand behind a member" : "a , or ] must stand behind an element",
                        error);
    consume(j, 1);
    l->index++;
    if (!l->object) return element_begin(j);
    j->state = AT_MEMBER;
    return ERR_OK;
}

static int step(struct json_records *j, uint8_t next, struct err_text *error)
{
    switch (j->state) {
    case AT_FIRST_MEMBER:
        if (next == '}') return level_close(j);
        return member_step(j, error);
    case AT_MEMBER: return member_step(j, error);
    case AT_FIRST_ELEMENT: return next == ']' ? level_close(j) : element_begin(j);
    case AT_VALUE: return value_step(j, next, error);
    default: return behind_step(j, next, error);
    }
}

static int record_take(struct json_records *j, struct json_record *out, struct err_text *error)
{
    int64_t n = whole_find(j, false, error);
    if (n < 0) return (int)n;
    *out = (struct json_record){{j->in->rest.p, (size_t)n}, j->in->offset, j->line, ++j->count};
    consume(j, (size_t)n);
    j->state = BEHIND_VALUE;
    return 1;
}

/* --- what is around records --- */

static void values_keep(struct json_records *j, const struct anchor *anchor, const struct slice *found)
{
    for (int i = 0; i < anchor->count; i++) {
        struct buf *value = &j->values[anchor->slots[i]];
        buf_reset(value);
        if (found[i].p) buf_append_slice(value, found[i]);
    }
}

/* At the start of an object on the way: finds what is wanted of it, ahead of everything that is read from it. */
static int around_take(struct json_records *j, struct err_text *error)
{
    const struct anchor *anchor = &j->anchors[j->matched];
    struct slice found[AROUND_MAX];
    struct json_scan s;
    for (;;) {
        arena_reset(&j->scratch);
        if (json_find(anchor->paths, j->in->rest, &j->scratch, found, &s)) break;
        if (!s.cut || j->in->ended) return not_json(j, s.p, s.wrong, error);
        if (j->in->rest.n > AROUND_BYTES_MAX)
            return wrong_at(j, j->in->rest.p,
                            "what columns read around the records is not within the first 32 MiB of this object",
                            error);
        int err = input_want(j->in, 2 * j->in->rest.n + 1, error);
        if (err) return err;
    }
    values_keep(j, anchor, found);
    return ERR_OK;
}

static bool has_wanted(const struct json_records *j, uint8_t next)
{
    bool object_on_way = j->state == AT_VALUE && j->matched >= 0 && next == '{';
    return j->around && object_on_way && j->matched < j->step_count && j->anchors[j->matched].paths;
}

void json_records_layout(const struct json_records *j, struct buf *out)
{
    int at;
    for (int i = 0; i < j->around->count; i++) {
        const struct around_value *v = &j->around->values[i];
        buf_append_byte(out, i ? ',' : '[');
        around_place(j->steps, j->step_count, v, &at);
        if (v->place && j->steps[at - 1].index == JSON_STEP_MEMBERS)
            buf_append_slice(out, buf_slice(&j->names[at - 1]));
        else if (v->place)
            buf_printf(out, "%d", j->places[at - 1]);
        else if (j->values[i].n)
            buf_append_slice(out, buf_slice(&j->values[i]));
        else
            buf_append_str(out, "null");
    }
    buf_append_byte(out, ']');
}

int json_records_next(struct json_records *j, struct json_record *out, struct err_text *error)
{
    uint8_t next;
    while (j->state != AT_END) {
        int err = blanks_skip(j, &next, error);
        if (err) return err;
        if (j->many && !j->begun && next == 0) return 0;
        if (j->state == AT_VALUE && j->matched == j->step_count) return record_take(j, out, error);
        err = has_wanted(j, next) ? around_take(j, error) : ERR_OK;
        if (err) return err;
        err = step(j, next, error);
        if (err) return err;
    }
    bool empty = j->passed && !j->missing; /* an array around those of the records */
    return j->found || empty ? 0 : none_found(j, error);
}
