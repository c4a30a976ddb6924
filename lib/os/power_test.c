/* What the journal of unsynced things says, and what a power cut then takes. Nobody is killed here: the journal is a
 * mapped file, so a cut that opens it a second time sees what it would see after a kill -9 at this moment. */
#include "lib/os/power.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/checksum.h"
#include "lib/base/random.h"
#include "lib/os/disk.h"
#include "lib/os/power_cut.h"
#include "lib/os/power_journal.h"
#include "tests/unit.h"

struct fixture {
    char root[64];
    int directory;
    struct power *power;
    struct disk *disk;
};

static void power_begin(struct fixture *x)
{
    snprintf(x->root, sizeof x->root, "/tmp/millrace-power-XXXXXX");
    check(mkdtemp(x->root) != NULL);
    x->directory = open(x->root, O_RDONLY | O_DIRECTORY);
    check_int(power_open(x->directory, &x->power, NULL), 0);
    check_int(disk_linux_new(x->root, &x->disk, NULL), 0);
    disk_linux_note(x->disk, x->power);
}

static void power_end(struct fixture *x)
{
    char command[128];
    disk_linux_free(x->disk);
    power_close(x->power);
    close(x->directory);
    snprintf(command, sizeof command, "rm -rf '%s'", x->root);
    check_int(system(command), 0);
}

static struct power_cut_report cut(struct fixture *x, bool torn, uint64_t seed)
{
    struct power_cut_report report;
    struct err_text error = {""};
    const struct power_cut_options options = {.torn = torn, .seed = seed};
    check_int(power_cut(x->directory, &options, &report, &error), 0);
    check_str(error.text, "");
    return report;
}

static struct disk_file *file_open(struct fixture *x, const char *path, enum disk_open how)
{
    struct disk_file *f;
    check_int(x->disk->call->open(x->disk, path, how, &f), 0);
    return f;
}

static void file_write(struct fixture *x, const char *path, uint64_t at, const char *text, bool sync)
{
    struct disk_file *f = file_open(x, path, DISK_CREATE);
    check_int(x->disk->call->write_at(x->disk, f, at, text, strlen(text)), 0);
    if (sync) check_int(x->disk->call->sync(x->disk, f), 0);
    x->disk->call->close(x->disk, f);
}

/* The content of a file, or "-" when it is not there. */
static const char *content(struct fixture *x, const char *path)
{
    static char text[256];
    struct buf b = {0};
    if (disk_read_all(x->disk, path, sizeof text - 1, &b) < 0) return "-";
    snprintf(text, sizeof text, "%s", buf_cstr(&b));
    buf_release(&b);
    return text;
}

static int sync_dir(struct fixture *x, const char *path)
{
    return x->disk->call->sync_dir(x->disk, path);
}

/* --- contents --- */

TEST(power, a_file_is_cut_to_its_synced_length)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "a", 0, "durable", true);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "a", 7, " and not", false);
    struct power_cut_report r = cut(&x, false, 0);
    check_str(content(&x, "a"), "durable");
    check_int(r.files, 1);
    check_int(r.bytes, 8);
    check_int(r.names, 0);
    r = cut(&x, false, 0); /* what is left is durable */
    check_int(r.files + r.names, 0);
    power_end(&x);
}

TEST(power, what_is_written_while_a_sync_runs_is_not_durable)
{
    struct fixture x;
    power_begin(&x);
    int d = power_open_file(x.power, x.directory, "a", O_RDWR | O_CREAT, 0600);
    struct power_file *f = power_file_get(x.power, d, "a");
    check_int(sync_dir(&x, ""), 0);
    power_write(x.power, f, 0, 4);
    check_int(pwrite(d, "1111", 4, 0), 4);
    struct power_sync *first = power_sync_file(x.power, f);
    power_write(x.power, f, 4, 4);
    check_int(pwrite(d, "2222", 4, 4), 4);
    struct power_sync *second = power_sync_file(x.power, f);
    power_write(x.power, f, 8, 4);
    check_int(pwrite(d, "3333", 4, 8), 4);
    power_sync_end(second, POWER_SYNCED); /* the later one may end first */
    power_sync_end(first, POWER_SYNCED);
    check_int(cut(&x, false, 0).bytes, 4);
    check_str(content(&x, "a"), "11112222");
    power_file_put(x.power, f);
    close(d);
    power_end(&x);
}

