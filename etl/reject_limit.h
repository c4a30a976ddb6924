/* reject_limit.h - `--max-rejects`: how many rejected records a run may have. */
#ifndef MILLRACE_ETL_REJECT_LIMIT_H
#define MILLRACE_ETL_REJECT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: no limit. */
struct reject_limit {
    bool given;
    bool percent; /* of the records read; judged at the end only */
    int64_t most; /* records, or millionths of a percent */
    const char *text;
};

/* "250" records, or "2%", "0.5%" of them (0 to 100, at most 6 decimals). False for anything else. */
bool reject_limit_read(const char *text, struct reject_limit *out);
/* Whether so many rejected are too many; `complete` when no more records come. */
bool reject_limit_broken(const struct reject_limit *l, uint64_t rejected, uint64_t records, bool complete);

#endif
