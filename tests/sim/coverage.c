#include "tests/sim/coverage.h"

#include <string.h>

/* Column heads: what, and of what kind. */
static const char *const fault_names[FAULT_KINDS][2] = {
    [FAULT_KILL] = {"", "kill"},
    [FAULT_CUT_ALL] = {"cut", "all"},
    [FAULT_CUT_LATER] = {"cut", "later"},
    [FAULT_CUT_SOME] = {"cut", "some"},
    [FAULT_CUT_NOTHING] = {"cut", "none"},
    [FAULT_TORN] = {"torn", "write"},
    [FAULT_WRITE_ERROR] = {"EIO", "write"},
    [FAULT_WRITE_FULL] = {"full", "write"},
    [FAULT_MAKE_FULL] = {"full", "make"},
    [FAULT_CHANGE_ERROR] = {"EIO", "change"},
    [FAULT_READ_ERROR] = {"EIO", "read"},
    [FAULT_SHORT_READ] = {"short", "read"},
    [FAULT_SYNC_ERROR] = {"EIO", "sync"},
    [FAULT_FLIP] = {"bit", "flip"},
    [FAULT_DROP] = {"", "drop"},
};

static const char *const state_names[STATE_KINDS] = {
    [STATE_IDLE] = "idle",
    [STATE_APPENDING] = "append under way",
    [STATE_SYNCING] = "sync under way",
    [STATE_READING] = "read under way",
    [STATE_CHECKING] = "checking records",
    [STATE_LOOKING_UP] = "lookup by time",
    [STATE_ROLLING] = "segment roll",
    [STATE_REPAIRING] = "repair of a log",
    [STATE_SNAPSHOT] = "producer snapshot",
    [STATE_EPOCHS] = "epochs",
    [STATE_RETAINING] = "retention",
    [STATE_SCRUBBING] = "scrub",
    [STATE_CHECKPOINT] = "checkpoint",
    [STATE_MAKING] = "making a topic",
    [STATE_REMOVING] = "removing a topic",
    [STATE_JOB] = "another job",
    [STATE_REBALANCING] = "rebalance",
    [STATE_POLLING] = "long poll",
    [STATE_COMMITTING] = "offset commit",
    [STATE_CLOSING] = "clean stop",
    [STATE_OFFLINE] = "disk offline",
    [STATE_OPENING] = "opening",
};

enum sim_state coverage_job_state(const char *name)
{
    static const struct {
        const char *name;
        enum sim_state state;
    } of[] = {
        {"check-records", STATE_CHECKING},
        {"log-lookup", STATE_LOOKING_UP},
        {"log-roll", STATE_ROLLING},
        {"log-repair", STATE_REPAIRING},
        {"log-snapshot", STATE_SNAPSHOT},
        {"log-epochs", STATE_EPOCHS},
        {"log-delete", STATE_RETAINING},
        {"log-scrub", STATE_SCRUBBING},
        {"write-checkpoint", STATE_CHECKPOINT},
        {"make-folders", STATE_MAKING},
        {"log-remove", STATE_REMOVING},
        {"log-close", STATE_CLOSING},
        {"write-last-checkpoints", STATE_CLOSING},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
        if (strcmp(of[i].name, name) == 0) return of[i].state;
    return STATE_JOB;
}

void coverage_count(struct coverage *c, enum sim_fault fault, uint32_t states)
{
    c->faults[fault]++;
    if (states == 0) states = 1u << STATE_IDLE;
    for (int i = 0; i < STATE_KINDS; i++) c->cells[fault][i] += states >> i & 1;
}

void coverage_merge(struct coverage *into, const struct coverage *from)
{
    for (int f = 0; f < FAULT_KINDS; f++) {
        into->faults[f] += from->faults[f];
        for (int i = 0; i < STATE_KINDS; i++) into->cells[f][i] += from->cells[f][i];
    }
}

/* --- the table --- */

static void heads_print(FILE *out, int line)
{
    fprintf(out, "%-18s", line ? "state \\ fault" : "");
    for (int f = 0; f < FAULT_KINDS; f++) fprintf(out, "%8s", fault_names[f][line]);
    fputc('\n', out);
}

static void row_print(const struct coverage *c, FILE *out, int state)
{
    fprintf(out, "%-18s", state_names[state]);
    for (int f = 0; f < FAULT_KINDS; f++) {
        if (c->cells[f][state])
            fprintf(out, "%8llu", (unsigned long long)c->cells[f][state]);
        else
            fprintf(out, "%8s", ".");
    }
    fputc('\n', out);
}

void coverage_print(const struct coverage *c, FILE *out)
{
    heads_print(out, 0);
    heads_print(out, 1);
    for (int i = 0; i < STATE_KINDS; i++) row_print(c, out, i);
    fprintf(out, "%-18s", "all");
    for (int f = 0; f < FAULT_KINDS; f++) fprintf(out, "%8llu", (unsigned long long)c->faults[f]);
    fputc('\n', out);
}

/* --- what must be there --- */

/* A thousand runs meet these cells twenty times or more: one that is empty says that something is not tried any more. A
 * letter for each fault, in their order. */
static const char *const required[STATE_KINDS] = {
    [STATE_IDLE] = "########.....##",        [STATE_APPENDING] = "#############.#",
    [STATE_SYNCING] = "#############.#",     [STATE_READING] = "############..#",
    [STATE_CHECKING] = "####.#.#.###..#",    [STATE_LOOKING_UP] = "...........#..#",
    [STATE_ROLLING] = "#############.#",     [STATE_SNAPSHOT] = "####.#####..#.#",
    [STATE_EPOCHS] = ".......###....#",      [STATE_RETAINING] = ".........#.....",
    [STATE_SCRUBBING] = "..........#...#",   [STATE_CHECKPOINT] = "####.#####.##.#",
    [STATE_MAKING] = "..............#",      [STATE_REMOVING] = ".........#....#",
    [STATE_REBALANCING] = "###############", [STATE_POLLING] = "###############",
    [STATE_COMMITTING] = "#############.#",  [STATE_CLOSING] = "######........#",
    [STATE_OFFLINE] = ".#####........#",     [STATE_OPENING] = "###########....",
};

int coverage_missing(const struct coverage *c, FILE *out)
{
    int missing = 0;
    for (int i = 0; i < STATE_KINDS; i++)
        for (int f = 0; required[i] && f < FAULT_KINDS; f++) {
            if (required[i][f] != '#' || c->cells[f][i] > 0) continue;
            fprintf(out, "not covered: %s %s while the state is: %s\n", fault_names[f][0], fault_names[f][1],
                    state_names[i]);
            missing++;
        }
    return missing;
}