TEST(power, a_failed_sync_makes_nothing_durable)
{
    struct fixture x;
    power_begin(&x);
    int d = power_open_file(x.power, x.directory, "a", O_RDWR | O_CREAT, 0600);
    struct power_file *f = power_file_get(x.power, d, "a");
    check_int(sync_dir(&x, ""), 0);
    power_write(x.power, f, 0, 4);
    check_int(pwrite(d, "1111", 4, 0), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNC_FAILED);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "");
    power_file_put(x.power, f);
    close(d);
    power_end(&x);
}

/* The kernel tells a failed write once and then counts the pages as clean: the next sync says that all is well. */
TEST(power, a_good_sync_after_a_failed_one_makes_nothing_durable)
{
    struct fixture x;
    power_begin(&x);
    int d = power_open_file(x.power, x.directory, "a", O_RDWR | O_CREAT, 0600);
    struct power_file *f = power_file_get(x.power, d, "a");
    check_int(sync_dir(&x, ""), 0);
    power_write(x.power, f, 0, 4);
    check_int(pwrite(d, "1111", 4, 0), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNC_UNTRIED);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNCED);
    power_write(x.power, f, 4, 4);
    check_int(pwrite(d, "2222", 4, 4), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNC_FAILED);
    power_write(x.power, f, 8, 4);
    check_int(pwrite(d, "3333", 4, 8), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNCED);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "1111");
    power_file_put(x.power, f);
    close(d);
    power_end(&x);
}

TEST(power, what_is_written_anew_after_a_failed_sync_is_durable_again)
{
    struct fixture x;
    power_begin(&x);
    int d = power_open_file(x.power, x.directory, "a", O_RDWR | O_CREAT, 0600);
    struct power_file *f = power_file_get(x.power, d, "a");
    check_int(sync_dir(&x, ""), 0);
    power_write(x.power, f, 0, 4);
    check_int(pwrite(d, "1111", 4, 0), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNC_FAILED);
    power_truncate(x.power, f, 0);
    check_int(ftruncate(d, 0), 0);
    power_write(x.power, f, 0, 4);
    check_int(pwrite(d, "2222", 4, 0), 4);
    power_sync_end(power_sync_file(x.power, f), POWER_SYNCED);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "2222");
    power_file_put(x.power, f);
    close(d);
    power_end(&x);
}

TEST(power, names_of_a_directory_whose_sync_failed_are_not_durable)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "a", 0, "a", true);
    power_sync_end(power_sync_directory(x.power, ""), POWER_SYNC_UNTRIED);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "b", 0, "b", true);
    power_sync_end(power_sync_directory(x.power, ""), POWER_SYNC_FAILED);
    check_int(sync_dir(&x, ""), 0);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "a");
    check_str(content(&x, "b"), "-");
    power_end(&x);
}

TEST(power, writing_in_place_and_truncating_lower_the_synced_length)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "a", 0, "0123456789", true);
    file_write(&x, "b", 0, "0123456789", true);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "a", 3, "x", false);
    struct disk_file *f = file_open(&x, "b", DISK_WRITE);
    check_int(x.disk->call->truncate(x.disk, f, 5), 0);
    check_int(x.disk->call->write_at(x.disk, f, 5, "yz", 2), 0);
    x.disk->call->close(x.disk, f);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "012");
    check_str(content(&x, "b"), "01234");
    power_end(&x);
}

/* --- names --- */

