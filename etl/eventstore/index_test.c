#include "etl/eventstore/index.h"

#include "lib/base/random.h"
#include "tests/unit.h"

/* ---- by hand ---- */

static struct es_event event(const char *id, json_t *data)
{
    return (struct es_event){.id = slice_str(id), .type = SLICE_LIT("ItemAdded"), .data = data, .schema = 1};
}

static bool put(struct es_index *x, const char *id, int64_t expected)
{
    struct es_event e = event(id, NULL);
    struct es_record r = {.stream = SLICE_LIT("cart-1"), .expected = expected, .events = &e, .count = 1};
    return es_index_step(x, &r);
}

static struct es_verdict decide(const struct es_index *x, const char *id, int64_t expected, const char *compensates)
{
    struct es_verdict v;
    struct es_event e = event(id, NULL);
    e.compensates = slice_str(compensates);
    struct es_append a = {.record = {.stream = SLICE_LIT("cart-1"), .expected = expected, .events = &e, .count = 1}};
    es_index_decide(x, &a, &v);
    return v;
}

TEST(es_index, the_first_record_of_a_version_counts)
{
    struct es_index x;
    es_index_init(&x, NULL);
    check(put(&x, "a", 0));
    check(put(&x, "b", 1));
    check(!put(&x, "c", 1)); /* b came first */
    check(!put(&x, "d", 3)); /* nobody has seen version 3 */
    check(put(&x, "d", 2));
    check_int(x.version, 3);
    check_str(x.by_version[2], "d");
    es_index_release(&x);
}

TEST(es_index, answers_of_a_writer)
{
    struct es_index x;
    es_index_init(&x, NULL);
    check_int(decide(&x, "a", 0, "").outcome, ES_WRITE);
    put(&x, "a", 0);
    put(&x, "b", 1);
    struct es_verdict v = decide(&x, "a", 0, "");
    check(v.outcome == ES_ACCEPTED && v.version == 1 && v.repeated);
    check_int(decide(&x, "c", 1, "").outcome, ES_WRITE); /* stale, but the log shall show it */
    put(&x, "c", 1);
    v = decide(&x, "c", 1, "");
    check_int(v.outcome, ES_CONFLICT);
    check_str(v.why, "conflict: expected 1, is 2 (event b came first)");
    check_str(v.first, "b");
    v = decide(&x, "c", 5, "");
    check_int(v.outcome, ES_CONFLICT);
    check_str(v.why, "conflict: expected 5, is 2");
    v = decide(&x, "c", ES_ANY, "");
    check(v.outcome == ES_WRITE && v.expected == 2);
    es_index_release(&x);
}

TEST(es_index, compensates_once_and_what_is_there)
{
    struct es_index x;
    es_index_init(&x, NULL);
    put(&x, "a", 0);
    check_str(decide(&x, "u", ES_ANY, "z").why, "refused: there is no event z in this stream to compensate");
    check_int(decide(&x, "u", ES_ANY, "a").outcome, ES_WRITE);
    struct es_event e = event("u", NULL);
    e.compensates = SLICE_LIT("a");
    struct es_record r = {.stream = SLICE_LIT("cart-1"), .expected = 1, .events = &e, .count = 1};
    check(es_index_step(&x, &r));
    check_int(decide(&x, "u", ES_ANY, "a").outcome, ES_ACCEPTED); /* its own retry */
    struct es_verdict v = decide(&x, "w", ES_ANY, "a");
    check_int(v.outcome, ES_NOTHING);
    check_str(v.why, "refused: event a is compensated already, by event u (version 2)");
    es_index_release(&x);
}

TEST(es_index, several_events_are_one_append)
{
    struct es_index x;
    struct es_verdict v;
    struct es_event two[] = {event("a", NULL), event("b", NULL)}, other[] = {event("a", NULL), event("c", NULL)};
    struct es_append a = {.record = {.stream = SLICE_LIT("cart-1"), .expected = 0, .events = two, .count = 2}};
    es_index_init(&x, NULL);
    struct es_record r = a.record;
    check(es_index_step(&x, &r));
    check(two[0].version == 1 && two[1].version == 2);
    es_index_decide(&x, &a, &v);
    check(v.outcome == ES_ACCEPTED && v.version == 2);
    a.record.events = other;
    es_index_decide(&x, &a, &v);
    check_int(v.outcome, ES_CLASH);
    check_str(v.why, "refused: event id a is taken, by version 1 of the stream: another append than this one");
    es_index_release(&x);
}

TEST(es_index, rules_of_the_domain_are_asked_of_each_event_in_turn)
{
    struct es_index x;
    struct es_verdict v;
    json_t *add = json_pack("{s:s, s:i, s:i}", "product", "p", "quantity", 2, "price_cents", 5),
           *take = json_pack("{s:s, s:i}", "product", "p", "quantity", 3);
    struct es_event both[] = {event("a", add), event("b", take)};
    struct es_append a = {{.stream = SLICE_LIT("cart-1"), .expected = ES_ANY, .events = both, .count = 2},
                          &es_fold_cart};
    both[1].type = SLICE_LIT("ItemRemoved");
    es_index_init(&x, &es_fold_cart);
    es_index_decide(&x, &a, &v);
    check_int(v.outcome, ES_RULE);
    check_str(v.why, "refused: there are only 2 of p in the cart");
    es_set_number(take, "quantity", 2);
    es_index_decide(&x, &a, &v);
    check_int(v.outcome, ES_WRITE);
    check_int(json_object_size(json_object_get(x.state, "items")), 0); /* asking changes nothing */
    json_decref(add);
    json_decref(take);
    es_index_release(&x);
}

