/* write.c - the draft as a text that people like to read and edit: a line for each column, rule and table. */
#include <string.h>
#include <strings.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/source/access_log.h"

struct writer {
    const struct draft *d;
    const struct candidates *all;
    struct arena *arena;
    struct buf *out;
    const char *indent; /* of a source's keys */
};

static const char *quoted(struct writer *w, const char *text)
{
    return draft_json(slice_str(text), w->arena);
}

static const struct candidate *choice(struct writer *w, const struct draft_column *c)
{
    return c->fixed || c->truth ? NULL : profile_choice(&c->profile, w->all);
}

static enum value_type type_of(struct writer *w, const struct draft_column *c)
{
    if (c->truth) return VALUE_INTEGER;
    if (c->fixed && strcmp(c->title, "time") == 0) return VALUE_TIMESTAMP;
    if (c->fixed && (strcmp(c->title, "status") == 0 || strcmp(c->title, "bytes") == 0)) return VALUE_INTEGER;
    const struct candidate *chosen = choice(w, c);
    return chosen ? chosen->type : VALUE_TEXT;
}

/* A list of JSON texts, one a line, from sentences with line ends. */
static void comment_write(struct writer *w, const char *indent, struct slice sentences)
{
    buf_append_str(w->out, "[");
    for (bool first = true; sentences.n; first = false) {
        const uint8_t *end = memchr(sentences.p, '\n', sentences.n);
        size_t n = (size_t)(end - sentences.p);
        if (!first) buf_printf(w->out, ",\n%s            ", indent);
        buf_append_str(w->out, draft_json(slice_of(sentences.p, n), w->arena));
        sentences = slice_of(end + 1, sentences.n - n - 1);
    }
    buf_append_byte(w->out, ']');
}

/* --- columns --- */

static void evidence_say(struct writer *w, const struct draft_column *c, struct buf *say)
{
    const struct profile *p = &c->profile;
    const struct candidate *chosen = choice(w, c), *other = c->fixed ? NULL : profile_other_order(p, w->all);
    uint64_t filled = profile_filled(p);
    if (p->rows == 0 || filled == 0) {
        buf_append_str(say, "nothing but NULL was seen: a guess without evidence");
        return;
    }
    buf_printf(say, "guessed from %s values", draft_count(filled, w->arena));
    if (p->nulls) buf_printf(say, " (%s are NULL)", draft_count(p->nulls, w->arena));
    if (p->example) buf_printf(say, ", the first: %s", p->example);
    if (other)
        buf_printf(say, "; AMBIGUOUS: \"%s\" fits all of them as well as \"%s\" (no day above 12 was seen)",
                   other->format, chosen->format);
    const struct candidate *most = chosen || c->fixed || c->truth ? NULL : profile_most(p, w->all);
    if (most)
        buf_printf(say, "; %s of them would be \"type\": \"%s\"%s, but not: %s",
                   draft_count(filled - p->others, w->arena), value_type_name(most->type), most->keys, p->other);
    if (p->leading_zero && !p->has_letters && !chosen && !c->fixed)
        buf_append_str(say, "; digits, but with leading zeros: a code");
    if (c->truth) buf_append_str(say, "; true is 1, false is 0");
    if (chosen && strstr(chosen->keys, "round")) buf_append_str(say, "; digits behind the scale are rounded");
    if (chosen && chosen->thousands && chosen->type == VALUE_INTEGER)
        buf_printf(say, "; the %c may be a decimal sign", chosen->thousands);
    if (chosen && strstr(chosen->keys, "\"currency\""))
        buf_append_str(say, "; amounts without a sign count as this currency");
}

