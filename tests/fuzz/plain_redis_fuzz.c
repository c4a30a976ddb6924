/* plain_redis_fuzz - plain_fuzz.h for RESP, as far as bench/plain_redis.c reads it. */
#include "tests/fuzz/plain_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return plain_fuzz(&plain_redis, data, size);
}
