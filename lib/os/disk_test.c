#include "lib/os/disk.h"

#include <unistd.h>

#include "tests/unit.h"

/* A disk on a fresh directory; disk_end removes both. */
struct fixture {
    char root[64];
    struct disk *d;
};

static void disk_begin(struct fixture *x)
{
    struct err_text e = {""};
    snprintf(x->root, sizeof x->root, "/tmp/millrace-disk-XXXXXX");
    check(mkdtemp(x->root) != NULL);
    check_int(disk_linux_new(x->root, &x->d, &e), 0);
}

static void disk_end(struct fixture *x)
{
    struct disk *parent;
    check_int(disk_linux_new("/tmp", &parent, NULL), 0);
    disk_linux_free(x->d);
    check_int(disk_remove_tree(parent, x->root + strlen("/tmp/")), 0);
    disk_linux_free(parent);
    check(access(x->root, F_OK) != 0);
}

static void disk_put(struct disk *d, const char *path, const char *text)
{
    struct disk_file *f;
    check_int(d->call->open(d, path, DISK_CREATE, &f), 0);
    check_int(d->call->write_at(d, f, 0, text, strlen(text)), 0);
    d->call->close(d, f);
}

TEST(disk, open_modes)
{
    struct fixture x;
    struct disk_file *f;
    char bytes[8];
    disk_begin(&x);
    struct disk *d = x.d;
    check_int(d->call->open(d, "a", DISK_READ, &f), ERR_NOTFOUND);
    check_int(d->call->open(d, "a", DISK_WRITE, &f), ERR_NOTFOUND);
    disk_put(d, "a", "abc");
    check_int(d->call->open(d, "a", DISK_CREATE, &f), 0);
    check_int(d->call->size(d, f), 3); /* not truncated */
    check_int(d->call->write_at(d, f, 5, "x", 1), 0);
    check_int(d->call->read_at(d, f, 1, bytes, sizeof bytes), 5);
    check_mem(bytes, "bc\0\0x", 5);
    check_int(d->call->read_at(d, f, 100, bytes, 1), 0);
    check_int(d->call->truncate(d, f, 2), 0);
    check_int(d->call->sync(d, f), 0);
    check_int(d->call->size(d, f), 2);
    check_int(lseek(disk_linux_descriptor(f), 0, SEEK_END), 2);
    d->call->close(d, f);
    check_int(d->call->open(d, "a", DISK_READ, &f), 0);
    check(d->call->write_at(d, f, 0, "x", 1) < 0);
    d->call->close(d, f);
    disk_end(&x);
}

static void list_name(void *context, const char *name, bool is_dir)
{
    buf_printf(context, "%s%s ", name, is_dir ? "/" : "");
}

TEST(disk, directories_are_listed_in_byte_order)
{
    struct fixture x;
    struct buf names = {0};
    disk_begin(&x);
    struct disk *d = x.d;
    check_int(d->call->make_dir(d, "orders-0"), 0);
    check_int(d->call->make_dir(d, "orders-0"), 0);
    disk_put(d, "b", "");
    disk_put(d, "B", "");
    disk_put(d, ".lock", "");
    disk_put(d, "orders-0/1.log", "");
    check_int(d->call->make_dir(d, "b"), ERR_EXISTS);
    check_int(d->call->list(d, "", list_name, &names), 0);
    check_str(buf_cstr(&names), ".lock B b orders-0/ ");
    check_int(d->call->list(d, "none", list_name, &names), ERR_NOTFOUND);
    check_int(d->call->remove(d, "orders-0"), ERR_EXISTS);
    check_int(d->call->remove(d, "orders-0/1.log"), 0);
    check_int(d->call->remove(d, "orders-0"), 0);
    check_int(d->call->remove(d, "orders-0"), ERR_NOTFOUND);
    check_int(d->call->sync_dir(d, ""), 0);
    buf_release(&names);
    disk_end(&x);
}

