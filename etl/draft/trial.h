/* trial.h - reads the sample by a definition that is made for it: every column a text. Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_TRIAL_H
#define MILLRACE_ETL_DRAFT_TRIAL_H

#include "etl/draft/parts.h"

/* One record: its columns' texts in the definition's order; p is NULL for NULL. False ends the reading. */
typedef bool trial_fn(void *context, struct arena *arena, const struct slice *fields);

struct trial {
    uint64_t records, malformed;
};

/* `source`: the JSON object of a source. Reads at most `records_max` records, behind `skip` that are passed over. */
int draft_trial_read(const struct sample *sample, const char *source, int skip, uint64_t records_max, trial_fn *each,
                     void *context, struct trial *out, struct err_text *error);

/* Judges the sample by a whole definition: how many records it looked at and rejected, `unique` not counted. */
int draft_trial_judge(const struct sample *sample, struct slice definition, uint64_t records_max, struct trial *out,
                      struct err_text *error);

#endif
