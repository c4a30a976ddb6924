#include "bench/runner.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/disk.h"
#include "tests/unit.h"

enum { CELLS = 4, AGAIN = 3 };

/* An experiment of numbers: what each trial gives is decided by the test. */
struct fake {
    int made[CELLS];
    int order[200], count;
    int void_first[CELLS]; /* so many trials of a cell are void */
    bool noisy;            /* cell 2 varies by half */
    int trial_ms;          /* that each takes at least */
    int wrong_at, end_at;  /* the trial in which it happens; 0: never */
    int time_over_at;
    int64_t *until_ns, time_left_ns; /* the run's deadline, and what is left from then on */
};

static const char *fake_name(void *context, int cell)
{
    static const char *const names[CELLS] = {"a", "b", "c", "d"};
    (void)context;
    return names[cell];
}

static int fake_trial(void *context, int cell, struct trial *t, char *text, size_t size, struct err_text *error)
{
    struct fake *f = context;
    (void)error;
    snprintf(text, size, "fine");
    clock_sleep_ms(f->trial_ms);
    f->order[f->count++] = cell;
    if (f->made[cell]++ < f->void_first[cell]) trial_void(t, "a busy neighbour");
    double value = f->noisy && cell == 2 && f->made[cell] % 2 ? 150 : 100;
    trial_metric(t, "rate", "1/s", value);
    if (f->count == f->wrong_at) t->verdict.wrong_answer = true;
    if (f->count == f->end_at) runner_end();
    if (f->count == f->time_over_at) *f->until_ns = clock_mono_ns() + f->time_left_ns;
    return 0;
}

static char *dir_new(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/millrace-runner-XXXXXX", P_tmpdir);
    check(mkdtemp(path) != NULL);
    return path;
}

static void dir_remove(const char *path)
{
    struct disk *disk;
    check_int(disk_linux_new(P_tmpdir, &disk, NULL), 0);
    disk_remove_tree(disk, path + strlen(P_tmpdir) + 1);
    disk_linux_free(disk);
}

static int run_in(const char *dir, struct fake *f)
{
    struct bench b = {.environment = json_object(), .again_max = AGAIN, .again_s = 60};
    struct err_text error = {0};
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    struct runner r = {.experiment = "E0",
                       .cells = CELLS,
                       .name = fake_name,
                       .trial = fake_trial,
                       .context = f,
                       .metric = "rate",
                       .precision = 0.05,
                       .trials_min = 3,
                       .trials_max = 8,
                       .seed = 1};
    int rc = runner_run(&b, &r, &error);
    json_decref(b.environment);
    return rc;
}

static int run(struct fake *f)
{
    const char *dir = dir_new();
    int rc = run_in(dir, f);
    dir_remove(dir);
    return rc;
}

TEST(runner, every_block_has_every_cell_once_in_an_order_of_its_own)
{
    struct fake f = {0};
    int orders = 0;
    check_int(run(&f), 0);
    check_int(f.count, 3 * CELLS);
    for (int block = 0; block < 3; block++) {
        int seen = 0;
        for (int i = 0; i < CELLS; i++) seen |= 1 << f.order[block * CELLS + i];
        check_int(seen, (1 << CELLS) - 1);
        orders += memcmp(&f.order[block * CELLS], &f.order[0], CELLS * sizeof f.order[0]) != 0;
    }
    check(orders > 0);
}

TEST(runner, a_void_trial_is_made_again_at_once)
{
    struct fake f = {.void_first = {0, 2, 0, 0}};
    check_int(run(&f), 0);
    check_int(f.made[1], 5);
    check_int(f.count, 3 * CELLS + 2);
}

TEST(runner, a_cell_that_stays_void_has_its_turn_in_each_block_and_no_more)
{
    struct fake f = {.void_first = {0, 0, 100, 0}};
    check_int(run(&f), 0);
    check_int(f.made[2], 3 + AGAIN);
    check_int(f.made[0] + f.made[1] + f.made[3], 9);
}

