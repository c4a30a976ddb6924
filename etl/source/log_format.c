#include "etl/source/log_format.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define COMMON_TIME "%d/%b/%Y:%H:%M:%S %z"

/* What is between % and its letter, or behind $, and what it is called here. `time`: a pattern for the field `time`. */
struct known {
    const char *word, *name, *time;
};

static const struct known APACHE[] = {
    {"h", "client", NULL},        {"a", "client_address", NULL},
    {"A", "local_address", NULL}, {"b", "bytes", NULL},
    {"B", "bytes", NULL},         {"D", "duration_us", NULL},
    {"f", "file", NULL},          {"H", "protocol", NULL},
    {"I", "bytes_in", NULL},      {"k", "requests_before", NULL},
    {"l", "ident", NULL},         {"L", "log_id", NULL},
    {"m", "method", NULL},        {"O", "bytes_out", NULL},
    {"p", "port", NULL},          {"P", "process", NULL},
    {"q", "query", NULL},         {"r", "request", NULL},
    {"R", "handler", NULL},       {"s", "status", NULL},
    {"S", "bytes_both", NULL},    {"T", "duration_s", NULL},
    {"u", "user", NULL},          {"U", "path", NULL},
    {"v", "site", NULL},          {"V", "site", NULL},
    {"X", "connection", NULL},    {NULL, NULL, NULL},
};

static const struct known NGINX[] = {
    {"remote_addr", "client", NULL},
    {"remote_user", "user", NULL},
    {"time_local", "time", COMMON_TIME},
    {"time_iso8601", "time", "%FT%T%z"},
    {"msec", "time", "%s.%f"},
    {"body_bytes_sent", "bytes", NULL},
    {"bytes_sent", "bytes_out", NULL},
    {"request_length", "bytes_in", NULL},
    {"request_time", "duration_s", NULL},
    {"request_method", "method", NULL},
    {"request_uri", "target", NULL},
    {"server_protocol", "protocol", NULL},
    {"uri", "path", NULL},
    {"document_uri", "path", NULL},
    {"args", "query", NULL},
    {"query_string", "query", NULL},
    {"host", "site", NULL},
    {"server_name", "site", NULL},
    {"server_port", "port", NULL},
    {"pid", "process", NULL},
    {NULL, NULL, NULL},
};

/* Apache's %{NAME}x, nginx's prefix: what is put ahead of the name of a header, a cookie, ... */
static const struct known PREFIXED[] = {
    {"i", "", NULL},
    {"o", "sent_", NULL},
    {"C", "cookie_", NULL},
    {"e", "env_", NULL},
    {"n", "note_", NULL},
    {"x", "variable_", NULL},
    {"http_", "", NULL},
    {"sent_http_", "sent_", NULL},
    {"cookie_", "cookie_", NULL},
    {"arg_", "arg_", NULL},
    {NULL, NULL, NULL},
};

enum { NAMES_MAX = 64, LAYOUT_BYTES_MAX = 8192 };

struct translation {
    struct arena *arena;
    struct buf out;
    const char *names[NAMES_MAX];
    int count;
    bool request; /* %r stands somewhere: it gives method, target and protocol */
    const char *time_format, *wrong;
};

static const char *failed(struct translation *t, const char *wrong)
{
    if (!t->wrong) t->wrong = wrong;
    return "";
}

static bool name_taken(const struct translation *t, const char *name)
{
    static const char *const made[] = {"method", "target", "protocol"};
    for (int i = 0; i < 3; i++)
        if (t->request && strcmp(name, made[i]) == 0) return true;
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->names[i], name) == 0) return true;
    return false;
}

static void text_put(struct translation *t, char c)
{
    if (c == '{') buf_append_byte(&t->out, '{');
    buf_append_byte(&t->out, (uint8_t)c);
}

static void field_put(struct translation *t, const char *name)
{
    const char *own = name;
    for (int i = 2; name_taken(t, own); i++) own = arena_printf(t->arena, "%s_%d", name, i);
    if (t->count == NAMES_MAX || t->out.n > LAYOUT_BYTES_MAX) {
        failed(t, "has too many fields");
        return;
    }
    t->names[t->count++] = own;
    buf_printf(&t->out, "{%s}", own);
}

