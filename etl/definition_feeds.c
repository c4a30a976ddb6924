/* The sources of a definition: what is read, its columns, and the rules that its rows obey. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "etl/definition_read.h"
#include "etl/document.h"
#include "etl/rule/rule.h"
#include "etl/source/spec.h"

struct expr *feed_expr_read(struct node n, const struct feed *feed, int count)
{
    struct expr_column *columns = arena_alloc(n.doc->arena, (size_t)feed->column_count * sizeof *columns);
    for (int i = 0; i < feed->column_count; i++) {
        const struct column *c = &feed->columns[i];
        bool visible = i < count || i >= feed->builtin;
        columns[i] = (struct expr_column){visible ? c->name : "", c->type, c->scale};
    }
    return expr_text_read(n, node_text(n, NULL), &(struct expr_scope){.columns = columns, .count = feed->column_count});
}

/* --- columns --- */

static void builtins_enter(struct feed *feed)
{
    static const struct {
        const char *name;
        enum value_type type;
    } builtins[BUILTIN_COUNT] = {
        [BUILTIN_SOURCE] = {"_source", VALUE_TEXT},    [BUILTIN_FILE] = {"_file", VALUE_TEXT},
        [BUILTIN_LINE] = {"_line", VALUE_INTEGER},     [BUILTIN_BYTE_OFFSET] = {"_byte_offset", VALUE_INTEGER},
        [BUILTIN_NUMBER] = {"_number", VALUE_INTEGER}, [BUILTIN_REPEATED] = {"_repeated", VALUE_INTEGER},
        [BUILTIN_LATE_S] = {"_late_s", VALUE_INTEGER},
    };
    for (int i = 0; i < BUILTIN_COUNT; i++)
        feed->columns[feed->builtin + i] =
            (struct column){.name = builtins[i].name, .type = builtins[i].type, .origin = COLUMN_BUILTIN};
}

static bool column_taken(const struct feed *feed, const char *name, int count)
{
    for (int i = 0; i < count; i++)
        if (strcasecmp(feed->columns[i].name, name) == 0) return true;
    return false;
}

static void derived_read(struct node n, struct feed *feed, int index)
{
    static const char *const keys[] = {"name", "expr", NULL};
    node_keys(n, keys);
    struct node expr = node_required(n, "expr");
    struct column *c = &feed->columns[index];
    *c = (struct column){.name = node_name(node_required(n, "name")), .origin = COLUMN_DERIVED};
    if (column_taken(feed, c->name, index)) node_fail(n, "there is a column \"%s\" already", c->name);
    struct expr *e = feed_expr_read(expr, feed, index);
    c->expr = e;
    if (!e) return;
    c->type = expr_type(e);
    c->scale = expr_scale(e);
    if (c->type == VALUE_NULL) node_fail(expr, "is always null: its type cannot be known");
}

static void all_derived_read(struct node derive, struct feed *feed)
{
    size_t count = node_count(derive);
    for (size_t i = 0; i < count; i++) {
        struct column *c = &feed->columns[feed->field_count + (int)i];
        derive.doc->derived = (struct names_ahead){derive.json, i};
        derived_read(node_item(derive, i), feed, feed->field_count + (int)i);
        if (!node_part_end(node_item(derive, i), NULL)) c->name = "";
    }
    derive.doc->derived.items = NULL;
}

/* What goes by event time should not complain when its column is what is wrong: any other does until that is mended. */
static int time_stand_in(const struct feed *feed)
{
    for (int i = 0; i < feed->builtin; i++)
        if (feed->columns[i].type == VALUE_TIMESTAMP) return i;
    return -1;
}

static void time_read_key(struct node n, struct feed *feed)
{
    feed->time = -1;
    if (node_present(n)) feed->time = column_name_read(n, feed);
    if (feed->time >= 0 && feed->columns[feed->time].type != VALUE_TIMESTAMP)
        node_fail(n, "column %s is %s; the event time must be a timestamp%s", feed->columns[feed->time].name,
                  value_type_name(feed->columns[feed->time].type),
                  feed->columns[feed->time].type == VALUE_DATE ? ": derive one with timestamp()" : "");
    if (feed->spec->lateness && feed->time < 0)
        node_fail(n, "in_file.lateness needs the event time: name its column here");
    if (!node_part_end(n, NULL)) feed->time = time_stand_in(feed);
}

