/* Stories: broker/group/golden/NAME.txt holds commands above a line of dashes and what was observed below it,
 * paragraph by paragraph. `UPDATE_GOLDEN=1 make unit-broker_group` writes what is observed now.
 *
 *     config KEY=N ...                       before anything else; then every partition is loaded
 *     join WHO [member=m1] [instance=I] [protocols=range:meta,...] [session=MS] [rebalance=MS] [type=T]
 *              [client=C] [required] [skip]
 *     sync WHO member=m1 generation=N [m1=ASSIGNMENT ...] [instance=I] [protocol=P]
 *     heartbeat WHO member=m1 generation=N [instance=I]
 *     leave WHO m1|/INSTANCE ...
 *     commit WHO [member=m1] [generation=N] [retention=MS] TOPIC-P=OFFSET[:META] ...
 *     fetch WHO [TOPIC-P ...]                no partition: all that have an offset
 *     describe WHO GROUP ...      list WHO      delete WHO      delete-offsets WHO TOPIC-P ...
 *     wait MS      stored [ERROR]      restart      delete-topic T      autostore
 *     group NAME                             the group that is meant from here on ("g" at first) */
#include <stdlib.h>
#include <string.h>

#include "broker/group/world_test.h"
#include "lib/base/text.h"
#include "tests/unit.h"

enum { WORDS_MAX = 16 };

struct story {
    struct world w;
    bool loaded;
    char group[64];
    char *words[WORDS_MAX]; /* of the line under way */
    int count;
    struct arena arena; /* of the line under way */
};

static const char *option(const struct story *s, const char *key)
{
    size_t n = strlen(key);
    for (int i = 2; i < s->count; i++)
        if (strncmp(s->words[i], key, n) == 0 && s->words[i][n] == '=') return s->words[i] + n + 1;
    return NULL;
}

static bool flag(const struct story *s, const char *word)
{
    for (int i = 2; i < s->count; i++)
        if (strcmp(s->words[i], word) == 0) return true;
    return false;
}

static int64_t number(const char *text, int64_t otherwise)
{
    int64_t v = otherwise;
    check(!text || text_to_i64(slice_str(text), &v));
    return v;
}

static struct kafka_string member_of(const struct story *s)
{
    const char *name = option(s, "member");
    return name ? world_member_id(&s->w, str(name)) : str("");
}

/* ---- commands ---- */

static int parse_protocols(struct story *s, struct group_protocol *out, int max)
{
    const char *given = option(s, "protocols"); /* "protocols=" is none at all */
    char *text = arena_str(&s->arena, slice_str(given ? given : "range:r"));
    int n = 0;
    for (char *save, *item = strtok_r(text, ",", &save); item && n < max; item = strtok_r(NULL, ",", &save)) {
        char *colon = strchr(item, ':');
        if (colon) *colon = 0;
        out[n++] = (struct group_protocol){str(item), bytes(colon ? colon + 1 : "")};
    }
    return n;
}

static void run_join(struct story *s)
{
    struct group_protocol protocols[8];
    struct group_event e = world_join(s->group, "", "range", "r");
    e.join.member_id = member_of(s);
    e.join.instance_id = str(option(s, "instance"));
    if (option(s, "client")) e.join.client_id = str(option(s, "client"));
    if (option(s, "type")) e.join.protocol_type = str(option(s, "type"));
    e.join.session_timeout_ms = (int32_t)number(option(s, "session"), 10000);
    e.join.rebalance_timeout_ms = (int32_t)number(option(s, "rebalance"), 60000);
    e.join.protocols = protocols;
    e.join.protocol_count = parse_protocols(s, protocols, 8);
    e.join.member_id_required = flag(s, "required");
    e.join.skip_assignment_served = flag(s, "skip");
    world_step(&s->w, s->words[1], &e);
}

static void run_sync(struct story *s)
{
    struct group_assignment list[WORDS_MAX];
    struct group_event e = world_sync(s->group, "", (int32_t)number(option(s, "generation"), 0));
    e.sync.member_id = member_of(s);
    e.sync.instance_id = str(option(s, "instance"));
    e.sync.protocol_name = str(option(s, "protocol"));
    e.sync.assignments = list;
    for (int i = 2; i < s->count; i++) {
        char *equals = strchr(s->words[i], '=');
        if (s->words[i][0] != 'm' || strncmp(s->words[i], "member", 6) == 0 || !equals) continue;
        *equals = 0;
        list[e.sync.assignment_count++] =
            (struct group_assignment){world_member_id(&s->w, str(s->words[i])), bytes(equals + 1)};
    }
    world_step(&s->w, s->words[1], &e);
}

