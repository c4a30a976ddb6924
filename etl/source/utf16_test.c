#include "etl/source/utf16.h"

#include "lib/base/text.h"
#include "tests/unit.h"

/* The text, decoded in pieces of `piece` bytes; "unmarked" where a mark was needed. */
static const char *decoded(enum utf16_order order, const char *bytes, size_t n, size_t piece)
{
    static char out[200];
    uint8_t room[64];
    struct utf16 u = {.order = order};
    size_t at = 0, wrote;
    for (size_t i = 0; i < n; i += piece) {
        wrote = utf16_decode(&u, (const uint8_t *)bytes + i, n - i < piece ? n - i : piece, room);
        check(wrote <= utf16_room(piece));
        memcpy(out + at, room, wrote);
        at += wrote;
    }
    wrote = utf16_end(&u, room);
    memcpy(out + at, room, wrote);
    out[at + wrote] = '\0';
    if (u.unmarked) return "unmarked";
    check_int(utf16_length((const uint8_t *)out, at + wrote) + (u.marked ? 2 : 0), n);
    return out;
}

#define WIDE(order, bytes) decoded(order, bytes, sizeof(bytes) - 1, piece)

TEST(utf16, both_orders_in_pieces_of_any_size)
{
    for (size_t piece = 1; piece < 12; piece++) {
        check_str(WIDE(UTF16_LITTLE, "a\0\xe9\0\xac\x20=\xd8\0\xde"), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        check_str(WIDE(UTF16_BIG, "\0a\0\xe9\x20\xac\xd8=\xde\0"), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        check_str(WIDE(UTF16_BY_MARK, "\xff\xfe"
                                      "a\0"),
                  "a");
        check_str(WIDE(UTF16_BY_MARK, "\xfe\xff\0a"), "a");
        check_str(WIDE(UTF16_LITTLE, "\xff\xfe"
                                     "a\0"),
                  "a");
        check_str(WIDE(UTF16_BY_MARK, "a\0b\0"), "unmarked");
        check_str(WIDE(UTF16_LITTLE, "a\0\xff\xfe"), "a\xef\xbb\xbf"); /* further on it is a character */
        check_str(WIDE(UTF16_BY_MARK, ""), "");
    }
}

TEST(utf16, half_a_character_is_no_text)
{
    for (size_t piece = 1; piece < 8; piece++) {
        check_str(WIDE(UTF16_LITTLE, "\x3d\xd8"
                                     "a\0"),
                  "\xed\xa0\xbd"
                  "a");
        check_str(WIDE(UTF16_LITTLE, "\0\xde"
                                     "a\0"),
                  "\xed\xb8\x80"
                  "a");
        check_str(WIDE(UTF16_LITTLE, "\x3d\xd8\x3d\xd8"), "\xed\xa0\xbd\xed\xa0\xbd");
        check_str(WIDE(UTF16_LITTLE, "a\0b"), "a\xff");
        check(!text_is_utf8(slice_str(WIDE(UTF16_LITTLE, "\x3d\xd8"
                                                         "a\0b"))));
    }
}