/* `source` has the files and the declared columns, `whole` what is computed from them: the same object in
 * `sources`. */
static void columns_read(struct node source, const char *const *own_keys, struct node whole, struct feed *feed)
{
    struct node derive = node_member(whole, "derive");
    size_t derived = node_count(derive);
    source_spec_read(source, own_keys, feed, (int)derived + BUILTIN_COUNT);
    if (source.doc->failed) return;
    feed->builtin = feed->field_count + (int)derived;
    feed->column_count = feed->builtin + BUILTIN_COUNT;
    builtins_enter(feed);
    /* Not known yet, but looked at: names of columns that a derived one may not use. */
    for (int i = feed->field_count; i < feed->builtin; i++) feed->columns[i] = (struct column){.name = ""};
    all_derived_read(derive, feed);
    time_read_key(node_member(source, "time"), feed);
}

/* The name of a rule that could not be read: its own, or what it would have been called. */
static const char *rule_name_given(struct node n, const struct rule *rule)
{
    const char *name = json_string_value(json_object_get(n.json, "name"));
    const char *column = json_string_value(json_object_get(n.json, "column"));
    if (name || !column || !rule->class) return name;
    return arena_printf(n.doc->arena, "%s_%s", rule->class->name, column);
}

void rules_read(struct node rules, struct feed *feed)
{
    size_t count = node_count(rules);
    feed->rules = arena_alloc(rules.doc->arena, (count + 1) * sizeof *feed->rules);
    for (size_t i = 0; i < count && !rules.doc->failed; i++) {
        struct rule *rule = &feed->rules[feed->rule_count];
        struct node n = node_item(rules, i);
        rule_read(n, feed, rule);
        rule->item = (int)i;
        if (!node_part_end(n, rule_name_given(n, rule))) {
            rule_release(rule);
            continue;
        }
        feed->rule_count++;
        feed->among_count += rule_among_rows(rule);
    }
}

/* --- all of them --- */

/* What Kafka takes for a topic's name. */
const char *topic_name_read(struct node n, const char *fallback)
{
    enum { TOPIC_LENGTH_MAX = 249 };
    if (!node_present(n)) return fallback;
    const char *name = node_text(n, NULL);
    bool good = *name && strlen(name) <= TOPIC_LENGTH_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    for (const char *c = name; *c; c++) good = good && (isalnum((unsigned char)*c) || strchr("._-", *c));
    if (!good) node_fail(n, "\"%s\" is no topic: 1 to %d letters, digits, ., _ and -", name, TOPIC_LENGTH_MAX);
    return name;
}

/* "correct", or {"drop_after_s": N}. */
static void late_read(struct node n, struct feed *feed)
{
    static const char *const keys[] = {"drop_after_s", NULL}, *const words[] = {"correct", NULL};
    if (!node_present(n)) return;
    if (json_is_string(n.json)) {
        if (strncmp(json_string_value(n.json), "drop", 4) == 0)
            node_fail(n, "says after how many seconds: {\"drop_after_s\": 600}");
        node_choice(n, words, 0);
        return;
    }
    node_keys(n, keys);
    feed->late_after_s = node_integer(node_required(n, "drop_after_s"), 0, 0, 1LL << 40);
    feed->late_drop = true;
    if (feed->time < 0) node_fail(n, "goes by event time: name its column in \"time\"");
}

static void feed_read(struct node source, const char *const *own_keys, struct node whole, struct feed *feed)
{
    feed->optional = node_bool(node_member(source, "optional"), false);
    columns_read(source, own_keys, whole, feed);
    if (source.doc->failed) return;
    feed_changes_read(source, feed);
    node_part_end(source, "watermark");
    late_read(node_member(source, "late"), feed);
    node_part_end(source, "late");
    rules_read(node_member(whole, "rules"), feed);
    node_part_end(source, "rules");
}

static struct feed *feed_new(struct definition *d, const char *name, struct node n)
{
    struct feed *feed = &d->feeds[d->feed_count];
    *feed = (struct feed){.name = name, .at = n.path, .path = d->path, .index = d->feed_count++};
    return feed;
}

