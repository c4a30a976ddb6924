#include "etl/document.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- problems --- */

struct broken_name {
    const char *name;
    struct broken_name *next;
};

/* One problem may be met several times, as in an aggregate of a pivot, which is read for each value. */
static bool line_is_there(const char *text, const char *line, size_t n)
{
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[n] == '\n' || !at[n])) return true;
    return false;
}

static void line_append(struct document *doc, const char *line)
{
    size_t used = doc->error ? strlen(doc->error->text) : 0, n = strlen(line);
    if (doc->error && line_is_there(doc->error->text, line, n)) return;
    enum { ROOM_FOR_LAST_LINE = 320 };
    bool fits = doc->problems == 0 || used + n + 2 + ROOM_FOR_LAST_LINE < sizeof doc->error->text;
    if (doc->error && doc->problems < PROBLEMS_SHOWN_MAX && fits)
        snprintf(doc->error->text + used, sizeof doc->error->text - used, "%s%s", used ? "\n" : "", line);
    doc->problems++;
}

static void problem_record(struct node n, const char *format, va_list list)
{
    char sentence[1024];
    const char *usage = n.doc->usage;
    vsnprintf(sentence, sizeof sentence, format, list);
    line_append(n.doc, arena_printf(n.doc->arena, "%s: %s%s%s%s%s%s", n.doc->file, n.path, *n.path ? ": " : "",
                                    sentence, usage ? " (usage: " : "", usage ? usage : "", usage ? ")" : ""));
}

void node_fail(struct node n, const char *format, ...)
{
    va_list list;
    if (n.doc->failed) return;
    va_start(list, format);
    problem_record(n, format, list);
    va_end(list);
    n.doc->failed = true;
}

void node_wrong(struct node n, const char *format, ...)
{
    va_list list;
    if (n.doc->failed) return;
    va_start(list, format);
    problem_record(n, format, list);
    va_end(list);
}

static int lines_count(const char *text)
{
    int lines = *text != '\0';
    for (; *text; text++) lines += *text == '\n';
    return lines;
}

bool document_failed(struct document *doc)
{
    const int shown = doc->error ? lines_count(doc->error->text) : 0;
    if (doc->error && doc->problems > shown) {
        size_t used = strlen(doc->error->text);
        snprintf(doc->error->text + used, sizeof doc->error->text - used, "\n%s: and %d problems more", doc->file,
                 doc->problems - shown);
        doc->problems = shown + 1;
    }
    return doc->failed || doc->problems > 0;
}

/* --- parts --- */

static size_t name_distance(const char *a, const char *b);

bool document_broken(const struct document *doc, const char *name)
{
    for (const struct broken_name *b = doc->broken; b; b = b->next)
        if (strcasecmp(b->name, name) == 0) return true;
    for (const struct broken_name *b = doc->refused; b && *name; b = b->next)
        if (strcasestr(b->name, name) || name_distance(b->name, name) < strlen(name) / 3 + 2) return true;
    return false;
}

bool node_broken(struct node n, const char *name)
{
    bool broken = document_broken(n.doc, name);
    n.doc->failed = n.doc->failed || broken;
    return broken;
}

static void name_add(struct node n, const char *name, struct broken_name **list)
{
    if (!*name) return;
    struct broken_name *b = arena_alloc(n.doc->arena, sizeof *b);
    *b = (struct broken_name){arena_str(n.doc->arena, slice_str(name)), *list};
    *list = b;
}

void node_name_break(struct node n, const char *name)
{
    name_add(n, name, &n.doc->broken);
}

void node_name_refuse(struct node n, const char *name)
{
    name_add(n, name, &n.doc->refused);
}

bool name_is_behind(const struct names_ahead *list, const char *name)
{
    for (size_t i = list->at + 1; list->items && i < json_array_size(list->items); i++) {
        const char *other = json_string_value(json_object_get(json_array_get(list->items, i), "name"));
        if (other && strcmp(other, name) == 0) return true;
    }
    return false;
}

bool node_part_end(struct node n, const char *name)
{
    if (!n.doc->failed) return true;
    n.doc->failed = false;
    if (!name) name = json_string_value(json_is_object(n.json) ? json_object_get(n.json, "name") : n.json);
    if (name) node_name_break(n, name);
    return false;
}

/* --- names --- */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

enum { NAME_LENGTH_MAX = 64 };

