/* shape_capture.c - a capture of packets: the requests in it, with all that is known of them. */
#include <string.h>

#include "etl/draft/parts.h"
#include "etl/source/http_capture.h"

/* pcap in both orders of bytes, with microseconds or nanoseconds; pcapng. */
bool shape_is_capture(struct slice head)
{
    static const char magics[][4] = {{'\xd4', '\xc3', '\xb2', '\xa1'},
                                     {'\xa1', '\xb2', '\xc3', '\xd4'},
                                     {'\x4d', '\x3c', '\xb2', '\xa1'},
                                     {'\xa1', '\xb2', '\x3c', '\x4d'},
                                     {'\x0a', '\x0d', '\x0d', '\x0a'}};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (head.n >= 4 && memcmp(head.p, magics[i], 4) == 0) return true;
    return false;
}

/* But for what a log would have and a capture has not. */
static bool is_constant(const char *field)
{
    return strcmp(field, "ident") == 0 || strcmp(field, "user") == 0;
}

int shape_capture(struct draft *d)
{
    d->sample->encoding = "utf-8"; /* of its records */
    struct draft_source *s = draft_source_add(d, NULL);
    draft_settings_begin(s, d->sample, "http_capture");
    buf_append_str(&s->notes, "The records are the HTTP/1.x requests in the capture, each with its response.\n");
    for (const char *const *name = http_capture_fields(); *name; name++)
        if (!is_constant(*name)) draft_column_add(s, d->sample->arena, *name)->fixed = true;
    return 0;
}
