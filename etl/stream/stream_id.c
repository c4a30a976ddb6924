#include "etl/stream/stream_id.h"

#include <stdio.h>
#include <string.h>

enum { SAID_DIGITS = 12 /* of a digest in a sentence */ };

static const char followed_form[] = "follow-";
static const struct slice own_form = SLICE_LIT("millrace:");

void stream_id_print(const char *definition_digest, const char *input_digest, char out[STREAM_ID_SIZE])
{
    snprintf(out, STREAM_ID_SIZE, "millrace:%.*s:%.*s", STREAM_ID_DIGITS, definition_digest, STREAM_ID_DIGITS,
             input_digest);
}

void stream_id_print_followed(const char *definition_digest, const char *drawn, char out[STREAM_ID_SIZE])
{
    char input[STREAM_ID_DIGITS + 1];
    snprintf(input, sizeof input, "%s%.*s", followed_form, STREAM_ID_DIGITS - (int)strlen(followed_form), drawn);
    stream_id_print(definition_digest, input, out);
}

static bool is_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The definition's digits in an id of our publisher; p is NULL when it is somebody else's. */
static struct slice definition_digits(struct slice id)
{
    const size_t n = own_form.n;
    if (id.n != n + STREAM_ID_DIGITS + 1 + STREAM_ID_DIGITS || memcmp(id.p, own_form.p, n) != 0)
        return slice_of(NULL, 0);
    struct slice digits = slice_of(id.p + n, STREAM_ID_DIGITS);
    if (id.p[n + STREAM_ID_DIGITS] != ':') return slice_of(NULL, 0);
    for (size_t i = 0; i < digits.n; i++)
        if (!is_digit(digits.p[i])) return slice_of(NULL, 0);
    return digits;
}

bool stream_id_is_followed(struct slice id)
{
    const size_t at = own_form.n + STREAM_ID_DIGITS + 1;
    return definition_digits(id).p && memcmp(id.p + at, followed_form, strlen(followed_form)) == 0;
}

bool stream_id_is_finite(struct slice id)
{
    return definition_digits(id).p && !stream_id_is_followed(id);
}

int stream_id_take(const char *topic, struct slice found, const char *definition_digest, char out[STREAM_ID_SIZE],
                   struct err_text *error)
{
    struct slice digits = definition_digits(found);
    if (digits.p && memcmp(digits.p, definition_digest, digits.n) != 0)
        return err_set(error, ERR_EXISTS,
                       "topic %s was published with another definition (digest %.*s...) than the one it is to be "
                       "loaded with (digest %.*s...): load it with that one, or publish with this one to a topic of "
                       "its own",
                       topic, SAID_DIGITS, (const char *)digits.p, SAID_DIGITS, definition_digest);
    if (found.n >= STREAM_ID_SIZE)
        return err_set(error, ERR_CORRUPT, "topic %s: header millrace-stream is longer than %d bytes", topic,
                       STREAM_ID_SIZE - 1);
    memcpy(out, found.p, found.n);
    out[found.n] = 0;
    return 0;
}

int stream_id_compare(const char *topic, struct slice found, const char *known, struct err_text *error)
{
    if (slice_equal(found, slice_str(known))) return 0;
    return err_set(error, ERR_EXISTS,
                   "topic %s: a message of stream %.*s among those of %s: another definition or other files were "
                   "published to this topic; give them a topic and a --db file of their own",
                   topic, (int)found.n, (const char *)found.p, known);
}
