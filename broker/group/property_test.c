/* Random members of one group, random time, stores that come late or fail, restarts: whatever happens,
 *
 *   - no partition has two owners in a generation,
 *   - a commit that was acknowledged is never lost, and offsets never go back,
 *   - generations only grow, and each has one leader,
 *   - every request is answered exactly once (a restart excepted),
 *   - a heartbeat is good only in the current generation. */
#include <stdlib.h>
#include <string.h>

#include "broker/group/world_test.h"
#include "lib/base/memory.h"
#include "tests/unit.h"

enum { CLIENTS = 7, PARTITIONS = 8, STEPS = 3000 };

enum phase { OUT, JOINING, JOINED, SYNCING, ACTIVE };

struct client {
    enum phase phase;
    char *id, *instance; /* NULL: none */
    uint64_t token;      /* of the request it waits for */
    int32_t generation;
    bool leads;
    char *members[CLIENTS * 4]; /* when it leads */
    int32_t member_count;
    uint8_t owned[PARTITIONS];
    int32_t owned_count;
};

struct crowd {
    struct world w;
    struct random r;
    struct client clients[CLIENTS];
    struct table open;    /* token -> client (or the crowd itself for requests nobody waits for) */
    struct table owners;  /* generation, partition -> client number + 1 */
    struct table leaders; /* generation -> client number + 1; of this coordinator's life */
    struct table commits; /* token -> a commit under way */
    int32_t generation;   /* the newest that was joined in this coordinator's life */
    int64_t counter, acknowledged[PARTITIONS];
    int64_t synced, rebalances, restarts, committed;
};

struct commit {
    int32_t partition;
    int64_t offset;
};

static bool chance(struct crowd *c, uint32_t percent)
{
    return random_chance(&c->r, percent, 100);
}

static void forget_members(struct client *m)
{
    for (int32_t i = 0; i < m->member_count; i++) free(m->members[i]);
    m->member_count = 0;
}

static void client_out(struct client *m)
{
    free(m->id);
    m->id = NULL;
    m->phase = OUT;
    m->token = 0;
    m->owned_count = 0;
    forget_members(m);
}

/* ---- answers ---- */

static void on_joined(struct crowd *c, struct client *m, const struct group_action *a)
{
    const struct group_joined *j = &a->joined;
    if (a->error != KAFKA_NONE && a->error != KAFKA_MEMBER_ID_REQUIRED && a->error != KAFKA_REBALANCE_IN_PROGRESS) {
        client_out(m);
        return;
    }
    free(m->id);
    m->id = j->member_id.n > 0 ? memory_copy(j->member_id.p, (size_t)j->member_id.n) : NULL;
    m->phase = OUT;
    if (a->error != KAFKA_NONE) return;
    check(j->generation >= c->generation); /* restarts set it back */
    if (j->generation > c->generation) c->rebalances++;
    c->generation = j->generation;
    m->phase = JOINED;
    m->generation = j->generation;
    m->leads = j->member_count > 0;
    forget_members(m);
    check(j->member_count <= CLIENTS * 4);
    for (int32_t i = 0; i < j->member_count; i++)
        m->members[m->member_count++] = memory_copy(j->members[i].member_id.p, (size_t)j->members[i].member_id.n);
    if (!m->leads) return;
    intptr_t me = m - c->clients + 1;
    void *before = table_set(&c->leaders, slice_of(&j->generation, sizeof j->generation), (void *)me);
    check(before == NULL || before == (void *)me);
}

static void on_synced(struct crowd *c, struct client *m, const struct group_action *a)
{
    m->phase = a->error == KAFKA_NONE ? ACTIVE : OUT;
    if (a->error == KAFKA_UNKNOWN_MEMBER_ID || a->error == KAFKA_FENCED_INSTANCE_ID) client_out(m);
    if (a->error != KAFKA_NONE) return;
    c->synced++;
    m->owned_count = 0;
    for (int32_t i = 0; i < a->synced.assignment.n; i++) {
        int32_t key[2] = {m->generation, a->synced.assignment.p[i]};
        intptr_t me = m - c->clients + 1;
        void *before = table_set(&c->owners, slice_of(key, sizeof key), (void *)me);
        check(before == NULL || before == (void *)me);
        m->owned[m->owned_count++] = a->synced.assignment.p[i];
    }
}

static void on_heartbeat(struct crowd *c, struct client *m, const struct group_action *a)
{
    if (a->error == KAFKA_NONE) {
        check_int(group_find(c->w.c, str("g"))->generation, m->generation);
    } else if (a->error == KAFKA_UNKNOWN_MEMBER_ID || a->error == KAFKA_FENCED_INSTANCE_ID) {
        client_out(m);
    } else if (m->phase == ACTIVE) {
        m->phase = OUT; /* keeps its id: joins again */
    }
}

