/* hash.h - the one hash function of bytes. */
#ifndef MILLRACE_BASE_HASH_H
#define MILLRACE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64-bit hash of bytes (wyhash-like quality; not cryptographic; the same on every machine). */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
/* Two at once, in little more time than one: hashes[] are the seeds, and then what hash_bytes gives for them. */
void hash_bytes_pair(const void *p, size_t n, uint64_t hashes[2]);

#endif
