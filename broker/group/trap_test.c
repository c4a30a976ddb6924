/* Traps that broke other brokers, by their number in docs/traps.md, and the bounds of this coordinator. */
#include <stdlib.h>

#include "broker/group/record.h"
#include "broker/group/store.h"
#include "broker/group/world_test.h"
#include "tests/unit.h"

static void open_world(struct world *w)
{
    world_init(w, 1);
    w->config.initial_rebalance_delay_ms = 0;
    w->autostore = true;
    group_coordinator_free(w->c);
    w->c = group_coordinator_new(&w->config, 1);
    world_load(w);
}

static void config_again(struct world *w)
{
    group_coordinator_free(w->c);
    w->c = group_coordinator_new(&w->config, 1);
    world_load(w);
}

static int16_t ask(struct world *w, struct group_event e)
{
    uint64_t token = world_step(w, "x", &e);
    const struct group_action *a = world_answer(w, token);
    check(a != NULL);
    return a->error;
}

/* Joins as a newcomer and syncs alone; the id is the world's to remember. */
static struct kafka_string settle(struct world *w, const char *group)
{
    struct group_event e = world_join(group, "", "range", "r");
    const struct group_action *a = NULL;
    uint64_t token = world_step(w, "x", &e);
    a = world_answer(w, token);
    check(a && a->error == KAFKA_NONE);
    struct kafka_string id = group_string_copy(a->joined.member_id);
    struct group_event s = world_sync(group, "", a->joined.generation);
    s.sync.member_id = id;
    world_step(w, "x", &s);
    return id;
}

TEST(group_traps, t04_unknown_group_has_no_offsets_and_no_error)
{
    struct world w;
    open_world(&w);
    struct group_offset asked[] = {{.topic = str("t"), .partition = 0}, {.topic = str("t"), .partition = 9}};
    struct group_event e = {.kind = GROUP_FETCH, .group_id = str("nobody"), .fetch = {false, asked, 2}};
    check_int(ask(&w, e), KAFKA_NONE);
    const struct group_offsets *o = &w.actions.items[0].offsets;
    check_int(o->offset_count, 2);
    for (int i = 0; i < 2; i++) {
        check_int(o->offsets[i].offset, -1);
        check_int(o->offsets[i].leader_epoch, -1);
        check_int(o->offsets[i].error, KAFKA_NONE);
        check_int(o->offsets[i].metadata.n, 0);
    }
    world_release(&w);
}

TEST(group_traps, t09_session_timeout_bounds_are_configured)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    e.join.session_timeout_ms = 5999;
    check_int(ask(&w, e), KAFKA_INVALID_SESSION_TIMEOUT);
    e.join.session_timeout_ms = 1800001;
    check_int(ask(&w, e), KAFKA_INVALID_SESSION_TIMEOUT);
    e.join.session_timeout_ms = 6000;
    check_int(ask(&w, e), KAFKA_NONE);
    w.config.session_timeout_min_ms = 10;
    config_again(&w);
    e.join.session_timeout_ms = 10;
    check_int(ask(&w, e), KAFKA_NONE);
    world_release(&w);
}

TEST(group_traps, t39_member_id_required_registers_a_pending_member)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    e.join.member_id_required = true;
    check_int(ask(&w, e), KAFKA_MEMBER_ID_REQUIRED);
    struct kafka_string id = group_string_copy(w.actions.items[0].joined.member_id);
    check(id.n == 2 + 36 && memcmp(id.p, "c-", 2) == 0);
    check_int(w.c->member_count, 1);
    e.join.member_id_required = true;
    e.join.member_id = id;
    check_int(ask(&w, e), KAFKA_NONE);
    check(kafka_string_equal(w.actions.items[0].joined.member_id, id));
    check_int(w.c->member_count, 1);
    /* A static member needs no such round, an old client cannot do it. */
    struct group_event other = world_join("h", "", "range", "r");
    other.join.member_id_required = true;
    other.join.instance_id = str("i");
    check_int(ask(&w, other), KAFKA_NONE);
    struct group_event old = world_join("k", "", "range", "r");
    check_int(ask(&w, old), KAFKA_NONE);
    free((void *)id.p);
    world_release(&w);
}

