/* {"rule": "regex", "column": C, "pattern": P, "negate": false, "ignore_case": false}: the text matches
 * somewhere (^ and $ tie it down); with "negate" it must not. A pattern that PCRE2 gives up on breaks it. */
#include "etl/regex.h"
#include "etl/rule/rule.h"

struct regex_spec {
    struct regex *regex;
    enum regex_outcome wanted;
};

static const char *const KEYS[] = {"column", "pattern", "negate", "ignore_case", NULL};

static void regex_open(struct node n, const struct feed *feed, struct rule *rule)
{
    char message[200];
    int column = rule_column_read(n, feed, rule);
    struct node pattern = node_required(n, "pattern");
    const char *text = node_text(pattern, NULL);
    bool ignore_case = node_bool(node_member(n, "ignore_case"), false);
    bool negate = node_bool(node_member(n, "negate"), false);
    if (n.doc->failed) return;
    if (feed->columns[column].type != VALUE_TEXT)
        node_fail(n, "column %s is %s; a pattern needs a text", feed->columns[column].name,
                  value_type_name(feed->columns[column].type));
    struct regex_spec *s = arena_alloc(n.doc->arena, sizeof *s);
    s->wanted = negate ? REGEX_NO : REGEX_YES;
    s->regex = regex_new(text, ignore_case, message);
    if (!s->regex) node_fail(pattern, "%s", message);
    rule->spec = s;
}

static bool regex_broken(const struct rule *rule, const struct value *values, struct arena *arena)
{
    (void)arena;
    const struct regex_spec *s = rule->spec;
    const struct value *v = &values[rule->column];
    return v->type != VALUE_NULL && regex_search(s->regex, v->text, 0, NULL) != s->wanted;
}

static void regex_close(struct rule *rule)
{
    struct regex_spec *s = rule->spec;
    if (s) regex_free(s->regex);
}

const struct rule_class RULE_REGEX = {
    "regex", "{\"rule\": \"regex\", \"column\": C, \"pattern\": P}", KEYS, regex_open, regex_broken, regex_close};
