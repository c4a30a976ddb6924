/* What the documentation shows must be accepted, and so must the definitions that come with the program.
 * Run from the repository's root, as `make unit` does. */
#include <stdio.h>

#include "etl/definition.h"
#include "tests/unit.h"

static void definition_accept(const char *json, const char *what)
{
    struct definition *d;
    struct err_text error = {{0}};
    if (definition_parse(slice_str(json), what, &d, &error) != 0) unit_fail("%s", error.text);
    definition_free(d);
}

/* A whole definition, or a source by itself. Other blocks are parts of tables and columns. */
static int block_check(const char *json, int number)
{
    struct buf whole = {0};
    char what[32];
    snprintf(what, sizeof what, "block %d", number);
    bool source = strncmp(json, "{\"format\"", 9) == 0;
    if (!source && !strstr(json, "\"pipeline\"")) return 0;
    if (source)
        buf_printf(&whole, "{\"pipeline\": \"p\", \"version\": 1, \"source\": %s, \"tables\": [{\"name\": \"t\"}]}",
                   json);
    else
        buf_append_str(&whole, json);
    definition_accept(buf_cstr(&whole), what);
    buf_release(&whole);
    return 1;
}

/* The examples of a page that are definitions. */
static int page_check(const char *path)
{
    static char text[200000];
    FILE *file = fopen(path, "rb");
    check(file != NULL);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    check(n < sizeof text); /* else its end would go unchecked */
    text[n] = '\0';
    int checked = 0, number = 0;
    for (char *at = text; (at = strstr(at, "```json\n")); number++) {
        char *end = strstr(at += 8, "```");
        check(end != NULL);
        *end = '\0';
        checked += block_check(at, number);
        at = end + 1;
    }
    return checked;
}

/* None is overlooked because its first line looks different. */
TEST(definition_docs, every_example_is_accepted)
{
    check(page_check("docs/formats/sources.md") >= 9);
    check(page_check("docs/formats/pipeline.md") >= 13);
}

TEST(definition_docs, the_committed_definitions_are_accepted)
{
    static const char *const paths[] = {
        "workloads/ecommerce/online_retail.json",  "workloads/ecommerce/shop.json",
        "workloads/clickstream/web_logs.json",     "workloads/clickstream/web_logs_vhost.json",
        "workloads/clickstream/web_logs_csv.json", "workloads/clickstream/clickstream.json",
        "workloads/sensors/sensors.json",          "workloads/applogs/applogs.json"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct definition *d;
        struct err_text error = {{0}};
        if (definition_load(paths[i], &d, &error) != 0) unit_fail("%s", error.text);
        check(d->view_count > 3);
        definition_free(d);
    }
}