static void column_write(struct writer *w, const struct draft_source *s, const struct draft_column *c,
                         const char *indent)
{
    const struct candidate *chosen = choice(w, c);
    const struct profile *p = &c->profile;
    struct buf say = {0};
    buf_printf(w->out, "%s{\"name\": \"%s\"", indent, c->name);
    if (*c->place) buf_printf(w->out, ", %s", c->place);
    if (!c->fixed) buf_printf(w->out, ", \"type\": \"%s\"", value_type_name(type_of(w, c)));
    if (chosen) buf_append_str(w->out, chosen->keys);
    if (chosen && chosen->type == VALUE_DECIMAL) buf_printf(w->out, ", \"scale\": %d", profile_scale(p, chosen));
    if (chosen && p->padded) buf_append_str(w->out, ", \"trim\": true");
    if (chosen && (p->word_count || (p->empty && !s->empty_is_null))) {
        buf_append_str(w->out, ", \"null\": [\"\"");
        for (int i = 0; i < p->word_count; i++) buf_printf(w->out, ", %s", quoted(w, p->words[i]));
        buf_append_byte(w->out, ']');
    }
    evidence_say(w, c, &say);
    if (c->note) buf_printf(&say, "; %s", c->note);
    buf_printf(w->out, ",\n%s \"comment\": %s}", indent, quoted(w, buf_cstr(&say)));
    buf_release(&say);
}

static const struct draft_column *time_find(struct writer *w, const struct draft_source *s)
{
    const struct draft_column *found = NULL;
    for (int i = 0; i < s->count; i++) {
        const struct draft_column *c = &s->columns[i];
        if (type_of(w, c) != VALUE_TIMESTAMP) continue;
        if (c->profile.nulls + c->profile.marks == 0) return c;
        if (!found) found = c;
    }
    return found;
}

/* --- rules: all of them warn, so that a draft rejects nothing that has the right types --- */

enum { KEY_ROWS_LEAST = 20, KEY_BYTES_MAX = 64, IN_ROWS_PER_VALUE = 10 };

static bool is_key(struct writer *w, const struct draft_column *c)
{
    const struct profile *p = &c->profile;
    enum value_type type = type_of(w, c);
    return !c->fixed && (type == VALUE_INTEGER || type == VALUE_TEXT) && !p->repeated && p->nulls + p->marks == 0 &&
           p->rows >= KEY_ROWS_LEAST && !(type == VALUE_TEXT && p->example && strlen(p->example) >= 40);
}

static const struct draft_column *key_find(struct writer *w, const struct draft_source *s)
{
    for (int i = 0; i < s->count; i++)
        if (is_key(w, &s->columns[i])) return &s->columns[i];
    return NULL;
}

static bool has_few_values(struct writer *w, const struct draft_column *c)
{
    const struct profile *p = &c->profile;
    return type_of(w, c) == VALUE_TEXT && !p->many && p->value_count > 1 && !c->note &&
           profile_filled(p) >= (uint64_t)p->value_count * IN_ROWS_PER_VALUE;
}

static void rule_begin(struct writer *w, int *count, const char *rule, const char *column)
{
    buf_printf(w->out, "%s\n%s  {\"rule\": \"%s\", %s: \"%s\", ", (*count)++ ? "," : "", w->indent, rule,
               strcmp(rule, "unique") == 0 ? "\"columns\"" : "\"column\"", column);
}

static void rules_of_column(struct writer *w, const struct draft_column *c, int *count)
{
    const struct profile *p = &c->profile;
    enum value_type type = type_of(w, c);
    if (p->rows && p->nulls == 0 && (p->marks == 0 || !choice(w, c))) {
        rule_begin(w, count, "not_null", c->name);
        buf_append_str(w->out, "\"severity\": \"warn\"}");
    }
    if (!c->fixed && !c->truth && (type == VALUE_INTEGER || type == VALUE_DECIMAL) && !p->negative) {
        rule_begin(w, count, "range", c->name);
        buf_append_str(w->out, "\"min\": 0, \"severity\": \"warn\"}");
    }
    if (has_few_values(w, c)) {
        rule_begin(w, count, "in", c->name);
        buf_append_str(w->out, "\"values\": [");
        for (int i = 0; i < p->value_count; i++) buf_printf(w->out, "%s%s", i ? ", " : "", quoted(w, p->values[i]));
        buf_append_str(w->out, "], \"severity\": \"warn\"}");
    }
}