static void time_put(struct translation *t, const char *pattern)
{
    if (!t->time_format) t->time_format = pattern;
    field_put(t, "time");
}

static const struct known *known_find(const struct known *list, struct slice word)
{
    for (; list->word; list++)
        if (slice_equal(word, slice_str(list->word))) return list;
    return NULL;
}

/* The name of a header or a variable in small letters and underscores. */
static const char *name_of(struct translation *t, const char *prefix, struct slice word)
{
    char *name = arena_printf(t->arena, "%s%.*s", prefix, (int)word.n, (const char *)word.p);
    for (char *c = name; *c; c++) *c = (char)(isalnum((unsigned char)*c) ? tolower((unsigned char)*c) : '_');
    if (strcmp(name, "user_agent") == 0) return "agent";
    return *name ? name : failed(t, "a name between braces is empty");
}

/* --- Apache --- */

/* %{PATTERN}t */
static void apache_time(struct translation *t, struct slice pattern)
{
    static const struct known units[] = {{"sec", NULL, "%s"},
                                         {"msec", "time_ms", NULL},
                                         {"usec", "time_us", NULL},
                                         {"msec_frac", "time_msec", NULL},
                                         {"usec_frac", "time_usec", NULL},
                                         {NULL, NULL, NULL}};
    char *text = arena_str(t->arena, pattern);
    if (strncmp(text, "begin:", 6) == 0) text += 6;
    if (strncmp(text, "end:", 4) == 0) text += 4;
    const struct known *unit = known_find(units, slice_str(text));
    if (unit && unit->name)
        field_put(t, unit->name);
    else
        time_put(t, unit ? unit->time : text);
}

static void apache_duration(struct translation *t, struct slice unit)
{
    static const struct known units[] = {
        {"s", "duration_s", NULL}, {"ms", "duration_ms", NULL}, {"us", "duration_us", NULL}, {NULL, NULL, NULL}};
    const struct known *known = known_find(units, unit);
    field_put(t, known ? known->name : failed(t, "%{...}T takes s, ms or us"));
}

/* A directive with something between braces. */
static void apache_named(struct translation *t, struct slice inside, char letter)
{
    const struct known *known = known_find(PREFIXED, slice_of(&letter, 1));
    const struct known *plain = known_find(APACHE, slice_of(&letter, 1));
    if (letter == 't')
        apache_time(t, inside);
    else if (letter == 'T')
        apache_duration(t, inside);
    else if (known)
        field_put(t, name_of(t, known->name, inside));
    else if (plain && strchr("apP", letter))
        field_put(t, name_of(t, "",
                             slice_str(arena_printf(t->arena, "%s_%.*s", plain->name, (int)inside.n,
                                                    (const char *)inside.p))));
    else
        failed(t, arena_printf(t->arena, "does not know %%{...}%c", letter));
}

/* Letters that differ by their case alone are different directives, so one such is likely meant. */
static const char *directive_unknown(const struct translation *t, char letter)
{
    char other =
        (char)(islower((unsigned char)letter) ? toupper((unsigned char)letter) : tolower((unsigned char)letter));
    const char *all = "";
    if (known_find(APACHE, slice_of(&other, 1)))
        return arena_printf(t->arena, "does not know %%%c; did you mean %%%c?", letter, other);
    for (const struct known *k = APACHE; k->word; k++) all = arena_printf(t->arena, "%s %%%s", all, k->word);
    return arena_printf(t->arena, "does not know %%%c; there are:%s %%t, and %%{...} with i o C e n t T", letter, all);
}

/* What stands behind a %; gives where the text goes on. */
static const char *apache_directive(struct translation *t, const char *at)
{
    struct slice inside = {0};
    at += strspn(at, "!0123456789,<>"); /* only for some states; of the first or the last request */
    if (*at == '{') {
        const char *close = strchr(at, '}');
        if (!close) return failed(t, "has a %{ without its }");
        inside = slice_of(at + 1, (size_t)(close - at - 1));
        at = close + 1;
    }
    if (*at == '^') return failed(t, "does not know trailers (%^ti, %^to)");
    if (!*at) return failed(t, "ends behind a %");
    const struct known *known = known_find(APACHE, slice_of(at, 1));
    if (inside.p)
        apache_named(t, inside, *at);
    else if (*at == 't') {
        buf_append_byte(&t->out, '[');
        time_put(t, COMMON_TIME);
        buf_append_byte(&t->out, ']');
    } else if (*at == '%')
        text_put(t, '%');
    else if (*at == 'U' && strncmp(at, "U%q", 3) == 0) { /* path and query, which may be empty: one target */
        field_put(t, "target");
        at += 2;
    } else
        field_put(t, known ? known->name : failed(t, directive_unknown(t, *at)));
    return at + 1;
}