/* An id that nobody comes back for is forgotten with its session, and the group with it. */
TEST(group_traps, t39_pending_members_expire)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    e.join.member_id_required = true;
    ask(&w, e);
    world_wait(&w, 9999);
    check_int(w.c->groups.count, 1);
    world_wait(&w, 1);
    check_int(w.c->groups.count, 0);
    check_int(w.c->member_count, 0);
    world_release(&w);
}

TEST(group_traps, t40_the_rebalance_timeout_is_the_longest_of_the_members)
{
    struct world w;
    open_world(&w);
    struct kafka_string a = settle(&w, "g");
    struct group_event long_one = world_join("g", "", "range", "r");
    long_one.join.rebalance_timeout_ms = 90000;
    long_one.join.session_timeout_ms = 1800000;
    world_step(&w, "long", &long_one);
    struct group_event alive = world_heartbeat("g", "", 1);
    alive.heartbeat.member_id = a;
    for (int i = 0; i < 17; i++) {
        world_wait(&w, 5000);
        world_step(&w, "alive", &alive);
    }
    buf_reset(&w.text);
    world_wait(&w, 4999);
    check_str(world_text(&w), "");
    world_wait(&w, 1);
    check(strstr(world_text(&w), "long joined generation 2") != NULL);
    free((void *)a.p);
    world_release(&w);
}

TEST(group_traps, t41_a_static_rejoin_takes_the_new_timeouts_and_client)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    e.join.instance_id = str("i");
    ask(&w, e);
    struct group_event s = world_sync("g", "", 1);
    s.sync.member_id = group_find(w.c, str("g"))->leader->id;
    world_step(&w, "s", &s);
    e.join.session_timeout_ms = 33000;
    e.join.rebalance_timeout_ms = 44000;
    e.join.client_id = str("new");
    world_step(&w, "again", &e);
    const struct group_member *m = group_find(w.c, str("g"))->leader;
    check_int(group_find(w.c, str("g"))->generation, 1);
    check_int(m->session_timeout_ms, 33000);
    check_int(m->rebalance_timeout_ms, 44000);
    check(kafka_string_equal(m->client_id, str("new")));
    world_release(&w);
}

TEST(group_traps, t42_commit_metadata_comes_back_as_it_was)
{
    struct world w;
    open_world(&w);
    char all[256];
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    struct group_offset o = {.topic = str("t"), .offset = 1, .leader_epoch = 3, .metadata = {all, 256}};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str("g"), .commit = {.generation = -1, .retention_ms = -1}};
    c.commit.member_id = str("");
    c.commit.instance_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    world_step(&w, "c", &c);
    world_restart(&w);
    struct group_event f = {.kind = GROUP_FETCH, .group_id = str("g"), .fetch = {.all = true}};
    ask(&w, f);
    const struct group_offset *back = &w.actions.items[0].offsets.offsets[0];
    check_int(back->metadata.n, 256);
    check_mem(back->metadata.p, all, 256);
    check_int(back->leader_epoch, 3);
    world_release(&w);
}

