/* What a source says about rows that change: `watermark`, `deletes`, `key`. */
#include <string.h>

#include "etl/definition_read.h"
#include "etl/document.h"
#include "etl/source/spec.h"

enum { LOOK_BACK_S_MAX = 1 << 30 };

/* A column that is read from the source, not computed; -1 after a failure. */
static int field_read(struct node n, const struct feed *feed)
{
    const char **names = arena_alloc(n.doc->arena, ((size_t)feed->field_count + 1) * sizeof *names);
    const char *name = node_text(n, NULL);
    for (int i = 0; i < feed->field_count; i++) {
        names[i] = feed->columns[i].name;
        if (strcmp(names[i], name) == 0) return i;
    }
    names[feed->field_count] = NULL;
    if (!node_broken(n, name))
        node_fail(n, "there is no declared column \"%s\" here%s", name, node_hint(n, name, names));
    return -1;
}

static void watermark_read(struct node n, struct feed *feed)
{
    static const char *const keys[] = {"column", "look_back_s", NULL};
    if (!node_present(n)) return;
    node_keys(n, keys);
    struct node column = node_required(n, "column");
    int index = n.doc->failed ? -1 : field_read(column, feed);
    feed->look_back_s = node_integer(node_member(n, "look_back_s"), 0, 0, LOOK_BACK_S_MAX);
    if (index < 0) return;
    enum value_type type = feed->columns[index].type;
    if (type != VALUE_INTEGER && type != VALUE_TIMESTAMP)
        node_fail(column, "column %s is %s; a watermark is an integer or a timestamp", feed->columns[index].name,
                  value_type_name(type));
    feed->watermark = index;
}

static void deletes_read(struct node n, struct feed *feed)
{
    static const char *const choices[] = {"compare", NULL};
    if (!node_present(n)) return;
    node_choice(n, choices, 0);
    feed->deletes = true;
}

static void key_read(struct node n, struct feed *feed)
{
    if (!node_present(n)) return;
    size_t count = node_count(n);
    if (count == 0) node_fail(n, "needs at least one column");
    feed->key = arena_alloc(n.doc->arena, (count + 1) * sizeof *feed->key);
    for (size_t i = 0; i < count && !n.doc->failed; i++)
        feed->key[feed->key_count++] = field_read(node_item(n, i), feed);
    if (feed->watermark >= 0 || feed->deletes)
        node_fail(n, "stands beside \"%s\": there a row is known by its rowid",
                  feed->deletes ? "deletes" : "watermark");
}

/* What stands before a record in its file would change with the records that go. */
static void in_file_check(struct node n, const struct feed *feed)
{
    if (feed_changes(feed) && (feed->spec->repeats || feed->spec->lateness))
        node_fail(n, "says of records what stands before them; with \"watermark\", \"deletes\" or \"key\" they may be "
                     "replaced or go");
}

void feed_changes_read(struct node source, struct feed *feed)
{
    feed->watermark = -1;
    if (source.doc->failed) return;
    watermark_read(node_member(source, "watermark"), feed);
    deletes_read(node_member(source, "deletes"), feed);
    key_read(node_member(source, "key"), feed);
    in_file_check(node_member(source, "in_file"), feed);
}
