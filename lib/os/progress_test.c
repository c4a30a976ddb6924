#include "lib/os/progress.h"

#include "tests/unit.h"

static void check_line(uint64_t total, uint64_t done, double seconds, bool finished, const char *expected)
{
    struct progress p = {.what = "batch", .unit = "rows", .total = total};
    struct buf out = {0};
    progress_format(&p, done, (int64_t)(seconds * 1e9), finished, &out);
    check_str(buf_cstr(&out), expected);
    buf_release(&out);
}

TEST(progress, rate_and_time_left)
{
    check_line(5000000, 1200000, 3, false, "batch: 1,200,000 of 5,000,000 rows (24 %), 400,000 rows/s, 10 s left");
    check_line(100, 1, 40, false,
               "batch: 1 of 100 rows (1 %)"
               ", 0 rows/s, 1 h 6 min left");
    check_line(1000, 500, 100, false, "batch: 500 of 1,000 rows (50 %), 5 rows/s, 1 min 40 s left");
}

TEST(progress, what_is_not_known_is_left_out)
{
    check_line(0, 1000, 2, false, "batch: 1,000 rows, 500 rows/s");
    check_line(10, 0, 2, false, "batch: 0 of 10 rows (0 %)");
    check_line(10, 20, 2, false, "batch: 20 of 10 rows (200 %), 10 rows/s");
}

TEST(progress, final_line)
{
    check_line(2000, 2000, 0.5, true, "batch: 2,000 rows in 0.5 s, 4,000 rows/s");
    check_line(0, 0, 0, true, "batch: 0 rows in 0.0 s");
}
