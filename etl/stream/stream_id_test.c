#include "etl/stream/stream_id.h"

#include <string.h>

#include "tests/unit.h"

#define THIS  "0123456789abcdef0123456789abcdef"
#define OTHER "0123456789abcdef0123456789abcdee"
static const char digest[] = THIS "ffffffffffffffffffffffffffffffff";

static int take(const char *id)
{
    char out[STREAM_ID_SIZE] = "";
    int result = stream_id_take("t", slice_str(id), digest, out, NULL);
    if (result == 0) check_str(out, id);
    return result;
}

TEST(stream_id, tells_the_definition)
{
    char id[STREAM_ID_SIZE];
    struct err_text error = {""};
    stream_id_print(digest, digest, id);
    check_str(id, "millrace:" THIS ":" THIS);
    check_int(take(id), 0);
    check_int(stream_id_take("t", SLICE_LIT("millrace:" OTHER ":" THIS), digest, id, &error), ERR_EXISTS);
    check(strstr(error.text, "topic t was published with another definition (digest 0123456789ab...)") != NULL);
}

TEST(stream_id, any_other_text_is_taken_as_it_is)
{
    static const char *const foreign[] = {"s",
                                          "millrace:",
                                          "millrace:" OTHER,
                                          "millrace:" OTHER "-" THIS,
                                          "millrace;" OTHER ":" THIS,
                                          "millrace:0123456789ABCDEF0123456789ABCDEE:" THIS,
                                          "millrace:" OTHER ":" THIS "0",
                                          OTHER THIS};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) check_int(take(foreign[i]), 0);
}

TEST(stream_id, tells_whether_it_names_all_of_its_input)
{
    char id[STREAM_ID_SIZE];
    stream_id_print(digest, digest, id);
    check(stream_id_is_finite(slice_str(id)) && !stream_id_is_followed(slice_str(id)));
    stream_id_print_followed(digest, digest, id);
    check(!stream_id_is_finite(slice_str(id)) && stream_id_is_followed(slice_str(id)));
    check(!stream_id_is_finite(SLICE_LIT("s")) && !stream_id_is_finite(SLICE_LIT("millrace:" OTHER)));
}

TEST(stream_id, has_room_for_127_bytes)
{
    char text[STREAM_ID_SIZE + 1];
    memset(text, 'x', sizeof text);
    text[STREAM_ID_SIZE] = 0;
    check_int(take(text), ERR_CORRUPT);
    text[STREAM_ID_SIZE - 1] = 0;
    check_int(take(text), 0);
}

TEST(stream_id, another_stream_is_an_error)
{
    struct err_text error = {""};
    check_int(stream_id_compare("t", SLICE_LIT("s"), "s", &error), 0);
    check_int(stream_id_compare("t", SLICE_LIT("s2"), "s", &error), ERR_EXISTS);
    check(strstr(error.text, "topic t: a message of stream s2 among those of s: ") != NULL);
}

TEST(stream_id, of_followed_files_tells_the_definition_too)
{
    char id[STREAM_ID_SIZE];
    stream_id_print_followed(digest, digest, id);
    check_str(id, "millrace:" THIS ":follow-0123456789abcdef012345678");
    check_int(take(id), 0);
    check(stream_id_is_followed(slice_str(id)));
    stream_id_print(digest, digest, id);
    check(!stream_id_is_followed(slice_str(id)));
    check(!stream_id_is_followed(SLICE_LIT("follow-")));
}
