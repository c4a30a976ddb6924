/* {"rule": "unique", "columns": "all" or [C, ...]}: the record with the smallest position (file name, byte
 * offset) keeps the key, the others break the rule. Only records without a violation of a lower ordinal
 * take part, and none with NULL in a key column. "all" is every field of the record as read.
 *
 * Which record came first is known to the engine only; the row parser gives it the key. */
#include <string.h>

#include "etl/rule/rule.h"

static const char *const KEYS[] = {"columns", NULL};

static void unique_open(struct node n, const struct feed *feed, struct rule *rule)
{
    int count;
    struct node columns = node_required(n, "columns");
    const char *const *names = node_text_list(columns, &count);
    if (n.doc->failed || (json_is_string(columns.json) && strcmp(names[0], "all") == 0)) return;
    if (count == 0) node_fail(columns, "needs at least one column, or \"all\"");
    rule->columns = arena_alloc(n.doc->arena, (size_t)count * sizeof *rule->columns);
    for (int i = 0; i < count && !n.doc->failed; i++) {
        bool one = json_is_string(columns.json);
        rule->columns[i] = column_name_read(one ? columns : node_item(columns, (size_t)i), feed);
    }
    rule->column_count = count;
    if (count == 1) rule->column = rule->columns[0];
}

const struct rule_class RULE_UNIQUE = {
    "unique", "{\"rule\": \"unique\", \"columns\": \"all\" or [C, ...]}", KEYS, unique_open, NULL, NULL};
