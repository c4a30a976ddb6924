#include "etl/time_zone.h"

#include <unistd.h>

#include "etl/tz_rule.h"
#include "lib/base/text.h"
#include "tests/unit.h"

static int64_t at(int year, int month, int day, int hour, int minute)
{
    return days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static const struct time_zone *zone(const char *name)
{
    static struct arena arena;
    char message[ZONE_MESSAGE_BYTES];
    const struct time_zone *z = time_zone_open(name, &arena, message);
    if (!z) unit_fail("%s", message);
    return z;
}

static int64_t to_utc(const char *name, int64_t wall, enum zone_choice choice)
{
    int64_t utc;
    return time_zone_to_utc(zone(name), wall, choice, &utc) ? utc : -1;
}

TEST(time_zone, offsets_of_history)
{
    check_int(time_zone_offset(zone("Europe/Rome"), at(2024, 1, 15, 12, 0)), 3600);
    check_int(time_zone_offset(zone("Europe/Rome"), at(2024, 7, 15, 12, 0)), 7200);
    check_int(time_zone_offset(zone("Europe/Rome"), at(1850, 1, 1, 0, 0)), 2996); /* local mean time */
    check_int(time_zone_offset(zone("Europe/Rome"), at(1880, 1, 1, 0, 0)), 2996); /* Rome mean time */
    check_int(time_zone_offset(zone("Europe/Rome"), at(1955, 7, 1, 0, 0)), 3600); /* no summer time then */
    check_int(time_zone_offset(zone("Europe/Dublin"), at(2024, 1, 1, 0, 0)), 0);  /* its winter is the exception */
    check_int(time_zone_offset(zone("Europe/Dublin"), at(2024, 7, 1, 0, 0)), 3600);
    check_int(time_zone_offset(zone("Australia/Lord_Howe"), at(2024, 1, 1, 0, 0)), 39600);
    check_int(time_zone_offset(zone("Australia/Lord_Howe"), at(2024, 7, 1, 0, 0)), 37800); /* half an hour */
    check_int(time_zone_offset(zone("Asia/Kathmandu"), at(2024, 7, 1, 0, 0)), 20700);
    check_int(time_zone_offset(zone("Pacific/Apia"), at(2011, 12, 29, 12, 0)), -36000);
    check_int(time_zone_offset(zone("Pacific/Apia"), at(2011, 12, 31, 12, 0)), 50400);
    check_int(time_zone_offset(zone("UTC"), 0), 0);
    check_int(time_zone_offset(zone("-03:30"), 0), -12600);
}

/* The moment of the change itself, and the second before. */
TEST(time_zone, changes_are_exact)
{
    int64_t spring = at(2024, 3, 31, 1, 0), autumn = at(2024, 10, 27, 1, 0);
    check_int(time_zone_offset(zone("Europe/Rome"), spring - 1), 3600);
    check_int(time_zone_offset(zone("Europe/Rome"), spring), 7200);
    check_int(time_zone_offset(zone("Europe/Rome"), autumn - 1), 7200);
    check_int(time_zone_offset(zone("Europe/Rome"), autumn), 3600);
}

/* Behind the table the rule at its end goes on: 400 years are a whole number of weeks. */
TEST(time_zone, far_away)
{
    for (int year = 2030; year < 9999; year += 400) {
        check_int(time_zone_offset(zone("Europe/Rome"), at(year, 7, 1, 0, 0)), 7200);
        check_int(time_zone_offset(zone("Europe/Rome"), at(year, 1, 1, 0, 0)), 3600);
        check_int(time_zone_offset(zone("Europe/Rome"), at(year, 3, 31, 1, 0) - 1), 3600); /* 2030-03-31 is a Sunday */
        check_int(time_zone_offset(zone("Europe/Rome"), at(year, 3, 31, 1, 0)), 7200);
        check_int(to_utc("Europe/Rome", at(year, 7, 1, 2, 0), ZONE_REJECT), at(year, 7, 1, 0, 0));
    }
    check_int(time_zone_offset(zone("America/New_York"), at(9999, 12, 31, 23, 0)), -18000);
    check_int(time_zone_offset(zone("America/Sao_Paulo"), at(2500, 1, 1, 0, 0)), -10800);
}

TEST(time_zone, an_hour_that_is_there_twice)
{
    int64_t wall = at(2024, 11, 3, 1, 30);
    check_int(to_utc("America/New_York", wall, ZONE_REJECT), -1);
    check_int(to_utc("America/New_York", wall, ZONE_EARLIER), at(2024, 11, 3, 5, 30));
    check_int(to_utc("America/New_York", wall, ZONE_LATER), at(2024, 11, 3, 6, 30));
    check_int(to_utc("America/New_York", at(2024, 11, 3, 0, 59), ZONE_REJECT), at(2024, 11, 3, 4, 59));
    check_int(to_utc("America/New_York", at(2024, 11, 3, 2, 0), ZONE_REJECT), at(2024, 11, 3, 7, 0));
    check_int(to_utc("Australia/Lord_Howe", at(2024, 4, 7, 1, 45), ZONE_REJECT), -1); /* half an hour twice */
    check_int(to_utc("Australia/Lord_Howe", at(2024, 4, 7, 1, 29), ZONE_REJECT), at(2024, 4, 6, 14, 29));
}

TEST(time_zone, an_hour_that_does_not_exist)
{
    check_int(to_utc("America/New_York", at(2024, 3, 10, 2, 30), ZONE_REJECT), -1);
    check_int(to_utc("America/New_York", at(2024, 3, 10, 2, 30), ZONE_EARLIER), at(2024, 3, 10, 7, 30));
    check_int(to_utc("America/New_York", at(2024, 3, 10, 2, 30), ZONE_LATER), at(2024, 3, 10, 7, 30));
    check_int(to_utc("America/New_York", at(2024, 3, 10, 1, 59), ZONE_REJECT), at(2024, 3, 10, 6, 59));
    check_int(to_utc("America/New_York", at(2024, 3, 10, 3, 0), ZONE_REJECT), at(2024, 3, 10, 7, 0));
    check_int(to_utc("Pacific/Apia", at(2011, 12, 30, 12, 0), ZONE_REJECT), -1); /* a whole day */
    check_int(to_utc("Pacific/Apia", at(2011, 12, 30, 12, 0), ZONE_LATER), at(2011, 12, 30, 22, 0));
}

TEST(time_zone, fixed_ones_have_no_such_hours)
{
    check(time_zone_is_fixed(zone("UTC")) && time_zone_is_fixed(zone("+05:30")));
    check(!time_zone_is_fixed(zone("Europe/Rome")));
    check_int(to_utc("+05:30", at(2024, 1, 1, 0, 0), ZONE_REJECT), at(2023, 12, 31, 18, 30));
}

static bool rule(const char *text, struct tz_rule *r)
{
    return tz_rule_parse(slice_str(text), r);
}

TEST(time_zone, rules)
{
    struct tz_rule r;
    check(rule("CET-1CEST,M3.5.0,M10.5.0/3", &r));
    check_int(r.standard_s, 3600);
    check_int(r.summer_s, 7200);
    check_int(tz_rule_begin(&r, 2024), at(2024, 3, 31, 1, 0));
    check_int(tz_rule_end(&r, 2024), at(2024, 10, 27, 1, 0));
    check(rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &r));
    check_int(tz_rule_begin(&r, 2024), at(2024, 3, 31, 1, 0)); /* 23:00 of the day before, in UTC-2 */
    check(rule("EST5EDT4:30:15,J60/12:30:01,59", &r));
    check_int(r.summer_s, -16215);
    check_int(tz_rule_begin(&r, 2024), at(2024, 3, 1, 17, 30) + 1); /* J60 is the first of March in every year */
    check_int(tz_rule_begin(&r, 2023), at(2023, 3, 1, 17, 30) + 1);
    check_int(tz_rule_end(&r, 2024), at(2024, 2, 29, 2, 0) + 16215); /* day 59, from 0 */
    check(rule("IST-2IDT,M3.4.4/50,M10.5.0", &r));
    check_int(tz_rule_begin(&r, 2024), at(2024, 3, 30, 0, 0)); /* 50 hours from Thursday 28th on */
    check(rule("UTC0", &r) && !r.has_summer);
    static const char *const bad[] = {"",
                                      "CE",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-25",
                                      "<CET-1",
                                      "CET-1CEST,M13.1.0,M1.1.0",
                                      "C1T-1",
                                      "CET-1CEST,M3.6.0,M1.1.0",
                                      "CET-1 ",
                                      "CET-1CEST,J0,J1",
                                      "CET-1CEST,366,1",
                                      "CET-1CEST,1/168,1",
                                      "CET-1:60"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (rule(bad[i], &r)) unit_fail("accepted: %s", bad[i]);
}

static size_t file_read(const char *name, uint8_t *out, size_t room)
{
    char path[200];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    check(file != NULL);
    size_t n = fread(out, 1, room, file);
    fclose(file);
    return n;
}

TEST(time_zone, a_file_that_is_cut_is_none)
{
    uint8_t bytes[8192];
    struct arena arena = {0};
    size_t n = file_read("Europe/Rome", bytes, sizeof bytes);
    check(time_zone_parse(slice_of(bytes, n), &arena) != NULL);
    for (size_t i = 0; i < n; i++) check(time_zone_parse(slice_of(bytes, i), &arena) == NULL);
    bytes[0] = 't';
    check(time_zone_parse(slice_of(bytes, n), &arena) == NULL);
    arena_release(&arena);
}

/* One type without a change, then the rule: nothing but the rule answers, for all times. */
TEST(time_zone, a_rule_alone)
{
    struct buf b = {0};
    struct arena arena = {0};
    for (int block = 0; block < 2; block++) {
        buf_append(&b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        static const uint32_t counts[] = {0, 0, 0, 0, 1, 4};
        for (size_t i = 0; i < 6; i++) buf_put_u32(&b, counts[i]);
        buf_append(&b, "\0\0\x0e\x10\0\0CET\0", 10);
    }
    buf_append_str(&b, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    const struct time_zone *z = time_zone_parse(buf_slice(&b), &arena);
    check(z != NULL);
    for (int year = 1; year < 9999; year += 7) {
        check_int(time_zone_offset(z, at(year, 1, 1, 0, 0)), 3600);
        check_int(time_zone_offset(z, at(year, 7, 1, 0, 0)), 7200);
    }
    buf_release(&b);
    arena_release(&arena);
}
