/* target_file.h - what bench/targets/NAME.json says of a target: how to fetch, start, wait for and stop it.
 *
 *     {"name": "apache-kafka", "about": "Apache Kafka 4.2.0, ...", "protocol": "kafka",
 *      "variables": {"lib": {"environment": "KAFKA_LIB", "else": "{cache}/lib"}},
 *      "needs":     {"programs": ["java"], "file": "{lib}/kafka.jar", "how": "make deps-peers"},
 *      "fetch":     {"files": {"{cache}/pom.xml": ["a line", ...]}, "run": [["mvn", ...], ...]},
 *      "files":     {"{folder}/server.properties": ["a line", ...]},     written anew at each start
 *      "prepare":   [["java", ...], ...],                                run once, in an empty folder
 *      "start":     ["java", ...],
 *      "ready":     {"line": "ready ", "within_s": 10}                   its first line is this and HOST:PORT; or
 *                   {"connect": "127.0.0.1:{port}", "within_s": 60},     a connection there is accepted
 *      "warm_up_s": 30,                                                  at most so long, until its rate is steady
 *      "stop":      {"signal": "TERM", "within_s": 30},
 *      "acks":      ["0", "1", "all"],                                   those that it knows
 *      "durability": [{"name": "page-cache", "promise": "page-cache",    the first one is the target's default
 *                      "settings": ["-o", "..."], "topic": ["flush.messages=1"]}],
 *      "differs":   ["a sentence on what keeps the comparison from being one of like with like"]}
 *
 * The protocol is "kafka" (librdkafka), or one of plain.h's.
 *
 * Placeholders: {folder} data, new for each run; {port} and {port2} free ones; {program} this program; {cache} a folder
 * that stays, outside of any tree; and the target's own variables. `settings` are appended to `start`: targets with the
 * same ones share a process, those of `topic` differ by topic. A promise says what an acknowledgement means, so that
 * modes of different targets can be compared: "none", "memory", "page-cache", "interval" (on disk some time later) or
 * "on-disk" (before it is acknowledged). What is accounted as the target is the process that `start` made and all that
 * descend from it. */
#ifndef MILLRACE_BENCH_TARGET_FILE_H
#define MILLRACE_BENCH_TARGET_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum {
    TARGET_NAME_MAX = 20,
    TARGET_VARIABLES_MAX = 8,
    TARGET_FILES_MAX = 8,
    TARGET_COMMANDS_MAX = 8,
    TARGET_DURABILITIES_MAX = 4
};

struct target_words {
    const char **items; /* NULL behind the last, too */
    int count;
};

struct target_variable {
    const char *name, *environment, *otherwise;
};

struct target_text_file {
    const char *path;
    struct target_words lines;
};

/* Files to write and commands to run, in this order. */
struct target_steps {
    struct target_text_file files[TARGET_FILES_MAX];
    int file_count;
    struct target_words commands[TARGET_COMMANDS_MAX];
    int command_count;
};

struct target_durability {
    const char *name, *promise;
    struct target_words settings, topic; /* topic: "key=value" */
};

struct target_spec {
    struct arena arena; /* all of it lives here */
    const char *file, *name, *about, *protocol;
    struct target_variable variables[TARGET_VARIABLES_MAX];
    int variable_count;
    struct target_words programs; /* that it needs */
    const char *needs_file, *how; /* needs_file: NULL when programs are enough */
    struct target_steps fetch, prepare;
    struct target_words start;
    const char *ready_line, *ready_connect; /* one of them is NULL */
    int ready_s, warm_up_s, stop_signal, stop_s;
    struct target_words acks;
    struct target_durability durabilities[TARGET_DURABILITIES_MAX];
    int durability_count;
    struct target_words differs;
};

/* ERR_NOTFOUND or ERR_INVALID with a sentence that names file and key: "x.json: start[2]: {prot}: no such
 * placeholder". Released in any case by target_spec_release. */
int target_spec_read(struct target_spec *spec, const char *path, struct err_text *error);
void target_spec_release(struct target_spec *spec);

/* What the placeholders are for one start. */
struct target_place {
    const struct target_spec *spec;
    const char *folder, *program;
    char cache[PATH_MAX];
    int ports[2];
};

/* The folder that stays: $MILLRACE_CACHE, else millrace in $XDG_CACHE_HOME or ~/.cache; with the target's name. */
void target_place_init(struct target_place *place, const struct target_spec *spec, const char *program,
                       const char *folder);
/* The text with what its placeholders are, in the arena. */
const char *target_expand(const struct target_place *place, const char *text, struct arena *arena);
/* Whether the target can be had here; if not, `why` says what is missing and how to get it. */
bool target_present(const struct target_place *place, char *why, size_t size);

#endif
