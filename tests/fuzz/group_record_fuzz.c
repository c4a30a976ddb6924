/* group_record_fuzz - __consumer_offsets as a disk gives it back: a list of records is loaded into a
 * coordinator, which then works on: members expire, offsets are fetched, it starts anew.
 *
 *     input := { key_size u8, value_size u8 (255: a tombstone), key, value } ...
 *
 * An offset or a group that can be read must be written such that it reads the same. */
#include <assert.h>
#include <string.h>

#include "broker/group/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOMBSTONE = 255 };

static struct kafka_bytes take(const uint8_t **p, size_t *left, size_t n)
{
    if (n > *left) n = *left;
    struct kafka_bytes b = {*p, (int32_t)n};
    *p += n;
    *left -= n;
    return b;
}

static void check_round_trip(struct kafka_bytes key, struct kafka_bytes value)
{
    struct arena a = {0};
    struct group_record_decoded r, again;
    if (group_record_decode(key, value, &a, &r) == 0 && r.kind == GROUP_RECORD_OFFSET && !r.tombstone) {
        struct group_offset o = {
            .offset = r.offset.offset, .leader_epoch = r.offset.leader_epoch, .metadata = r.offset.metadata};
        struct kafka_bytes k =
            group_record_offset_key(&a, r.offset_key.group, r.offset_key.topic, r.offset_key.partition);
        struct kafka_bytes v = group_record_offset_value(&a, &o, r.offset.commit_timestamp, -1);
        int err = group_record_decode(k, v, &a, &again);
        assert(err == 0 && again.offset.offset == r.offset.offset);
        assert(kafka_string_equal(again.offset_key.topic, r.offset_key.topic));
        assert(kafka_string_equal(again.offset.metadata, r.offset.metadata));
    }
    arena_release(&a);
}

static void step(struct group_coordinator *c, int64_t at_ms, struct group_event *e)
{
    struct group_actions actions = {0};
    struct group_time now = {at_ms, 1700000000000 + at_ms};
    group_step(c, now, e, &actions);
    for (int32_t i = 0; i < actions.count; i++) {
        if (actions.items[i].kind != GROUP_APPEND) continue;
        struct group_actions more = {0};
        struct group_event stored = {.kind = GROUP_STORED, .token = actions.items[i].token};
        group_step(c, now, &stored, &more);
        group_actions_release(&more);
    }
    group_actions_release(&actions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct group_config config = group_config_default();
    config.partition_count = 1;
    struct group_coordinator *c = group_coordinator_new(&config, 1);
    struct group_event begin = {.kind = GROUP_LOAD_BEGIN}, end = {.kind = GROUP_LOAD_END},
                       timer = {.kind = GROUP_TIMER};
    struct group_event fetch = {.kind = GROUP_FETCH, .group_id = KAFKA_STRING_LIT("g"), .fetch = {.all = true}};
    step(c, 0, &begin);
    while (size >= 2) {
        uint8_t key_size = data[0], value_size = data[1];
        data += 2;
        size -= 2;
        struct group_event e = {.kind = GROUP_LOAD_RECORD, .key = take(&data, &size, key_size)};
        e.value = value_size == TOMBSTONE ? KAFKA_BYTES_NULL : take(&data, &size, value_size);
        check_round_trip(e.key, e.value);
        step(c, 0, &e);
    }
    step(c, 0, &end);
    step(c, 1, &fetch);
    for (int64_t at = 1; at < (int64_t)4 << 40; at *= 16) step(c, at, &timer);
    group_coordinator_free(c); /* asserts that what it counted is gone */
    return 0;
}
