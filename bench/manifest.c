#include "bench/manifest.h"

#include <librdkafka/rdkafka.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "bench/folder.h"
#include "bench/results.h"
#include "lib/base/checksum.h"

/* --- the program --- */

static json_t *program_checksum(const char *path)
{
    static char block[1 << 16];
    char text[16];
    uint32_t crc = 0;
    size_t n;
    FILE *file = fopen(path, "r");
    if (!file) return json_null();
    while ((n = fread(block, 1, sizeof block, file)) > 0) crc = crc32c(crc, block, n);
    fclose(file);
    snprintf(text, sizeof text, "%08x", crc);
    return json_string(text);
}

/* The first line that git says about the folder, or null: no git there, no tree, or not one of this program. */
static json_t *git_line(const char *folder, const char *const arguments[2])
{
    const char *const argv[] = {"git", "-C", folder, arguments[0], arguments[1], "HEAD:bench/manifest.h", NULL};
    struct process p;
    char line[256] = "", more[256];
    if (process_start(&p, argv, PROCESS_PIPE_OUT | PROCESS_QUIET_ERR, NULL) != 0) return json_null();
    int rc = process_read_line(&p, line, sizeof line, 10000);
    while (process_read_line(&p, more, sizeof more, 10000) >= 0) {}
    return process_wait(&p, 10000) == 0 && rc >= 0 ? json_string(line) : json_null();
}

/* Whether files of the tree differ from the commit. */
static json_t *git_changed(const char *folder)
{
    const char *const argv[] = {"git", "-C", folder, "diff", "--quiet", "HEAD", NULL};
    struct process p;
    if (process_start(&p, argv, PROCESS_QUIET_ERR, NULL) != 0) return json_null();
    int status = process_wait(&p, 10000);
    return status == 0 || status == 1 ? json_boolean(status) : json_null();
}

static json_t *program_json(const char *path)
{
    static const char *const head[2] = {"rev-parse", "HEAD"};
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    if (strrchr(folder, '/')) *strrchr(folder, '/') = 0;
    json_t *commit = git_line(folder, head);
    json_t *changed = json_is_string(commit) ? git_changed(folder) : json_null();
    return json_pack("{s:o, s:o, s:o}", "commit", commit, "changed", changed, "crc32c", program_checksum(path));
}

/* --- versions, seeds, configs --- */

static json_t *versions_json(const struct bench *b)
{
    return json_pack("{s:s, s:O?, s:s, s:s, s:s, s:s, s:s}", "compiler", __VERSION__, "build",
                     json_object_get(b->environment, "build"), "librdkafka", rd_kafka_version_str(), "sqlite",
                     sqlite3_libversion(), "jansson", jansson_version_str(), "zlib", zlibVersion(), "openssl",
                     OpenSSL_version(OPENSSL_VERSION));
}

static json_t *settings_json(const struct trial *t)
{
    json_t *settings = json_object();
    for (int i = 0; i < t->setting_count; i++)
        json_object_set_new(settings, t->settings[i].name, json_string(t->settings[i].value));
    return settings;
}

static int configs_json(const struct bench *b, const char *experiment, json_t **configs, struct err_text *error)
{
    struct trials all;
    int rc = trials_load(&all, b->dir, experiment, error);
    if (rc < 0) return rc;
    *configs = json_object();
    for (int i = 0; i < all.count; i++) {
        if (!json_object_get(*configs, all.items[i].cell))
            json_object_set_new(*configs, all.items[i].cell, settings_json(&all.items[i]));
    }
    trials_release(&all);
    return 0;
}

/* --- the whole --- */

/* A run that goes on does not forget those before it. */
static json_t *earlier_json(const char *path)
{
    static const char *const kept[] = {"command", "started", "seconds", "program"};
    json_t *last = json_load_file(path, 0, NULL), *earlier = json_incref(json_object_get(last, "earlier"));
    if (!earlier) earlier = json_array();
    if (last) {
        json_t *run = json_object();
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            json_object_set(run, kept[i], json_object_get(last, kept[i]));
        json_array_append_new(earlier, run);
    }
    json_decref(last);
    return earlier;
}

int manifest_write(const struct bench *b, const struct manifest *m, struct err_text *error)
{
    char path[PATH_MAX];
    json_t *configs = NULL;
    bench_path(path, b->dir, m->experiment);
    int rc = folder_make(path, error);
    if (rc < 0) return rc;
    rc = configs_json(b, m->experiment, &configs, error);
    if (rc < 0) return rc;
    snprintf(path, sizeof path, "%.*s/%s/manifest.json", PATH_MAX - 64, b->dir, m->experiment);
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:O?, s:f, s:f, s:i, s:b, s:o, s:o, s:o, s:o, s:{s:I, s:s}, s:o, s:o}", "experiment",
        m->experiment, "question", m->question, "command", m->command, "profile", b->full ? "full" : "quick", "started",
        m->started, "seconds", m->seconds, "budget_s", m->budget_s, "cut", b->cut, "ended", m->ended, "program",
        program_json(b->program), "machine", manifest_machine(b->dir), "system", manifest_system(), "versions",
        versions_json(b), "seeds", "order", (json_int_t)b->order_seed, "arrivals", "the number of the trial", "configs",
        configs, "earlier", earlier_json(path));
    return results_write_json(path, json, error);
}
