/* Stories: broker/metadata/golden/NAME.txt holds commands above a line of dashes; below it stand the records that
 * were decided, or the refusal. `UPDATE_GOLDEN=1 make unit-broker_metadata` writes what is observed now.
 *
 *     create NAME [partitions=N] [replication=N] [CONFIG=VALUE ...]
 *     alter|replace topic:NAME|broker:ID [KEY=VALUE|KEY-|KEY+=ITEM|KEY-=ITEM ...]      grow NAME COUNT [BROKER ...]
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

/* "key=v" SET, "key-" DELETE, "key+=v" APPEND, "key-=v" SUBTRACT */
static void op_read(char *word, bool topic, struct metadata_config_op *op)
{
    char *equals = strchr(word, '='), *end = equals ? equals : word + strlen(word);
    char sign = end > word && (end[-1] == '+' || end[-1] == '-') ? end[-1] : ' ';
    op->value = kafka_string_of(equals ? equals + 1 : NULL);
    op->operation = sign == '+'   ? KAFKA_OP_APPEND
                    : sign == ' ' ? KAFKA_OP_SET
                    : equals      ? KAFKA_OP_SUBTRACT
                                  : KAFKA_OP_DELETE;
    end[sign == ' ' ? 0 : -1] = 0;
    op->name = kafka_string_of(word);
    const struct topic_config *c =
        topic ? topic_config_find(slice_str(word)) : topic_config_of_broker_key(slice_str(word), NULL);
    op->def = c ? &c->def : NULL;
}

static void run_alter(struct story *s, bool replace)
{
    struct metadata_config_op ops[WORDS_MAX];
    bool topic = strncmp(s->words[1], "topic:", 6) == 0;
    struct metadata_alter r = {.resource_type = topic ? KAFKA_RESOURCE_TOPIC : KAFKA_RESOURCE_BROKER,
                               .resource_name = kafka_string_of(strchr(s->words[1], ':') + 1),
                               .ops = ops,
                               .replace = replace};
    for (int i = 2; i < s->count; i++) op_read(s->words[i], topic, &ops[r.op_count++]);
    settle(s, metadata_alter_configs(&s->c.image, &r, &s->c.changes));
}

static void run_grow(struct story *s)
{
    struct metadata_assignment assignments[WORDS_MAX];
    int32_t brokers[WORDS_MAX];
    struct metadata_create r = {.name = kafka_string_of(s->words[1]),
                                .num_partitions = atoi(s->words[2]),
                                .assignments = assignments,
                                .assignment_count = s->count > 3 ? s->count - 3 : -1};
    for (int i = 0; i < r.assignment_count; i++) {
        brokers[i] = atoi(s->words[3 + i]);
        assignments[i] = (struct metadata_assignment){i, &brokers[i], 1};
    }
    settle(s, metadata_grow_topic(&s->c.image, &s->c.limits, &r, &s->c.random, &s->c.changes));
}

static void run_words(struct story *s)
{
    const char *verb = s->words[0];
    struct controller *c = &s->c;
    const struct kafka_uuid none = {{0}};
    const struct metadata_outcome fine = {0};
    if (strcmp(verb, "create") == 0) {
        run_create(s);
    } else if (strcmp(verb, "alter") == 0 || strcmp(verb, "replace") == 0) {
        run_alter(s, verb[0] == 'r');
    } else if (strcmp(verb, "grow") == 0) {
        run_grow(s);
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
TEST(metadata_golden, configs)
{
    story("configs");
}
TEST(metadata_golden, more_partitions)
{
    story("more_partitions");
}
