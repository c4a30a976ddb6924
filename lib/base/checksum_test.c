#include "lib/base/checksum.h"

#include "lib/base/random.h"
#include "tests/unit.h"

/* RFC 3720 appendix B.4. */
TEST(checksum, crc32c_known_answers)
{
    uint8_t zeros[32] = {0}, ones[32], up[32], down[32];
    for (int i = 0; i < 32; i++) {
        ones[i] = 0xff;
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    check_int(crc32c(0, "123456789", 9), 0xe3069283);
    check_int(crc32c(0, zeros, 32), 0x8a9136aa);
    check_int(crc32c(0, ones, 32), 0x62a8ab43);
    check_int(crc32c(0, up, 32), 0x46dd794e);
    check_int(crc32c(0, down, 32), 0x113fdb5c);
    check_int(crc32c_portable(0, down, 32), 0x113fdb5c);
    check_int(crc32c(0, NULL, 0), 0);
}

TEST(checksum, crc32c_of_instruction_and_table_agree)
{
    enum { SIZE = 40000 };
    uint8_t *bytes = malloc(SIZE);
    struct random r;
    random_seed(&r, 1);
    for (int i = 0; i < SIZE; i++) bytes[i] = (uint8_t)random_u64(&r);
    for (int i = 0; i < 500; i++) {
        size_t at = random_below(&r, 64), n = random_below(&r, SIZE - 64);
        uint32_t start = (uint32_t)random_u64(&r);
        check_int(crc32c(start, bytes + at, n), crc32c_portable(start, bytes + at, n));
        size_t cut = random_below(&r, n + 1);
        check_int(crc32c(crc32c(0, bytes + at, cut), bytes + at + cut, n - cut), crc32c(0, bytes + at, n));
    }
    free(bytes);
}

/* FIPS 180-2 appendix B, and the empty message. */
TEST(checksum, sha256_known_answers)
{
    char hex[65];
    sha256_take_hex(sha256_new(), hex);
    check_str(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct sha256 *s = sha256_new();
    sha256_update(s, "a", 1);
    sha256_update(s, "bc", 2);
    sha256_take_hex(s, hex);
    check_str(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
