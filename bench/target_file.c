#include "bench/target_file.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a cursor that remembers its failure --- */

struct reader {
    struct target_spec *spec;
    struct err_text *error;
    int rc;
};

/* A value and where it stands: "durability[1].topic". */
struct at {
    struct reader *r;
    json_t *json;
    const char *path;
};

static void wrong(struct at at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct at at, const char *format, ...)
{
    char text[256];
    va_list list;
    if (at.r->rc < 0) return;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    at.r->rc =
        err_set(at.r->error, ERR_INVALID, "%s: %s: %s", at.r->spec->file, at.path[0] ? at.path : "document", text);
}

static const char *path_of(struct at at, const char *key)
{
    return arena_printf(&at.r->spec->arena, "%s%s%s", at.path, at.path[0] ? "." : "", key);
}

static struct at member(struct at at, const char *key)
{
    return (struct at){at.r, json_object_get(at.json, key), path_of(at, key)};
}

static struct at item(struct at at, size_t i)
{
    return (struct at){at.r, json_array_get(at.json, i), arena_printf(&at.r->spec->arena, "%s[%zu]", at.path, i)};
}

/* An object with no other keys than these. */
static void keys(struct at at, const char *const known[])
{
    const char *key;
    json_t *value;
    if (!json_is_object(at.json)) wrong(at, "must be an object");
    json_object_foreach(at.json, key, value)
    {
        int i = 0;
        while (known[i] && strcmp(known[i], key) != 0) i++;
        if (known[i]) continue;
        struct buf all = {0};
        for (i = 0; known[i]; i++) buf_printf(&all, "%s%s", i ? ", " : "", known[i]);
        wrong((struct at){at.r, value, path_of(at, key)}, "there is no such key; there are: %s", buf_cstr(&all));
        buf_release(&all);
    }
}

/* Placeholders are checked where a text is read: a start is no time to find a misspelt one. */
static void placeholders_check(struct at at, const char *text)
{
    static const char *const known[] = {"folder", "port", "port2", "program", "cache", NULL};
    const struct target_spec *s = at.r->spec;
    for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
        size_t n = strcspn(open + 1, "}");
        bool found = open[n + 1] != '}';
        for (int i = 0; known[i]; i++) found = found || (strlen(known[i]) == n && memcmp(known[i], open + 1, n) == 0);
        for (int i = 0; i < s->variable_count; i++)
            found = found || (strlen(s->variables[i].name) == n && memcmp(s->variables[i].name, open + 1, n) == 0);
        if (!found) wrong(at, "%.*s: there is no such placeholder", (int)n + 2, open);
    }
}

static const char *text(struct at at, const char *fallback)
{
    if (!at.json && fallback) return fallback;
    if (!at.json) wrong(at, "is missing");
    if (at.json && !json_is_string(at.json)) wrong(at, "must be a text");
    if (!json_is_string(at.json)) return "";
    const char *copy = arena_str(&at.r->spec->arena, slice_str(json_string_value(at.json)));
    placeholders_check(at, copy);
    return copy;
}

static int seconds(struct at at, int fallback)
{
    if (!at.json) return fallback;
    json_int_t value = json_integer_value(at.json);
    if (!json_is_integer(at.json) || value < 0 || value > 600) wrong(at, "must be an integer, 0 to 600 seconds");
    return (int)value;
}

/* A list of texts; a missing one has none. */
static struct target_words words(struct at at, int min)
{
    size_t n = json_array_size(at.json);
    struct target_words w = {arena_alloc(&at.r->spec->arena, (n + 1) * sizeof *w.items), (int)n};
    if (at.json && !json_is_array(at.json)) wrong(at, "must be a list of texts");
    if (w.count < min) wrong(at, "must have %d text%s at least", min, min == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) w.items[i] = text(item(at, i), NULL);
    return w;
}

static const char *choice(struct at at, const char *const choices[])
{
    const char *value = text(at, NULL);
    struct buf all = {0};
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            buf_release(&all);
            return value;
        }
        buf_printf(&all, "%s\"%s\"", i ? ", " : "", choices[i]);
    }
    wrong(at, "\"%s\" is none of %s", value, buf_cstr(&all));
    buf_release(&all);
    return "";
}

/* --- the parts of a file --- */

static void variables_read(struct at at)
{
    static const char *const known[] = {"environment", "else", NULL};
    struct target_spec *s = at.r->spec;
    const char *key;
    json_t *value;
    if (at.json && !json_is_object(at.json)) wrong(at, "must be an object");
    json_object_foreach(at.json, key, value)
    {
        struct at one = {at.r, value, path_of(at, key)};
        if (s->variable_count == TARGET_VARIABLES_MAX) {
            wrong(one, "at most %d variables", TARGET_VARIABLES_MAX);
            return;
        }
        keys(one, known);
        struct target_variable v = {arena_str(&s->arena, slice_str(key)), text(member(one, "environment"), NULL),
                                    text(member(one, "else"), NULL)};
        s->variables[s->variable_count++] = v;
    }
}

