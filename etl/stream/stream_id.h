/* stream_id.h - what names a stream, and what its name tells: of which definition, from which files.
 *
 *     millrace:DEFINITION:INPUT     what our publisher makes: two times 32 hexadecimal digits, the beginnings of the
 *                                   definition's digest and of one over the definition and all files
 *     millrace:DEFINITION:follow-DRAWN   of files that are followed: 25 digits that were drawn when it began
 *     anything else                 somebody else's: a text that is only compared as a whole
 *
 * A record's headers may refer to the columns that its publisher's definition declares, in their order. So
 * a topic is loaded with the definition that published it, or not at all. */
#ifndef MILLRACE_ETL_STREAM_STREAM_ID_H
#define MILLRACE_ETL_STREAM_STREAM_ID_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum {
    STREAM_ID_DIGITS = 32, /* that are kept of a digest */
    STREAM_ID_SIZE = 128   /* room for any stream id and its end */
};

/* The publisher's id. Both digests are 64 hexadecimal digits. */
void stream_id_print(const char *definition_digest, const char *input_digest, char out[STREAM_ID_SIZE]);

/* Of followed files: no input is known at the start, so `drawn` stands for it, 64 digits that are this stream's alone.
 */
void stream_id_print_followed(const char *definition_digest, const char *drawn, char out[STREAM_ID_SIZE]);
/* It is such an id: what comes behind its ends is no repetition. */
bool stream_id_is_followed(struct slice id);
/* It names all of its input: behind its ends nothing is new. Somebody else's id does not tell. */
bool stream_id_is_finite(struct slice id);

/* Takes over the id of a topic's first message. ERR_EXISTS when it tells of another definition than the one with this
 * digest, ERR_CORRUPT when it is too long. */
int stream_id_take(const char *topic, struct slice found, const char *definition_digest, char out[STREAM_ID_SIZE],
                   struct err_text *error);

/* A message of stream `found` in the topic of a warehouse that is filled from `known`: ERR_EXISTS unless they are the
 * same. */
int stream_id_compare(const char *topic, struct slice found, const char *known, struct err_text *error);

#endif
