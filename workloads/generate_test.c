/* The generators against the second opinions in tests/truth, which share no code with them. */
#include "workloads/generate.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/checksum.h"
#include "lib/os/disk.h"
#include "tests/unit.h"
#include "workloads/chance.h"

typedef int generator(const struct generate_options *options, struct generate_result *result, struct err_text *error);

static char *folder_new(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/millrace-generate-XXXXXX", P_tmpdir);
    check(mkdtemp(path) != NULL);
    return path;
}

static void folder_remove(const char *path)
{
    struct disk *disk;
    check_int(disk_linux_new(P_tmpdir, &disk, NULL), 0);
    disk_remove_tree(disk, path + strlen(P_tmpdir) + 1);
    disk_linux_free(disk);
}

static struct generate_result generate(generator *g, const char *out, int64_t scale, uint64_t seed)
{
    struct generate_options options = {.out = out, .scale = scale, .seed = seed};
    struct generate_result result;
    struct err_text error = {0};
    if (g(&options, &result, &error) != 0) unit_fail("%s", error.text);
    return result;
}

/* --- the same seed, the same bytes --- */

struct digest {
    struct disk *disk;
    struct sha256 *sha;
    const char *folder;
};

static void digest_entry(void *context, const char *name, bool is_dir)
{
    struct digest *d = context;
    char path[256];
    struct buf content = {0};
    if (strcmp(name, "shop.db") == 0) return; /* by its content, below */
    snprintf(path, sizeof path, "%s%s%s", d->folder, d->folder[0] ? "/" : "", name);
    sha256_update(d->sha, name, strlen(name));
    if (is_dir) {
        struct digest inner = {d->disk, d->sha, path};
        check_int(d->disk->call->list(d->disk, path, digest_entry, &inner), 0);
        return;
    }
    check(disk_read_all(d->disk, path, 64 << 20, &content) >= 0);
    sha256_update(d->sha, content.p, content.n);
    buf_release(&content);
}

static void digest(const char *path, char out[65])
{
    struct digest d = {.sha = sha256_new(), .folder = ""};
    check_int(disk_linux_new(path, &d.disk, NULL), 0);
    check_int(d.disk->call->list(d.disk, "", digest_entry, &d), 0);
    disk_linux_free(d.disk);
    sha256_take_hex(d.sha, out);
}

static void check_repeats(generator *g, const char *known)
{
    char first[65], again[65], other[65];
    const char *out = folder_new();
    generate(g, out, 20000, 7);
    digest(out, first);
    generate(g, out, 20000, 8);
    digest(out, other);
    generate(g, out, 20000, 7);
    digest(out, again);
    folder_remove(out);
    check_str(again, first);
    check(strcmp(other, first) != 0);
    check_str(first, known);
}

/* The known digests hold on every machine; a change of a generator changes them on purpose. */
TEST(generate, ecommerce_repeats_byte_for_byte)
{
    check_repeats(generate_ecommerce, "dc72239093f1e86dc45b44744762d330f7bd1665c2427999cc8e31da7770475f");
}

TEST(generate, clickstream_repeats_byte_for_byte)
{
    check_repeats(generate_clickstream, "8992fb27061dceb5216febdf01aac07c1c72639d28550a086cfccc73ff2018a2");
}

TEST(generate, iot_repeats_byte_for_byte)
{
    check_repeats(generate_iot, "32e0673bcb2576166f4cd085cb697595949c9a8819951c739d446b69f59526c4");
}