/* --- nginx --- */

/* What stands behind a $; gives where the text goes on. */
static const char *nginx_variable(struct translation *t, const char *at)
{
    bool braces = *at == '{';
    size_t n = 0;
    at += braces;
    while (isalnum((unsigned char)at[n]) || at[n] == '_') n++;
    struct slice word = slice_of(at, n);
    at += n;
    if (n == 0) return failed(t, "has a $ without the name of a variable");
    if (braces && *at != '}') return failed(t, "has a ${ without its }");
    const struct known *known = known_find(NGINX, word), *prefix = PREFIXED;
    while (prefix->word && !(strlen(prefix->word) > 1 && word.n > strlen(prefix->word) &&
                             memcmp(word.p, prefix->word, strlen(prefix->word)) == 0))
        prefix++;
    if (known && known->time)
        time_put(t, known->time);
    else if (known)
        field_put(t, known->name);
    else if (prefix->word)
        field_put(t, name_of(t, prefix->name, slice_of(word.p + strlen(prefix->word), word.n - strlen(prefix->word))));
    else
        field_put(t, name_of(t, "", word));
    return at + braces;
}

/* --- both --- */

/* In a configuration file a quote inside the text has a backslash, and a tab is \t. */
static const char *backslash(struct translation *t, const char *at)
{
    if (*at == 'n') return failed(t, "has a line end: a record is one line");
    if (*at == 't')
        text_put(t, '\t');
    else if (*at == '"' || *at == '\'' || *at == '\\')
        text_put(t, *at);
    else {
        text_put(t, '\\');
        return at;
    }
    return at + 1;
}

static bool has_request(const char *text, bool nginx)
{
    const char *at = text;
    if (!nginx) return strstr(text, "%r") != NULL;
    while ((at = strstr(at, "$request"))) {
        at += strlen("$request");
        if (!isalnum((unsigned char)*at) && *at != '_') return true;
    }
    return strstr(text, "${request}") != NULL;
}

const char *log_format_field(const char *variable)
{
    const struct known *k = known_find(NGINX, slice_str(variable + (*variable == '$')));
    return k ? k->name : NULL;
}

const char *log_format_read(const char *text, struct arena *arena, struct log_format *out)
{
    struct translation t = {.arena = arena};
    bool nginx = strchr(text, '$') != NULL, apache = strchr(text, '%') != NULL;
    /* A $ in Apache's text, a % in nginx's are ordinary characters: the first one decides. */
    if (nginx && apache) nginx = strchr(text, '$') < strchr(text, '%');
    const char marker = nginx ? '$' : '%';
    t.request = has_request(text, nginx);
    if (strncmp(text, "log_format ", 11) == 0 || strncmp(text, "LogFormat ", 10) == 0)
        failed(&t, "is the whole directive; give the text between its quotes alone, in one piece");
    for (const char *at = text; *at && !t.wrong;) {
        if (*at == '\\')
            at = backslash(&t, at + 1);
        else if (*at == marker)
            at = nginx ? nginx_variable(&t, at + 1) : apache_directive(&t, at + 1);
        else
            text_put(&t, *at++);
    }
    static const char *const nicknames[] = {"common", "combined", "vhost_common", "vhost_combined"};
    for (size_t i = 0; i < sizeof nicknames / sizeof *nicknames; i++)
        if (strcmp(text, nicknames[i]) == 0)
            failed(&t, arena_printf(arena, "is the name of a layout: say \"layout\": \"%s\"", text));
    if (!t.wrong && t.count == 0)
        failed(&t, "has neither a directive of Apache (%h) nor a variable of nginx ($remote_addr)");
    *out = (struct log_format){arena_str(arena, buf_slice(&t.out)), t.time_format};
    buf_release(&t.out);
    return t.wrong;
}
