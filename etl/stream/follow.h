/* follow.h - `millrace stream publish --follow`: files that grow, come, are renamed and cut, into a stream that ends
 * when somebody says so.
 *
 *     until SIGTERM or SIGINT, every poll_ms:
 *         follow_look     the folder: which file is which content
 *         follow_send     what is new in each
 *         state file      once a second, when something was sent
 *     one look more, what is known of each file, an end to each partition
 *
 * See followed.h for what a followed file is, and docs/formats/stream.md. */
#ifndef MILLRACE_ETL_STREAM_FOLLOW_H
#define MILLRACE_ETL_STREAM_FOLLOW_H

#include "etl/stream/publish.h"

int follow_run(const struct publish_options *options, struct err_text *error);

#endif
