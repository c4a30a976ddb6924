#include "lib/base/text.h"

#include <inttypes.h>

#include "tests/unit.h"

TEST(text, whole_numbers)
{
    int64_t v = 0;
    check(text_to_i64(SLICE_LIT("-0042"), &v) && v == -42);
    check(text_to_i64(SLICE_LIT("+7"), &v) && v == 7);
    check(text_to_i64(SLICE_LIT("9223372036854775807"), &v) && v == INT64_MAX);
    check(text_to_i64(SLICE_LIT("-9223372036854775808"), &v) && v == INT64_MIN);
    static const char *const bad[] = {"", "-", "+-1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "1e3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!text_to_i64(slice_str(bad[i]), &v));
}

TEST(text, decimals)
{
    int64_t v = 0;
    check(text_to_decimal(SLICE_LIT("2.5"), 3, &v) && v == 2500);
    check(text_to_decimal(SLICE_LIT("-.05"), 2, &v) && v == -5);
    check(text_to_decimal(SLICE_LIT("12."), 1, &v) && v == 120);
    check(text_to_decimal(SLICE_LIT("1.2300000"), 2, &v) && v == 123);
    check(text_to_decimal(SLICE_LIT("100"), 0, &v) && v == 100);
    check(text_to_decimal(SLICE_LIT("9223372036854775.807"), 3, &v) && v == INT64_MAX);
    check(!text_to_decimal(SLICE_LIT("9223372036854775.808"), 3, &v));
    check(!text_to_decimal(SLICE_LIT("1.234"), 2, &v));
    static const char *const bad[] = {"", ".", "-", "1.2.3", "1,5", "1e2", " 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!text_to_decimal(slice_str(bad[i]), 3, &v));
}

static void check_decimal(int64_t value, int scale, const char *expected)
{
    struct buf out = {0};
    int64_t back = 0;
    text_from_decimal(value, scale, &out);
    check_str(buf_cstr(&out), expected);
    check(text_to_decimal(buf_slice(&out), scale, &back) && back == value);
    buf_release(&out);
}

TEST(text, decimals_written)
{
    check_decimal(-50, 3, "-0.050");
    check_decimal(0, 0, "0");
    check_decimal(0, 2, "0.00");
    check_decimal(123456, 3, "123.456");
    check_decimal(-7, 0, "-7");
    check_decimal(INT64_MIN, 18, "-9.223372036854775808");
    check_decimal(INT64_MAX, 0, "9223372036854775807");
}

TEST(text, length_counts_characters)
{
    check_int(text_length(slice_of(NULL, 0)), 0);
    check_int(text_length(SLICE_LIT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80")), 8);
}

TEST(text, utf8)
{
    check(text_is_utf8(slice_of(NULL, 0)));
    check(text_is_utf8(SLICE_LIT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \xed\x9f\xbf")));
    static const char *const bad[] = {
        "\x80",             /* continuation alone */
        "\xc3",             /* cut */
        "\xe2\x82",         /* cut */
        "\xc0\xaf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xff",
        "\xe9t\xe9",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) check(!text_is_utf8(slice_str(bad[i])));
}

static void check_json(struct slice s, const char *expected)
{
    struct buf out = {0};
    text_json_string(s, &out);
    check_str(buf_cstr(&out), expected);
    buf_release(&out);
}

TEST(text, json_strings)
{
    check_json(SLICE_LIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    check_json(SLICE_LIT("\b\t\n\v\f\r\0\x1f\x7f"), "\"\\b\\t\\n\\u000b\\f\\r\\u0000\\u001f\x7f\"");
    check_json(SLICE_LIT("\xe2\x82\xac"), "\"\xe2\x82\xac\"");
    check_json(SLICE_LIT("x\xe9y"), "\"x\xef\xbf\xbdy\"");
    check_json(SLICE_LIT("\xe2\x82z"), "\"\xef\xbf\xbdz\""); /* a cut sequence is one replacement */
    check_json(SLICE_LIT("\xff\xff"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* RFC 4648 section 10. */
TEST(text, base64)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buf out = {0};
        text_base64(slice_str(pairs[i][0]), &out);
        check_str(buf_cstr(&out), pairs[i][1]);
        buf_release(&out);
    }
}

/* Every day of 800 years in a row, counted by hand. */
TEST(text, civil_dates_count_every_day)
{
    check_int(days_from_civil(1970, 1, 1), 0);
    check_int(days_from_civil(2000, 3, 1), 11017);
    check_int(days_from_civil(1969, 12, 31), -1);
    int64_t expected = days_from_civil(1600, 1, 1);
    check_int(expected, -135140);
    for (int64_t year = 1600; year < 2400; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; civil_valid(year, month, day); day++, expected++) {
                int64_t y;
                int m, d;
                check_int(days_from_civil(year, month, day), expected);
                civil_from_days(expected, &y, &m, &d);
                check(y == year && m == month && d == day);
            }
    check_int(expected, days_from_civil(2400, 1, 1));
    check_int(expected, 157054);
}

TEST(text, civil_dates_that_do_not_exist)
{
    check(civil_valid(2000, 2, 29));
    check(!civil_valid(1900, 2, 29));
    check(!civil_valid(2023, 2, 29));
    check(!civil_valid(2024, 4, 31));
    check(!civil_valid(2024, 13, 1));
    check(!civil_valid(2024, 0, 1));
    check(!civil_valid(2024, 1, 0));
}
