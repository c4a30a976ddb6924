/* The parts of the server that are no sockets: helper threads, the cache of descriptors, the lock. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/server/data_dir.h"
#include "broker/server/file_cache.h"
#include "broker/server/workers.h"
#include "lib/os/clock.h"
#include "tests/unit.h"

static void scratch_make(char *path)
{
    strcpy(path, "/tmp/millrace-server-test.XXXXXX");
    check(mkdtemp(path));
}

static void scratch_remove(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    check_int(system(command), 0);
}

/* --- workers --- */

struct numbered_job {
    struct node_job base;
    int number;
};

static int finished[200], finished_count; /* of one order: written by one thread at a time */

static int numbered_run(struct node_job *job, struct disk *disk)
{
    (void)disk;
    clock_sleep_ms(((struct numbered_job *)job)->number % 3 == 0);
    finished[finished_count++] = ((struct numbered_job *)job)->number;
    return -((struct numbered_job *)job)->number;
}

TEST(workers, jobs_of_one_order_run_one_after_the_other)
{
    static struct numbered_job jobs[100];
    struct loop loop;
    check_int(loop_init(&loop), 0);
    struct workers *w = workers_new(4, NULL, -1, &loop);
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct numbered_job){{"numbered", 7, false, numbered_run}, i};
        workers_job(w, &jobs[i].base);
    }
    int done = 0;
    while (done < 100) {
        check(loop_step(&loop, clock_mono_ns() + 5000000000LL) > 0); /* woken, not timed out */
        for (struct worker_task *t; (t = workers_take_done(w)); done++) {
            check_int(t->err, -((struct numbered_job *)t->job)->number);
            worker_task_free(t);
        }
    }
    for (int i = 0; i < 100; i++) check_int(finished[i], i);
    workers_free(w);
    loop_release(&loop);
}

/* A job that runs until it is let go. */
struct gate_job {
    struct node_job base;
    int gate[2];
};

static int gate_run(struct node_job *job, struct disk *disk)
{
    char byte;
    (void)disk;
    return read(((struct gate_job *)job)->gate[0], &byte, 1) == 1 ? 0 : ERR_IO;
}

TEST(workers, heavy_jobs_keep_one_thread_and_no_more)
{
    static struct gate_job heavy[2];
    struct numbered_job quick = {{"quick", 0, false, numbered_run}, 1};
    struct loop loop;
    check_int(loop_init(&loop), 0);
    struct workers *w = workers_new(3, NULL, -1, &loop);
    for (int i = 0; i < 2; i++) {
        heavy[i].base = (struct node_job){"heavy", 0, true, gate_run};
        check_int(pipe(heavy[i].gate), 0);
        workers_job(w, &heavy[i].base);
    }
    finished_count = 0;
    workers_job(w, &quick.base);
    struct node_job *expected[] = {&quick.base, &heavy[0].base, &heavy[1].base};
    for (int i = 0; i < 3; i++) {
        if (i > 0) check_int(write(heavy[i - 1].gate[1], "x", 1), 1);
        struct worker_task *t;
        while (!(t = workers_take_done(w))) check(loop_step(&loop, clock_mono_ns() + 20000000000LL) > 0);
        check(t->job == expected[i]);
        worker_task_free(t);
    }
    for (int i = 0; i < 2; i++) {
        close(heavy[i].gate[0]);
        close(heavy[i].gate[1]);
    }
    workers_free(w);
    loop_release(&loop);
}

TEST(workers, a_sync_reports_its_token_and_its_failure)
{
    char path[64], file[96];
    scratch_make(path);
    snprintf(file, sizeof file, "%s/f", path);
    struct loop loop;
    check_int(loop_init(&loop), 0);
    struct workers *w = workers_new(1, NULL, -1, &loop);
    int good = open(file, O_RDWR | O_CREAT, 0600);
    struct worker_sync bad[2] = {{.descriptor = open(file, O_RDONLY)}, {.descriptor = ERR_IO}};
    workers_sync(w, 11, &(struct worker_sync){.descriptor = good}, 1);
    workers_sync(w, 12, bad, 2);
    for (uint64_t token = 11; token <= 12; token++) {
        struct worker_task *t;
        while (!(t = workers_take_done(w))) loop_step(&loop, clock_mono_ns() + 100000000);
        check_int(t->token, token);
        check_int(t->err, token == 11 ? 0 : ERR_IO);
        worker_task_free(t);
    }
    check_int(fcntl(good, F_GETFD), -1); /* closed */
    workers_free(w);
    loop_release(&loop);
    scratch_remove(path);
}