TEST(power, a_name_needs_its_directory_synced)
{
    struct fixture x;
    power_begin(&x);
    check_int(x.disk->call->make_dir(x.disk, "d"), 0);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "d/kept", 0, "k", true);
    check_int(sync_dir(&x, "d"), 0);
    file_write(&x, "d/lost", 0, "l", true);
    check_int(x.disk->call->make_dir(x.disk, "e"), 0);
    file_write(&x, "e/lost", 0, "l", true);
    check_int(sync_dir(&x, "e"), 0); /* its own name still lacks a sync */
    check_int(cut(&x, false, 0).names, 2);
    check_str(content(&x, "d/kept"), "k");
    check_str(content(&x, "d/lost"), "-");
    check(faccessat(x.directory, "e", F_OK, 0) != 0);
    power_end(&x);
}

TEST(power, what_was_replaced_or_removed_comes_back)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "a", 0, "old", true);
    file_write(&x, "b", 0, "removed", true);
    file_write(&x, "c.deleted", 0, "cleared at every start", true);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "a.new", 0, "new", true);
    check_int(x.disk->call->rename(x.disk, "a.new", "a"), 0);
    check_int(x.disk->call->remove(x.disk, "b"), 0);
    check_int(x.disk->call->remove(x.disk, "c.deleted"), 0);
    check_str(content(&x, "a"), "new");
    cut(&x, false, 0);
    check_str(content(&x, "a"), "old");
    check_str(content(&x, "a.new"), "-");
    check_str(content(&x, "b"), "removed");
    check_str(content(&x, "c.deleted"), "-");
    power_end(&x);
}

TEST(power, a_synced_directory_lets_go_of_what_was_kept)
{
    struct fixture x;
    struct stat st;
    power_begin(&x);
    for (int i = 0; i < 100; i++) check_int(disk_replace(x.disk, "a", SLICE_LIT("text")), 0);
    check_int(x.disk->call->remove(x.disk, "a"), 0);
    check_int(sync_dir(&x, ""), 0);
    check_int(cut(&x, false, 0).names, 0);
    check_str(content(&x, "a"), "-");
    check_int(fstatat(x.directory, POWER_JOURNAL_NAME, &st, 0), 0);
    check_int(st.st_size, 64 << 10);
    for (int i = 1; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, POWER_KEPT_PREFIX "%d", i);
        check(faccessat(x.directory, name, F_OK, 0) != 0);
    }
    power_end(&x);
}

TEST(power, a_name_that_changes_while_its_directory_is_synced_is_not_durable)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "before", 0, "b", true);
    struct power_sync *s = power_sync_directory(x.power, "");
    file_write(&x, "meanwhile", 0, "m", true);
    power_sync_end(s, POWER_SYNCED);
    check_int(cut(&x, false, 0).names, 1);
    check_str(content(&x, "before"), "b");
    check_str(content(&x, "meanwhile"), "-");
    power_end(&x);
}

/* --- another process --- */

TEST(power, a_second_broker_takes_up_what_the_first_left)
{
    struct fixture x;
    power_begin(&x);
    file_write(&x, "a", 0, "old", true);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "a", 3, " unsynced", false);
    file_write(&x, "b", 0, "new", true);
    struct power *second;
    check_int(power_open(x.directory, &second, NULL), 0); /* as after a kill -9 of the first */
    disk_linux_note(x.disk, second);
    file_write(&x, "c", 0, "c", true);
    cut(&x, false, 0);
    check_str(content(&x, "a"), "old");
    check_str(content(&x, "b"), "-");
    check_str(content(&x, "c"), "-");
    power_close(x.power);
    x.power = second;
    power_end(&x);
}