static void rules_write(struct writer *w, const struct draft_source *s)
{
    int count = 0;
    const struct draft_column *key = key_find(w, s);
    buf_printf(w->out, ",\n%s\"rules\": [", w->indent);
    if (key) {
        rule_begin(w, &count, "unique", key->name);
        buf_printf(w->out, "\"severity\": \"warn\",\n%s   \"comment\": \"no value came twice in %s records\"}",
                   w->indent, draft_count(s->records - s->malformed, w->arena));
    }
    for (int i = 0; i < s->count; i++) rules_of_column(w, &s->columns[i], &count);
    if (count) buf_printf(w->out, "\n%s", w->indent);
    buf_append_byte(w->out, ']');
}

/* --- sources and tables --- */

static const char *day_name(struct writer *w, const struct draft_source *s)
{
    const char *name = "day";
    for (int tried = 2;; tried++) {
        int i = 0;
        while (i < s->count && strcasecmp(s->columns[i].name, name) != 0) i++;
        if (i == s->count) return name;
        name = arena_printf(w->arena, "day_%d", tried);
    }
}

static void source_write(struct writer *w, const struct draft_source *s)
{
    const struct draft_column *time = time_find(w, s);
    struct buf settings = {0};
    for (const char *c = (const char *)s->settings.p; c < (const char *)s->settings.p + s->settings.n; c++) {
        buf_append_byte(&settings, (uint8_t)*c);
        if (*c == '\n' && strlen(w->indent) > 2) buf_append_str(&settings, "  ");
    }
    buf_append_str(w->out, buf_cstr(&settings));
    if (time) buf_printf(w->out, ",\n%s  \"time\": \"%s\"", w->indent, time->name);
    buf_printf(w->out, ",\n%s  \"columns\": [", w->indent);
    for (int i = 0; i < s->count; i++) {
        buf_append_str(w->out, i ? ",\n" : "\n");
        column_write(w, s, &s->columns[i], arena_printf(w->arena, "%s    ", w->indent));
    }
    buf_append_str(w->out, "]");
    buf_release(&settings);
}

static void derive_write(struct writer *w, const struct draft_source *s)
{
    const struct draft_column *time = time_find(w, s);
    if (time)
        buf_printf(w->out, ",\n%s\"derive\": [{\"name\": \"%s\", \"expr\": \"date(%s)\"}]", w->indent, day_name(w, s),
                   time->name);
}

static bool is_source(const struct draft *d, const char *name)
{
    int i = 0;
    while (i < d->count && strcmp(d->sources[i].name, name) != 0) i++;
    return i < d->count;
}

/* Tables that every warehouse has already, or may have. */
static const char *store_name(struct writer *w, const struct draft_source *s)
{
    static const char *const taken[] = {"quarantine", "warnings", "files", "records", "rejects", "late", NULL};
    const char *name = s->name;
    if (strncmp(name, "millrace_", 9) == 0 || strncmp(name, "sqlite_", 7) == 0)
        name = arena_printf(w->arena, "t_%s", name);
    for (int i = 0; taken[i]; i++)
        if (strcmp(taken[i], name) == 0) name = arena_printf(w->arena, "%s_rows", name);
    while (name != s->name && is_source(w->d, name)) name = arena_printf(w->arena, "%s_2", name);
    return name;
}

enum { TABLE_NAME_MAX = 60 };

static const char *aggregate_name(struct writer *w, const struct draft_source *s, const char *store, const char *group)
{
    const char *name =
        group ? arena_printf(w->arena, "%s_by_%s", store, group) : arena_printf(w->arena, "%s_total", store);
    if (strlen(name) > TABLE_NAME_MAX)
        name = arena_printf(w->arena, "%.40s_groups_%d", store, (int)(s - w->d->sources) + 1);
    while (is_source(w->d, name)) name = arena_printf(w->arena, "%s_2", name);
    return name;
}

enum { SUMS_MAX = 3, SUM_SCALE_MAX = 4 };

/* One group for each day; without a time, for each of few values; without those, one for all. */
static const char *group_find(struct writer *w, const struct draft_source *s)
{
    if (time_find(w, s)) return day_name(w, s);
    for (int i = 0; i < s->count; i++)
        if (type_of(w, &s->columns[i]) == VALUE_DATE) return s->columns[i].name;
    for (int i = 0; i < s->count; i++)
        if (has_few_values(w, &s->columns[i])) return s->columns[i].name;
    return NULL;
}

