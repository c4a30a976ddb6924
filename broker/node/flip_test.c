/* One flipped bit in any file of a data directory, and a start on it: the records that are served are those that were
 * stored, nobody's offset is another one, or the start is refused with the file's name. */
#include "broker/log/checkpoint.h"
#include "broker/node/driver_test.h"
#include "tests/unit.h"

enum { RECORDS = 6 };

static struct driver d;
static struct memory_disk whole;

static void disk_put(struct memory_disk *m, const char *path, const struct buf *bytes)
{
    struct buf *copy = calloc(1, sizeof *copy);
    buf_append_slice(copy, buf_slice(bytes));
    free(table_set_str(&m->files, path, copy));
}

static void disk_copy(const struct memory_disk *from, struct memory_disk *to)
{
    memory_disk_init(to);
    for (struct table_entry *e = table_first(&from->files); e; e = table_next(&from->files, e)) {
        char path[400];
        snprintf(path, sizeof path, "%.*s", (int)e->key.n, (const char *)e->key.p);
        disk_put(to, path, e->value);
    }
}

/* A directory of a topic with records, ended in order, for the third time. */
static void directory_make(void)
{
    driver_open(&d, "");
    check_int(driver_create(&d, "t", 1, NULL, NULL), 0);
    for (int i = 0; i < RECORDS; i++) check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, 0);
    driver_restart(&d, "");
    driver_restart(&d, "");
    driver_stop(&d);
    disk_copy(d.disk, &whole);
}

static void directory_release(void)
{
    driver_close(&d);
    memory_disk_release(&whole);
}

struct flips {
    int starts, refused, served, withheld;
};

/* Every record is there at its offset, or told to be damaged. */
static void directory_judge(struct flips *f)
{
    for (int64_t offset = 0; offset < RECORDS; offset++) {
        struct driver_fetch wanted = DRIVER_FETCH;
        wanted.offset = offset;
        driver_fetch_begin(&d, 2, "t", &wanted);
        struct fetch_response_partition_data got = driver_fetched(&d, 2);
        if (got.error_code != KAFKA_NONE) {
            check_int(got.error_code, KAFKA_CORRUPT_MESSAGE);
            f->withheld++;
            continue;
        }
        struct batch_header h;
        check_int(got.high_watermark, RECORDS);
        check_int(got.log_start_offset, 0);
        check_int(batch_check(slice_of(got.records.p, (size_t)got.records.n), &h), 0);
        check_int(h.base_offset, offset);
        f->served++;
    }
}

/* The file at `path`, every `step`-th bit of it. */
static struct flips flip_file(const char *path, size_t step)
{
    struct flips f = {0};
    size_t bits = memory_disk_file(&whole, path)->n * 8;
    for (size_t bit = 0; bit < bits; bit += step) {
        struct err_text error = {""};
        memory_disk_release(&d.own_disk);
        disk_copy(&whole, &d.own_disk);
        memory_disk_file(&d.own_disk, path)->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f.starts++;
        if (driver_start(&d, "", &error) < 0) {
            const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
            char folder[100];
            snprintf(folder, sizeof folder, "%.*s", (int)(strcspn(path, "/")), path);
            check(strstr(error.text, name) || strstr(error.text, folder));
            f.refused++;
        } else {
            directory_judge(&f);
        }
        driver_stop_hard(&d);
    }
    return f;
}

/* Nothing is lost and nothing refused: the copy puts it right. */
TEST(node_flip, checkpoints_are_put_right)
{
    static const char *const files[] = {CHECKPOINT_RECOVERY_POINT, CHECKPOINT_LOG_START,
                                        CHECKPOINT_HIGH_WATERMARK, CHECKPOINT_CLEAN_SHUTDOWN,
                                        "t-0/partition.metadata",  "t-0/leader-epoch-checkpoint"};
    directory_make();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct flips f = flip_file(files[i], 1);
        check(f.starts > 0);
        if (f.refused || f.withheld) unit_fail("%s: %d refused, %d withheld", files[i], f.refused, f.withheld);
        check_int(f.served, f.starts * RECORDS);
    }
    directory_release();
}

TEST(node_flip, records_are_served_right_or_not_at_all)
{
    directory_make();
    struct flips f = flip_file("t-0/00000000000000000000.log", 1);
    check_int(f.refused, 0);
    check(f.withheld > 0 && f.served > 4 * f.withheld);
    directory_release();
}

TEST(node_flip, an_identity_costs_no_record)
{
    directory_make();
    struct flips f = flip_file(CHECKPOINT_META, 1);
    check(f.refused > 100);
    check_int(f.withheld, 0);
    check_int(f.served, (f.starts - f.refused) * RECORDS);
    directory_release();
}

/* Of the metadata log a damaged batch is refused by name, for nobody knows what it said. */
TEST(node_flip, metadata_are_right_or_refused)
{
    directory_make();
    struct flips f = flip_file("__cluster_metadata-0/00000000000000000000.log", 5);
    check(f.starts > 100 && f.refused > f.starts / 2);
    directory_release();
}