/* `source`, `derive` and `rules` at the root. */
static void plain_read(struct node root, struct definition *d)
{
    static const char *const own_keys[] = {"optional", "late", "key", NULL};
    struct node source = node_required(root, "source");
    if (!root.doc->failed) feed_read(source, own_keys, root, feed_new(d, d->name, source));
}

static void name_check(struct node n, const struct definition *d, const char *name)
{
    for (int i = 0; i < d->feed_count; i++)
        if (strcasecmp(d->feeds[i].name, name) == 0) node_fail(n, "there is a source \"%s\" already", name);
}

static void named_read(struct node n, struct definition *d)
{
    static const char *const own_keys[] = {"name", "derive", "rules", "optional", "late", "key", "topic", NULL};
    if (!json_is_object(n.json)) node_fail(n, "must be an object {...}");
    struct node name = node_required(n, "name");
    const char *text = node_name(name);
    name_check(name, d, text);
    if (n.doc->failed) return;
    struct feed *feed = feed_new(d, text, n);
    feed->topic = topic_name_read(node_member(n, "topic"), NULL);
    feed_read(n, own_keys, n, feed);
}

static void ranks_give(struct definition *d)
{
    for (int i = 0; i < d->feed_count; i++)
        for (int k = 0; k < d->feed_count; k++) d->feeds[i].rank += strcmp(d->feeds[k].name, d->feeds[i].name) < 0;
}

void feeds_read(struct node root, struct definition *d)
{
    static const char *const moved[] = {"source", "derive", "rules"};
    struct node sources = node_member(root, "sources");
    size_t count = node_present(sources) ? node_count(sources) : 1;
    if (node_present(sources) && count == 0) node_fail(sources, "needs at least one source");
    for (size_t i = 0; sources.json && i < sizeof moved / sizeof *moved; i++)
        if (node_present(node_member(root, moved[i])))
            node_fail(node_member(root, moved[i]), "stands beside \"sources\": each of them has its own%s",
                      i == 0 ? "" : arena_printf(root.doc->arena, " \"%s\"", moved[i]));
    d->feeds = arena_alloc(&d->arena, (count + 1) * sizeof *d->feeds);
    if (!sources.json) plain_read(root, d);
    for (size_t i = 0; sources.json && i < count && !root.doc->failed; i++) {
        named_read(node_item(sources, i), d);
        node_part_end(node_item(sources, i), NULL);
    }
    ranks_give(d);
}

/* The tables that rules look at, which are read after the sources. */
void feeds_link(struct node root, struct definition *d)
{
    struct node sources = node_member(root, "sources");
    for (int i = 0; i < d->feed_count; i++) {
        struct feed *feed = &d->feeds[i];
        struct node rules = node_member(sources.json ? node_item(sources, (size_t)i) : root, "rules");
        for (int k = 0; k < feed->rule_count; k++) {
            struct node rule = node_item(rules, (size_t)feed->rules[k].item);
            if (feed->rules[k].reference) rule_link(rule, d, feed, &feed->rules[k]);
            node_part_end(rule, NULL);
        }
    }
}

void feed_release(struct feed *feed)
{
    for (int i = 0; i < feed->column_count; i++) expr_release((struct expr *)feed->columns[i].expr);
    for (int i = 0; i < feed->rule_count; i++) rule_release(&feed->rules[i]);
}

/* --- looking up --- */

int definition_feed(const struct definition *d, struct slice name)
{
    for (int i = 0; i < d->feed_count; i++)
        if (slice_equal(slice_str(d->feeds[i].name), name)) return i;
    return -1;
}

const struct feed *definition_ranked(const struct definition *d, int rank)
{
    for (int i = 0; i < d->feed_count; i++)
        if (d->feeds[i].rank == rank) return &d->feeds[i];
    return NULL;
}

bool definition_drops_late(const struct definition *d)
{
    for (int i = 0; i < d->feed_count; i++)
        if (d->feeds[i].late_drop) return true;
    return false;
}

int feed_column(const struct feed *feed, const char *name)
{
    for (int i = 0; i < feed->column_count; i++)
        if (strcmp(feed->columns[i].name, name) == 0) return i;
    return -1;
}

const char *feed_rule_name(const struct feed *feed, int ordinal)
{
    if (ordinal == 0) return "format";
    return ordinal <= feed->rule_count ? feed->rules[ordinal - 1].name : "type";
}
