/* page_test.h - a results folder of known trials, and the page that is made from it. */
#ifndef MILLRACE_BENCH_PAGE_TEST_H
#define MILLRACE_BENCH_PAGE_TEST_H

#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/trial.h"
#include "lib/os/disk.h"
#include "tests/unit.h"

static inline char *results_new(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/millrace-report-XXXXXX", P_tmpdir);
    check(mkdtemp(path) != NULL);
    return path;
}

static inline void results_remove(const char *path)
{
    struct disk *disk;
    check_int(disk_linux_new(P_tmpdir, &disk, NULL), 0);
    disk_remove_tree(disk, path + strlen(P_tmpdir) + 1);
    disk_linux_free(disk);
}

static inline void keep(struct trial *t, const char *dir)
{
    struct err_text error = {0};
    json_t *environment = json_pack("{s:s}", "cpu", "a <fast> one");
    if (trial_write(t, dir, environment, &error) != 0) unit_fail("%s", error.text);
    json_decref(environment);
    trial_release(t);
}

static inline void file_read(const char *dir, const char *name, struct buf *out)
{
    struct disk *disk;
    check_int(disk_linux_new(dir, &disk, NULL), 0);
    check(disk_read_all(disk, name, 1 << 20, out) >= 0);
    disk_linux_free(disk);
    buf_cstr(out);
}

static inline void page_read(const char *dir, struct buf *page)
{
    struct disk *disk;
    check_int(disk_linux_new(dir, &disk, NULL), 0);
    check(disk_read_all(disk, "report.html", 16 << 20, page) >= 0);
    disk_linux_free(disk);
    buf_cstr(page);
}

static inline void check_has(const struct buf *page, const char *text)
{
    if (!strstr((const char *)page->p, text)) unit_fail("the page lacks: %s", text);
}

static inline void check_lacks(const struct buf *page, const char *text)
{
    if (strstr((const char *)page->p, text)) unit_fail("the page has: %s", text);
}

#endif