/* ---- a model: writers that are slow, crash, and send again; a network that delays and doubles ---- */

enum { WRITERS = 4, TASKS = 6, NET_MAX = 64, LOG_MAX = 2000, STEPS_MAX = 4000 };

struct sent {
    char id[32];
    int64_t expected;
};

struct writer {
    struct es_index index;
    int read, task;
    bool has_sent; /* this try has written, expecting `sent` */
    int64_t wanted, sent;
    struct es_verdict answers[TASKS];
};

struct world {
    struct random random;
    struct sent log[LOG_MAX], net[NET_MAX];
    int log_count, net_count;
    struct writer writers[WRITERS];
};

static void read_to_end(const struct world *w, struct es_index *x, int *read)
{
    for (; *read < w->log_count; (*read)++) put(x, w->log[*read].id, w->log[*read].expected);
}

/* Two writers try with the same ids at odd tasks: a program that was started twice. */
static void task_id(int writer, int task, char out[32])
{
    snprintf(out, 32, "w%d-%d", task % 2 ? writer / 2 * 2 : writer, task);
}

static int64_t task_expects(struct world *w, const struct writer *one)
{
    if (random_chance(&w->random, 1, 2)) return ES_ANY;
    int64_t version = one->index.version + (random_chance(&w->random, 1, 8) ? 1 : 0);
    return version > 0 && random_chance(&w->random, 1, 4) ? version - 1 : version;
}

static void crash(struct writer *one)
{
    es_index_release(&one->index);
    es_index_init(&one->index, NULL);
    one->read = 0;
    one->has_sent = false;
}

static void writer_step(struct world *w, int number)
{
    struct writer *one = &w->writers[number];
    struct es_verdict *v = &one->answers[one->task];
    char id[32];
    if (one->task == TASKS || w->net_count == NET_MAX) return;
    task_id(number, one->task, id);
    if (random_chance(&w->random, 1, 20)) crash(one);
    read_to_end(w, &one->index, &one->read);
    if (one->wanted < -1) one->wanted = task_expects(w, one);
    bool known = table_get(&one->index.ids, slice_str(id)) || es_index_refused(&one->index, slice_str(id), one->sent);
    /* It waits for its record, or loses patience and tries again. */
    if (one->has_sent && !known && !random_chance(&w->random, 1, 10)) return;
    *v = decide(&one->index, id, one->wanted, "");
    if (v->outcome == ES_WRITE) {
        struct sent *s = &w->net[w->net_count++];
        snprintf(s->id, sizeof s->id, "%s", id);
        s->expected = one->sent = v->expected;
        one->has_sent = true;
        return;
    }
    one->task++;
    one->has_sent = false;
    one->wanted = -2;
}

/* In any order, and some of them twice. */
static void net_step(struct world *w)
{
    if (w->net_count == 0 || w->log_count == LOG_MAX) return;
    int i = (int)random_below(&w->random, (uint64_t)w->net_count);
    w->log[w->log_count++] = w->net[i];
    if (!random_chance(&w->random, 1, 5)) w->net[i] = w->net[--w->net_count];
}

static void answers_check(const struct world *w, const struct es_index *all)
{
    for (int i = 0; i < WRITERS; i++) {
        for (int t = 0; t < TASKS; t++) {
            const struct es_verdict *v = &w->writers[i].answers[t];
            char id[32];
            task_id(i, t, id);
            if (v->outcome == ES_ACCEPTED)
                check_str(all->by_version[v->version - 1], id);
            else if (t % 2 == 0) /* of two with one id the other one may have had it accepted */
                check(!table_get(&all->ids, slice_str(id)));
        }
    }
}

/* Whoever begins in the middle, at a record that counts, sees the same from there on. */
static void places_check(const struct world *w, const struct es_index *all)
{
    int64_t version = 0;
    for (int from = 0; from < w->log_count; from++) {
        struct es_record r = {.expected = w->log[from].expected};
        if (!es_rule(version, &r)) continue;
        int64_t here = version++;
        for (int i = from; i < w->log_count; i++) {
            r.expected = w->log[i].expected;
            if (es_rule(here, &r)) check_str(all->by_version[here++], w->log[i].id);
        }
        check_int(here, all->version);
    }
    check_int(version, all->version);
}

static void world_run(uint64_t seed)
{
    static struct world w;
    struct es_index all;
    int read = 0;
    w = (struct world){0};
    random_seed(&w.random, seed);
    es_index_init(&all, NULL);
    for (int i = 0; i < WRITERS; i++) {
        es_index_init(&w.writers[i].index, NULL);
        w.writers[i].wanted = -2;
    }
    for (int step = 0; step < STEPS_MAX; step++) {
        int who = (int)random_below(&w.random, WRITERS + 3);
        if (who < WRITERS)
            writer_step(&w, who);
        else
            net_step(&w);
    }
    while (w.net_count > 0 && w.log_count < LOG_MAX) net_step(&w); /* what is late comes all the same */
    for (int i = 0; i < WRITERS; i++) check_int(w.writers[i].task, TASKS);
    read_to_end(&w, &all, &read);
    check_int(all.ids.count, all.version); /* no id counts twice */
    answers_check(&w, &all);
    places_check(&w, &all);
    for (int i = 0; i < WRITERS; i++) es_index_release(&w.writers[i].index);
    es_index_release(&all);
}

TEST(es_index, random_writers_and_networks_agree_with_every_reader)
{
    for (uint64_t seed = 1; seed <= 200; seed++) world_run(seed);
}