/* What .dump tells of a database: its schema and every value of every row. */
static void dump_digest(const char *out, char hex[65])
{
    char path[128];
    struct sha256 *sha = sha256_new();
    sqlite3 *db;
    sqlite3_stmt *tables, *rows;
    snprintf(path, sizeof path, "%s/shop.db", out);
    check_int(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &tables, NULL);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char *sql = sqlite3_mprintf("SELECT * FROM %s ORDER BY rowid", sqlite3_column_text(tables, 0));
        sha256_update(sha, sqlite3_column_text(tables, 1), (size_t)sqlite3_column_bytes(tables, 1));
        check_int(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(rows); i++) {
                sha256_update(sha, "0123456789" + sqlite3_column_type(rows, i), 1);
                if (sqlite3_column_type(rows, i) == SQLITE_NULL) continue;
                const unsigned char *text = sqlite3_column_text(rows, i);
                sha256_update(sha, text, (size_t)sqlite3_column_bytes(rows, i) + 1);
            }
        }
        sqlite3_finalize(rows);
        sqlite3_free(sql);
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    sha256_take_hex(sha, hex);
}

TEST(generate, the_shops_database_repeats_value_for_value)
{
    char hex[65];
    const char *out = folder_new();
    generate(generate_ecommerce, out, 1000, 7);
    dump_digest(out, hex);
    folder_remove(out);
    check_str(hex, "be0f71c70a89e7c0f53848a07d8fade3f8cc034a79b267cca64a2ef13d266344");
}

TEST(generate, applogs_repeats_byte_for_byte)
{
    check_repeats(generate_applogs, "b7f8b1e214f2bacaf18e6b72a11118e4d229a4759181ef171fb3599024f7440c");
}

/* --- the truth --- */

