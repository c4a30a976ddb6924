#include "etl/source/encoding.h"

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