TEST(power, a_copied_directory_is_cut_by_its_names)
{
    struct fixture x, copy;
    char command[200];
    power_begin(&x);
    power_begin(&copy);
    check_int(x.disk->call->make_dir(x.disk, "d"), 0);
    check_int(sync_dir(&x, ""), 0);
    file_write(&x, "d/a", 0, "old", true);
    check_int(sync_dir(&x, "d"), 0);
    file_write(&x, "d/a", 3, " unsynced", false);
    file_write(&x, "d/b", 0, "new", true);
    snprintf(command, sizeof command, "cp -a '%s/.' '%s'", x.root, copy.root);
    check_int(system(command), 0);
    check_int(cut(&copy, false, 0).names, 1);
    check_str(content(&copy, "d/a"), "old");
    check_str(content(&copy, "d/b"), "-");
    check_str(content(&x, "d/a"), "old unsynced");
    power_end(&copy);
    power_end(&x);
}

TEST(power, a_directory_without_a_usable_journal_is_refused)
{
    struct fixture x;
    struct power_cut_report report;
    struct power_cut_options options = {0};
    struct err_text error = {""};
    power_begin(&x);
    check_int(unlinkat(x.directory, POWER_JOURNAL_NAME, 0), 0);
    check_int(power_cut(x.directory, &options, &report, &error), ERR_NOTFOUND);
    check(strstr(error.text, POWER_JOURNAL_NAME) != NULL);
    struct power_journal j;
    check_int(power_journal_create(x.directory, &j, NULL), 0);
    power_journal_set_condition(&j, POWER_INCOMPLETE);
    power_journal_release(&j);
    error.text[0] = '\0';
    check_int(power_cut(x.directory, &options, &report, &error), ERR_UNSUPPORTED);
    check(strstr(error.text, "incomplete") != NULL);
    power_end(&x);
}

/* --- the file --- */

TEST(power_journal, every_flipped_bit_of_a_sealed_number_shows)
{
    for (uint64_t n = 1; n < UINT64_C(1) << 48; n *= 3)
        for (int bit = 0; bit < 64; bit++) {
            uint64_t got;
            check(!power_unseal(power_seal(n) ^ UINT64_C(1) << bit, &got));
        }
}

/* The records as text, to compare. */
static void records_show(const struct power_journal *j, struct buf *out)
{
    for (struct power_record *r = power_journal_next(j, NULL); r; r = power_journal_next(j, r))
        buf_printf(out, "%d %llu %llu %u %s %s\n", r->kind, (unsigned long long)r->number,
                   (unsigned long long)power_record_synced(r), r->kept, power_record_path(r), power_record_to(r));
}