static int sync_outcome(struct workers *w, struct loop *loop)
{
    struct worker_task *t;
    while (!(t = workers_take_done(w))) check(loop_step(loop, clock_mono_ns() + 20000000000LL) > 0);
    int err = t->err;
    worker_task_free(t);
    return err;
}

/* The process may have as many descriptors as are open now and `more`, the lowest free ones. */
static void descriptors_allow(int more)
{
    int open = 0;
    struct rlimit limit;
    check_int(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int d = 0; d < 1024 && more >= 0; d++) {
        if (fcntl(d, F_GETFD) < 0) more--;
        open = d;
    }
    limit.rlim_cur = (rlim_t)open;
    check_int(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Files that wait for their turn need no descriptor, only those that are synced; and if there is none, that is not a
 * failed sync: it was not tried. */
TEST(workers, a_file_is_opened_when_its_sync_begins)
{
    enum { FILES = 100 };
    char path[64];
    scratch_make(path);
    struct loop loop;
    struct log_file_ids ids = {0};
    struct worker_sync targets[FILES + 1] = {0};
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        close(openat(directory, name, O_RDWR | O_CREAT, 0600));
        targets[i].file = log_file_new(&ids, name, false);
    }
    targets[FILES].file = log_file_new(&ids, "", true);
    check_int(loop_init(&loop), 0);
    struct workers *w = workers_new(1, NULL, directory, &loop);
    struct worker_sync held = {.file = log_file_ref(targets[0].file)}, again = {.file = log_file_ref(held.file)};
    descriptors_allow(0);
    workers_sync(w, 1, &held, 1);
    check_int(sync_outcome(w, &loop), ERR_NOMEM);
    descriptors_allow(1);
    workers_sync(w, 2, targets, FILES + 1);
    check_int(sync_outcome(w, &loop), 0);
    /* One that fails counts, also beside one that was not tried. */
    descriptors_allow(0);
    struct worker_sync both[] = {again, {.descriptor = ERR_IO}};
    workers_sync(w, 3, both, 2);
    check_int(sync_outcome(w, &loop), ERR_IO);
    workers_free(w);
    loop_release(&loop);
    close(directory);
    scratch_remove(path);
}

/* --- descriptors --- */

TEST(file_cache, keeps_so_many_and_the_longest_unused_goes_first)
{
    char path[64];
    scratch_make(path);
    struct file_cache c;
    struct log_file_ids ids = {0};
    struct log_file *f[4];
    file_cache_init(&c, open(path, O_RDONLY | O_DIRECTORY), 2, NULL);
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        f[i] = log_file_new(&ids, name, false);
    }
    check_int(file_cache_get(&c, f[0], false), ERR_NOTFOUND);
    int zero = file_cache_get(&c, f[0], true), one = file_cache_get(&c, f[1], true);
    check(zero >= 0 && one >= 0);
    check_int(file_cache_get(&c, f[0], false), zero); /* used again: now the newer one */
    int two = file_cache_get(&c, f[2], true);
    check_int(file_cache_get(&c, f[0], false), zero);
    check_int(fcntl(two, F_GETFD) >= 0, 1);
    check_int(c.by_id.count, 2);
    file_cache_forget(&c, f[0]);
    file_cache_forget(&c, f[3]); /* never opened: fine */
    check_int(c.by_id.count, 1);
    check(file_cache_shrink(&c));
    check(!file_cache_shrink(&c));
    for (int i = 0; i < 4; i++) log_file_unref(f[i]);
    file_cache_release(&c);
    scratch_remove(path);
}

/* --- the lock --- */

TEST(data_dir, one_directory_one_broker)
{
    char path[64], deep[96];
    scratch_make(path);
    snprintf(deep, sizeof deep, "%s/a/b", path);
    struct data_dir d;
    struct err_text error = {0};
    check_int(data_dir_open(&d, deep, &error), 0); /* made on the way */
    /* The lock belongs to the process, so another one has to try. */
    pid_t child = fork();
    if (child == 0) {
        struct data_dir other;
        struct err_text why = {0};
        int rc = data_dir_open(&other, deep, &why);
        _exit(rc == ERR_LOCKED && strstr(why.text, deep) ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    check_int(status, 0);
    data_dir_close(&d);
    check_int(data_dir_open(&d, deep, &error), 0);
    data_dir_close(&d);
    check_int(data_dir_open(&d, "/dev/null/x", &error) < 0, 1);
    check(strstr(error.text, "/dev/null/x"));
    scratch_remove(path);
}
