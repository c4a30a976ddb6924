#include "etl/state_size.h"

#include <inttypes.h>

void state_size_say(struct buf *out, const char *owner, const char *part, const struct state_size *size)
{
    if (size->keys == 0) return;
    uint64_t bytes = size->memory_bytes + size->spilled_bytes;
    buf_printf(out, "%s%s%s%s: %" PRIu64 " keys, %" PRIu64 " bytes in memory", out->n ? "; " : "", owner,
               part ? "." : "", part ? part : "", size->keys, size->memory_bytes);
    if (size->spilled_bytes) buf_printf(out, ", %" PRIu64 " in a file", size->spilled_bytes);
    buf_printf(out, ", %.1f a key", (double)bytes / (double)size->keys);
}
