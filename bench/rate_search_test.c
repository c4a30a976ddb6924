#include "bench/rate_search.h"

#include <string.h>

#include "lib/base/random.h"
#include "tests/unit.h"

/* A target that sustains up to `limit`, on a machine that disturbs: shares of trials, in percent. */
struct target {
    int64_t limit;
    int void_share;  /* are void; half of these do not keep their rate, whatever it is */
    int false_share; /* are valid and do not keep a rate that is sustained */
    int trials, trials_max;
    struct random random;
};

static int trial(void *context, int64_t rate, struct rate_seen *seen)
{
    struct target *t = context;
    int dice = (int)(random_u64(&t->random) % 100);
    t->trials++;
    seen->kept = rate <= t->limit;
    strcpy(seen->why_void, dice < t->void_share ? "a neighbour" : "");
    if (dice < t->void_share / 2) seen->kept = false;
    if (!seen->why_void[0] && dice < t->void_share + t->false_share) seen->kept = false;
    return 0;
}

static bool over(void *context)
{
    struct target *t = context;
    return t->trials >= t->trials_max;
}

static struct rate_answer ask(struct target *t, uint64_t seed)
{
    struct rate_answer answer;
    const struct rate_search search = {
        .least = 100, .first = 4000, .most = 4000000, .precision = 1.1, .trial = trial, .over = over, .context = t};
    t->trials = 0;
    if (t->trials_max == 0) t->trials_max = 1000;
    random_seed(&t->random, seed);
    check_int(rate_search(&search, &answer), 0);
    return answer;
}

TEST(rate_search, finds_the_limit_of_a_quiet_machine)
{
    static const int64_t limits[] = {130, 3999, 4000, 5000, 123456, 399999, 3000000};
    for (int i = 0; i < 7; i++) {
        struct target t = {.limit = limits[i]};
        struct rate_answer a = ask(&t, 1);
        check(a.confirmed && !a.doubt[0]);
        check(a.rate <= limits[i] && (double)a.rate * 1.1 >= (double)limits[i]);
        check(t.trials < 30);
    }
}

TEST(rate_search, says_when_there_is_no_rate_at_all)
{
    struct target t = {.limit = 99};
    struct rate_answer a = ask(&t, 1);
    check(a.rate == 0 && !a.confirmed);
    check_int(t.trials, 2 * 6); /* from 4000 down to 125 */
}

TEST(rate_search, stops_at_the_most_that_is_asked_for)
{
    struct target t = {.limit = INT64_C(1) << 40};
    struct rate_answer a = ask(&t, 1);
    check(a.confirmed && a.rate > 2000000 && a.rate <= 4096000 * 2);
}

/* Two of five trials are void and a tenth of the valid ones fail by chance: of 100 searches nearly all are right, and
 * what a void trial had to decide is told. Were one finding enough, half of the answers would be low. */
TEST(rate_search, finds_the_limit_on_a_busy_machine)
{
    int right = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct target t = {.limit = 200000, .void_share = 40, .false_share = 6};
        struct rate_answer a = ask(&t, seed);
        check(a.confirmed && a.rate <= 200000);
        right += (double)a.rate * 1.1 * 1.12 >= 200000 && !a.doubt[0];
        check(t.trials < 80);
    }
    check(right >= 90);
}

/* It never is confirmed by void trials alone. */
TEST(rate_search, leaves_a_doubt_where_nothing_was_valid)
{
    struct target t = {.limit = 20000, .void_share = 100};
    struct rate_answer a = ask(&t, 1);
    check_str(a.doubt, "a neighbour");
}

TEST(rate_search, is_not_confirmed_when_it_was_over_before)
{
    struct target t = {.limit = 200000, .trials_max = 7};
    struct rate_answer a = ask(&t, 1);
    check(!a.confirmed && a.rate == 128000);
    check_int(t.trials, 7);
}

static int broken(void *context, int64_t rate, struct rate_seen *seen)
{
    (void)context;
    (void)seen;
    return rate > 4000 ? -7 : trial(context, rate, seen);
}

TEST(rate_search, ends_with_a_trial_that_could_not_be_made)
{
    struct target t = {.limit = 200000, .trials_max = 100};
    struct rate_answer answer;
    const struct rate_search search = {
        .least = 100, .first = 4000, .most = 4000000, .precision = 1.1, .trial = broken, .over = over, .context = &t};
    random_seed(&t.random, 1);
    check_int(rate_search(&search, &answer), -7);
}
