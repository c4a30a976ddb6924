#include "etl/source/notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etl/source/absence.h"
#include "etl/source/http_capture.h"
#include "etl/source/reader.h"
#include "lib/base/memory.h"

/* About how many files, and what of the first one. */
struct note {
    uint64_t files;
    char *first;   /* its name */
    bool part;     /* not all of its records were looked at */
    uint64_t line; /* that the note is about */
};

struct feed_notes {
    struct note *columns; /* by declared column: it was nowhere */
    struct note encoding, cut;
    struct note http; /* a capture with connections that are something else, or with gaps */
    struct http_capture_counts counts;
};

struct source_notes {
    const struct definition *definition;
    struct feed_notes *of; /* by feed */
};

struct source_notes *source_notes_new(const struct definition *d)
{
    struct source_notes *n = memory_new(sizeof *n);
    n->definition = d;
    n->of = memory_new((size_t)d->feed_count * sizeof *n->of);
    for (int i = 0; i < d->feed_count; i++)
        n->of[i].columns = memory_new((size_t)d->feeds[i].field_count * sizeof *n->of[i].columns);
    return n;
}

void source_notes_free(struct source_notes *n)
{
    if (!n) return;
    for (int i = 0; i < n->definition->feed_count; i++) {
        for (int c = 0; c < n->definition->feeds[i].field_count; c++) free(n->of[i].columns[c].first);
        free(n->of[i].columns);
        free(n->of[i].encoding.first);
        free(n->of[i].cut.first);
        free(n->of[i].http.first);
    }
    free(n->of);
    free(n);
}

static void note_take(struct note *note, const struct source_reader *r, bool part, uint64_t line)
{
    if (note->files++) return;
    note->first = memory_str(r->file->name);
    note->part = part;
    note->line = line;
}

static void capture_take(struct feed_notes *of, const struct source_reader *r)
{
    struct http_capture_counts c = http_capture_counts(r->http);
    if (!c.other && !c.gaps) return;
    note_take(&of->http, r, false, 0);
    of->counts.connections += c.connections;
    of->counts.other += c.other;
    of->counts.gaps += c.gaps;
    of->counts.gap_bytes += c.gap_bytes;
}

void source_notes_take(struct source_notes *n, const struct source_reader *r)
{
    struct feed_notes *of = &n->of[r->feed->index];
    for (int c = 0; r->absence && c < r->feed->field_count; c++)
        if (absence_of(r->absence, c))
            note_take(&of->columns[c], r, absence_records(r->absence) == ABSENCE_RECORDS_MAX, 0);
    if (r->utf8_line) note_take(&of->encoding, r, false, r->utf8_line);
    if (r->cut_line) note_take(&of->cut, r, false, r->cut_line);
    if (r->http) capture_take(of, r);
}

static void more_print(const struct note *note, struct buf *out)
{
    if (note->files > 1)
        buf_printf(out, " (and of %" PRIu64 " file%s more)", note->files - 1, note->files == 2 ? "" : "s");
}

static void column_print(const struct note *note, const struct feed *feed, int column, struct buf *out)
{
    const struct field_spec *f = feed->columns[column].field;
    buf_printf(out, "nothing stands at \"%s\" in any of the ", f->headers[0]);
    if (note->part) buf_printf(out, "first %d ", ABSENCE_RECORDS_MAX);
    buf_printf(out, "records of %s", note->first);
    more_print(note, out);
    buf_printf(out, ", so %s is ", feed->columns[column].name);
    if (f->has_fallback)
        buf_printf(out, "its default \"%.*s\"", (int)f->fallback.n, (const char *)f->fallback.p);
    else
        buf_append_str(out, "NULL");
    buf_printf(out, " there (%s of %s; \"optional\": true says that this is right, false that it is an error)\n", f->at,
               feed->path);
}

static void encoding_print(const struct note *note, const struct feed *feed, struct buf *out)
{
    buf_printf(out, "what is not ASCII in the text of %s", note->first);
    more_print(note, out);
    buf_printf(out,
               " is UTF-8, first in line %" PRIu64 ", and was read as %s (%s.encoding of %s); is the file UTF-8?\n",
               note->line, ENCODING_NAMES[feed->spec->encoding], feed->at, feed->path);
}

static void cut_print(const struct note *note, struct buf *out)
{
    buf_printf(out, "the last line of %s, %" PRIu64 ",", note->first, note->line);
    more_print(note, out);
    buf_append_str(out, " has no line end: was the file cut off? then its last value is, too\n");
}

static void capture_print(const struct feed_notes *of, struct buf *out)
{
    const struct http_capture_counts *c = &of->counts;
    buf_printf(out, "of %" PRIu64 " connections in %s", c->connections, of->http.first);
    more_print(&of->http, out);
    buf_printf(out, " %" PRIu64 " have no HTTP/1.x", c->other);
    if (c->gaps) buf_printf(out, "; the capture lacks %" PRIu64 " bytes in %" PRIu64 " gaps", c->gap_bytes, c->gaps);
    buf_append_byte(out, '\n');
}

void source_notes_print(const struct source_notes *n, const char *title, struct buf *out)
{
    for (int i = 0; i < n->definition->feed_count; i++) {
        const struct feed *feed = &n->definition->feeds[i];
        for (int c = 0; c < feed->field_count; c++) {
            if (!n->of[i].columns[c].files) continue;
            buf_printf(out, "%s: ", title);
            column_print(&n->of[i].columns[c], feed, c, out);
        }
        if (n->of[i].encoding.files) {
            buf_printf(out, "%s: ", title);
            encoding_print(&n->of[i].encoding, feed, out);
        }
        if (n->of[i].http.files) {
            buf_printf(out, "%s: ", title);
            capture_print(&n->of[i], out);
        }
        if (!n->of[i].cut.files) continue;
        buf_printf(out, "%s: ", title);
        cut_print(&n->of[i].cut, out);
    }
}

void source_notes_say(const struct source_notes *n, const char *title)
{
    struct buf out = {0};
    source_notes_print(n, title, &out);
    fputs(buf_cstr(&out), stderr);
    buf_release(&out);
}
