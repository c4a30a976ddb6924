/* checksum.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4) and SHA-256.
 *
 * crc32c uses the SSE4.2 instruction where the processor has it (three interleaved streams), a table
 * otherwise; both give the same number. sha256 is libcrypto's. */
#ifndef MILLRACE_BASE_CHECKSUM_H
#define MILLRACE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* crc of `n` bytes continuing from `crc` (0 at the start). */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The table version, for tests and for processors without the instruction. */
uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n);

struct sha256; /* incremental */
struct sha256 *sha256_new(void);
void sha256_update(struct sha256 *s, const void *p, size_t n);
/* What sha256_take_hex would write now; `s` goes on. */
void sha256_peek_hex(const struct sha256 *s, char out[65]);
/* Writes 64 lowercase hexadecimal digits and a NUL, and frees `s`. */
void sha256_take_hex(struct sha256 *s, char out[65]);

#endif
