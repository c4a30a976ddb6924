/* Topic names, internal topics, ids. */
#include <string.h>

#include "broker/metadata/metadata.h"

enum { TOPIC_NAME_MAX = 249 };

static bool name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

int16_t metadata_topic_name_check(struct kafka_string name)
{
    if (name.n < 1 || name.n > TOPIC_NAME_MAX) return KAFKA_INVALID_TOPIC_EXCEPTION;
    if (kafka_string_equal_str(name, ".") || kafka_string_equal_str(name, "..")) return KAFKA_INVALID_TOPIC_EXCEPTION;
    for (int32_t i = 0; i < name.n; i++)
        if (!name_byte((uint8_t)name.p[i])) return KAFKA_INVALID_TOPIC_EXCEPTION;
    return KAFKA_NONE;
}

bool metadata_topic_is_internal(struct slice name)
{
    static const char *const internal[] = {"__consumer_offsets", "__transaction_state", "__share_group_state",
                                           "__cluster_metadata"};
    for (size_t i = 0; i < sizeof internal / sizeof *internal; i++)
        if (slice_equal(name, slice_str(internal[i]))) return true;
    return false;
}

/* Kafka keeps the all-zero id and 0...01 (its metadata log) for itself; a version 4 id is neither. A text that
 * starts with '-' would look like an option on a command line. */
struct kafka_uuid metadata_uuid_new(struct random *random)
{
    struct kafka_uuid u;
    char text[23];
    do {
        put_u64be(u.bytes, random_u64(random));
        put_u64be(u.bytes + 8, random_u64(random));
        u.bytes[6] = (uint8_t)(0x40 | (u.bytes[6] & 0x0f));
        u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
        kafka_uuid_to_text(u, text);
    } while (text[0] == '-');
    return u;
}