static int second_opinion_in(const char *script, const char *out, const char *truth)
{
    char command[512];
    snprintf(command, sizeof command, "python3 tests/truth/%s '%s' '%s/%s'", script, out, out, truth);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int second_opinion(const char *script, const char *out)
{
    return second_opinion_in(script, out, "ground_truth");
}

static void check_truth(generator *g, const char *script)
{
    static const int64_t scales[] = {1000, 3001, 20000};
    const char *out = folder_new();
    for (int i = 0; i < 3; i++) {
        generate(g, out, scales[i], (uint64_t)(100 + i));
        check_int(second_opinion(script, out), 0);
    }
    folder_remove(out);
}

/* The order lines, and the whole shop. */
static void check_shop(const char *out)
{
    check_int(second_opinion("retail.py", out), 0);
    check_int(second_opinion_in("shop.py", out, "ground_truth/shop"), 0);
}

TEST(generate, ecommerce_truth_holds_by_a_second_opinion)
{
    static const int64_t scales[] = {1000, 3001, 30000};
    const char *out = folder_new();
    for (int i = 0; i < 3; i++) {
        generate(generate_ecommerce, out, scales[i], (uint64_t)(100 + i));
        check_shop(out);
    }
    folder_remove(out);
}

TEST(generate, clickstream_truth_holds_by_a_second_opinion)
{
    check_truth(generate_clickstream, "weblog.py");
}

TEST(generate, clickstream_events_truth_holds_by_a_second_opinion)
{
    static const int64_t scales[] = {1000, 3001, 20000};
    const char *out = folder_new();
    for (int i = 0; i < 3; i++) {
        generate(generate_clickstream, out, scales[i], (uint64_t)(200 + i));
        check_int(second_opinion_in("clicks.py", out, "ground_truth/clickstream"), 0);
    }
    folder_remove(out);
}

TEST(generate, iot_truth_holds_by_a_second_opinion)
{
    check_truth(generate_iot, "sensors.py");
}

TEST(generate, applogs_truth_holds_by_a_second_opinion)
{
    check_truth(generate_applogs, "applogs.py");
}

/* Every kind at a rate at which kinds meet in one record; and none of any. */
static const char *generate_with_dirt(const struct generator *g, const char *rate)
{
    const char *out = folder_new();
    struct generate_options options = {.out = out, .scale = 4000, .seed = 11};
    struct err_text error = {0};
    for (int i = 0; i < g->kind_count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s=%s", g->kinds[i].name, rate);
        check_int(dirt_rates_add(&options.dirt, text, &error), 0);
    }
    check_int(g->run(&options, NULL, &error), 0);
    return out;
}

TEST(generate, truth_holds_at_any_rate_of_dirt)
{
    static const char *const rates[] = {"0", "0.3"};
    for (int i = 0; i < 2; i++) {
        const char *out = generate_with_dirt(&clickstream_generator, rates[i]);
        check_int(second_opinion("weblog.py", out), 0);
        check_int(second_opinion_in("clicks.py", out, "ground_truth/clickstream"), 0);
        folder_remove(out);
        out = generate_with_dirt(&iot_generator, rates[i]);
        check_int(second_opinion("sensors.py", out), 0);
        folder_remove(out);
        out = generate_with_dirt(&applogs_generator, rates[i]);
        check_int(second_opinion("applogs.py", out), 0);
        folder_remove(out);
    }
}

/* A second opinion notices one line more. */
static void check_noticed(const struct generator *g, const char *file, const char *line, const char *script,
                          const char *truth)
{
    const char *out = folder_new();
    char path[128];
    generate(g->run, out, 1000, 1);
    snprintf(path, sizeof path, "%s/%s", out, file);
    FILE *f = fopen(path, "a");
    check(f != NULL);
    fputs(line, f);
    fclose(f);
    check_int(second_opinion_in(script, out, truth), 1);
    folder_remove(out);
}

TEST(generate, a_wrong_line_is_noticed)
{
    check_noticed(&clickstream_generator, "searched-2025-12-18.ndjson", "{\"event_id\":\"e1\",\"visitor\":null}\n",
                  "clicks.py", "ground_truth/clickstream");
    check_noticed(&iot_generator, "north-2026-03-02.csv", "s-000,9999,2026-03-02T10:00:00Z,20.00,C,1\n", "sensors.py",
                  "ground_truth");
    check_noticed(&applogs_generator, "cart.log", "Caused by: nothing\n", "applogs.py", "ground_truth");
}

/* The second opinion notices one changed byte of input. */
TEST(generate, a_wrong_truth_is_noticed)
{
    const char *out = folder_new();
    char path[128];
    generate(generate_ecommerce, out, 1000, 1);
    snprintf(path, sizeof path, "%s/2010-12-02.csv", out);
    FILE *file = fopen(path, "a");
    check(file != NULL);
    fputs("999999,POST,POSTAGE,1,2010-12-02 20:00:00,0.001,,France\n", file);
    fclose(file);
    check_int(second_opinion("retail.py", out), 1);
    folder_remove(out);
}

/* --- every kind of dirt at the smallest scale --- */

static void check_summary_has(const char *out, const char *const keys[])
{
    struct disk *disk;
    struct buf text = {0};
    check_int(disk_linux_new(out, &disk, NULL), 0);
    check(disk_read_all(disk, "ground_truth/summary.json", 65536, &text) >= 0);
    for (int i = 0; keys[i]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\": ", keys[i]);
        const char *at = strstr(buf_cstr(&text), quoted);
        if (!at || atoll(at + strlen(quoted)) <= 0) unit_fail("%s: none in %s", keys[i], out);
    }
    buf_release(&text);
    disk_linux_free(disk);
}

TEST(generate, small_inputs_have_all_dirt)
{
    static const char *const orders[] = {
        "duplicate",          "bad_date", "cancellation", "non_sale_invoice", "quantity_not_positive",
        "price_not_positive", NULL};
    static const char *const hits[] = {"malformed", "bad_request_line_but_parsed", "identical_lines_within_a_file",
                                       "rows_older_than_running_max_within_file", NULL};
    const char *out = folder_new();
    for (uint64_t seed = 0; seed < 12; seed++) {
        generate(generate_ecommerce, out, 1000, seed);
        check_summary_has(out, orders);
    }
    folder_remove(out);
    out = folder_new();
    for (uint64_t seed = 0; seed < 12; seed++) {
        generate(generate_clickstream, out, 1000, seed);
        check_summary_has(out, hits);
    }
    folder_remove(out);
}

