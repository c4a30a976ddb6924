#include "workloads/clickstream/kinds.h"

const struct dirt_kind clickstream_kinds[DIRT_COUNT] = {
    [DIRT_GARBAGE] = {"garbage_request", 3300, "TLS and other bytes instead of a request line"},
    [DIRT_ESCAPES] = {"escaped_query", 4500, "backslash escapes in a page's query"},
    [DIRT_LATE] = {"late_line", 14000, "a line up to 40 s behind younger ones (with files of its page to come)"},
    [DIRT_IDENTICAL] = {"identical_line", 11000, "the same line once more"},
    [DIRT_MALFORMED] = {"malformed_line", 3, "a line that does not fit the format"},
    [DIRT_OFFSET] = {"zone_offset", 3300, "a line in another time zone"},
    [DIRT_BOT_EVENT] = {"bot_event", 100000, "a bot that runs scripts (of a bot's pages)"},
    [DIRT_CUT_EVENT] = {"cut_event", 500, "an event that was cut off: no JSON"},
    [DIRT_NO_VISITOR] = {"no_visitor", 2000, "an event with a visitor of null, or without that key"},
    [DIRT_BAD_TIME] = {"bad_time", 1000, "an event with an instant that is none"},
    [DIRT_NEGATIVE_WATCH] = {"negative_watch", 10000, "a negative watching time (of a video's events)"},
    [DIRT_QUOTED_NUMBER] = {"quoted_number", 20000, "a number as a JSON text (of a video's events)"},
    [DIRT_EXTRA_FIELD] = {"extra_field", 5000, "an event with a key that others do not have"},
    [DIRT_DUPLICATE_EVENT] = {"duplicate_event", 10000, "an event that is sent again, up to 10 minutes later"},
    [DIRT_LATE_EVENT] = {"late_event", 20000, "an event of a device without a network, up to 2 hours late"},
    [DIRT_SKEWED_CLOCK] = {"skewed_clock", 100000, "a wrong clock (of the visitors' devices)"},
};

void chances_init(struct chances *c, const uint32_t rates[DIRT_COUNT], uint64_t total)
{
    /* Roughly one event in so many can have the kind. */
    static const uint8_t one_in[DIRT_COUNT] = {
        [DIRT_GARBAGE] = 4,      [DIRT_ESCAPES] = 8,         [DIRT_LATE] = 8,
        [DIRT_IDENTICAL] = 2,    [DIRT_MALFORMED] = 2,       [DIRT_OFFSET] = 2,
        [DIRT_BOT_EVENT] = 20,   [DIRT_CUT_EVENT] = 3,       [DIRT_NO_VISITOR] = 3,
        [DIRT_BAD_TIME] = 3,     [DIRT_NEGATIVE_WATCH] = 60, [DIRT_QUOTED_NUMBER] = 60,
        [DIRT_EXTRA_FIELD] = 3,  [DIRT_DUPLICATE_EVENT] = 3, [DIRT_LATE_EVENT] = 3,
        [DIRT_SKEWED_CLOCK] = 1,
    };
    for (int i = 0; i < DIRT_COUNT; i++) dirt_init(&c->due[i], &c->random, rates[i], total / one_in[i]);
}