static void on_committed(struct crowd *c, const struct group_action *a)
{
    struct commit *commit = table_remove(&c->commits, slice_of(&a->token, sizeof a->token));
    if (a->offsets.offsets[0].error == KAFKA_NONE) {
        check_int(a->offsets.offsets[0].partition, commit->partition);
        if (commit->offset > c->acknowledged[commit->partition]) c->acknowledged[commit->partition] = commit->offset;
        c->committed++;
    }
    free(commit);
}

static void on_fetched(struct crowd *c, const struct group_action *a)
{
    int64_t offsets[PARTITIONS] = {0};
    for (int32_t i = 0; i < a->offsets.offset_count; i++)
        offsets[a->offsets.offsets[i].partition] = a->offsets.offsets[i].offset;
    for (int p = 0; p < PARTITIONS; p++) check(offsets[p] >= c->acknowledged[p]);
}

static void on_action(struct world *w, const struct group_action *a)
{
    struct crowd *c = w->context;
    if (a->kind >= GROUP_APPEND) return;
    struct client *m = table_remove(&c->open, slice_of(&a->token, sizeof a->token));
    check(m != NULL); /* asked for, and not answered before */
    bool waits = m->token == a->token;
    if (waits) m->token = 0;
    if (a->kind == GROUP_ANSWER_COMMIT) on_committed(c, a);
    if (a->kind == GROUP_ANSWER_FETCH) on_fetched(c, a);
    if (!waits) return;
    if (a->kind == GROUP_ANSWER_JOIN) on_joined(c, m, a);
    if (a->kind == GROUP_ANSWER_SYNC) on_synced(c, m, a);
    if (a->kind == GROUP_ANSWER_HEARTBEAT) on_heartbeat(c, m, a);
}

/* ---- requests ---- */

static void ask(struct crowd *c, struct client *m, struct group_event *e, bool waits)
{
    e->token = ++c->w.next_token;
    table_set(&c->open, slice_of(&e->token, sizeof e->token), m);
    if (waits) m->token = e->token;
    world_step(&c->w, NULL, e);
}

static void do_join(struct crowd *c, struct client *m)
{
    struct group_event e = world_join("g", "", "range", chance(c, 90) ? "same" : "other");
    if (m->id) e.join.member_id = str(m->id);
    e.join.instance_id = str(m->instance);
    e.join.member_id_required = chance(c, 50);
    e.join.skip_assignment_served = chance(c, 50);
    e.join.session_timeout_ms = 6000 + (int32_t)random_below(&c->r, 6000);
    e.join.rebalance_timeout_ms = (int32_t)random_below(&c->r, 20000);
    m->phase = JOINING;
    ask(c, m, &e, true);
}

static void do_sync(struct crowd *c, struct client *m)
{
    struct group_assignment list[CLIENTS * 4];
    uint8_t owned[CLIENTS * 4][PARTITIONS];
    struct group_event e = world_sync("g", m->id, m->generation);
    for (int32_t i = 0; i < m->member_count; i++)
        list[i] = (struct group_assignment){str(m->members[i]), {owned[i], 0}};
    for (int p = 0; p < PARTITIONS && m->member_count > 0; p++) {
        int32_t i = p % m->member_count;
        owned[i][list[i].assignment.n++] = (uint8_t)p;
    }
    e.sync.instance_id = str(m->instance);
    e.sync.assignments = list;
    e.sync.assignment_count = m->member_count;
    m->phase = SYNCING;
    ask(c, m, &e, true);
}

static void do_commit(struct crowd *c, struct client *m)
{
    if (m->owned_count == 0) return;
    struct commit *commit = memory_new(sizeof *commit);
    *commit = (struct commit){m->owned[random_below(&c->r, (uint64_t)m->owned_count)], ++c->counter};
    struct group_offset o = {.topic = str("t"),
                             .partition = commit->partition,
                             .offset = commit->offset,
                             .leader_epoch = -1,
                             .metadata = str("")};
    struct group_event e = {.kind = GROUP_COMMIT, .group_id = str("g")};
    e.commit = (struct group_commit){.generation = m->generation,
                                     .member_id = str(m->id),
                                     .retention_ms = -1,
                                     .instance_id = str(m->instance),
                                     .offsets = &o,
                                     .offset_count = 1};
    uint64_t token = c->w.next_token + 1;
    table_set(&c->commits, slice_of(&token, sizeof token), commit);
    ask(c, m, &e, false);
}

