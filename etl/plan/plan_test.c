#include "etl/plan/plan.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit.h"

static const char shop[] =
    "{\"pipeline\": \"shop\", \"version\": 1, \"sources\": [\n"
    " {\"name\": \"eu\", \"format\": \"csv\", \"glob\": \"eu*\", \"columns\": [{\"name\": \"id\", \"type\": "
    "\"integer\"},\n"
    "   {\"name\": \"price\", \"type\": \"decimal\", \"scale\": 2}],\n"
    "  \"derive\": [{\"name\": \"twice\", \"expr\": \"price * 2\"}],\n"
    "  \"rules\": [{\"rule\": \"range\", \"name\": \"free\", \"column\": \"price\", \"above\": 0, \"severity\": "
    "\"warn\"}]},\n"
    " {\"name\": \"people\", \"format\": \"csv\", \"glob\": \"p*\", \"columns\": [{\"name\": \"id\", \"type\": "
    "\"integer\"}]}],\n"
    "\"tables\": [{\"name\": \"sales\", \"from\": \"eu\", \"where\": \"price < 1000\"}, {\"name\": \"people\", "
    "\"from\": \"people\"},\n"
    " {\"name\": \"total\", \"aggregate\": \"sales\", \"by\": [], \"columns\": {\"revenue\": \"sum(price)\"}}],\n"
    "\"views\": [{\"name\": \"both\", \"sql\": \"SELECT revenue, (SELECT count(*) FROM people) AS n FROM total\"},\n"
    " {\"name\": \"bad\", \"sql\": \"SELECT count(*) AS n FROM quarantine\"}],\n"
    "\"outputs\": [{\"table\": \"both\", \"format\": \"csv\", \"file\": \"both.csv\", \"order\": [\"n desc\"]}]}";

static struct plan *plan_of(const char *json, struct err_text *error)
{
    char path[] = "/tmp/millrace-plan-XXXXXX";
    int fd = mkstemp(path);
    check(fd >= 0 && write(fd, json, strlen(json)) == (ssize_t)strlen(json));
    close(fd);
    struct plan *p;
    plan_load(path, &p, error);
    unlink(path);
    return p;
}

static const struct plan_node *node(const struct plan *p, const char *name, const char *kind)
{
    for (int i = 0; i < p->node_count; i++)
        if (strcmp(p->nodes[i].name, name) == 0 && strcmp(p->nodes[i].kind, kind) == 0) return &p->nodes[i];
    unit_fail("there is no %s %s", kind, name);
    return NULL;
}

static const char *fact(const struct plan_node *n, const char *key)
{
    for (int i = 0; i < n->fact_count; i++)
        if (strcmp(n->facts[i].key, key) == 0) return n->facts[i].text;
    return "";
}

TEST(plan, nodes_say_what_they_read_and_what_they_are)
{
    struct err_text error = {{0}};
    struct plan *p = plan_of(shop, &error);
    check(p != NULL);
    check_int(p->node_count, 8);
    const struct plan_node *eu = node(p, "eu", "csv"), *total = node(p, "total", "aggregate"),
                           *both = node(p, "both", "view");
    check_str(fact(eu, "glob"), "eu*");
    check_str(fact(eu, "columns"), "id integer, price decimal(2)");
    check_str(fact(eu, "derive"), "twice decimal(2) = price * 2");
    check_str(fact(eu, "rule"), "1 free: range column price above 0 (warn)");
    check_str(fact(node(p, "sales", "store"), "where"), "price < 1000");
    check_str(fact(total, "columns"), "revenue decimal(2) = sum(price)");
    check_int(total->depth, 2);
    check_int(both->input_count, 2);
    check_str(p->nodes[both->inputs[0]].name, "total");
    check_str(p->nodes[both->inputs[1]].name, "people");
    check_int(both->depth, 3);
    check_int(node(p, "bad", "view")->input_count, 0); /* reads what every warehouse has */
    const struct plan_node *file = node(p, "both.csv", "output");
    check_str(p->nodes[file->inputs[0]].name, "both");
    check_str(fact(file, "order"), "n desc");
    plan_free(p);
}

TEST(plan, a_table_reads_what_its_rules_look_at)
{
    struct err_text error = {{0}};
    struct plan *p =
        plan_of("{\"pipeline\": \"p\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"*\", "
                "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}]}, \"tables\": [{\"name\": \"a\"}, "
                "{\"name\": \"b\", \"rules\": [{\"rule\": \"fk\", \"columns\": \"id\", \"table\": \"a\", "
                "\"to\": \"id\"}]}]}",
                &error);
    check_str(error.text, "");
    const struct plan_node *b = node(p, "b", "rules");
    check_int(b->input_count, 2);
    check_str(p->nodes[b->inputs[0]].name, "b_all");
    check_str(p->nodes[b->inputs[1]].name, "a");
    plan_free(p);
}