static void tables_write(struct writer *w, const struct draft_source *s)
{
    const char *store = store_name(w, s), *group = group_find(w, s);
    int sums = 0;
    buf_printf(w->out, "    {\"name\": \"%s\"%s},\n", store,
               w->d->count > 1 ? arena_printf(w->arena, ", \"from\": \"%s\"", s->name) : "");
    buf_printf(w->out,
               "    {\"name\": \"%s\", \"aggregate\": \"%s\", \"by\": [%s],\n     \"columns\": {\"%s\": \"count()\"",
               aggregate_name(w, s, store, group), store, group ? quoted(w, group) : "",
               group && strcmp(group, "n") == 0 ? "records" : "n");
    for (int i = 0; i < s->count && sums < SUMS_MAX; i++) {
        const struct draft_column *c = &s->columns[i];
        const struct candidate *chosen = choice(w, c);
        if (!chosen || chosen->type != VALUE_DECIMAL || profile_scale(&c->profile, chosen) > SUM_SCALE_MAX) continue;
        buf_printf(w->out, ", \"sum_%s\": \"sum(%s)\"", c->name, c->name);
        sums++;
    }
    buf_append_str(w->out, "}}");
}

static void head_write(struct writer *w)
{
    uint64_t records = 0, malformed = 0;
    struct buf say = {0};
    for (int i = 0; i < w->d->count; i++) {
        records += w->d->sources[i].records;
        malformed += w->d->sources[i].malformed;
    }
    buf_printf(&say, "Drafted from %s, guessed from %s records: correct what is wrong, and take the comments out.\n",
               w->d->sample->file, draft_count(records, w->arena));
    if (malformed)
        buf_printf(&say, "%s of them do not fit the format and were left out.\n", draft_count(malformed, w->arena));
    buf_append_str(&say, "\"glob\" takes the sample alone: widen it. All rules warn and none rejects: say \"reject\" "
                         "where you mean it.\n");
    buf_append_str(w->out, "{\n  \"comment\": ");
    comment_write(w, "  ", buf_slice(&say));
    buf_printf(w->out, ",\n  \"pipeline\": \"%s\",\n  \"version\": 1,\n", w->d->name);
    buf_release(&say);
}

static void notes_write(struct writer *w, const struct draft_source *s)
{
    if (!s->notes.n) return;
    buf_printf(w->out, "%s  \"comment\": ", w->indent);
    comment_write(w, w->indent, buf_slice(&s->notes));
    buf_append_str(w->out, ",\n");
}

void draft_write(const struct draft *d, const struct candidates *all, struct buf *out)
{
    struct writer w = {d, all, d->sample->arena, out, d->count > 1 ? "      " : "  "};
    head_write(&w);
    buf_append_str(out, d->count > 1 ? "  \"sources\": [" : "");
    for (int i = 0; i < d->count; i++) {
        const struct draft_source *s = &d->sources[i];
        if (d->count > 1)
            buf_printf(out, "%s\n    {\n      \"name\": \"%s\",\n", i ? "," : "", s->name), w.indent = "    ";
        else
            buf_append_str(out, "  \"source\": {\n");
        notes_write(&w, s);
        buf_printf(out, "%s  ", w.indent);
        source_write(&w, s);
        if (d->count == 1) buf_append_str(out, "\n  }");
        w.indent = d->count > 1 ? "      " : "  ";
        derive_write(&w, s);
        rules_write(&w, s);
        if (d->count > 1) buf_append_str(out, "\n    }");
    }
    buf_append_str(out, d->count > 1 ? "\n  ],\n  \"tables\": [\n" : ",\n  \"tables\": [\n");
    for (int i = 0; i < d->count; i++) {
        buf_append_str(out, i ? ",\n" : "");
        tables_write(&w, &d->sources[i]);
    }
    buf_append_str(out, "\n  ]\n}\n");
}
