#include "lib/base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_checked(void *p, size_t n)
{
    if (p) return p;
    fprintf(stderr, "out of memory: %zu bytes\n", n);
    abort();
}

void *memory_new(size_t n)
{
    return memory_checked(calloc(1, n ? n : 1), n);
}

void *memory_grow(void *p, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) memory_checked(NULL, SIZE_MAX);
    return memory_checked(realloc(p, n ? n : 1), n);
}

void *memory_copy(const void *p, size_t n)
{
    char *copy = memory_checked(malloc(n + 1), n + 1);
    if (n) memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

char *memory_str(const char *s)
{
    return memory_copy(s, strlen(s));
}
