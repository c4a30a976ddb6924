/* sim - runs the simulator.
 *
 *     sim --seed N              one run, with its trace as text beside the program (or --trace FILE)
 *     sim --runs N              the seeds of tests/sim/seeds.txt, then 1 to N; stops at the first failure
 *         [--from M]            seeds from M on, M + N - 1 the last
 *         [--workers N]         processes; as many as there are processors
 *         [--kept FILE]         another list of seeds than tests/sim/seeds.txt
 *     sim --hashes N            the seeds 1 to N, a line with the trace hash of each
 *
 * Runs happen in children, so that also a run that ends in a failed assert or a bad access is reported with
 * its seed and traced. Ends with the table of faults and states, which after a thousand runs or more must have its
 * cells filled. Exit status: 0 nothing found, 1 a promise was broken or a cell is empty, 2 usage or I/O. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "tests/sim/runs.h"
#include "tests/sim/sim.h"

enum { COVERED_AFTER_RUNS = 1000 };

struct options {
    bool one, hashes;
    uint64_t seed, runs, from, workers;
    const char *trace, *kept;
};

/* --- seeds --- */

static void seed_add(struct seeds *s, uint64_t seed)
{
    s->items = memory_grow(s->items, s->count + 1, sizeof *s->items);
    s->items[s->count++] = seed;
}

static void kept_add(const struct options *o, struct seeds *s)
{
    FILE *f = fopen(o->kept, "r");
    char line[256];
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        int64_t seed;
        if (text_to_i64(slice_of(line, strcspn(line, " \t#\n")), &seed)) seed_add(s, (uint64_t)seed);
    }
    fclose(f);
}

/* --- one run --- */

static void one_do(const struct options *o)
{
    struct sim_result r;
    FILE *f = fopen(o->trace, "w");
    if (!f) {
        fprintf(stderr, "cannot write %s: %s\n", o->trace, strerror(errno));
        exit(2);
    }
    sim_run(o->seed, f, &r);
    fclose(f);
    printf("seed %llu: %llu events, %d starts, %d crashes, %.1f simulated s, %llu operations, %llu faults, "
           "%lld records acknowledged, trace hash %016llx: no promise broken\n",
           (unsigned long long)o->seed, (unsigned long long)r.events, r.lives, r.crashes, (double)r.ns / 1e9,
           (unsigned long long)r.operations, (unsigned long long)r.faults, (long long)r.records_acked,
           (unsigned long long)r.trace_hash);
}

static int one_in_child(const struct options *o)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        one_do(o);
        exit(0); /* not _exit: the sanitizer looks for leaks at the end */
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static int verdict(int status)
{
    if (status == -1 || WIFSIGNALED(status)) return 1;
    return WEXITSTATUS(status) == 2 ? 2 : WEXITSTATUS(status) != 0;
}

/* Runs a seed with a trace and says how to do so again. */
static int replay(const struct options *o, uint64_t seed)
{
    struct options again = *o;
    char path[4200], self[4096];
    const char *commit = getenv("MILLRACE_COMMIT");
    again.seed = seed;
    if (!again.trace) {
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        self[n > 0 ? n : 0] = '\0';
        snprintf(path, sizeof path, "%s-%llu.trace", n > 0 ? self : "sim", (unsigned long long)seed);
        again.trace = path;
    }
    int status = one_in_child(&again);
    if (status == -1 || WIFSIGNALED(status))
        printf("seed %llu, commit %s: ended by signal %d\n", (unsigned long long)seed,
               commit && commit[0] ? commit : "unknown", status == -1 ? 0 : WTERMSIG(status));
    if (verdict(status) != 2) printf("trace: %s\nreplay: make sim SEED=%llu\n", again.trace, (unsigned long long)seed);
    return verdict(status);
}

/* --- many runs --- */

static int hashes_print(const struct options *o)
{
    for (uint64_t seed = 1; seed <= o->runs; seed++) {
        struct sim_result r;
        sim_run(seed, NULL, &r);
        printf("%llu %016llx\n", (unsigned long long)seed, (unsigned long long)r.trace_hash);
    }
    return 0;
}

static void tally_print(const struct tally *t, int workers)
{
    printf("%.0f simulated hours, %llu events, %llu answers, %llu crashes, %llu faults and %llu dropped connections on "
           "%d processes; no run below %.1f simulated s, %llu answers and %llu faults\n",
           (double)t->ns / 3.6e12, (unsigned long long)t->events, (unsigned long long)t->operations,
           (unsigned long long)t->crashes, (unsigned long long)t->faults, (unsigned long long)t->drops, workers,
           (double)t->ns_min / 1e9, (unsigned long long)t->operations_min, (unsigned long long)t->faults_min);
}

static bool floor_holds(const struct tally *t)
{
    return t->runs == 0 || (t->ns_min >= RUN_SECONDS_MIN * NS_SEC && t->operations_min >= RUN_OPERATIONS_MIN &&
                            t->faults_min >= RUN_FAULTS_MIN);
}

static int many_do(const struct options *o)
{
    struct seeds seeds = {0};
    struct tally t;
    uint64_t found;
    int status;
    kept_add(o, &seeds);
    for (uint64_t i = 0; i < o->runs; i++) seed_add(&seeds, o->from + i);
    bool well = runs_do(&seeds, (int)o->workers, &t, &found, &status);
    free(seeds.items);
    if (!well) {
        if (replay(o, found) == 0) printf("seed %llu failed, but not when it ran again\n", (unsigned long long)found);
        return 1;
    }
    coverage_print(&t.coverage, stdout);
    tally_print(&t, (int)o->workers);
    int missing = t.runs >= COVERED_AFTER_RUNS ? coverage_missing(&t.coverage, stdout) : 0;
    if (!floor_holds(&t)) printf("a run was below its floor\n");
    printf("%llu runs, %llu records acknowledged: no promise broken\n", (unsigned long long)t.runs,
           (unsigned long long)t.records);
    return missing > 0 || !floor_holds(&t);
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
        if (strcmp(words[i], "--from") == 0) ok = number_read(value, &o->from);
        if (strcmp(words[i], "--workers") == 0) ok = number_read(value, &o->workers) && o->workers > 0;
        if (strcmp(words[i], "--trace") == 0) ok = (o->trace = value) != NULL;
        if (strcmp(words[i], "--kept") == 0) ok = (o->kept = value) != NULL;
        if (!ok) return false;
    }
    return o->one != many;
}

int main(int count, char **words)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {.kept = "tests/sim/seeds.txt", .from = 1, .workers = processors > 0 ? (uint64_t)processors : 1};
    if (!options_read(count, words, &o)) {
        fprintf(stderr, "usage: sim --seed N [--trace FILE] | --runs N [--from M] [--workers N] [--kept FILE] | "
                        "--hashes N\n");
        return 2;
    }
    if (o.one) return replay(&o, o.seed);
    return o.hashes ? hashes_print(&o) : many_do(&o);
}
