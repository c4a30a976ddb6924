/* request_fuzz - a frame as a client sends it, without its size: header, then body of whatever API it names.
 *
 * What decodes is encoded, decoded and encoded again: both encodings must be the same, and neither may fail.
 * (The input itself may differ from them: unknown tags are dropped, true may have been any byte.) */
#include "lib/kafka/api.h"
#include "tests/fuzz/message_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kafka_request_header h;
    struct slice body;
    if (kafka_request_header_decode(slice_of(data, size), &h, &body)) return 0;
    const struct kafka_api *api = kafka_api_find(h.api_key);
    if (api) fuzz_message(api->request, h.api_version, body);
    return 0;
}
