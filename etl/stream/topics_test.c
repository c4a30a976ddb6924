#include "etl/stream/topics.h"

#include "tests/unit.h"

#define SOURCE(name, more)                                                                                             \
    "{\"name\": \"" name "\", \"format\": \"access_log\", \"glob\": \"*\", \"layout\": \"common\"" more "}"

static struct definition *load(void)
{
    struct definition *d;
    struct err_text error = {{0}};
    static const char text[] =
        "{\"pipeline\": \"p\", \"version\": 1, \"topic\": \"shop\", \"sources\": [" SOURCE("a", "") ", " SOURCE(
            "b",
            ", \"topic\": \"clicks\"") ", " SOURCE("c",
                                                   "") ", " SOURCE("d",
                                                                   ", \"topic\": \"shop\"") "],"
                                                                                            " \"tables\": [{\"name\": "
                                                                                            "\"t\", \"from\": [\"a\", "
                                                                                            "\"b\", \"c\", \"d\"]}]}";
    if (definition_parse(slice_str(text), "p.json", &d, &error) != 0) unit_fail("%s", error.text);
    return d;
}

static const char *printed(const struct topics *t)
{
    static char text[100];
    struct buf names = {0};
    topics_print(t, &names);
    snprintf(text, sizeof text, "%s", buf_cstr(&names));
    buf_release(&names);
    return text;
}

TEST(topics, each_stands_once_and_knows_its_sources)
{
    struct definition *d = load();
    struct topics t;
    topics_find(&t, d, NULL);
    check_str(printed(&t), "shop,clicks");
    check_int(t.of_feed[0], 0);
    check_int(t.of_feed[1], 1);
    check_int(t.of_feed[2], 0);
    check_int(t.of_feed[3], 0);
    check_int(topics_index(&t, "clicks"), 1);
    check_int(topics_index(&t, "click"), -1);
    check_int(topics_only_feed(&t, d->feed_count, 0), -1);
    check_int(topics_only_feed(&t, d->feed_count, 1), 1);
    topics_release(&t);
    definition_free(d);
}

TEST(topics, another_one_takes_the_place_of_the_pipelines)
{
    struct definition *d = load();
    struct topics t;
    topics_find(&t, d, "test");
    check_str(printed(&t), "test,clicks,shop"); /* d named "shop" itself */
    topics_release(&t);
    topics_find(&t, d, "clicks");
    check_str(printed(&t), "clicks,shop");
    check_int(topics_only_feed(&t, d->feed_count, 0), -1);
    check_int(topics_only_feed(&t, d->feed_count, 1), 3);
    topics_release(&t);
    definition_free(d);
}
