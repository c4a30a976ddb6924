#include "etl/reject_limit.h"

#include <string.h>

#include "lib/base/text.h"

enum { PERCENT_DECIMALS = 6, MILLION = 1000000 };

bool reject_limit_read(const char *text, struct reject_limit *out)
{
    size_t n = strlen(text);
    *out = (struct reject_limit){.given = true, .percent = n > 0 && text[n - 1] == '%', .text = text};
    struct slice number = slice_of(text, n - out->percent);
    int64_t most = out->percent ? INT64_C(100) * MILLION : INT64_MAX;
    return text_to_decimal(number, out->percent ? PERCENT_DECIMALS : 0, &out->most) && out->most >= 0 &&
           out->most <= most;
}

bool reject_limit_broken(const struct reject_limit *l, uint64_t rejected, uint64_t records, bool complete)
{
    if (!l->given) return false;
    if (!l->percent) return rejected > (uint64_t)l->most;
    return complete && (unsigned __int128)rejected * 100 * MILLION > (unsigned __int128)records * (uint64_t)l->most;
}