static void files_read(struct at at, struct target_steps *steps)
{
    const char *key;
    json_t *value;
    if (at.json && !json_is_object(at.json)) wrong(at, "must be an object of lists of lines");
    json_object_foreach(at.json, key, value)
    {
        struct at one = {at.r, value, path_of(at, key)};
        if (steps->file_count == TARGET_FILES_MAX) {
            wrong(one, "at most %d files", TARGET_FILES_MAX);
            return;
        }
        placeholders_check(one, key);
        struct target_text_file *f = &steps->files[steps->file_count++];
        f->path = arena_str(&at.r->spec->arena, slice_str(key));
        f->lines = words(one, 1);
    }
}

static void commands_read(struct at at, struct target_steps *steps)
{
    if (at.json && !json_is_array(at.json)) wrong(at, "must be a list of commands, each a list of words");
    if (json_array_size(at.json) > TARGET_COMMANDS_MAX) wrong(at, "at most %d commands", TARGET_COMMANDS_MAX);
    for (size_t i = 0; i < json_array_size(at.json) && at.r->rc == 0; i++)
        steps->commands[steps->command_count++] = words(item(at, i), 1);
}

static void needs_read(struct at at)
{
    static const char *const known[] = {"programs", "file", "how", NULL};
    struct target_spec *s = at.r->spec;
    s->how = "";
    if (!at.json) return;
    keys(at, known);
    s->programs = words(member(at, "programs"), 0);
    if (member(at, "file").json) s->needs_file = text(member(at, "file"), NULL);
    s->how = text(member(at, "how"), NULL);
}

static void fetch_read(struct at at)
{
    static const char *const known[] = {"files", "run", NULL};
    if (!at.json) return;
    keys(at, known);
    files_read(member(at, "files"), &at.r->spec->fetch);
    commands_read(member(at, "run"), &at.r->spec->fetch);
}

static void ready_read(struct at at)
{
    static const char *const known[] = {"line", "connect", "within_s", NULL};
    struct target_spec *s = at.r->spec;
    if (!at.json) {
        wrong(at, "is missing");
        return;
    }
    keys(at, known);
    if (member(at, "line").json) s->ready_line = text(member(at, "line"), NULL);
    if (member(at, "connect").json) s->ready_connect = text(member(at, "connect"), NULL);
    if (!s->ready_line == !s->ready_connect) wrong(at, "needs one of line and connect");
    s->ready_s = seconds(member(at, "within_s"), 10);
}

static void stop_read(struct at at)
{
    static const char *const known[] = {"signal", "within_s", NULL}, *const signals[] = {"TERM", "INT", "QUIT", NULL};
    struct target_spec *s = at.r->spec;
    s->stop_signal = SIGTERM;
    s->stop_s = 10;
    if (!at.json) return;
    keys(at, known);
    const char *name = choice(member(at, "signal"), signals);
    s->stop_signal = strcmp(name, "INT") == 0 ? SIGINT : strcmp(name, "QUIT") == 0 ? SIGQUIT : SIGTERM;
    s->stop_s = seconds(member(at, "within_s"), 10);
}

static void acks_read(struct at at)
{
    static const char *const known[] = {"0", "1", "all", NULL};
    at.r->spec->acks = words(at, 1);
    for (size_t i = 0; i < json_array_size(at.json); i++) choice(item(at, i), known);
}

static void durabilities_read(struct at at)
{
    static const char *const known[] = {"name", "promise", "settings", "topic", NULL};
    static const char *const promises[] = {"none", "memory", "page-cache", "interval", "on-disk", NULL};
    struct target_spec *s = at.r->spec;
    size_t n = json_array_size(at.json);
    if (n == 0 || n > TARGET_DURABILITIES_MAX) wrong(at, "must be a list of 1 to %d modes", TARGET_DURABILITIES_MAX);
    for (size_t i = 0; i < n && at.r->rc == 0; i++) {
        struct at one = item(at, i);
        keys(one, known);
        struct target_durability *d = &s->durabilities[s->durability_count++];
        d->name = text(member(one, "name"), NULL);
        d->promise = choice(member(one, "promise"), promises);
        d->settings = words(member(one, "settings"), 0);
        d->topic = words(member(one, "topic"), 0);
        for (int k = 0; k < d->topic.count; k++) {
            if (!strchr(d->topic.items[k], '=')) wrong(item(member(one, "topic"), (size_t)k), "must be key=value");
        }
    }
}