static void run_heartbeat(struct story *s)
{
    struct group_event e = world_heartbeat(s->group, "", (int32_t)number(option(s, "generation"), 0));
    e.heartbeat.member_id = member_of(s);
    e.heartbeat.instance_id = str(option(s, "instance"));
    world_step(&s->w, s->words[1], &e);
}

static void run_leave(struct story *s)
{
    struct group_leaver list[WORDS_MAX];
    struct group_event e = {.kind = GROUP_LEAVE, .group_id = str(s->group), .leave.members = list};
    for (int i = 2; i < s->count; i++) {
        bool by_instance = s->words[i][0] == '/';
        list[e.leave.member_count++] = (struct group_leaver){
            by_instance ? str("") : world_member_id(&s->w, str(s->words[i])),
            by_instance ? str(s->words[i] + 1) : KAFKA_STRING_NULL,
        };
    }
    world_step(&s->w, s->words[1], &e);
}

/* TOPIC-P[=OFFSET[:META]] */
static int parse_offsets(struct story *s, struct group_offset *out)
{
    int n = 0;
    for (int i = 2; i < s->count; i++) {
        char *dash = strchr(s->words[i], '-'), *equals = strchr(s->words[i], '=');
        if (!dash || (equals && equals < dash)) continue;
        char *colon = equals ? strchr(equals, ':') : NULL;
        if (equals) *equals = 0;
        if (colon) *colon = 0;
        *dash = 0;
        out[n++] = (struct group_offset){.topic = str(s->words[i]),
                                         .partition = (int32_t)number(dash + 1, 0),
                                         .offset = number(equals ? equals + 1 : NULL, 0),
                                         .leader_epoch = -1,
                                         .metadata = str(colon ? colon + 1 : "")};
    }
    return n;
}

static void run_commit(struct story *s)
{
    struct group_offset list[WORDS_MAX];
    struct group_event e = {.kind = GROUP_COMMIT, .group_id = str(s->group)};
    e.commit.member_id = member_of(s);
    e.commit.instance_id = str(option(s, "instance"));
    e.commit.generation = (int32_t)number(option(s, "generation"), -1);
    e.commit.retention_ms = number(option(s, "retention"), -1);
    e.commit.offset_count = parse_offsets(s, list);
    e.commit.offsets = list;
    world_step(&s->w, s->words[1], &e);
}

static void run_fetch(struct story *s)
{
    struct group_offset list[WORDS_MAX];
    struct group_event e = {.kind = GROUP_FETCH, .group_id = str(s->group)};
    e.fetch.offset_count = parse_offsets(s, list);
    e.fetch.all = e.fetch.offset_count == 0;
    e.fetch.offsets = list;
    world_step(&s->w, s->words[1], &e);
}

static void run_describe(struct story *s)
{
    struct kafka_string ids[WORDS_MAX];
    struct group_event e = {.kind = GROUP_DESCRIBE, .describe.ids = ids};
    for (int i = 2; i < s->count; i++) ids[e.describe.id_count++] = str(s->words[i]);
    world_step(&s->w, s->words[1], &e);
}

static void run_delete_offsets(struct story *s)
{
    struct group_offset list[WORDS_MAX];
    struct group_event e = {.kind = GROUP_DELETE_OFFSETS, .group_id = str(s->group)};
    e.delete_offsets.offset_count = parse_offsets(s, list);
    e.delete_offsets.offsets = list;
    world_step(&s->w, s->words[1], &e);
}

static void run_simple(struct story *s, enum group_event_kind kind)
{
    struct group_event e = {.kind = kind, .group_id = str(s->group)};
    world_step(&s->w, s->words[1], &e);
}

static void run_config(struct story *s)
{
    struct group_config *c = &s->w.config;
    for (int i = 1; i < s->count; i++) {
        char *equals = strchr(s->words[i], '=');
        check(equals);
        *equals = 0;
        int64_t v = number(equals + 1, 0);
        const char *key = s->words[i];
        if (strcmp(key, "initial_rebalance_delay_ms") == 0)
            c->initial_rebalance_delay_ms = v;
        else if (strcmp(key, "group_size_max") == 0)
            c->group_size_max = (int32_t)v;
        else if (strcmp(key, "offsets_retention_ms") == 0)
            c->offsets_retention_ms = v;
        else if (strcmp(key, "retention_check_ms") == 0)
            c->retention_check_ms = v;
        else if (strcmp(key, "offset_metadata_bytes_max") == 0)
            c->offset_metadata_bytes_max = (int32_t)v;
        else
            unit_fail("config: %s", key);
    }
    group_coordinator_free(s->w.c);
    s->w.c = group_coordinator_new(c, 1);
}

static int16_t error_named(const char *name)
{
    for (int code = -1; code < 140; code++)
        if (strcmp(kafka_error_name(code), name) == 0) return (int16_t)code;
    unit_fail("error %s", name);
    return 0;
}

