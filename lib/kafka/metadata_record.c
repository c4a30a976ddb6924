#include "lib/kafka/metadata_record.h"

#include "lib/kafka/cursor.h"
#include "lib/kafka/varint.h"

enum { METADATA_FRAME_VERSION = 1 };

const struct message *metadata_record_message(int type)
{
    switch (type) {
    case METADATA_RECORD_REGISTER_BROKER: return &register_broker_record_message;
    case METADATA_RECORD_UNREGISTER_BROKER: return &unregister_broker_record_message;
    case METADATA_RECORD_TOPIC: return &topic_record_message;
    case METADATA_RECORD_PARTITION: return &partition_record_message;
    case METADATA_RECORD_CONFIG: return &config_record_message;
    case METADATA_RECORD_PARTITION_CHANGE: return &partition_change_record_message;
    case METADATA_RECORD_REMOVE_TOPIC: return &remove_topic_record_message;
    case METADATA_RECORD_FEATURE_LEVEL: return &feature_level_record_message;
    case METADATA_RECORD_PRODUCER_IDS: return &producer_ids_record_message;
    case METADATA_RECORD_BROKER_REGISTRATION_CHANGE: return &broker_registration_change_record_message;
    case METADATA_RECORD_NO_OP: return &no_op_record_message;
    default: return NULL;
    }
}

/* Java reads these three as ints from unsigned varints and checks that they fit an int16. */
static int metadata_frame_number(struct cursor *c)
{
    uint32_t v = cursor_uvarint32(c);
    if (v > INT16_MAX) cursor_fail(c, ERR_CORRUPT);
    return c->error ? 0 : (int)v;
}

int metadata_record_decode(struct slice in, struct arena *a, struct metadata_record *out)
{
    struct cursor c = cursor_of(in);
    int frame = metadata_frame_number(&c);
    *out = (struct metadata_record){.type = metadata_frame_number(&c), .version = 0};
    out->version = metadata_frame_number(&c);
    if (c.error) return c.error;
    const struct message *m = metadata_record_message(out->type);
    if (frame != METADATA_FRAME_VERSION || !m) return ERR_UNSUPPORTED;
    out->value = kafka_struct_array(m->root, a, 1);
    return kafka_decode(m, out->version, slice_of(c.p, cursor_left(&c)), a, out->value);
}

int metadata_record_encode(int type, int version, const void *in, struct buf *out)
{
    const struct message *m = metadata_record_message(type);
    if (!m || version < 0) return ERR_UNSUPPORTED;
    size_t start = out->n;
    varint_append_u64(out, METADATA_FRAME_VERSION);
    varint_append_u64(out, (uint64_t)type);
    varint_append_u64(out, (uint64_t)version);
    int err = kafka_encode(m, version, in, out);
    if (err) out->n = start;
    return err;
}