TEST(disk, replace_is_whole_and_leaves_nothing_behind)
{
    struct fixture x;
    struct buf text = {0};
    disk_begin(&x);
    struct disk *d = x.d;
    check_int(d->call->make_dir(d, "p"), 0);
    disk_put(d, "p/checkpoint.tmp", "an older one, longer than what follows");
    check_int(disk_replace(d, "p/checkpoint", SLICE_LIT("0\n1\n")), 0);
    check_int(disk_replace(d, "p/checkpoint", SLICE_LIT("0\n")), 0);
    check_int(disk_read_all(d, "p/checkpoint", 2, &text), 0);
    check_str(buf_cstr(&text), "0\n");
    check_int(disk_read_all(d, "p/checkpoint", 1, &text), ERR_RANGE);
    check_int(disk_read_all(d, "p/none", 1, &text), ERR_NOTFOUND);
    buf_reset(&text);
    check_int(d->call->list(d, "p", list_name, &text), 0);
    check_str(buf_cstr(&text), "checkpoint ");
    buf_release(&text);
    disk_end(&x);
}

TEST(disk, remove_tree_takes_everything_below)
{
    struct fixture x;
    struct disk_file *f;
    disk_begin(&x);
    struct disk *d = x.d;
    check_int(d->call->make_dir(d, "t"), 0);
    check_int(d->call->make_dir(d, "t/u"), 0);
    disk_put(d, "t/u/1", "x");
    disk_put(d, "t/2", "y");
    disk_put(d, "t2", "z");
    check_int(disk_remove_tree(d, "t"), 0);
    check_int(d->call->open(d, "t/2", DISK_READ, &f), ERR_NOTFOUND);
    check_int(d->call->open(d, "t2", DISK_READ, &f), 0);
    d->call->close(d, f);
    check_int(disk_remove_tree(d, "t"), ERR_NOTFOUND);
    disk_end(&x);
}

TEST(disk, data_directory_is_created_or_the_error_names_it)
{
    struct fixture x;
    struct disk *deep;
    struct err_text e = {""};
    char path[128];
    disk_begin(&x);
    snprintf(path, sizeof path, "%s/a/b/c", x.root);
    check_int(disk_linux_new(path, &deep, &e), 0);
    disk_put(deep, "f", "x");
    snprintf(path, sizeof path, "%s/a/b/c/f", x.root);
    struct disk *none;
    check_int(disk_linux_new(path, &none, &e), ERR_NOTFOUND);
    check(strstr(e.text, path) != NULL);
    disk_linux_free(deep);
    disk_linux_free(NULL);
    disk_end(&x);
}

/* --- the helpers over a disk that fails at the k-th call --- */

static int calls_left;

static bool fails(void)
{
    return calls_left-- == 0;
}

static struct disk_functions real;

static int failing_open(struct disk *d, const char *path, enum disk_open how, struct disk_file **out)
{
    return fails() ? ERR_IO : real.open(d, path, how, out);
}

static int failing_truncate(struct disk *d, struct disk_file *f, uint64_t size)
{
    return fails() ? ERR_IO : real.truncate(d, f, size);
}

static int failing_write(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
    return fails() ? ERR_NOSPACE : real.write_at(d, f, at, p, n);
}

static int failing_sync(struct disk *d, struct disk_file *f)
{
    return fails() ? ERR_IO : real.sync(d, f);
}

static int failing_rename(struct disk *d, const char *from, const char *to)
{
    return fails() ? ERR_IO : real.rename(d, from, to);
}

static int failing_sync_dir(struct disk *d, const char *path)
{
    return fails() ? ERR_IO : real.sync_dir(d, path);
}

TEST(disk, replace_that_fails_leaves_the_old_or_the_new_content)
{
    struct fixture x;
    disk_begin(&x);
    real = *x.d->call;
    struct disk_functions failing = real;
    failing.open = failing_open;
    failing.truncate = failing_truncate;
    failing.write_at = failing_write;
    failing.sync = failing_sync;
    failing.rename = failing_rename;
    failing.sync_dir = failing_sync_dir;
    int failures = 0, status = -1;
    for (int k = 0; status != 0; k++) {
        struct buf text = {0};
        check_int(disk_replace(x.d, "f", SLICE_LIT("old")), 0);
        x.d->call = &failing;
        calls_left = k;
        status = disk_replace(x.d, "f", SLICE_LIT("new!"));
        x.d->call = &real;
        check_int(disk_read_all(x.d, "f", 100, &text), 0);
        /* Only the last call, the sync of the directory, comes after the change is visible. */
        check_str(buf_cstr(&text), k < 5 ? "old" : "new!");
        failures += status != 0;
        buf_release(&text);
    }
    check_int(failures, 6);
    disk_end(&x);
}
