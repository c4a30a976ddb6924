#include "etl/source/encoding.h"

#include <iconv.h>

#include "tests/unit.h"

static const char *decode(enum encoding e, const char *text)
{
    static char out[100];
    struct arena arena = {0};
    size_t bad;
    struct slice s = slice_str(text);
    if (!encoding_check(e, s, &bad)) {
        snprintf(out, sizeof out, "bad at %zu", bad);
        return out;
    }
    struct slice made = encoding_decode(e, s, &arena);
    snprintf(out, sizeof out, "%.*s", (int)made.n, (const char *)made.p);
    arena_release(&arena);
    return out;
}

TEST(encoding, decodes_to_utf_8)
{
    check_str(decode(ENCODING_UTF_8, "caf\xc3\xa9"), "caf\xc3\xa9");
    check_str(decode(ENCODING_WINDOWS_1252, "\x80 caf\xe9 \x93x\x94"),
              "\xe2\x82\xac caf\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d");
    check_str(decode(ENCODING_ISO_8859_1, "caf\xe9\x80"), "caf\xc3\xa9\xc2\x80");
    check_str(decode(ENCODING_ISO_8859_15, "\xa4\xe9"), "\xe2\x82\xac\xc3\xa9");
    check_str(decode(ENCODING_ASCII, "plain"), "plain");
}

TEST(encoding, says_where_a_byte_means_nothing)
{
    check_str(decode(ENCODING_UTF_8, "0123456789 caf\xe9 x"), "bad at 14");
    check_str(decode(ENCODING_UTF_8, "\xc3\xa9\xc3"), "bad at 2");
    check_str(decode(ENCODING_UTF_8, "\xc0\x80"), "bad at 0");
    check_str(decode(ENCODING_WINDOWS_1252, "\xe9 \x81"), "bad at 2");
    check_str(decode(ENCODING_ASCII, "caf\xe9"), "bad at 3");
}

TEST(encoding, finds_a_bad_byte_anywhere)
{
    for (size_t n = 1; n < 80; n++)
        for (size_t at = 0; at < n; at++) {
            char text[81], expected[32];
            memset(text, 'a', sizeof text);
            text[n] = '\0';
            text[at] = '\xe9';
            snprintf(expected, sizeof expected, "bad at %zu", at);
            check_str(decode(ENCODING_ASCII, text), expected);
            check_str(decode(ENCODING_UTF_8, text), expected);
        }
}

/* Every byte of every table is what the C library makes of it; where that has no character, neither have we. Its
 * macintosh is older than the euro and takes letters for three mathematical signs. */
TEST(encoding, tables_are_those_of_iconv)
{
    int compared = 0;
    for (int e = 0; ENCODING_NAMES[e]; e++) {
        if (e == ENCODING_UTF_8 || e == ENCODING_MACINTOSH || encoding_is_wide((enum encoding)e)) continue;
        iconv_t to_utf_8 = iconv_open("UTF-8", e == ENCODING_ASCII ? "US-ASCII" : ENCODING_NAMES[e]);
        check(to_utf_8 != (iconv_t)-1);
        for (int c = 1; c < 256; c++) {
            char byte[2] = {(char)c, 0}, out[8] = "", *in = byte, *to = out;
            size_t left = 1, room = sizeof out - 1;
            bool there = iconv(to_utf_8, &in, &left, &to, &room) == 0;
            check_str(decode((enum encoding)e, byte), there ? out : "bad at 0");
            compared += there;
            iconv(to_utf_8, NULL, NULL, NULL, NULL);
        }
        iconv_close(to_utf_8);
    }
    check_int(compared, 127 + 9 * 255 - 5 - 5 - 1 - 7);
}

TEST(encoding, macintosh_is_apples)
{
    check_str(decode(ENCODING_MACINTOSH, "\x8a\xdb\xc6\xbd\xe1"), "\xc3\xa4\xe2\x82\xac\xe2\x88\x86\xce\xa9\xc2\xb7");
}
