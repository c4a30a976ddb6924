/* instant.h - instants as people write them: 2026-11-27T18:30:00.250Z, or milliseconds since 1970. */
#ifndef MILLRACE_ETL_EVENTSTORE_INSTANT_H
#define MILLRACE_ETL_EVENTSTORE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

enum { INSTANT_SIZE = 40 };

/* With a date and without a zone it is UTC. */
bool instant_read(const char *text, int64_t *ms);
void instant_print(int64_t ms, char out[INSTANT_SIZE]);

#endif
