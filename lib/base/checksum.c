/* CRC-32C by tables and by instruction, SHA-256 by libcrypto.
 *
 * The `crc32` instruction takes three cycles but a new one can start every cycle, so a long range is
 * cut into blocks of three equal lanes, whose registers are then joined: running over n zero bytes
 * is multiplication by x^8n modulo the polynomial, and for the fixed lane length that is four table
 * look-ups (Gopal et al., "Fast CRC computation for iSCSI polynomial using CRC32 instruction"). */
#include "lib/base/checksum.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

#define CRC32C_POLYNOMIAL 0x82f63b78u /* 0x1edc6f41, lowest power in the highest bit */

enum { LANE_LONG = 2048, LANE_SHORT = 128 };

static struct {
    uint32_t byte[8][256];       /* slicing by eight: byte[k][b] is b followed by k zero bytes */
    uint32_t skip_long[4][256];  /* register byte k, run over LANE_LONG zero bytes */
    uint32_t skip_short[4][256]; /* the same for LANE_SHORT */
} tables;

static uint32_t polynomial_multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? (b >> 1) ^ CRC32C_POLYNOMIAL : b >> 1;
    }
    return product;
}

static void skip_table_fill(uint32_t table[4][256], size_t zero_bytes)
{
    uint32_t power = 1u << 31, square = 1u << 30; /* 1 and x */
    for (size_t exponent = zero_bytes * 8; exponent; exponent >>= 1) {
        if (exponent & 1) power = polynomial_multiply(power, square);
        square = polynomial_multiply(square, square);
    }
    for (int k = 0; k < 4; k++)
        for (uint32_t b = 0; b < 256; b++) table[k][b] = polynomial_multiply(power, b << (8 * k));
}

/* Before main: afterwards the tables are read by any thread without a lock. */
__attribute__((constructor)) static void tables_fill(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ CRC32C_POLYNOMIAL : crc >> 1;
        tables.byte[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++) {
            uint32_t crc = tables.byte[k - 1][b];
            tables.byte[k][b] = (crc >> 8) ^ tables.byte[0][crc & 0xff];
        }
    skip_table_fill(tables.skip_long, LANE_LONG);
    skip_table_fill(tables.skip_short, LANE_SHORT);
}

static uint32_t load_u32le(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t low = load_u32le(p) ^ crc, high = load_u32le(p + 4);
        crc = tables.byte[7][low & 0xff] ^ tables.byte[6][low >> 8 & 0xff] ^ tables.byte[5][low >> 16 & 0xff] ^
              tables.byte[4][low >> 24] ^ tables.byte[3][high & 0xff] ^ tables.byte[2][high >> 8 & 0xff] ^
              tables.byte[1][high >> 16 & 0xff] ^ tables.byte[0][high >> 24];
    }
    for (; n; p++, n--) crc = (crc >> 8) ^ tables.byte[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#ifdef __x86_64__

static uint64_t load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static uint32_t skip(uint32_t table[4][256], uint32_t crc)
{
    return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^ table[3][crc >> 24];
}

/* Three lanes of `lane` bytes at `p`, joined. */
__attribute__((target("sse4.2"))) static uint64_t crc32c_lanes(uint64_t a, const uint8_t *p, size_t lane,
                                                               uint32_t table[4][256])
{
    uint64_t b = 0, c = 0;
    for (const uint8_t *end = p + lane; p < end; p += 8) {
        a = __builtin_ia32_crc32di(a, load_u64(p));
        b = __builtin_ia32_crc32di(b, load_u64(p + lane));
        c = __builtin_ia32_crc32di(c, load_u64(p + 2 * lane));
    }
    return skip(table, skip(table, (uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *p, size_t n)
{
    uint64_t a = ~crc;
    for (; n >= 3 * LANE_LONG; p += 3 * LANE_LONG, n -= 3 * LANE_LONG)
        a = crc32c_lanes(a, p, LANE_LONG, tables.skip_long);
    for (; n >= 3 * LANE_SHORT; p += 3 * LANE_SHORT, n -= 3 * LANE_SHORT)
        a = crc32c_lanes(a, p, LANE_SHORT, tables.skip_short);
    for (; n >= 8; p += 8, n -= 8) a = __builtin_ia32_crc32di(a, load_u64(p));
    uint32_t tail = (uint32_t)a;
    for (; n; p++, n--) tail = __builtin_ia32_crc32qi(tail, *p);
    return ~tail;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_hardware(crc, p, n) : crc32c_portable(crc, p, n);
}

#else

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
    return crc32c_portable(crc, p, n);
}

#endif

/* --- SHA-256 --- */

struct sha256 {
    EVP_MD_CTX *context;
};

/* libcrypto fails here only without memory, which this program does not survive anyway. */
struct sha256 *sha256_new(void)
{
    struct sha256 *s = memory_new(sizeof *s);
    s->context = EVP_MD_CTX_new();
    int ok = s->context && EVP_DigestInit_ex(s->context, EVP_sha256(), NULL);
    assert(ok);
    return s;
}

void sha256_update(struct sha256 *s, const void *p, size_t n)
{
    int ok = EVP_DigestUpdate(s->context, p, n);
    assert(ok);
}

void sha256_take_hex(struct sha256 *s, char out[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[32];
    int ok = EVP_DigestFinal_ex(s->context, hash, NULL);
    assert(ok);
    for (int i = 0; i < 32; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[64] = '\0';
    EVP_MD_CTX_free(s->context);
    free(s);
}

void sha256_peek_hex(const struct sha256 *s, char out[65])
{
    struct sha256 *copy = sha256_new();
    int ok = EVP_MD_CTX_copy_ex(copy->context, s->context);
    assert(ok);
    sha256_take_hex(copy, out);
}
