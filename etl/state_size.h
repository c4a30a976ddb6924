/* state_size.h - what an operator keeps about its keys, to be added up and told at the end of a run. */
#ifndef MILLRACE_ETL_STATE_SIZE_H
#define MILLRACE_ETL_STATE_SIZE_H

#include <stdint.h>

struct state_size {
    uint64_t keys;
    uint64_t memory_bytes;  /* in this process, free slots included */
    uint64_t spilled_bytes; /* in temporary files */
};

#endif