TEST(plan, a_table_hangs_on_what_the_rules_of_its_source_look_at)
{
    struct err_text error = {{0}};
    struct plan *p = plan_of(
        "{\"pipeline\": \"p\", \"version\": 1, \"sources\": [{\"name\": \"orders\", \"format\": \"csv\", \"glob\": "
        "\"o\", "
        "\"columns\": [{\"name\": \"id\", \"type\": \"integer\"}]}, {\"name\": \"lines\", \"format\": \"csv\", "
        "\"glob\": \"l\", \"columns\": [{\"name\": \"id\", \"type\": \"integer\"}], \"rules\": [{\"rule\": \"fk\", "
        "\"columns\": \"id\", \"table\": \"good\", \"to\": \"id\"}]}], \"tables\": [{\"name\": \"sold\", \"from\": "
        "\"lines\"}, {\"name\": \"many\", \"select\": \"sold\"}, {\"name\": \"good\", \"from\": \"orders\"}]}",
        &error);
    struct buf text = {0};
    check_str(error.text, "");
    const struct plan_node *sold = node(p, "sold", "store");
    check_int(sold->input_count, 2);
    check_str(p->nodes[sold->inputs[0]].name, "lines");
    check_str(p->nodes[sold->inputs[1]].name, "good");
    check_int(sold->depth, 2);
    check_int(node(p, "many", "select")->depth, 3);
    plan_text(p, 80, &text);
    check(strstr(buf_cstr(&text), "sold  store  + good\n"));
    check(strstr(buf_cstr(&text), "└─ sold  (see lines)\n"));
    buf_release(&text);
    plan_free(p);
}

TEST(plan, a_byte_order_mark_is_no_part_of_the_definition)
{
    struct err_text error = {{0}};
    struct buf text = {0};
    buf_printf(&text, "\xef\xbb\xbf%s", shop);
    struct plan *p = plan_of(buf_cstr(&text), &error);
    check_str(error.text, "");
    check_int(p->node_count, 8);
    plan_free(p);
    buf_release(&text);
}

TEST(plan, the_tree_has_every_node_once_in_full)
{
    struct err_text error = {{0}};
    struct plan *p = plan_of(shop, &error);
    struct buf out = {0};
    plan_text(p, 60, &out);
    const char *text = buf_cstr(&out);
    check(strstr(text, "eu  csv\n│   glob      eu*\n"));
    check(strstr(text, "└─ sales  store\n   │   from      eu\n   │   where     price < 1000\n"));
    check(strstr(text, "   └─ total  aggregate\n"));
    check(strstr(text, "      └─ both  view  + people\n"));
    check(strstr(text, "   └─ both  (see total)\n"));
    buf_release(&out);
    plan_free(p);
}

TEST(plan, a_long_fact_goes_on_below_and_loses_nothing)
{
    struct err_text error = {{0}};
    struct plan_fact long_fact = {"columns", "alpha integer, beta integer, gamma integer, Δέλτα integer"};
    struct plan_node only = {.name = "t", .kind = "csv", .facts = &long_fact, .fact_count = 1};
    struct plan p = {.title = "p", .nodes = &only, .node_count = 1};
    struct buf out = {0};
    (void)error;
    plan_text(&p, 46, &out);
    check_str(buf_cstr(&out), "p\n\nt  csv\n    columns   alpha integer, beta integer,\n"
                              "              gamma integer, Δέλτα integer\n");
    buf_release(&out);
}

TEST(plan, the_drawing_escapes_what_xml_would_read)
{
    struct err_text error = {{0}};
    struct plan *p = plan_of(shop, &error);
    struct buf out = {0};
    plan_svg(p, &out);
    const char *svg = buf_cstr(&out);
    check(strstr(svg, "where: price &lt; 1000"));
    check(!strstr(svg, "price < 1000"));
    int boxes = 0, edges = 0;
    for (const char *at = svg; (at = strstr(at, "<g><title>")); at++) boxes++;
    for (const char *at = svg; (at = strstr(at, "class=\"edge\"")); at++) edges++;
    check_int(boxes, 8);
    check_int(edges, 6);
    buf_release(&out);
    plan_free(p);
}

TEST(plan, a_wrong_definition_says_what_the_loader_says)
{
    struct err_text error = {{0}};
    struct plan *p = plan_of("{\"pipeline\": \"x\", \"version\": 1, \"tabels\": []}", &error);
    check(p == NULL);
    check(strstr(error.text, "did you mean \"tables\""));
}
