#include "etl/state_size.h"

#include "tests/unit.h"

TEST(state_size, every_owner_with_keys_is_told)
{
    struct buf out = {0};
    state_size_say(&out, "orders", "duplicate", &(struct state_size){4, 100, 50});
    state_size_say(&out, "empty", NULL, &(struct state_size){0, 24, 0});
    state_size_say(&out, "by_day", NULL, &(struct state_size){10, 245, 0});
    check_str(buf_cstr(&out), "orders.duplicate: 4 keys, 100 bytes in memory, 50 in a file, 37.5 a key; "
                              "by_day: 10 keys, 245 bytes in memory, 24.5 a key");
    buf_release(&out);
}
