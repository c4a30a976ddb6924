#include "etl/eventstore/instant.h"

#include <stdio.h>

#include "etl/time_format.h"
#include "lib/base/text.h"

enum { NS_PER_MS = 1000000, MS_PER_S = 1000 };

bool instant_read(const char *text, int64_t *ms)
{
    struct slice s = slice_str(text);
    int64_t seconds, nanos = 0;
    if (text_to_i64(s, ms)) return *ms >= 0;
    if (!time_read("iso8601", s, &seconds) || !time_in_range(seconds)) return false;
    time_fraction_read("iso8601", s, &nanos);
    *ms = seconds * MS_PER_S + nanos / NS_PER_MS;
    return true;
}

void instant_print(int64_t ms, char out[INSTANT_SIZE])
{
    struct buf b = {0};
    int64_t seconds = ms / MS_PER_S - (ms % MS_PER_S < 0);
    if (ms < 0 || !time_in_range(seconds)) {
        snprintf(out, INSTANT_SIZE, "-");
        return;
    }
    time_print("%FT%T", seconds, &b);
    snprintf(out, INSTANT_SIZE, "%s.%03dZ", buf_cstr(&b), (int)(ms - seconds * MS_PER_S));
    buf_release(&b);
}
