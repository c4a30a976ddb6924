/* Stories: broker/metadata/golden/NAME.txt holds commands above a line of dashes; below it stand the records that
 * were decided, or the refusal. `UPDATE_GOLDEN=1 make unit-broker_metadata` writes what is observed now.
 *
 *     create NAME [partitions=N] [replication=N] [CONFIG=VALUE ...]
 *     delete NAME      create-offsets PARTITIONS      producer-ids      restart      show */
#include <stdlib.h>
#include <string.h>

#include "broker/metadata/controller_test.h"
#include "tests/unit.h"

enum { WORDS_MAX = 16 };

struct story {
    struct controller c;
    char *words[WORDS_MAX];
    int count;
    struct buf text;
};

static void settle(struct story *s, struct metadata_outcome o)
{
    if (o.error != KAFKA_NONE) {
        buf_printf(&s->text, "refused %s: %s\n", kafka_error_name(o.error), o.message);
        return;
    }
    for (int32_t i = 0; i < s->c.changes.count; i++) record_show(s->c.changes.values[i], &s->text);
    controller_commit(&s->c);
}

static void run_create(struct story *s)
{
    struct metadata_setting settings[WORDS_MAX];
    struct metadata_create r = {
        .name = kafka_string_of(s->words[1]), .num_partitions = -1, .replication_factor = -1, .configs = settings};
    for (int i = 2; i < s->count; i++) {
        char *equals = strchr(s->words[i], '=');
        check(equals);
        *equals = 0;
        if (strcmp(s->words[i], "partitions") == 0)
            r.num_partitions = atoi(equals + 1);
        else if (strcmp(s->words[i], "replication") == 0)
            r.replication_factor = (int16_t)atoi(equals + 1);
        else
            settings[r.config_count++] =
                (struct metadata_setting){kafka_string_of(s->words[i]), kafka_string_of(equals + 1)};
    }
    settle(s, metadata_create_topic(&s->c.image, &s->c.limits, &r, &s->c.random, &s->c.changes));
}

static void run_words(struct story *s)
{
    const char *verb = s->words[0];
    struct controller *c = &s->c;
    const struct kafka_uuid none = {{0}};
    const struct metadata_outcome fine = {0};
    if (strcmp(verb, "create") == 0) {
        run_create(s);
    } else if (strcmp(verb, "delete") == 0) {
        settle(s, metadata_delete_topic(&c->image, kafka_string_of(s->words[1]), none, &c->changes));
    } else if (strcmp(verb, "create-offsets") == 0) {
        settle(s, metadata_create_offsets_topic(&c->image, &c->limits, atoi(s->words[1]), 104857600, &c->random,
                                                &c->changes));
    } else if (strcmp(verb, "producer-ids") == 0) {
        buf_printf(&s->text, "from %lld\n", (long long)metadata_allocate_producer_ids(&c->image, 1, &c->changes));
        settle(s, fine);
    } else if (strcmp(verb, "restart") == 0) {
        metadata_image_release(&c->image);
        controller_replay(c, c->log_count, &c->image);
    } else if (strcmp(verb, "show") == 0) {
        image_show(&c->image, &s->text);
    } else {
        unit_fail("command: %s", verb);
    }
}

static void run_line(struct story *s, const char *line)
{
    char *text = strdup(line);
    s->count = 0;
    for (char *save, *word = strtok_r(text, " ", &save); word && s->count < WORDS_MAX;
         word = strtok_r(NULL, " ", &save))
        s->words[s->count++] = word;
    if (s->count > 0 && s->words[0][0] != '#') run_words(s);
    free(text);
}

static void tell(struct story *s, char *text, struct buf *out)
{
    bool below = false;
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        check(end != NULL); /* the last line ends too */
        *end = 0;
        bool dashes = strcmp(line, "----") == 0, blank = *line == 0;
        if (!below || blank) buf_printf(out, "%s\n", line);
        if (!below && !dashes) run_line(s, line);
        if (dashes) {
            buf_append_slice(out, buf_slice(&s->text));
            buf_reset(&s->text);
        }
        below = (below || dashes) && !blank;
    }
}

static void story(const char *name)
{
    char path[200];
    struct story s = {0};
    struct buf text = {0}, told = {0};
    snprintf(path, sizeof path, "broker/metadata/golden/%s.txt", name);
    FILE *f = fopen(path, "rb");
    if (!f) unit_fail("%s cannot be read (tests run in the root of the repository)", path);
    for (int ch; (ch = fgetc(f)) != EOF;) buf_append_byte(&text, (uint8_t)ch);
    fclose(f);
    controller_init(&s.c, 1);
    char *copy = strdup(buf_cstr(&text));
    tell(&s, copy, &told);
    if (getenv("UPDATE_GOLDEN")) {
        f = fopen(path, "wb");
        check(f && fwrite(told.p, 1, told.n, f) == told.n);
        fclose(f);
    } else if (!slice_equal(buf_slice(&text), buf_slice(&told))) {
        unit_fail("%s was observed as:\n%s", path, buf_cstr(&told));
    }
    check(told.n > 0);
    controller_release(&s.c);
    buf_release(&s.text);
    buf_release(&text);
    buf_release(&told);
    free(copy);
}

TEST(metadata_golden, topics)
{
    story("topics");
}
TEST(metadata_golden, refusals)
{
    story("refusals");
}