static bool letters_equal(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance, case folded: a letter put in, left out or replaced, or two neighbours exchanged, is one step (optimal
 * string alignment). Three rows of the matrix at a time. */
static size_t name_distance(const char *a, const char *b)
{
    size_t rows[3][NAME_LENGTH_MAX + 1], n = strlen(a), m = strlen(b);
    if (n > NAME_LENGTH_MAX || m > NAME_LENGTH_MAX) return NAME_LENGTH_MAX;
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3];
        const size_t *before = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = min3(before[j] + 1, row[j - 1] + 1, before[j - 1] + !letters_equal(a[i - 1], b[j - 1]));
            bool exchanged = i > 1 && j > 1 && letters_equal(a[i - 1], b[j - 2]) && letters_equal(a[i - 2], b[j - 1]);
            size_t two_back = exchanged ? rows[(i - 2) % 3][j - 2] + 1 : row[j];
            if (two_back < row[j]) row[j] = two_back;
        }
    }
    return rows[n % 3][m];
}

static bool list_has(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

/* What other programs call the same thing; NULL: nothing that is among the names. */
static const char *name_elsewhere(const char *name, const char *const *names)
{
    static const struct {
        const char *there, *here;
    } words[] = {
        {"jsonl", "ndjson"},        {"jsonlines", "ndjson"},    {"json_lines", "ndjson"},
        {"latin1", "iso-8859-1"},   {"latin-1", "iso-8859-1"},  {"latin2", "iso-8859-2"},
        {"latin9", "iso-8859-15"},  {"cp1252", "windows-1252"}, {"ansi", "windows-1252"},
        {"cp1250", "windows-1250"}, {"cp1251", "windows-1251"}, {"cp1254", "windows-1254"},
        {"mac", "macintosh"},       {"macroman", "macintosh"},  {"float", "decimal"},
        {"double", "decimal"},      {"real", "decimal"},        {"numeric", "decimal"},
        {"number", "decimal"},      {"string", "text"},         {"str", "text"},
        {"varchar", "text"},        {"int", "integer"},         {"bigint", "integer"},
        {"bool", "integer"},        {"boolean", "integer"},     {"datetime", "timestamp"},
        {"time", "timestamp"},      {"substr", "substring"},    {"ifnull", "coalesce"},
        {"nvl", "coalesce"},        {"len", "length"},          {"separator", "delimiter"},
        {"sep", "delimiter"},       {"files", "glob"},          {"path", "glob"},
        {"group_by", "by"},         {"filter", "where"},        {"error", "fail"},
        {"fatal", "fail"},          {"abort", "fail"},          {"stop", "fail"},
        {"drop", "reject"},         {"quarantine", "reject"},   {"info", "warn"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i].there, name) == 0 && list_has(names, words[i].here)) return words[i].here;
    return NULL;
}

const char *name_nearest(const char *name, const char *const *names)
{
    const char *nearest = name_elsewhere(name, names);
    if (nearest) return nearest;
    size_t smallest = strlen(name) / 3 + 2; /* further away is no help */
    for (; *names; names++) {
        if (!**names) continue; /* of a column whose name could not be read */
        size_t distance = name_distance(name, *names);
        bool begins = strlen(name) >= 3 && strncmp(name, *names, strlen(name)) == 0;
        if (begins) distance = 1;
        if (distance < smallest) {
            smallest = distance;
            nearest = *names;
        }
    }
    return nearest;
}

enum { NAMES_LISTED_MAX = 12 };

const char *name_hint(struct arena *arena, const char *name, const char *const *names)
{
    const char *nearest = name_nearest(name, names), *list = "";
    if (nearest) return arena_printf(arena, "; did you mean \"%s\"?", nearest);
    int count = 0;
    for (; *names && count <= NAMES_LISTED_MAX; names++) {
        bool own = **names && **names != '_'; /* what nobody declared is no help */
        count += own;
        if (own)
            list = arena_printf(arena, "%s%s%s", list, *list ? ", " : "", count > NAMES_LISTED_MAX ? "..." : *names);
    }
    return *list ? arena_printf(arena, "; there are: %s", list) : "";
}

const char *node_hint(struct node n, const char *name, const char *const *names)
{
    return name_hint(n.doc->arena, name, names);
}

static const char *list_joined(struct node n, const char *const *list)
{
    const char *text = "";
    for (; *list; list++) text = arena_printf(n.doc->arena, "%s%s%s", text, *text ? ", " : "", *list);
    return text;
}

/* --- objects and arrays --- */

static const char *member_path(struct node n, const char *key)
{
    return arena_printf(n.doc->arena, "%s%s%s", n.path, *n.path ? "." : "", key);
}

void node_key_mend(struct node n, const char *key, const char *right)
{
    json_t *value = json_object_get(n.json, key);
    node_wrong((struct node){n.doc, value, member_path(n, key)}, "unknown key; did you mean \"%s\"?", right);
    if (!json_object_get(n.json, right)) json_object_set(n.json, right, value);
    json_object_del(n.json, key);
}

static void key_unknown(struct node n, const char *key, json_t *value, const char *const *known)
{
    const char *right = name_nearest(key, known);
    if (right)
        node_key_mend(n, key, right);
    else
        node_wrong((struct node){n.doc, value, member_path(n, key)}, "unknown key; known here: %s",
                   list_joined(n, known));
}

