/* descriptors.h - how many files and sockets this process may have open. */
#ifndef MILLRACE_OS_DESCRIPTORS_H
#define MILLRACE_OS_DESCRIPTORS_H

#include <stdint.h>

/* Raises the limit to the most that we are allowed to (a shell gives 1,024 of them, and lets a program ask for more).
 * How many there are then, at most INT32_MAX. */
int64_t descriptors_allow(void);

#endif
