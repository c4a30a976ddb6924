#include "etl/time_format.h"

#include "tests/unit.h"

static int64_t read_or_minus_one(const char *format, const char *text)
{
    int64_t s;
    return time_read(format, slice_str(text), &s) ? s : -1;
}

TEST(time_format, reads_the_usual_patterns)
{
    check_int(read_or_minus_one("%Y-%m-%d %H:%M:%S", "2010-12-01 08:26:00"), 1291191960);
    check_int(read_or_minus_one("%F %T", "2010-12-01 08:26:00"), 1291191960);
    check_int(read_or_minus_one("%d/%m/%Y %H:%M", "31/12/2024 23:59"), 1735689540);
    check_int(read_or_minus_one("%-m/%-d/%Y %-H:%M", "12/1/2010 8:26"), 1291191960);
    check_int(read_or_minus_one("%d %B %Y", "01 december 2010"), 1291161600);
    check_int(read_or_minus_one("%a, %e %b %Y", "Wed,  1 Dec 2010"), 1291161600);
    check_int(read_or_minus_one("%d.%m.%y", "01.12.69"), -2678400);
    check_int(read_or_minus_one("%F %I:%M %p", "2010-12-01 12:05 AM"), 1291161900);
    check_int(read_or_minus_one("%F %I:%M %p", "2010-12-01 12:05 pm"), 1291205100);
    check_int(read_or_minus_one("%FT%T.%fZ", "2010-12-01T08:26:00.123456Z"), 1291191960);
    check_int(read_or_minus_one("%s", "1291191960"), 1291191960);
}

TEST(time_format, zones_turn_into_utc)
{
    check_int(read_or_minus_one("%d/%b/%Y:%H:%M:%S %z", "07/Oct/2024:00:33:22 +0000"), 1728261202);
    check_int(read_or_minus_one("%d/%b/%Y:%H:%M:%S %z", "06/Oct/2024:20:33:22 -0400"), 1728261202);
    check_int(read_or_minus_one("%FT%T%z", "2024-10-07T02:03:22+01:30"), 1728261202);
    check_int(read_or_minus_one("%FT%T%z", "2024-10-07T00:33:22Z"), 1728261202);
    check_int(read_or_minus_one("%FT%T%z", "2024-10-07T02:33:22+02"), 1728261202);
}

