#include "etl/eventstore/record.h"

#include "tests/unit.h"

static struct es_raw raw_of(const char *value)
{
    return (struct es_raw){
        .key = SLICE_LIT("cart-1"),
        .value = slice_str(value),
        .headers = {{"es-expected", SLICE_LIT("3")}, {"es-id", SLICE_LIT("e-4")}, {"es-type", SLICE_LIT("ItemAdded")}},
        .header_count = 3};
}

static const char *wrong_of(const struct es_raw *raw)
{
    struct arena arena = {0};
    struct es_record r;
    es_record_decode(raw, &arena, &r);
    const char *wrong = r.malformed ? r.malformed : "nothing";
    es_record_release(&r);
    arena_release(&arena);
    return wrong;
}

TEST(es_record, an_append_comes_back)
{
    struct arena arena = {0};
    struct es_raw raw;
    struct es_record back;
    json_t *data = json_pack("{s:s}", "product", "85123A");
    struct es_event e[] = {
        {.id = SLICE_LIT("a"), .type = SLICE_LIT("ItemAdded"), .data = data, .schema = 2, .causation = SLICE_LIT("z")},
        {.id = SLICE_LIT("b"),
         .type = SLICE_LIT("CheckedOut"),
         .data = data,
         .schema = 1,
         .compensates = SLICE_LIT("a")}};
    for (int count = 1; count <= 2; count++) {
        struct es_record r = {.stream = SLICE_LIT("cart-1"),
                              .expected = 7,
                              .partitions = 3 * (count - 1),
                              .by = SLICE_LIT("anna"),
                              .events = e,
                              .count = count};
        es_record_encode(&r, &arena, &raw);
        es_record_decode(&raw, &arena, &back);
        check(back.malformed == NULL);
        check(slice_equal(back.stream, r.stream) && back.expected == 7 && back.count == count);
        check(back.partitions == r.partitions);
        check(slice_equal(back.by, r.by));
        for (int i = 0; i < count; i++) {
            check(slice_equal(back.events[i].id, e[i].id) && slice_equal(back.events[i].type, e[i].type));
            check(slice_equal(back.events[i].causation, e[i].causation));
            check(slice_equal(back.events[i].compensates, e[i].compensates));
            check(back.events[i].schema == e[i].schema && json_equal(back.events[i].data, data));
        }
        es_record_release(&back);
    }
    json_decref(data);
    arena_release(&arena);
}

TEST(es_record, what_does_not_fit_is_malformed_and_says_why)
{
    struct es_raw raw = raw_of("{}");
    check_str(wrong_of(&raw), "nothing");
    raw = raw_of("[]");
    check_str(wrong_of(&raw), "the data is no JSON object");
    raw = raw_of("{");
    check_str(wrong_of(&raw), "the value is no JSON");
    raw = raw_of("{}");
    raw.key = (struct slice){0};
    check_str(wrong_of(&raw), "the key is no stream's id of 1 to 255 bytes");
    raw = raw_of("{}");
    raw.headers[0].value = SLICE_LIT("+3");
    check_str(wrong_of(&raw), "es-expected is no number");
    raw.headers[0].name = "expected";
    check_str(wrong_of(&raw), "there is no header es-expected");
    raw = raw_of("{}");
    raw.headers[1].value = (struct slice){0};
    check_str(wrong_of(&raw), "the event has no id of 1 to 255 bytes");
    raw = raw_of("{}");
    raw.headers[2] = (struct es_header){"es-id", SLICE_LIT("other")};
    check_str(wrong_of(&raw), "a header of the event store is there twice");
    raw = raw_of("{}");
    raw.headers[raw.header_count++] = (struct es_header){"es-schema", SLICE_LIT("0")};
    check_str(wrong_of(&raw), "the schema version is no number from 1");
    raw.headers[raw.header_count - 1] = (struct es_header){"es-partitions", SLICE_LIT("0")};
    check_str(wrong_of(&raw), "es-partitions is no number from 1");
}

TEST(es_record, several_events_must_be_as_many_as_it_says)
{
    struct es_raw raw = {.key = SLICE_LIT("cart-1"),
                         .value = SLICE_LIT("[{\"id\":\"a\",\"type\":\"T\",\"data\":{}}]"),
                         .headers = {{"es-expected", SLICE_LIT("0")}, {"es-count", SLICE_LIT("1")}},
                         .header_count = 2};
    check_str(wrong_of(&raw), "nothing");
    raw.headers[1].value = SLICE_LIT("2");
    check_str(wrong_of(&raw), "the value is no JSON array of as many events as es-count says");
    raw.headers[1].value = SLICE_LIT("1");
    raw.value = SLICE_LIT("[{\"id\":\"a\",\"type\":\"T\"}]");
    check_str(wrong_of(&raw), "the data is no JSON object");
    raw.value = SLICE_LIT("[7]");
    check_str(wrong_of(&raw), "the event has no id of 1 to 255 bytes");
}