TEST(power_journal, every_flipped_bit_is_refused_or_means_nothing)
{
    struct fixture x;
    struct power_journal j;
    struct buf before = {0};
    power_begin(&x);
    check_int(power_journal_create(x.directory, &j, NULL), 0);
    check(power_journal_add(&j, POWER_CONTENT, 4711, 1234, 0, "x", NULL) != NULL);
    power_journal_drop(&j, power_journal_add(&j, POWER_CREATED, 1, 0, 0, "orders-0/00000000000000000000.log", NULL));
    check(power_journal_add(&j, POWER_RENAMED, 2, 0, 7, "orders-0/x.tmp", "orders-0/x") != NULL);
    records_show(&j, &before);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * (size_t)(1 + 1 + 2 + 2) * POWER_UNIT; bit++) {
        struct power_journal other;
        struct buf after = {0};
        j.base[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int rc = power_journal_open(x.directory, &other, NULL);
        if (rc == 0) {
            records_show(&other, &after);
            check_str(buf_cstr(&after), buf_cstr(&before));
            power_journal_release(&other);
        } else {
            check_int(rc, ERR_CORRUPT);
            refused++;
        }
        buf_release(&after);
        j.base[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    check(refused > 1000);
    buf_release(&before);
    power_journal_release(&j);
    power_end(&x);
}

/* With a right CRC: no accident, but somebody's work. Nothing is read behind the file for it. */
TEST(power_journal, a_path_without_an_end_is_refused)
{
    struct fixture x;
    struct power_journal j, other;
    struct err_text error = {""};
    power_begin(&x);
    check_int(power_journal_create(x.directory, &j, NULL), 0);
    struct power_record *r = power_journal_add(&j, POWER_CREATED, 1, 0, 0, "orders-0/1", NULL);
    const uint8_t *bytes = (const uint8_t *)r;
    r->text[r->path_bytes] = 'x';
    r->crc = crc32c(crc32c(crc32c(0, bytes + 4, 4), bytes + 12, 12), bytes + 32, r->units * (size_t)POWER_UNIT - 32);
    check_int(power_journal_open(x.directory, &other, &error), ERR_CORRUPT);
    check(strstr(error.text, "its paths do not end") != NULL);
    power_journal_release(&j);
    power_end(&x);
}

TEST(power_journal, it_grows_and_says_when_it_cannot)
{
    struct fixture x;
    struct power_journal j;
    char path[200] = "";
    power_begin(&x);
    check_int(power_journal_create(x.directory, &j, NULL), 0);
    for (uint64_t i = 0; i < 5000; i++) check(power_journal_add(&j, POWER_CREATED, i, 0, 0, "a/path", NULL) != NULL);
    check_int(power_journal_condition(&j), POWER_OPEN);
    struct power_journal other;
    check_int(power_journal_open(x.directory, &other, NULL), 0);
    check_int(other.used_count, 5000);
    power_journal_release(&other);
    memset(path, 'x', sizeof path - 1);
    while (power_journal_add(&j, POWER_CREATED, 0, 0, 0, path, path)) {} /* 64 MiB */
    check_int(power_journal_condition(&j), POWER_INCOMPLETE);
    power_journal_release(&j);
    power_end(&x);
}

/* --- torn --- */

TEST(power_cut, torn_keeps_the_synced_and_any_part_of_the_rest)
{
    bool all = false, none = false, some = false, zeros = false;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture x;
        struct buf bytes = {0}, got = {0};
        power_begin(&x);
        for (int i = 0; i < 6000; i++) buf_append_byte(&bytes, (uint8_t)('a' + i % 26));
        struct disk_file *f = file_open(&x, "a", DISK_CREATE);
        check_int(x.disk->call->write_at(x.disk, f, 0, bytes.p, 1000), 0);
        check_int(x.disk->call->sync(x.disk, f), 0);
        check_int(sync_dir(&x, ""), 0);
        check_int(x.disk->call->write_at(x.disk, f, 1000, bytes.p + 1000, 5000), 0);
        x.disk->call->close(x.disk, f);
        struct power_cut_report r = cut(&x, true, seed);
        check_int(disk_read_all(x.disk, "a", 6000, &got), 0);
        check(got.n >= 1000);
        check_mem(got.p, bytes.p, 1000);
        for (size_t i = 1000; i < got.n; i++) check(got.p[i] == bytes.p[i] || got.p[i] == 0);
        all |= got.n == 6000 && r.sectors == 0;
        none |= got.n == 1000;
        some |= got.n > 1000 && got.n < 6000;
        zeros |= r.sectors > 0;
        check_int(cut(&x, true, seed).files, 0);
        buf_release(&bytes);
        buf_release(&got);
        power_end(&x);
    }
    check(all && none && some && zeros);
}

/* --- any story: a model of what is durable, and the directory after the cut --- */

enum { NAMES = 4, INODES = 64, SIZE_MAX_ = 200 };

struct model {
    int now[NAMES], durable[NAMES]; /* inode, -1 none */
    size_t size[INODES], synced[INODES];
    int inodes;
};

static uint8_t byte_of(int inode, size_t at)
{
    return (uint8_t)('A' + (inode * 7 + (int)at) % 50);
}

static void write_part(struct fixture *x, struct model *m, const char *path, int inode, size_t at, size_t n)
{
    uint8_t bytes[SIZE_MAX_];
    struct disk_file *f = file_open(x, path, DISK_WRITE);
    for (size_t i = 0; i < n; i++) bytes[i] = byte_of(inode, at + i);
    check_int(x->disk->call->write_at(x->disk, f, at, bytes, n), 0);
    x->disk->call->close(x->disk, f);
    if (at < m->synced[inode]) m->synced[inode] = at;
    if (at + n > m->size[inode]) m->size[inode] = at + n;
}

static void cut_or_sync(struct fixture *x, struct model *m, const char *path, int inode, bool sync, size_t size)
{
    struct disk_file *f = file_open(x, path, DISK_WRITE);
    if (sync) {
        check_int(x->disk->call->sync(x->disk, f), 0);
        m->synced[inode] = m->size[inode];
    } else {
        check_int(x->disk->call->truncate(x->disk, f, size), 0);
        if (size < m->synced[inode]) m->synced[inode] = size;
        m->size[inode] = size;
    }
    x->disk->call->close(x->disk, f);
}

static void story_step(struct fixture *x, struct model *m, struct random *r)
{
    char path[16], to[16];
    int a = (int)random_below(r, NAMES), b = (int)random_below(r, NAMES), inode = m->now[a];
    snprintf(path, sizeof path, "d/%d", a);
    snprintf(to, sizeof to, "d/%d", b);
    uint64_t what = random_below(r, 12);
    if (what == 0) {
        check_int(sync_dir(x, "d"), 0);
        memcpy(m->durable, m->now, sizeof m->now);
    } else if (inode < 0) {
        if (m->inodes == INODES) return;
        m->now[a] = m->inodes++;
        x->disk->call->close(x->disk, file_open(x, path, DISK_CREATE));
    } else if (what < 5 && m->size[inode] < SIZE_MAX_ - 50) {
        write_part(x, m, path, inode, m->size[inode], 1 + random_below(r, 40));
    } else if (what == 5 && m->size[inode] > 2) {
        write_part(x, m, path, inode, random_below(r, m->size[inode] - 1), 1);
    } else if (what == 6 && m->size[inode] > 0) {
        cut_or_sync(x, m, path, inode, false, random_below(r, m->size[inode]));
    } else if (what < 9) {
        cut_or_sync(x, m, path, inode, true, 0);
    } else if (what == 9) {
        check_int(x->disk->call->remove(x->disk, path), 0);
        m->now[a] = -1;
    } else if (a != b) {
        check_int(x->disk->call->rename(x->disk, path, to), 0);
        m->now[b] = inode;
        m->now[a] = -1;
    }
}

static void story_judge(struct fixture *x, const struct model *m)
{
    for (int a = 0; a < NAMES; a++) {
        char path[16];
        struct buf got = {0};
        int inode = m->durable[a];
        snprintf(path, sizeof path, "d/%d", a);
        int rc = disk_read_all(x->disk, path, SIZE_MAX_, &got);
        check_int(rc, inode < 0 ? ERR_NOTFOUND : 0);
        if (inode >= 0) {
            size_t expected = m->size[inode] < m->synced[inode] ? m->size[inode] : m->synced[inode];
            check_int(got.n, expected);
            for (size_t i = 0; i < got.n; i++) check_int(got.p[i], byte_of(inode, i));
        }
        buf_release(&got);
    }
}

TEST(power_cut, any_story_ends_as_the_model_says)
{
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct fixture x;
        struct random r;
        struct model m = {.now = {-1, -1, -1, -1}, .durable = {-1, -1, -1, -1}};
        random_seed(&r, seed);
        power_begin(&x);
        check_int(x.disk->call->make_dir(x.disk, "d"), 0);
        check_int(sync_dir(&x, ""), 0);
        for (uint64_t i = 5 + random_below(&r, 40); i; i--) story_step(&x, &m, &r);
        cut(&x, false, seed);
        story_judge(&x, &m);
        power_end(&x);
    }
}