TEST(time_format, refuses_what_does_not_fit)
{
    static const char *const bad[] = {"2010-12-01 8:26:00",  "2010-12-01 08:26:00 ", " 2010-12-01 08:26:00",
                                      "2010-02-29 08:26:00", "2010-13-01 08:26:00",  "2010-12-00 08:26:00",
                                      "2010-12-01 24:00:00", "2010-12-01 08:60:00",  "2010-12-01 08:26:60",
                                      "10-12-01 08:26:00",   "2010/12/01 08:26:00",  "",
                                      "2010-12-01T08:26:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check_int(read_or_minus_one("%F %T", bad[i]), -1);
    check_int(read_or_minus_one("%F %T", "2012-02-29 08:26:00") > 0, 1);
    check_int(read_or_minus_one("%F%z", "2010-12-01+2500"), -1);
    check_int(read_or_minus_one("%F %I %p", "2010-12-01 13 PM"), -1);
}

TEST(time_format, patterns_are_checked)
{
    struct arena arena = {0};
    check(time_format_wrong("%Y-%m-%d", true, &arena) == NULL);
    check(time_format_wrong("%Y-%Q-%d", true, &arena) != NULL);
    check(time_format_wrong("%-Y-%m-%d", true, &arena) != NULL);
    check(time_format_wrong("100%", true, &arena) != NULL);
    check(time_format_wrong("%H:%M", true, &arena) != NULL); /* no date */
    check(time_format_wrong("%H:%M", false, &arena) == NULL);
    check(time_format_wrong("%F %I", true, &arena) != NULL); /* morning or evening? */
    check(time_format_has_zone("%F %T%z"));
    check(!time_format_has_zone("%F %T"));
    arena_release(&arena);
}

static void check_print(const char *format, int64_t seconds, const char *expected)
{
    struct buf b = {0};
    time_print(format, seconds, &b);
    check_str(buf_cstr(&b), expected);
    buf_release(&b);
}

TEST(time_format, prints)
{
    check_print("%F %T", 1291191960, "2010-12-01 08:26:00");
    check_print("%a %A %e %b %B %y", 1291191960, "Wed Wednesday 1 Dec December 10");
    check_print("%I:%M %p", 0, "12:00 AM");
    check_print("%F %T", -1, "1969-12-31 23:59:59");
    check_print("%-d/%-m %-H 100%%", 1291191960, "1/12 8 100%");
}

TEST(time_format, iso8601)
{
    static const char *const same[] = {
        "2010-12-01T08:26:00",      "2010-12-01 08:26",           "20101201T0826",
        "20101201T082600",          "2010-12-01t08:26:00.999999", "2010-12-01T08:26:00,5Z",
        "2010-12-01T09:56:00+0130", "2010-12-01T07:26-01:00",     "20101201T082600z",
        "2010-12-01T08:26:00+00",   "2010-12-01T08:26:00-00:00"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (read_or_minus_one("iso8601", same[i]) != 1291191960) unit_fail("%s", same[i]);
    check_int(read_or_minus_one("iso8601", "2010-12-01"), 1291161600);
    check_int(read_or_minus_one("iso8601", "20101201"), 1291161600);
    static const char *const bad[] = {"",
                                      "2010-12-1",
                                      "2010-1201",
                                      "201012-01",
                                      "2010-12-01T",
                                      "2010-12-01T08",
                                      "2010-12-01T08:2600",
                                      "2010-12-01T0826:00",
                                      "2010-12-01T08:26:",
                                      "2010-12-01T08:26:00.",
                                      "2010-12-01T08:26:00 Z",
                                      "2010-12-01T24:00:00",
                                      "2010-02-29",
                                      "2010-12-01Z",
                                      "2010-12-01T08:26:00+2",
                                      "2010-12-01X08:26:00",
                                      "2010-12-01T08:26:60"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (read_or_minus_one("iso8601", bad[i]) != -1) unit_fail("accepted: %s", bad[i]);
}

TEST(time_format, whether_it_was_utc)
{
    int64_t s;
    bool utc;
    check(time_read_zoned("iso8601", SLICE_LIT("2010-12-01T08:26:00Z"), &s, &utc) && utc);
    check(time_read_zoned("iso8601", SLICE_LIT("2010-12-01T08:26:00"), &s, &utc) && !utc);
    check(time_read_zoned("%F %z", SLICE_LIT("2010-12-01 +0000"), &s, &utc) && utc);
    check(time_read_zoned("%s", SLICE_LIT("5"), &s, &utc) && utc);
    check(time_read_zoned("%F", SLICE_LIT("2010-12-01"), &s, &utc) && !utc);
}

static const char *read_as(const char *format, const char *text)
{
    static char said[32];
    struct buf out = {0};
    int64_t seconds;
    if (!time_read(format, slice_str(text), &seconds)) return "-";
    time_print("%F", seconds, &out);
    snprintf(said, sizeof said, "%s", buf_cstr(&out));
    buf_release(&out);
    return said;
}

static const char *printed_as(const char *format, int64_t seconds)
{
    static char said[64];
    struct buf out = {0};
    time_print(format, seconds, &out);
    snprintf(said, sizeof said, "%s", buf_cstr(&out));
    buf_release(&out);
    return said;
}

TEST(time_format, names_of_other_languages)
{
    struct arena arena = {0};
    check_str(read_as("(it)%-d %B %Y", "1 Febbraio 2024"), "2024-02-01");
    check_str(read_as("(it)%-d %b %Y", "1 gen 2024"), "2024-01-01");
    check_str(read_as("(de)%A, %-d. %B %Y", "Freitag, 1. M\xc3\x84RZ 2024"), "2024-03-01");
    check_str(read_as("(de)%-d. %b %y", "1. Okt. 24"), "2024-10-01");
    check_str(read_as("(de)%-d. %b %y", "1. Marz 24"), "2024-03-01");
    check_str(read_as("(fr)%d %b %Y", "03 f\xc3\xa9vr. 2024"), "2024-02-03");
    check_str(read_as("(fr)%d %b %Y", "03 juil. 2024"), "2024-07-03");
    check_str(read_as("(fr)%d %b %Y", "03 jui 2024"), "-"); /* June or July */
    check_str(read_as("(fr)%d %B %Y", "03 ao\xc3\xbbt 2024"), "2024-08-03");
    check_str(read_as("(fr)%d %B %Y", "03 sept 2024"), "-");
    check_str(read_as("(es)%A %d %b %Y", "s\xc3\xa1"
                                         "bado 03 ene 2024"),
              "2024-01-03");
    check_str(read_as("(es)%d %b %Y", "03 enerosa 2024"), "-");
    check_str(read_as("(it)%d %b %Y", "03 jan 2024"), "-");
    check_str(printed_as("(fr)%a %d %b %Y, %A %B", 0), "jeu 01 jan 1970, jeudi janvier");
    check_str(printed_as("(fr)%b %B", INT64_C(15552000)), "juin juin"); /* 1970-06-30 */
    check(time_format_wrong("(it)%-d %B %Y", true, &arena) == NULL);
    check(time_format_has_zone("(de)%d %b %Y %z"));
    arena_release(&arena);
}