static void do_leave(struct crowd *c, struct client *m)
{
    struct group_leaver l = {str(m->id), str(m->instance)};
    struct group_event e = {.kind = GROUP_LEAVE, .group_id = str("g"), .leave = {&l, 1}};
    ask(c, m, &e, false);
    client_out(m);
}

static void do_heartbeat(struct crowd *c, struct client *m)
{
    struct group_event e = world_heartbeat("g", m->id, m->generation);
    e.heartbeat.instance_id = str(m->instance);
    ask(c, m, &e, true);
}

static void do_fetch(struct crowd *c, struct client *m)
{
    struct group_event e = {.kind = GROUP_FETCH, .group_id = str("g"), .fetch = {.all = true}};
    ask(c, m, &e, false);
}

static void client_acts(struct crowd *c, struct client *m)
{
    if (chance(c, 2)) client_out(m); /* died; what it asked for is answered to nobody */
    if (m->phase == OUT && chance(c, 60))
        do_join(c, m);
    else if (m->phase == JOINED)
        do_sync(c, m);
    else if (m->phase == ACTIVE && chance(c, 50))
        do_commit(c, m);
    else if (m->phase == ACTIVE && chance(c, 80))
        do_heartbeat(c, m);
    else if (m->phase == ACTIVE && chance(c, 30))
        do_leave(c, m);
    else if (m->phase == ACTIVE && chance(c, 30))
        do_join(c, m);
    else if (m->phase == JOINING && chance(c, 5))
        do_join(c, m); /* once more, before the answer */
    else if (m->phase == SYNCING && chance(c, 5))
        do_sync(c, m);
    else
        do_fetch(c, m);
}

/* What was not answered is lost with the coordinator; clients that waited try again. */
static void restart(struct crowd *c)
{
    table_release(&c->open);
    table_release(&c->leaders);
    for (struct table_entry *e = table_first(&c->commits); e; e = table_next(&c->commits, e)) free(e->value);
    table_release(&c->commits);
    c->generation = 0;
    c->restarts++;
    for (int i = 0; i < CLIENTS; i++) {
        c->clients[i].token = 0;
        if (c->clients[i].phase == JOINING || c->clients[i].phase == SYNCING) c->clients[i].phase = OUT;
    }
    world_restart(&c->w);
}

static void crowd_step(struct crowd *c)
{
    client_acts(c, &c->clients[random_below(&c->r, CLIENTS)]);
    if (chance(c, 40)) world_stored(&c->w, chance(c, 5) ? KAFKA_KAFKA_STORAGE_ERROR : KAFKA_NONE);
    if (chance(c, 30)) world_wait(&c->w, (int64_t)random_below(&c->r, chance(c, 3) ? 40000 : 800));
    if (random_chance(&c->r, 1, 400)) restart(c);
    buf_reset(&c->w.text);
}

static void crowd_run(uint64_t seed, struct crowd *total)
{
    struct crowd *c = memory_new(sizeof *c);
    world_init(&c->w, seed);
    random_seed(&c->r, seed);
    c->w.config.initial_rebalance_delay_ms = seed % 2 ? 0 : 3000;
    group_coordinator_free(c->w.c);
    c->w.c = group_coordinator_new(&c->w.config, seed);
    c->w.each = on_action;
    c->w.context = c;
    world_load(&c->w);
    for (int i = 0; i < CLIENTS / 2; i++) {
        char name[8] = {'i', (char)('0' + i), 0};
        c->clients[i].instance = memory_str(name);
    }
    for (int i = 0; i < STEPS; i++) crowd_step(c);
    for (int i = 0; i < 100; i++) { /* everybody falls silent: all that is open is answered */
        while (world_stored(&c->w, KAFKA_NONE)) continue;
        world_wait(&c->w, 10000);
    }
    check_int(c->open.count, 0);
    check_int(c->commits.count, 0);
    total->synced += c->synced;
    total->rebalances += c->rebalances;
    total->restarts += c->restarts;
    total->committed += c->committed;
    for (int i = 0; i < CLIENTS; i++) {
        client_out(&c->clients[i]);
        free(c->clients[i].instance);
    }
    world_release(&c->w);
    table_release(&c->open);
    table_release(&c->owners);
    table_release(&c->leaders);
    table_release(&c->commits);
    free(c);
}

TEST(group_property, one_owner_no_lost_commit_one_answer)
{
    struct crowd total = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) crowd_run(seed, &total);
    /* The crowd must have done something, or nothing was shown. */
    check(total.synced > 4000);
    check(total.rebalances > 1000);
    check(total.restarts > 100);
    check(total.committed > 2000);
}