TEST(runner, a_cell_that_was_void_is_measured_once_the_noise_is_over)
{
    struct fake f = {.void_first = {0, 0, AGAIN + 1, 0}};
    check_int(run(&f), 0);
    check_int(f.made[2], AGAIN + 1 + 2);
    check_int(f.count, 3 * CELLS + AGAIN);
}

TEST(runner, making_void_trials_again_has_a_budget_of_time)
{
    struct fake f = {.void_first = {100, 100, 100, 100}, .trial_ms = 10};
    struct err_text error = {0};
    struct bench b = {.environment = json_object(), .again_max = 100, .again_s = 0.05};
    const char *dir = dir_new();
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    check_int(runner_run(&b,
                         &(struct runner){.experiment = "E0",
                                          .cells = CELLS,
                                          .name = fake_name,
                                          .trial = fake_trial,
                                          .context = &f,
                                          .trials_min = 3,
                                          .trials_max = 3,
                                          .seed = 1},
                         &error),
              0);
    check(f.count > 3 * CELLS && f.count <= 3 * CELLS + 5);
    json_decref(b.environment);
    dir_remove(dir);
}

/* Twenty trials are planned; the time is over after five. */
TEST(runner, what_does_not_end_in_time_is_cut_and_made_later)
{
    struct bench b = {.environment = json_object(), .until_ns = INT64_MAX};
    struct fake f = {.time_over_at = 5, .until_ns = &b.until_ns};
    struct err_text error = {0};
    const struct runner r = {.experiment = "E0",
                             .cells = CELLS,
                             .name = fake_name,
                             .trial = fake_trial,
                             .context = &f,
                             .trials_min = 5,
                             .trials_max = 5,
                             .seed = 1};
    const char *dir = dir_new();
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    check_int(runner_run(&b, &r, &error), 0);
    check_int(f.count, 5);
    check_int(b.cut, 15);
    b.until_ns = b.cut = 0;
    check_int(runner_run(&b, &r, &error), 0);
    check_int(f.count, 20);
    check_int(b.cut, 0);
    json_decref(b.environment);
    dir_remove(dir);
}

/* A cell's trials take as long as its last ones did: what would end too late is not begun. */
TEST(runner, a_trial_that_would_end_too_late_is_not_begun)
{
    struct bench b = {.environment = json_object(), .until_ns = INT64_MAX};
    struct fake f = {.time_over_at = 1, .until_ns = &b.until_ns, .trial_ms = 20};
    struct err_text error = {0};
    const struct runner r = {.experiment = "E0",
                             .cells = 1,
                             .name = fake_name,
                             .trial = fake_trial,
                             .context = &f,
                             .trials_min = 2,
                             .trials_max = 2,
                             .seed = 1};
    const char *dir = dir_new();
    snprintf(b.dir, sizeof b.dir, "%s", dir);
    f.time_left_ns = 19000000;
    check_int(runner_run(&b, &r, &error), 0);
    check_int(f.count, 1);
    check_int(b.cut, 1);
    json_decref(b.environment);
    dir_remove(dir);
}

TEST(runner, a_noisy_pilot_asks_for_more_trials_of_all)
{
    struct fake f = {.noisy = true};
    check_int(run(&f), 0);
    for (int i = 0; i < CELLS; i++) check_int(f.made[i], 8);
    check_int(runner_needed(3, 100, 5, 0.05, 8), 3);
    check_int(runner_needed(3, 100, 6, 0.05, 8), 5);
    check_int(runner_needed(3, 0, 6, 0.05, 8), 3);
}

TEST(runner, a_wrong_warehouse_ends_it)
{
    struct fake f = {.wrong_at = 2};
    check_int(run(&f), BENCH_WRONG);
    check_int(f.count, 2);
}

/* The flag stays in a child. */
TEST(runner, what_was_ended_goes_on_where_it_stopped)
{
    struct fake f = {.end_at = 6}, rest = {0};
    const char *dir = dir_new();
    pid_t pid = fork();
    if (pid == 0) _exit(run_in(dir, &f) == BENCH_ENDED ? 0 : 1);
    int status;
    waitpid(pid, &status, 0);
    check_int(status, 0);
    check_int(run_in(dir, &rest), 0);
    check_int(rest.count, 3 * CELLS - 6);
    dir_remove(dir);
}
