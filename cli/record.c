#include "cli/record.h"

#include <inttypes.h>

#include "lib/base/text.h"

void record_bytes_json(const void *p, size_t n, struct buf *out)
{
    struct slice s = slice_of(p, n);
    if (!p) {
        buf_append_str(out, "null");
    } else if (text_is_utf8(s)) {
        text_json_string(s, out);
    } else {
        buf_append_str(out, "{\"base64\":\"");
        text_base64(s, out);
        buf_append_str(out, "\"}");
    }
}

static void headers_json(const rd_kafka_message_t *m, struct buf *out)
{
    rd_kafka_headers_t *headers = NULL;
    buf_append_byte(out, '[');
    if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name;
        const void *value;
        size_t n;
        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &n) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
            buf_append_str(out, i ? ",{\"name\":" : "{\"name\":");
            text_json_string(slice_str(name), out);
            buf_append_str(out, ",\"value\":");
            record_bytes_json(value, n, out);
            buf_append_byte(out, '}');
        }
    }
    buf_append_byte(out, ']');
}

void record_json(const rd_kafka_message_t *m, struct buf *out)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(m, &type);
    buf_append_str(out, "{\"topic\":");
    text_json_string(slice_str(rd_kafka_topic_name(m->rkt)), out);
    buf_printf(out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"timestamp\":", m->partition, m->offset);
    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
        buf_append_str(out, "null");
    else
        buf_printf(out, "%" PRId64, timestamp_ms);
    buf_append_str(out, ",\"key\":");
    record_bytes_json(m->key, m->key_len, out);
    buf_append_str(out, ",\"value\":");
    record_bytes_json(m->payload, m->len, out);
    buf_append_str(out, ",\"headers\":");
    headers_json(m, out);
    buf_append_str(out, "}\n");
}

void record_text(const rd_kafka_message_t *m, const char *key_separator, struct buf *out)
{
    if (key_separator) {
        if (m->key) buf_append(out, m->key, m->key_len);
        buf_append_str(out, key_separator);
    }
    if (m->payload) buf_append(out, m->payload, m->len);
    buf_append_byte(out, '\n');
}
