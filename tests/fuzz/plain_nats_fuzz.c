/* plain_nats_fuzz - plain_fuzz.h for the protocol of NATS, as far as bench/plain_nats.c reads it. */
#include "tests/fuzz/plain_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return plain_fuzz(&plain_nats, data, size);
}