/* Rates from the command line: none of any kind, much of every kind, and only one that is always there. */
static void generate_with(const char *out, const char *const settings[], int count)
{
    struct generate_options options = {.out = out, .scale = 6000, .seed = 3};
    struct err_text error = {0};
    for (int i = 0; i < count; i++) check_int(dirt_rates_add(&options.dirt, settings[i], NULL), 0);
    if (generate_ecommerce(&options, NULL, &error) != 0) unit_fail("%s", error.text);
    check_shop(out);
}

static void generate_all_kinds_at(const char *out, const char *rate)
{
    static char text[DIRT_RATES_MAX][48];
    const char *settings[DIRT_RATES_MAX];
    for (int i = 0; i < ecommerce_generator.kind_count; i++) {
        snprintf(text[i], sizeof text[i], "%s=%s", ecommerce_generator.kinds[i].name, rate);
        settings[i] = text[i];
    }
    generate_with(out, settings, ecommerce_generator.kind_count);
}

static bool folder_has(const char *out, const char *pattern)
{
    char command[256];
    snprintf(command, sizeof command, "grep -rqE '%s' --include='*.json' --include='*.csv' '%s'", pattern, out);
    return system(command) == 0;
}

TEST(generate, a_shop_without_dirt_has_none)
{
    const char *out = folder_new();
    generate_all_kinds_at(out, "0");
    check(!folder_has(out, "\"rejected\": \\{\""));
    check(!folder_has(out, "\"(fraud_cases|payments|parcel_shipped)\": [1-9]"));
    check(!folder_has(out, "^(C|A)[0-9]+,"));
    generate_all_kinds_at(out, "0.07");
    check(folder_has(out, "\"item_added_to_cart\".*\"bad_amount\": [0-9][0-9]"));
    folder_remove(out);
}

TEST(generate, a_rate_of_one_is_every_record)
{
    /* The kinds that are asked before it would keep a few rows from it. */
    static const char *const all[] = {"bad_date=1", "card_testing=1",  "other_case=0",
                                      "free=0",     "zero_quantity=0", "negative_price=0"};
    const char *out = folder_new();
    generate_with(out, all, 6);
    check(folder_has(out, "\"valid_lines\": 0,"));
    folder_remove(out);
}

/* --- what is refused --- */

TEST(generate, a_folder_of_somebody_else_is_left_alone)
{
    const char *out = folder_new();
    char path[128];
    struct generate_options options = {.out = out, .scale = 1000};
    struct err_text error = {0};
    snprintf(path, sizeof path, "%s/2010-12-01.csv", out);
    FILE *file = fopen(path, "w");
    check(file != NULL);
    fputs("mine\n", file);
    fclose(file);
    check_int(generate_ecommerce(&options, NULL, &error), ERR_EXISTS);
    check(strstr(error.text, out) && strstr(error.text, "2010-12-01.csv"));
    struct stat st;
    check_int(stat(path, &st), 0);
    check_int(st.st_size, 5);
    folder_remove(out);
}

TEST(generate, scale_has_bounds)
{
    struct generate_options options = {.out = "never-created", .scale = 999};
    struct err_text error = {0};
    check_int(generate_ecommerce(&options, NULL, &error), ERR_RANGE);
    check_int(generate_clickstream(&options, NULL, &error), ERR_RANGE);
    check(access("never-created", F_OK) != 0);
}

/* --- chance --- */

TEST(chance, popularity_falls_and_leaves_nobody_out)
{
    static struct popularity p;
    int count[4000] = {0};
    popularity_init(&p, 4000, 40);
    for (int i = 0; i < POPULARITY_SLOTS; i++) count[p.slot[i]]++;
    for (int i = 0; i < 4000; i++) check(count[i] >= 1);
    check(count[0] > 5 * count[400] && count[400] >= count[3999]);
}

TEST(chance, due_keeps_its_interval)
{
    struct random r;
    struct due d;
    int taken = 0;
    random_seed(&r, 3);
    due_init(&d, &r, 50, 100000);
    for (uint64_t i = 0; i < 100000; i++) taken += due_take(&d, &r, i);
    check(taken > 1600 && taken < 2000); /* a tenth passes before the first: 90,000 / 50 */
}