/* Reports that come in another order than the appends do not set an offset back. */
TEST(group_traps, t42_the_later_commit_counts)
{
    struct world w;
    open_world(&w);
    w.autostore = false;
    struct group_offset o = {.topic = str("t"), .leader_epoch = -1, .metadata = str("")};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str("g"), .commit = {.generation = -1, .retention_ms = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    for (o.offset = 1; o.offset <= 2; o.offset++) {
        c.token = 0;
        world_step(&w, "c", &c);
    }
    check_int(w.pending_count, 2);
    for (int i = 1; i >= 0; i--) {
        struct group_event stored = {.kind = GROUP_STORED, .token = w.pending[i].token};
        world_step(&w, NULL, &stored);
    }
    struct group_event f = {.kind = GROUP_FETCH, .group_id = str("g"), .fetch = {.all = true}};
    ask(&w, f);
    check_int(w.actions.items[0].offsets.offsets[0].offset, 2);
    world_release(&w);
}

/* From OffsetCommit 9 on an unknown group is named as such. */
TEST(group_traps, t42_the_group_is_named_where_the_client_knows_how)
{
    struct world w;
    open_world(&w);
    struct group_offset o = {.topic = str("t"), .offset = 1, .metadata = str("")};
    struct group_event c = {.kind = GROUP_COMMIT, .group_id = str("nobody"), .commit = {.generation = 3}};
    c.commit.member_id = str("m");
    c.commit.instance_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    for (int named = 0; named < 2; named++) {
        c.token = 0;
        c.commit.group_named = named;
        ask(&w, c);
        check_int(w.actions.items[0].offsets.offsets[0].error,
                  named ? KAFKA_GROUP_ID_NOT_FOUND : KAFKA_ILLEGAL_GENERATION);
    }
    world_release(&w);
}

/* All refused, so nothing is appended, and the group that was made for it is forgotten at once. */
TEST(group_traps, t42_a_commit_of_which_nothing_is_left)
{
    struct world w;
    open_world(&w);
    char *text = malloc(4097);
    memset(text, 'x', 4097);
    struct group_offset o = {.topic = str("t"), .offset = 1, .metadata = {text, 4097}};
    struct group_event c = {.kind = GROUP_COMMIT, .group_id = str("g"), .commit = {.generation = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    ask(&w, c);
    check_int(w.actions.items[0].offsets.offsets[0].error, KAFKA_OFFSET_METADATA_TOO_LARGE);
    check_int(w.c->groups.count, 0);
    free(text);
    world_release(&w);
}

/* Null metadata is kept as empty, as Kafka keeps it. */
TEST(group_traps, t42_null_metadata_is_empty)
{
    struct world w;
    open_world(&w);
    struct group_offset o = {.topic = str("t"), .offset = 1, .leader_epoch = -1, .metadata = KAFKA_STRING_NULL};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str(""), .commit = {.generation = -1, .retention_ms = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    world_step(&w, "c", &c); /* the empty group id may commit */
    struct group_event f = {.kind = GROUP_FETCH, .group_id = str(""), .fetch = {.all = true}};
    check_int(ask(&w, f), KAFKA_NONE);
    check_int(w.actions.items[0].offsets.offset_count, 1);
    check_int(w.actions.items[0].offsets.offsets[0].metadata.n, 0);
    world_release(&w);
}

TEST(group_traps, t50_equal_protocol_names_are_one_and_do_not_burn)
{
    enum { MANY = 10000 };
    struct world w;
    open_world(&w);
    struct group_protocol *list = calloc(MANY + 1, sizeof *list);
    for (int i = 0; i <= MANY; i++) list[i] = (struct group_protocol){str("range"), bytes(i ? "later" : "first")};
    struct group_event e = world_join("g", "", "range", "r");
    e.join.protocols = list;
    e.join.protocol_count = MANY;
    char group[16];
    for (int i = 0; i < 200; i++) {
        snprintf(group, sizeof group, "g%d", i);
        e.group_id = str(group);
        check_int(ask(&w, e), KAFKA_NONE);
    }
    const struct group_member *m = group_find(w.c, str("g0"))->leader;
    check_int(m->protocol_count, 1);
    check_mem(m->protocols[0].metadata.p, "first", 5);
    e.join.protocol_count = MANY + 1;
    check_int(ask(&w, e), KAFKA_INVALID_REQUEST);
    free(list);
    world_release(&w);
}

TEST(group_traps, t50_bounds_on_what_a_member_brings)
{
    struct world w;
    open_world(&w);
    w.config.protocol_count_max = 2;
    w.config.member_bytes_max = 20;
    config_again(&w);
    struct group_protocol list[] = {
        {str("a"), bytes("1")}, {str("b"), bytes("2")}, {str("c"), bytes("3")}, {str("a"), bytes("4")}};
    struct group_event e = world_join("g", "", "range", "r");
    e.join.protocols = list;
    e.join.protocol_count = 3;
    check_int(ask(&w, e), KAFKA_INVALID_REQUEST);
    list[0].metadata = bytes("01234567890123456789");
    e.join.protocol_count = 1;
    check_int(ask(&w, e), KAFKA_INVALID_REQUEST);
    check_int(w.c->groups.count, 0);
    world_release(&w);
}

TEST(group_traps, bounds_on_members_groups_and_bytes)
{
    struct world w;
    open_world(&w);
    w.config.group_size_max = 1;
    w.config.group_count_max = 3;
    w.config.member_count_max = 2;
    config_again(&w);
    struct group_event e = world_join("g", "", "range", "r");
    struct kafka_string id = settle(&w, "g");
    check_int(ask(&w, e), KAFKA_GROUP_MAX_SIZE_REACHED);
    e.group_id = str("h");
    check_int(ask(&w, e), KAFKA_NONE);
    e.group_id = str("i");
    check_int(ask(&w, e), KAFKA_GROUP_MAX_SIZE_REACHED); /* a third member */
    check_int(w.c->groups.count, 2);                     /* and the refused one left nothing behind */
    struct group_offset o = {.topic = str("t"), .offset = 1, .metadata = str("")};
    struct group_event c = {.kind = GROUP_COMMIT, .commit = {.generation = -1, .retention_ms = -1, .offset_count = 1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    const char *groups[] = {"j", "k"};
    const int16_t expected[] = {KAFKA_NONE, KAFKA_GROUP_MAX_SIZE_REACHED};
    for (int i = 0; i < 2; i++) {
        c.group_id = str(groups[i]);
        buf_reset(&w.text);
        world_step(&w, groups[i], &c);
        check(strstr(world_text(&w), expected[i] ? "GROUP_MAX_SIZE_REACHED" : "committed t-0=1") != NULL);
    }
    free((void *)id.p);
    world_release(&w);
}

TEST(group_traps, bytes_are_counted_and_given_back)
{
    struct world w;
    open_world(&w);
    w.config.bytes_max = 300;
    config_again(&w);
    struct group_event e = world_join("g", "", "range", "0123456789");
    int joined = 0;
    char group[16];
    while (joined < 100 && ask(&w, e) == KAFKA_NONE) {
        snprintf(group, sizeof group, "g%d", ++joined);
        e.group_id = str(group);
        check(w.c->bytes > 0);
    }
    check_int(joined, 20); /* 15 bytes each */
    world_wait(&w, 6 * 60 * 1000);
    check_int(w.c->bytes, 0);
    check_int(ask(&w, e), KAFKA_NONE);
    world_release(&w);
}

TEST(group_traps, t54_a_rebalance_delay_of_0_completes_at_once)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    uint64_t token = world_step(&w, "a", &e);
    check(world_answer(&w, token) != NULL);
    /* Many at the same instant: each rebalance waits for those that are in. */
    struct kafka_string first = group_string_copy(w.actions.items[0].joined.member_id);
    for (int i = 0; i < 3; i++) world_step(&w, "more", &e);
    struct group_event again = world_join("g", "", "range", "r");
    again.join.member_id = first;
    token = world_step(&w, "a", &again);
    check_int(world_answer(&w, token)->joined.generation, 2);
    check_int(world_answer(&w, token)->joined.member_count, 4);
    free((void *)first.p);
    world_release(&w);
}

/* A client may ask for a rebalance timeout of 0: the others are out at once, and nothing spins. */
TEST(group_traps, t54_a_rebalance_timeout_of_0_does_not_spin)
{
    struct world w;
    open_world(&w);
    struct group_event e = world_join("g", "", "range", "r");
    e.join.rebalance_timeout_ms = 0;
    e.join.instance_id = str("i");
    world_step(&w, "a", &e);
    e.join.instance_id = str("k");
    world_step(&w, "b", &e);
    for (int i = 0; i < 200; i++) world_wait(&w, 100);
    check(group_find(w.c, str("g"))->generation < 60);
    world_release(&w);
}

/* A heartbeat at the very instant at which the session ends comes first if it arrives first. */
TEST(group_traps, t54_a_heartbeat_before_the_timer_saves_the_session)
{
    struct world w;
    open_world(&w);
    struct kafka_string id = settle(&w, "g");
    struct group_event h = world_heartbeat("g", "", 1), timer = {.kind = GROUP_TIMER};
    h.heartbeat.member_id = id;
    w.now.monotonic_ms += 15000; /* the process was stopped for a while */
    check_int(ask(&w, h), KAFKA_NONE);
    world_step(&w, NULL, &timer);
    check_int(ask(&w, h), KAFKA_NONE);
    free((void *)id.p);
    world_release(&w);
}

TEST(group_traps, every_request_is_answered_once)
{
    struct world w;
    open_world(&w);
    struct kafka_string a = settle(&w, "g");
    struct group_event e = world_join("g", "", "range", "r");
    world_step(&w, "newcomer", &e);
    /* The leader rejoins twice: the first request has lost its place, and is told so. */
    struct group_event again = world_join("g", "", "range", "changed");
    again.join.member_id = a;
    struct group_event third = world_join("g", "", "range", "r");
    world_step(&w, "third", &third);
    buf_reset(&w.text);
    world_step(&w, "one", &again);
    check(strstr(world_text(&w), "one joined generation 2") != NULL);
    world_release(&w);
    free((void *)a.p);
}

TEST(group_traps, before_and_while_loading)
{
    struct world w;
    world_init(&w, 1);
    struct group_event join = world_join("g", "", "range", "r"), beat = world_heartbeat("g", "m", 1);
    struct group_event fetch = {.kind = GROUP_FETCH, .group_id = str("g"), .fetch = {.all = true}};
    check_int(ask(&w, join), KAFKA_NOT_COORDINATOR);
    check_int(ask(&w, beat), KAFKA_NOT_COORDINATOR);
    struct group_event begin = {.kind = GROUP_LOAD_BEGIN, .partition = group_partition_of(str("g"), 50)};
    world_step(&w, NULL, &begin);
    check_int(ask(&w, join), KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    check_int(ask(&w, fetch), KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    check_int(ask(&w, beat), KAFKA_NONE); /* nobody expires meanwhile */
    struct group_event record = {
        .kind = GROUP_LOAD_RECORD, .partition = begin.partition, .key = bytes("?"), .value = bytes("")};
    world_step(&w, NULL, &record);
    record.key = (struct kafka_bytes){(const uint8_t *)"\0\3\0\1g", 5}; /* a group of the consumer protocol */
    world_step(&w, NULL, &record);
    struct group_event end = {.kind = GROUP_LOAD_END, .partition = begin.partition};
    buf_reset(&w.text);
    world_step(&w, NULL, &end);
    check(strstr(world_text(&w), "1 records of groups that are not classic were left out") != NULL);
    check(strstr(world_text(&w), "1 records that cannot be read were left out") != NULL);
    check_int(ask(&w, fetch), KAFKA_NONE);
    world_release(&w);
}

/* Found by group_record_fuzz: an age beyond 64 bits. A client's retention may be any number, too. */
TEST(group_traps, timestamps_of_any_size)
{
    struct world w;
    struct arena a = {0};
    world_init(&w, 1);
    w.config.partition_count = 1;
    config_again(&w);
    struct group_offset o = {.topic = str("t"), .offset = 1, .leader_epoch = -1, .metadata = str("")};
    world_log_add(&w, 0, group_record_offset_key(&a, str("g"), str("t"), 0),
                  group_record_offset_value(&a, &o, INT64_MIN, -1));
    w.autostore = true;
    world_restart(&w);
    struct group_event c = {.kind = GROUP_COMMIT, .group_id = str("h"), .commit = {.generation = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    c.commit.retention_ms = INT64_MAX;
    world_step(&w, "c", &c);
    world_wait(&w, 600000);
    check(group_find(w.c, str("g")) == NULL); /* long expired */
    check(group_find(w.c, str("h")) != NULL);
    arena_release(&a);
    world_release(&w);
}

TEST(group_traps, empty_and_null_group_ids)
{
    struct world w;
    open_world(&w);
    struct group_event join = world_join("", "", "range", "r"), sync = world_sync("", "m", 1);
    check_int(ask(&w, join), KAFKA_INVALID_GROUP_ID);
    check_int(ask(&w, sync), KAFKA_INVALID_GROUP_ID);
    struct group_event leave = {.kind = GROUP_LEAVE, .group_id = KAFKA_STRING_NULL};
    check_int(ask(&w, leave), KAFKA_INVALID_GROUP_ID);
    struct group_event commit = {.kind = GROUP_COMMIT, .group_id = KAFKA_STRING_NULL};
    check_int(ask(&w, commit), KAFKA_NONE);
    world_release(&w);
}

static struct kafka_bytes subscription(struct arena *a, const char *topic)
{
    struct kafka_string topics[] = {str(topic)};
    struct consumer_protocol_subscription s = {.topics = topics, .topics_count = 1, .user_data = KAFKA_BYTES_NULL};
    struct buf b = {0};
    check_int(kafka_encode_versioned(&consumer_protocol_subscription_message, 0, &s, &b), 0);
    struct kafka_bytes out = {arena_copy(a, b.p, b.n), (int32_t)b.n};
    buf_release(&b);
    return out;
}

/* KIP-211: a group that is alive keeps what it reads, and forgets the topics that it has left. */
TEST(group_retention, a_stable_group_forgets_topics_nobody_subscribes_to)
{
    struct world w;
    struct arena a = {0};
    open_world(&w);
    w.config.offsets_retention_ms = 1000;
    w.config.retention_check_ms = 2000;
    config_again(&w);
    struct group_event e = world_join("g", "", "range", "");
    struct group_protocol p = {str("range"), subscription(&a, "read")};
    e.join.protocols = &p;
    check_int(ask(&w, e), KAFKA_NONE);
    struct group_event s = world_sync("g", "", 1);
    s.sync.member_id = group_find(w.c, str("g"))->leader->id;
    world_step(&w, "s", &s);
    struct group_offset o[] = {{.topic = str("read"), .offset = 1, .metadata = str("")},
                               {.topic = str("left"), .offset = 1, .metadata = str("")}};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str("g"), .commit = {.generation = 1, .retention_ms = -1}};
    c.commit.member_id = s.sync.member_id;
    c.commit.instance_id = KAFKA_STRING_NULL;
    c.commit.offsets = o;
    c.commit.offset_count = 2;
    world_step(&w, "c", &c);
    world_wait(&w, 4000);
    struct group_event f = {.kind = GROUP_FETCH, .group_id = str("g"), .fetch = {.all = true}};
    ask(&w, f);
    check_int(w.actions.items[0].offsets.offset_count, 1);
    check(kafka_string_equal(w.actions.items[0].offsets.offsets[0].topic, str("read")));
    arena_release(&a);
    world_release(&w);
}

/* Tombstones that the log refuses are said, and tried again at the next check. */
TEST(group_retention, tombstones_that_fail_are_tried_again)
{
    struct world w;
    open_world(&w);
    w.config.offsets_retention_ms = 1000;
    w.config.retention_check_ms = 2000;
    config_again(&w);
    struct group_offset o = {.topic = str("t"), .offset = 1, .metadata = str("")};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str("g"), .commit = {.generation = -1, .retention_ms = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = &o;
    c.commit.offset_count = 1;
    world_step(&w, "c", &c);
    w.autostore = false;
    world_wait(&w, 3000);
    check(world_stored(&w, KAFKA_KAFKA_STORAGE_ERROR));
    check(strstr(world_text(&w), "say group g: offsets that have expired could not be removed (KAFKA_STORAGE_ERROR)"));
    check_int(w.c->groups.count, 1);
    world_wait(&w, 2000);
    check(world_stored(&w, KAFKA_NONE));
    check_int(w.c->groups.count, 0);
    world_release(&w);
}

/* Offsets of "t" 0 .. partitions - 1, stored. */
static void commit_many(struct world *w, const char *group, int32_t partitions)
{
    struct group_offset *o = calloc((size_t)partitions, sizeof *o);
    for (int32_t i = 0; i < partitions; i++)
        o[i] = (struct group_offset){.topic = str("t"), .partition = i, .offset = 1, .metadata = str("")};
    struct group_event c = {
        .kind = GROUP_COMMIT, .group_id = str(group), .commit = {.generation = -1, .retention_ms = -1}};
    c.commit.instance_id = c.commit.member_id = KAFKA_STRING_NULL;
    c.commit.offsets = o;
    c.commit.offset_count = partitions;
    check_int(ask(w, c), KAFKA_NONE);
    free(o);
}

static size_t appends_memory(const struct group_coordinator *c)
{
    size_t used = 0;
    for (struct table_entry *e = table_first(&c->appends); e; e = table_next(&c->appends, e))
        used += ((struct group_append_pending *)e->value)->arena.used;
    return used;
}

/* All groups that read a topic ask for tombstones in the one step that deletes it. */
TEST(group_tombstones, the_end_of_a_topic_of_many_groups_takes_little_memory)
{
    enum { GROUPS = 500, BYTES_A_GROUP_MAX = 1500 };
    struct world w;
    open_world(&w);
    for (int i = 0; i < GROUPS; i++) {
        char name[16];
        snprintf(name, sizeof name, "g%d", i);
        commit_many(&w, name, 1);
    }
    w.autostore = false;
    struct group_event gone = {.kind = GROUP_TOPIC_DELETED, .topic = str("t")};
    world_step(&w, "x", &gone);
    check_int(w.c->appends.count, GROUPS);
    check(appends_memory(w.c) + w.actions.arena.used < GROUPS * BYTES_A_GROUP_MAX);
    while (world_stored(&w, KAFKA_NONE)) {}
    check_int(w.c->groups.count, 0);
    world_release(&w);
}

/* The tables of an append grow up to their bound, then another append begins. */
TEST(group_tombstones, of_one_group_with_many_offsets_come_in_several_appends)
{
    enum { OFFSETS = 1500 };
    struct world w;
    open_world(&w);
    commit_many(&w, "g", OFFSETS);
    w.autostore = false;
    struct group_event gone = {.kind = GROUP_TOPIC_DELETED, .topic = str("t")};
    world_step(&w, "x", &gone);
    check_int(w.pending_count, 2);
    check_int(w.pending[0].count, 1000);
    check_int(w.pending[1].count, OFFSETS - 1000);
    check(world_stored(&w, KAFKA_NONE) && world_stored(&w, KAFKA_NONE));
    while (world_stored(&w, KAFKA_NONE)) {}
    check_int(w.c->groups.count, 0);
    world_release(&w);
}

/* A client id of any length gives member ids that fit the records. */
TEST(group_traps, long_client_ids)
{
    struct world w;
    open_world(&w);
    char *text = malloc(32767);
    memset(text, 0xc3, 32767); /* all lead bytes: cut wherever it is safe */
    struct group_event e = world_join("g", "", "range", "r");
    e.join.client_id = (struct kafka_string){text, 32767};
    check_int(ask(&w, e), KAFKA_NONE);
    check(w.actions.items[0].joined.member_id.n <= 1037);
    struct group_event s = world_sync("g", "", 1);
    s.sync.member_id = group_find(w.c, str("g"))->leader->id;
    world_step(&w, "s", &s);
    check_int(group_find(w.c, str("g"))->state, GROUP_STABLE);
    free(text);
    world_release(&w);
}

/* Known answers of Java's String.hashCode: "g" is 103, "hello" 99162322; the text below is Integer.MIN_VALUE. */
TEST(group_partition, as_java_computes_it)
{
    check_int(group_partition_of(str("g"), 50), 103 % 50);
    check_int(group_partition_of(str("hello"), 50), 99162322 % 50);
    check_int(group_partition_of(str("polygenelubricants"), 50), 0);
    check_int(group_partition_of(str(""), 50), 0);
    check_int(group_partition_of(str("\xc3\xa9"), 1000), 233);                /* U+00E9 */
    check_int(group_partition_of(str("\xf0\x9f\x98\x80"), 1 << 30), 1772899); /* U+1F600: d83d de00 */
    check_int(group_partition_of(str("\xff"), 1 << 30), 0xfffd);
}
