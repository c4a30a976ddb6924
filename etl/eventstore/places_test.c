#include "etl/eventstore/places.h"

#include "lib/base/text.h"
#include "tests/unit.h"

static struct slice name(char out[32], int i)
{
    return slice_of(out, (size_t)snprintf(out, 32, "cart-%d", i));
}

TEST(es_places, the_first_record_of_each_stream_is_its_place)
{
    struct es_places t = {0};
    char text[32];
    int wrong = 0;
    check_int(es_place_of(&t, SLICE_LIT("cart-0"), 7), 7);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) check(es_place_add(&t, name(text, i), 5000 * round + i));
    for (int i = 0; i < 5000; i++) wrong += es_place_of(&t, name(text, i), -1) != i;
    check_int(wrong, 0);
    check_int(es_place_of(&t, SLICE_LIT("cart-5000"), 10000), 10000);
    check_int((int)t.count, 5000);
    es_places_release(&t);
}

TEST(es_places, when_it_is_full_it_says_so_and_keeps_what_it_has)
{
    struct es_places t = {0};
    char text[32];
    int added = 0;
    while (es_place_add(&t, name(text, added), added)) added++;
    check_int(added, ES_PLACES_MAX);
    check(es_place_add(&t, name(text, 3), added)); /* known */
    check_int((int)es_place_of(&t, name(text, 3), -1), 3);
    check_int((int)es_place_of(&t, name(text, added), -1), -1);
    es_places_release(&t);
}
