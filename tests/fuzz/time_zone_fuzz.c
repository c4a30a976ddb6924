/* time_zone_fuzz - any bytes as a TZif file, and as the TZ string at its end.
 *
 * A file is refused, or it answers for every time: the wall clock of an instant leads back to this instant, or to
 * another one with the same wall clock. */
#include <assert.h>

#include "etl/time_format.h"
#include "etl/time_zone.h"
#include "etl/tz_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void instant_check(const struct time_zone *z, int64_t utc)
{
    int64_t earlier, later, only, wall = utc + time_zone_offset(z, utc);
    assert(time_zone_to_utc(z, wall, ZONE_EARLIER, &earlier) && time_zone_to_utc(z, wall, ZONE_LATER, &later));
    assert(earlier <= utc && utc <= later);
    assert(earlier + time_zone_offset(z, earlier) == wall && later + time_zone_offset(z, later) == wall);
    assert(time_zone_to_utc(z, wall, ZONE_REJECT, &only) == (earlier == later));
    /* As a wall clock it may not exist; it has an answer all the same. */
    assert(time_zone_to_utc(z, utc, ZONE_LATER, &later));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times[] = {-62167219200, -5000000000, -2147483649, 0,           1711846799,
                                    1711846800,   2147483648,  4102444800,  99999999999, 253402300799};
    struct arena arena = {0};
    struct tz_rule rule;
    const struct time_zone *z = time_zone_parse(slice_of(data, size), &arena);
    for (size_t i = 0; z && i < sizeof times / sizeof *times; i++) instant_check(z, times[i]);
    for (size_t i = 0; z && i + 8 <= size && i < 4096; i += 8) {
        int64_t time = (int64_t)get_u64be(data + i) % 253402300800;
        if (time_in_range(time)) instant_check(z, time);
    }
    if (tz_rule_parse(slice_of(data, size), &rule) && rule.has_summer)
        assert(tz_rule_begin(&rule, 2024) > 1500000000 && tz_rule_end(&rule, 9999) < 260000000000);
    arena_release(&arena);
    return 0;
}