static void run_words(struct story *s)
{
    const char *verb = s->words[0];
    if (strcmp(verb, "config") == 0) {
        run_config(s);
        return;
    }
    if (!s->loaded) world_load(&s->w);
    s->loaded = true;
    if (strcmp(verb, "join") == 0)
        run_join(s);
    else if (strcmp(verb, "sync") == 0)
        run_sync(s);
    else if (strcmp(verb, "heartbeat") == 0)
        run_heartbeat(s);
    else if (strcmp(verb, "leave") == 0)
        run_leave(s);
    else if (strcmp(verb, "commit") == 0)
        run_commit(s);
    else if (strcmp(verb, "fetch") == 0)
        run_fetch(s);
    else if (strcmp(verb, "describe") == 0)
        run_describe(s);
    else if (strcmp(verb, "list") == 0)
        run_simple(s, GROUP_LIST);
    else if (strcmp(verb, "delete") == 0)
        run_simple(s, GROUP_DELETE);
    else if (strcmp(verb, "delete-offsets") == 0)
        run_delete_offsets(s);
    else if (strcmp(verb, "wait") == 0)
        world_wait(&s->w, number(s->words[1], 0));
    else if (strcmp(verb, "stored") == 0)
        check(world_stored(&s->w, s->count > 1 ? error_named(s->words[1]) : KAFKA_NONE));
    else if (strcmp(verb, "restart") == 0)
        world_restart(&s->w);
    else if (strcmp(verb, "autostore") == 0)
        s->w.autostore = true;
    else if (strcmp(verb, "group") == 0)
        snprintf(s->group, sizeof s->group, "%s", s->words[1]);
    else if (strcmp(verb, "delete-topic") == 0) {
        struct group_event e = {.kind = GROUP_TOPIC_DELETED, .topic = str(s->words[1])};
        world_step(&s->w, NULL, &e);
    } else
        unit_fail("command: %s", verb);
}

static void run_line(struct story *s, struct slice line)
{
    char *text = arena_str(&s->arena, line);
    s->count = 0;
    for (char *save, *word = strtok_r(text, " ", &save); word && s->count < WORDS_MAX;
         word = strtok_r(NULL, " ", &save))
        s->words[s->count++] = word;
    if (s->count > 0 && s->words[0][0] != '#') run_words(s);
    arena_reset(&s->arena);
}

/* ---- the file ---- */

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    if (!f) unit_fail("%s cannot be read (tests run in the root of the repository)", path);
    for (int ch; (ch = fgetc(f)) != EOF;) buf_append_byte(out, (uint8_t)ch);
    fclose(f);
}

static struct slice line_next(struct slice *rest)
{
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n, used = end ? n + 1 : n;
    struct slice line = slice_of(rest->p, n);
    *rest = slice_of(rest->p + used, rest->n - used);
    return line;
}

/* The story as it should read: commands as they are, and below each line of dashes what was observed. */
static void tell(struct story *s, struct slice text, struct buf *out)
{
    bool below = false;
    while (text.n > 0) {
        struct slice line = line_next(&text);
        bool dashes = slice_equal(line, slice_str("----")), blank = line.n == 0;
        if (!below || blank) {
            buf_append_slice(out, line);
            buf_append_byte(out, '\n');
        }
        if (!below && !dashes) run_line(s, line);
        if (dashes) {
            below = true;
            buf_append_slice(out, buf_slice(&s->w.text));
            buf_reset(&s->w.text);
        }
        if (blank) below = false;
    }
}

static void story(const char *name)
{
    char path[200];
    struct story s = {0};
    struct buf text = {0}, told = {0};
    snprintf(path, sizeof path, "broker/group/golden/%s.txt", name);
    read_file(path, &text);
    world_init(&s.w, 1);
    snprintf(s.group, sizeof s.group, "g");
    tell(&s, buf_slice(&text), &told);
    if (getenv("UPDATE_GOLDEN")) {
        FILE *f = fopen(path, "wb");
        check(f && fwrite(told.p, 1, told.n, f) == told.n);
        fclose(f);
    } else if (!slice_equal(buf_slice(&text), buf_slice(&told))) {
        unit_fail("%s was observed as:\n%s", path, buf_cstr(&told));
    }
    check(told.n > 0);
    world_release(&s.w);
    arena_release(&s.arena);
    buf_release(&text);
    buf_release(&told);
}

#define STORY(name)                                                                                                    \
    TEST(group_golden, name)                                                                                           \
    {                                                                                                                  \
        story(#name);                                                                                                  \
    }

STORY(two_members)
STORY(member_id_required)
STORY(initial_delay)
STORY(rebalance_timeout)
STORY(static_members)
STORY(sync_failures)
STORY(leaving)
STORY(offsets)
STORY(retention)
STORY(restart)
STORY(refusals)
STORY(administration)
