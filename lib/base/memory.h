/* memory.h - allocation that does not return without memory.
 *
 * Everything that grows here has a bound stated by its owner, so running out of memory is not an
 * outcome that callers can do better with: the process says so and aborts. Free with free(3). */
#ifndef MILLRACE_BASE_MEMORY_H
#define MILLRACE_BASE_MEMORY_H

#include <stddef.h>

/* `n` zeroed bytes; never NULL, also for 0. */
void *memory_new(size_t n);
/* realloc of an array to `count` elements of `size` bytes; new elements are not zeroed. */
void *memory_grow(void *p, size_t count, size_t size);
/* A copy of `n` bytes with a NUL behind them, never NULL. */
void *memory_copy(const void *p, size_t n);
/* strdup that does not fail. */
char *memory_str(const char *s);

#endif
