/* sim - runs the simulator.
 *
 *     sim --seed N              one run, with its trace as text beside the program (or --trace FILE)
 *     sim --runs N              the seeds of tests/sim/seeds.txt, then 1 to N; stops at the first failure
 *     sim --hashes N            the seeds 1 to N, a line with the trace hash of each
 *         [--kept FILE]         another list of seeds than tests/sim/seeds.txt
 *
 * The runs happen in a child, so that also a run that ends in a failed assert or a bad access is reported with
 * its seed and traced. Exit status: 0 nothing found, 1 a promise was broken, 2 usage or I/O. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "tests/sim/sim.h"

/* What the child is doing, told to its parent. */
struct shared_state {
    uint64_t seed, runs, events, crashes, records;
};

struct options {
    bool one, hashes;
    uint64_t seed, runs;
    const char *trace, *kept;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- runs --- */

static void run_counted(uint64_t seed, const struct options *o, struct shared_state *state)
{
    struct sim_result r;
    state->seed = seed;
    sim_run(seed, NULL, &r);
    state->runs++;
    state->events += r.events;
    state->crashes += (uint64_t)r.crashes;
    state->records += (uint64_t)r.records_acked;
    if (o->hashes) printf("%llu %016llx\n", (unsigned long long)seed, (unsigned long long)r.trace_hash);
}

static void kept_run(const struct options *o, struct shared_state *state)
{
    FILE *f = fopen(o->kept, "r");
    char line[256];
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        int64_t seed;
        if (text_to_i64(slice_of(line, strcspn(line, " \t#\n")), &seed)) run_counted((uint64_t)seed, o, state);
    }
    fclose(f);
}

static void runs_do(const struct options *o, struct shared_state *state)
{
    double began = now_s(), told = began;
    if (!o->hashes) kept_run(o, state);
    for (uint64_t seed = 1; seed <= o->runs; seed++) {
        run_counted(seed, o, state);
        if (o->hashes || now_s() - told < 2) continue;
        told = now_s();
        fprintf(stderr, "%llu of %llu runs, %.0f a second\n", (unsigned long long)state->runs,
                (unsigned long long)o->runs, (double)state->runs / (told - began));
    }
}

/* Runs `do_it` in a child; its wait status. */
static int in_child(void (*do_it)(const struct options *, struct shared_state *), const struct options *o,
                    struct shared_state *state)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        do_it(o, state);
        exit(0); /* not _exit: the sanitizer looks for leaks at the end */
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static void one_do(const struct options *o, struct shared_state *state)
{
    struct sim_result r;
    FILE *f = fopen(o->trace, "w");
    if (!f) {
        fprintf(stderr, "cannot write %s: %s\n", o->trace, strerror(errno));
        _exit(2);
    }
    sim_run(state->seed, f, &r);
    fclose(f);
    printf("seed %llu: trace hash %016llx, %llu events, %d starts, %d crashes, %lld records acknowledged\n",
           (unsigned long long)state->seed, (unsigned long long)r.trace_hash, (unsigned long long)r.events, r.lives,
           r.crashes, (long long)r.records_acked);
}

static int verdict(int status)
{
    if (status == 0) return 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The failed seed once more, this time with its trace. */
static int replay(const struct options *o, struct shared_state *state)
{
    struct options again = *o;
    char path[4096];
    const char *commit = getenv("MILLRACE_COMMIT");
    if (!o->trace) {
        char self[3072];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        self[n > 0 ? n : 0] = '\0';
        snprintf(path, sizeof path, "%s-%llu.trace", n > 0 ? self : "sim", (unsigned long long)state->seed);
        again.trace = path;
    }
    int status = in_child(one_do, &again, state);
    if (status == -1 || WIFSIGNALED(status))
        printf("seed %llu, commit %s: ended by signal %d\n", (unsigned long long)state->seed,
               commit && commit[0] ? commit : "unknown", status == -1 ? 0 : WTERMSIG(status));
    if (verdict(status) != 2)
        printf("trace: %s\nreplay: make sim SEED=%llu\n", again.trace, (unsigned long long)state->seed);
    return verdict(status);
}

/* --- options --- */

static bool number_read(const char *text, uint64_t *out)
{
    int64_t v;
    if (!text || !text_to_i64(slice_str(text), &v) || v < 0) return false;
    *out = (uint64_t)v;
    return true;
}

static bool options_read(int count, char **words, struct options *o)
{
    bool many = false;
    for (int i = 1; i < count; i += 2) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;
        bool ok = false;
        if (strcmp(words[i], "--seed") == 0) ok = o->one = number_read(value, &o->seed);
        if (strcmp(words[i], "--runs") == 0) ok = many = number_read(value, &o->runs);
        if (strcmp(words[i], "--hashes") == 0) ok = many = o->hashes = number_read(value, &o->runs);
        if (strcmp(words[i], "--trace") == 0) ok = (o->trace = value) != NULL;
        if (strcmp(words[i], "--kept") == 0) ok = (o->kept = value) != NULL;
        if (!ok) return false;
    }
    return o->one != many;
}

int main(int count, char **words)
{
    struct options o = {.kept = "tests/sim/seeds.txt"};
    if (!options_read(count, words, &o)) {
        fprintf(stderr, "usage: sim --seed N [--trace FILE] | --runs N [--kept FILE] | --hashes N\n");
        return 2;
    }
    struct shared_state *state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (state == MAP_FAILED) return 2;
    state->seed = o.seed;
    if (o.one) return replay(&o, state);
    int status = in_child(runs_do, &o, state);
    if (status != 0) {
        int rc = replay(&o, state);
        if (rc == 0) printf("seed %llu failed, but not when it ran again\n", (unsigned long long)state->seed);
        return 1;
    }
    if (!o.hashes)
        printf("%llu runs, %llu events, %llu crashes, %llu records acknowledged: no promise broken\n",
               (unsigned long long)state->runs, (unsigned long long)state->events, (unsigned long long)state->crashes,
               (unsigned long long)state->records);
    return 0;
}
