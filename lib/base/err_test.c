#include "lib/base/err.h"

#include <errno.h>

#include "tests/unit.h"

TEST(err, the_first_sentence_stays)
{
    struct err_text t = {""};
    check_int(err_set(&t, ERR_INVALID, "%s:%d: no such key", "server.properties", 3), ERR_INVALID);
    check_int(err_set(&t, ERR_IO, "later"), ERR_IO);
    check_str(t.text, "server.properties:3: no such key");
    check_int(err_set(NULL, ERR_RANGE, "nobody listens"), ERR_RANGE);
}

TEST(err, a_long_sentence_is_cut_not_overrun)
{
    struct err_text t = {""};
    err_set(&t, ERR_INVALID, "%5000d", 1);
    check_int(strlen(t.text), sizeof t.text - 1);
}

TEST(err, names_and_errno)
{
    check_str(err_name(ERR_NOSPACE), "ERR_NOSPACE");
    check_str(err_name(-99), "ERR_UNKNOWN");
    check_str(err_words(ERR_NOSPACE), "no space left");
    check_str(err_words(-99), "ERR_UNKNOWN");
    check_int(err_from_errno(ENOSPC), ERR_NOSPACE);
    check_int(err_from_errno(EIO), ERR_IO);
    check_int(err_from_errno(ENOENT), ERR_NOTFOUND);
    check_int(err_from_errno(EADDRINUSE), ERR_LOCKED);
}