void node_keys(struct node n, const char *const *known)
{
    const char *key;
    json_t *value;
    if (n.doc->failed) return;
    if (!json_is_object(n.json)) {
        node_fail(n, "must be an object {...}");
        return;
    }
    void *next;
    json_object_foreach_safe(n.json, next, key, value)
    {
        if (!list_has(known, key) && strcmp(key, "comment") != 0) key_unknown(n, key, value, known);
    }
}

bool node_present(struct node n)
{
    return n.json && !n.doc->failed;
}

struct node node_member(struct node n, const char *key)
{
    return (struct node){n.doc, n.doc->failed ? NULL : json_object_get(n.json, key), member_path(n, key)};
}

struct node node_required(struct node n, const char *key)
{
    struct node member = node_member(n, key);
    if (!member.json) node_fail(n, "the key \"%s\" is missing", key);
    return member;
}

size_t node_count(struct node n)
{
    if (!node_present(n)) return 0;
    if (!json_is_array(n.json)) node_fail(n, "must be a list [...]");
    return json_array_size(n.json);
}

struct node node_item(struct node n, size_t i)
{
    return (struct node){n.doc, json_array_get(n.json, i), arena_printf(n.doc->arena, "%s[%zu]", n.path, i)};
}

/* --- scalars --- */

static const char *node_string(struct node n)
{
    size_t length = json_string_length(n.json);
    if (memchr(json_string_value(n.json), '\0', length)) node_fail(n, "must not hold a zero byte");
    return arena_copy(n.doc->arena, json_string_value(n.json), length + 1);
}

const char *node_text(struct node n, const char *fallback)
{
    if (n.doc->failed) return fallback ? fallback : "";
    if (json_is_string(n.json)) return node_string(n);
    if (n.json || !fallback) node_fail(n, n.json ? "must be a text \"...\"" : "is missing");
    return fallback ? fallback : "";
}

bool node_bool(struct node n, bool fallback)
{
    if (!node_present(n)) return fallback;
    if (json_is_boolean(n.json)) return json_is_true(n.json);
    node_wrong(n, "must be true or false");
    return fallback;
}

int64_t node_integer(struct node n, int64_t fallback, int64_t low, int64_t high)
{
    if (!node_present(n)) return fallback;
    int64_t value = json_integer_value(n.json);
    if (json_is_integer(n.json) && value >= low && value <= high) return value;
    if (low == high)
        node_wrong(n, "must be %lld", (long long)low);
    else
        node_wrong(n, "must be a whole number from %lld to %lld", (long long)low, (long long)high);
    return fallback;
}

const char *node_number_text(struct node n)
{
    if (!node_present(n)) return "";
    if (json_is_string(n.json)) return node_string(n);
    if (json_is_integer(n.json)) return arena_printf(n.doc->arena, "%lld", (long long)json_integer_value(n.json));
    node_fail(n, json_is_real(n.json) ? "write this number as a text, such as \"0.25\", so that it is exact"
                                      : "must be a text or a whole number");
    return "";
}

const char *const *node_text_list(struct node n, int *count)
{
    if (node_present(n) && !json_is_string(n.json) && !json_is_array(n.json))
        node_fail(n, "must be a text or a list of texts");
    size_t items = json_is_string(n.json) ? 1 : node_count(n);
    const char **list = arena_alloc(n.doc->arena, (items + 1) * sizeof *list);
    for (size_t i = 0; i < items; i++) list[i] = node_text(json_is_string(n.json) ? n : node_item(n, i), NULL);
    if (count) *count = (int)items;
    return list;
}

int node_choice(struct node n, const char *const *choices, int fallback)
{
    if (!node_present(n)) return fallback;
    if (!json_is_string(n.json)) {
        node_fail(n, "must be a text, one of: %s", list_joined(n, choices));
        return fallback;
    }
    const char *text = node_text(n, NULL), *near = name_nearest(text, choices);
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], text) == 0) return i;
    (near ? node_wrong : node_fail)(n, "\"%s\" is none of: %s%s", text, list_joined(n, choices),
                                    near ? node_hint(n, text, choices) : "");
    for (int i = 0; near && choices[i]; i++)
        if (strcmp(choices[i], near) == 0) return i;
    return fallback;
}

const char *node_name(struct node n)
{
    const char *name = node_text(n, NULL);
    bool good = isalpha((unsigned char)*name) && strlen(name) < NAME_LENGTH_MAX;
    for (const char *c = name; *c; c++) good = good && (isalnum((unsigned char)*c) || *c == '_');
    if (good) return name;
    node_fail(n, "\"%s\" is not a name: letters, digits and _, the first a letter, at most %d", name,
              NAME_LENGTH_MAX - 1);
    node_name_refuse(n, name);
    return name;
}