static void spec_read(struct at root)
{
    static const char *const known[] = {"name",  "about",      "protocol", "variables", "needs",     "fetch",
                                        "files", "prepare",    "start",    "ready",     "warm_up_s", "stop",
                                        "acks",  "durability", "differs",  NULL};
    static const char *const protocols[] = {"kafka", "redis", "nats", "direct", NULL};
    struct target_spec *s = root.r->spec;
    keys(root, known);
    s->name = text(member(root, "name"), NULL);
    if (strlen(s->name) > TARGET_NAME_MAX) wrong(member(root, "name"), "at most %d letters", TARGET_NAME_MAX);
    s->about = text(member(root, "about"), NULL);
    s->protocol = choice(member(root, "protocol"), protocols);
    variables_read(member(root, "variables"));
    needs_read(member(root, "needs"));
    fetch_read(member(root, "fetch"));
    files_read(member(root, "files"), &s->prepare);
    commands_read(member(root, "prepare"), &s->prepare);
    s->start = words(member(root, "start"), 1);
    ready_read(member(root, "ready"));
    s->warm_up_s = seconds(member(root, "warm_up_s"), 0);
    stop_read(member(root, "stop"));
    acks_read(member(root, "acks"));
    durabilities_read(member(root, "durability"));
    s->differs = words(member(root, "differs"), 0);
}

int target_spec_read(struct target_spec *spec, const char *path, struct err_text *error)
{
    json_error_t where;
    struct reader r = {spec, error, 0};
    *spec = (struct target_spec){0};
    spec->file = arena_str(&spec->arena, slice_str(path));
    if (access(path, R_OK) != 0) return err_set(error, ERR_NOTFOUND, "%s: cannot be read: %s", path, strerror(errno));
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!json) return err_set(error, ERR_INVALID, "%s: line %d: %s", path, where.line, where.text);
    spec_read((struct at){&r, json, ""});
    json_decref(json);
    return r.rc;
}

void target_spec_release(struct target_spec *spec)
{
    arena_release(&spec->arena);
    *spec = (struct target_spec){0};
}

/* --- placeholders --- */

void target_place_init(struct target_place *place, const struct target_spec *spec, const char *program,
                       const char *folder)
{
    const char *own = getenv("MILLRACE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *place = (struct target_place){.spec = spec, .folder = folder, .program = program};
    if (own && own[0])
        snprintf(place->cache, sizeof place->cache, "%s/%s", own, spec->name);
    else if (xdg && xdg[0])
        snprintf(place->cache, sizeof place->cache, "%s/millrace/%s", xdg, spec->name);
    else
        snprintf(place->cache, sizeof place->cache, "%s/.cache/millrace/%s", home && home[0] ? home : "/tmp",
                 spec->name);
}

static bool is_name(const char *open, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(open, name, n) == 0;
}

static void placeholder_append(const struct target_place *p, const char *name, size_t n, struct buf *out,
                               struct arena *arena)
{
    if (is_name(name, n, "folder")) buf_append_str(out, p->folder);
    if (is_name(name, n, "program")) buf_append_str(out, p->program);
    if (is_name(name, n, "cache")) buf_append_str(out, p->cache);
    if (is_name(name, n, "port")) buf_printf(out, "%d", p->ports[0]);
    if (is_name(name, n, "port2")) buf_printf(out, "%d", p->ports[1]);
    for (int i = 0; i < p->spec->variable_count; i++) {
        const struct target_variable *v = &p->spec->variables[i];
        const char *set = getenv(v->environment);
        if (is_name(name, n, v->name)) buf_append_str(out, set && set[0] ? set : target_expand(p, v->otherwise, arena));
    }
}

const char *target_expand(const struct target_place *place, const char *text_in, struct arena *arena)
{
    struct buf out = {0};
    const char *rest = text_in;
    for (const char *open; (open = strchr(rest, '{')); rest = open + strcspn(open, "}") + 1) {
        buf_append(&out, rest, (size_t)(open - rest));
        placeholder_append(place, open + 1, strcspn(open + 1, "}"), &out, arena);
    }
    buf_append_str(&out, rest);
    const char *copy = arena_str(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static bool program_present(const char *name)
{
    char path[PATH_MAX];
    if (strchr(name, '/')) return access(name, X_OK) == 0;
    const char *folders = getenv("PATH");
    for (const char *at = folders ? folders : ""; *at;) {
        size_t n = strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int)n, at, name);
        if (access(path, X_OK) == 0) return true;
        at += n + (at[n] == ':');
    }
    return false;
}

bool target_present(const struct target_place *place, char *why, size_t size)
{
    const struct target_spec *s = place->spec;
    struct arena arena = {0};
    bool present = true;
    for (int i = 0; i < s->programs.count && present; i++) {
        const char *program = target_expand(place, s->programs.items[i], &arena);
        present = program_present(program);
        if (!present) snprintf(why, size, "%s cannot be had here: no program %s; %s", s->name, program, s->how);
    }
    const char *file = present && s->needs_file ? target_expand(place, s->needs_file, &arena) : NULL;
    if (file && access(file, R_OK) != 0) {
        present = false;
        snprintf(why, size, "%s cannot be had here: no file %s; %s", s->name, file, s->how);
    }
    arena_release(&arena);
    return present;
}
