#include "lib/base/instants.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

static int from(const char *text, struct instants *t, struct err_text *error)
{
    char path[] = "/tmp/instants-XXXXXX";
    int fd = mkstemp(path);
    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    int rc = instants_read(t, path, 0, error);
    unlink(path);
    return rc;
}

TEST(instants, what_was_written_is_read_again)
{
    int64_t ns[] = {0, 1, 1, 2500000000, 86400000000001};
    struct instants t = {ns, 5}, back;
    struct err_text error = {0};
    char path[] = "/tmp/instants-XXXXXX";
    close(mkstemp(path));
    check_int(instants_write(&t, path, &error), 0);
    check_int(instants_read(&back, path, 0, &error), 0);
    unlink(path);
    check_int(back.count, 5);
    for (int i = 0; i < 5; i++) check_int(back.ns[i], ns[i]);
    instants_release(&back);
    check_int(instants_write(&t, "/nowhere/at/all", &error), ERR_NOTFOUND);
}

TEST(instants, they_count_from_the_first_one)
{
    struct instants t;
    struct err_text error = {0};
    check_int(from("7.25\n# a word\n\n8\n", &t, &error), 0);
    check_int(t.count, 2);
    check_int(t.ns[1], 750000000);
    instants_release(&t);
    check_int(from("7.25 s\n8\n", &t, &error), ERR_INVALID);
    check(strstr(error.text, ":1: not a number of seconds"));
}
