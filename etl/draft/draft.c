#include "etl/draft/draft.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "etl/draft/names.h"
#include "etl/draft/parts.h"
#include "etl/draft/trial.h"
#include "etl/source/csv.h"
#include "etl/source/encoding.h"
#include "etl/source/input.h"
#include "etl/source/json_scan.h"
#include "lib/base/memory.h"

/* --- the draft --- */

struct draft_column *draft_column_add(struct draft_source *s, struct arena *arena, const char *title)
{
    const char *wanted = draft_name(slice_str(title), "column", arena), *name = wanted;
    for (int i = 0, tried = 2; i < s->count; i++)
        if (strcasecmp(s->columns[i].name, name) == 0) name = arena_printf(arena, "%s_%d", wanted, tried++), i = -1;
    s->columns = memory_grow(s->columns, (size_t)s->count + 1, sizeof *s->columns);
    s->columns[s->count] = (struct draft_column){.name = name, .title = title, .place = ""};
    return &s->columns[s->count++];
}

/* The sample's name without its endings, or `name`. */
struct draft_source *draft_source_add(struct draft *d, const char *name)
{
    const char *file = d->sample->file;
    struct slice stem = slice_of(file, *file ? strcspn(file + 1, ".") + 1 : 0);
    d->name = draft_name(stem, "sample", d->sample->arena);
    const char *wanted = name ? draft_name(slice_str(name), "table", d->sample->arena) : d->name, *free_name = wanted;
    for (int i = 0, tried = 2; i < d->count; i++)
        if (strcmp(d->sources[i].name, free_name) == 0)
            free_name = arena_printf(d->sample->arena, "%s_%d", wanted, tried++), i = -1;
    d->sources = memory_grow(d->sources, (size_t)d->count + 1, sizeof *d->sources);
    d->sources[d->count] = (struct draft_source){.name = free_name};
    return &d->sources[d->count++];
}

void draft_settings_begin(struct draft_source *s, const struct sample *sample, const char *format)
{
    buf_printf(&s->settings, "\"format\": \"%s\",\n    \"glob\": %s", format, sample->glob);
    if (strcmp(sample->encoding, "utf-8") != 0) {
        buf_printf(&s->settings, ",\n    \"encoding\": \"%s\"", sample->encoding);
        buf_printf(&s->notes, "The encoding is a guess: the file is not UTF-8, and could be read as %s%s.\n",
                   sample->encoding, sample->other_encodings ? sample->other_encodings : "");
    }
}

void draft_left_out_say(struct draft_source *s)
{
    if (s->left_out)
        buf_printf(&s->notes, "A source has at most %d columns: %" PRIu64 " more values of a record are left out.\n",
                   CSV_FIELDS_MAX, s->left_out);
}

void draft_release(struct draft *d)
{
    for (int i = 0; i < d->count; i++) {
        struct draft_source *s = &d->sources[i];
        for (int c = 0; c < s->count; c++) profile_release(&s->columns[c].profile);
        free(s->columns);
        buf_release(&s->settings);
        buf_release(&s->notes);
    }
    free(d->sources);
}

/* --- the sample --- */

enum { HEAD_BYTES = 256 << 10 };

static void sample_name(struct sample *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf glob = {0};
    s->path = path;
    s->file = slash ? slash + 1 : path;
    s->dir = slash == path ? "/" : slash ? arena_str(s->arena, slice_of(path, (size_t)(slash - path))) : ".";
    for (const char *c = s->file; *c; c++)
        buf_printf(&glob, strchr("*?[\\", *c) ? (*c == '\\' ? "\\\\" : "[%c]") : "%c", *c);
    s->glob = draft_json(buf_slice(&glob), s->arena);
    buf_release(&glob);
}

static const char *wide_guess(struct slice s)
{
    size_t odd = 0, even = 0;
    if (s.n >= 2 && ((s.p[0] == 0xff && s.p[1] == 0xfe) || (s.p[0] == 0xfe && s.p[1] == 0xff))) return "utf-16";
    for (size_t i = 0; i < s.n; i++) *(i % 2 ? &odd : &even) += s.p[i] == 0;
    return odd * 8 > s.n ? "utf-16le" : even * 8 > s.n ? "utf-16be" : NULL;
}

/* How much of a window can be judged alone: not the first bytes of a character whose others come later. */
static size_t whole_characters(const struct input *in)
{
    size_t n = in->rest.n, back = 0;
    if (in->ended) return n;
    while (back < 4 && back < n && (in->rest.p[n - 1 - back] & 0xc0) == 0x80) back++;
    return n - back - (n > back && in->rest.p[n - 1 - back] >= 0xc0);
}

/* ", windows-1250, ...": those of them with one byte a character in which every byte means something, too. */
static const char *others_list(const bool *fits, enum encoding guess, struct arena *arena)
{
    const char *list = "";
    for (enum encoding e = ENCODING_WINDOWS_1252; e < ENCODING_ASCII; e++)
        if (fits[e] && e != guess) list = arena_printf(arena, "%s, %s", list, ENCODING_NAMES[e]);
    return *list ? arena_printf(arena, "; as well as%s", list + 1) : NULL;
}

/* Of a file without zero bytes: UTF-8, or the first encoding in which every byte of it means something. */
static int narrow_guess(struct sample *sample, struct input *in, struct err_text *error)
{
    bool fits[ENCODING_ASCII];
    int err = 0;
    for (int e = 0; e < ENCODING_ASCII; e++) fits[e] = true;
    for (bool last = false; err >= 0 && !last;) {
        last = in->ended;
        size_t n = whole_characters(in), bad;
        for (enum encoding e = 0; e < ENCODING_ASCII; e++)
            fits[e] = fits[e] && encoding_check(e, slice_of(in->rest.p, n), &bad);
        input_consume(in, n);
        if (!last) err = input_more(in, error);
    }
    enum encoding guess = ENCODING_UTF_8;
    while (!fits[guess]) guess++; /* every byte means something in ISO-8859-1 */
    sample->encoding = ENCODING_NAMES[guess];
    sample->other_encodings = others_list(fits, guess, sample->arena);
    return err < 0 ? err : 0;
}

static bool is_database(struct slice head)
{
    return head.n >= 16 && memcmp(head.p, "SQLite format 3", 16) == 0;
}

/* What is no text, by its first bytes. */
static const char *binary_as(struct slice head)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
    } known[] = {{"Parquet", "PAR1", 4},
                 {"Avro", "Obj\x01", 4},
                 {"ORC", "ORC", 3},
                 {"PDF", "%PDF-", 5},
                 {"a PNG image", "\x89PNG", 4},
                 {"a JPEG image", "\xff\xd8\xff", 3},
                 {"a GIF image", "GIF8", 4},
                 {"an old Excel or Word file", "\xd0\xcf\x11\xe0", 4},
                 {"HDF5", "\x89HDF", 4},
                 {"an ELF program",
                  "\x7f"
                  "ELF",
                  4},
                 {"7z", "7z\xbc\xaf", 4},
                 {"rar", "Rar!", 4},
                 {NULL, NULL, 0}};
    for (size_t i = 0; known[i].bytes; i++)
        if (head.n >= known[i].n && memcmp(head.p, known[i].bytes, known[i].n) == 0) return known[i].name;
    return NULL;
}

static int head_read(struct sample *s, struct err_text *error)
{
    struct input in;
    int err = input_open(&in, s->path, INPUT_ANY_SIZE, error);
    if (err) return err;
    err = input_want(&in, HEAD_BYTES, error);
    const char *wide = err || binary_as(in.rest) || is_database(in.rest) || shape_is_capture(in.rest)
                           ? NULL
                           : wide_guess(slice_of(in.rest.p, in.rest.n < 4096 ? in.rest.n : 4096));
    if (!err && !wide) {
        s->head = slice_of(arena_copy(s->arena, in.rest.p, in.rest.n), in.rest.n);
        s->whole = in.ended;
        if (!is_database(s->head)) err = narrow_guess(s, &in, error);
    }
    input_close(&in);
    if (err || !wide) return err;
    s->encoding = wide;
    err = input_open(&in, s->path, INPUT_ANY_SIZE, error);
    if (err) return err;
    input_decode_wide(&in, strcmp(wide, "utf-16le") == 0   ? UTF16_LITTLE
                           : strcmp(wide, "utf-16be") == 0 ? UTF16_BIG
                                                           : UTF16_BY_MARK);
    err = input_want(&in, HEAD_BYTES, error);
    if (!err) s->head = slice_of(arena_copy(s->arena, in.rest.p, in.rest.n), in.rest.n);
    s->whole = in.ended;
    input_close(&in);
    return err;
}

/* --- the format, by the first bytes --- */

static bool is_ndjson(struct slice head)
{
    const uint8_t *end = memchr(head.p, '\n', head.n);
    struct json_scan s = json_scan_of(slice_of(head.p, end ? (size_t)(end - head.p) : head.n));
    json_scan_blanks(&s);
    bool object = s.p < s.end && *s.p == '{';
    return json_scan_value(&s, 0) && json_scan_end(&s) && object;
}

/* One line may be an event or a document: its name says so, or there are records in it. */
static int json_find(struct draft *d, struct slice head, struct err_text *error)
{
    const struct sample *s = d->sample;
    const uint8_t *end = memchr(head.p, '\n', head.n);
    bool lines = is_ndjson(head), one = s->whole && (!end || end + 1 >= head.p + head.n);
    struct err_text no_records = {{0}};
    if (lines && one && !strstr(s->file, "ndjson") && !strstr(s->file, "jsonl") &&
        shape_json(d, false, &no_records) == 0)
        return 0;
    return d->count ? err_set(error, ERR_INVALID, "%s", no_records.text) : shape_json(d, lines, error);
}

/* Text has no control characters but those that move the carriage, and few others. */
static bool is_binary(const struct sample *s, size_t *at)
{
    size_t control = 0;
    for (size_t i = 0; i < s->head.n; i++) {
        uint8_t c = s->head.p[i];
        if (c >= ' ' || (c >= '\t' && c <= '\r')) continue;
        if (control++ == 0) *at = i;
    }
    return control * 50 > s->head.n;
}

static int binary_refuse(const struct sample *s, struct err_text *error)
{
    const char *name = binary_as(s->head);
    size_t at = 0;
    if (name)
        return err_set(error, ERR_INVALID, "%s: is no text but %s: export it as CSV, JSON or XML first", s->path, name);
    if (!is_binary(s, &at)) return ERR_OK;
    return err_set(error, ERR_INVALID, "%s: is no text: byte offset %zu is %02X, and many more are like it", s->path,
                   at, s->head.p[at]);
}

static int shape_find(struct draft *d, struct err_text *error)
{
    struct slice head = d->sample->head, fields;
    bool tabs;
    if (is_database(head)) return shape_sqlite(d, error);
    if (shape_is_capture(head)) return shape_capture(d);
    int binary = binary_refuse(d->sample, error);
    if (binary) return binary;
    if (shape_is_w3c(d->sample, &fields, &tabs)) return shape_w3c(d, fields, tabs);
    while (head.n && strchr(" \t\r\n", head.p[0]) && head.p[0]) head = slice_of(head.p + 1, head.n - 1);
    if (head.n == 0) return err_set(error, ERR_INVALID, "%s: is empty: there is nothing to go by", d->sample->path);
    if (head.p[0] == '<') return shape_xml(d, error);
    if (head.p[0] == '{' || (head.p[0] == '[' && head.n > 1 && strchr("{ \t\r\n", head.p[1])))
        return json_find(d, head, error);
    bool is_log;
    int err = shape_log(d, &is_log, error);
    return err || is_log ? err : shape_csv(d, error);
}

/* --- the columns --- */

struct profiling {
    struct draft_source *source;
    const struct candidates *all;
    struct arena *arena;
};

static bool record_profile(void *context, struct arena *arena, const struct slice *fields)
{
    struct profiling *p = context;
    (void)arena;
    for (int c = 0; c < p->source->count; c++) profile_add(&p->source->columns[c].profile, p->all, fields[c], p->arena);
    return true;
}

static int source_profile(struct draft_source *s, const struct sample *sample, const struct candidates *all,
                          struct err_text *error)
{
    struct buf json = {0};
    struct profiling p = {s, all, sample->arena};
    struct trial trial;
    s->empty_is_null = strstr(buf_cstr(&s->settings), "\"csv\"") || strstr(buf_cstr(&s->settings), "\"xml\"");
    bool by_number = s->trial_settings != NULL;
    buf_printf(&json, "{%s, \"columns\": [", by_number ? s->trial_settings : buf_cstr(&s->settings));
    for (int c = 0; c < s->count; c++) {
        struct draft_column *column = &s->columns[c];
        profile_init(&column->profile, all);
        column->profile.decimals = column->decimals;
        buf_printf(&json, "%s{\"name\": \"%s\", \"type\": \"text\"", c ? ", " : "", column->name);
        if (by_number) buf_printf(&json, ", \"field\": %d", c + 1);
        if (!by_number && *column->place) buf_printf(&json, ", %s", column->place);
        buf_append_byte(&json, '}');
    }
    buf_append_str(&json, "]}");
    int err = draft_trial_read(sample, buf_cstr(&json), s->records_skipped, DRAFT_RECORDS_MAX, record_profile, &p,
                               &trial, error);
    s->records = trial.records;
    s->malformed = trial.malformed;
    buf_release(&json);
    return err;
}

int draft_file(const char *path, struct buf *json, struct draft_result *out, struct err_text *error)
{
    struct arena arena = {0};
    struct candidates all;
    struct sample sample = {.arena = &arena, .encoding = "utf-8"};
    struct draft draft = {.sample = &sample};
    struct trial judged;
    *out = (struct draft_result){0};
    sample_name(&sample, path);
    candidates_init(&all);
    int err = head_read(&sample, error);
    if (!err && sample.head.n >= 3 && memcmp(sample.head.p, "\xef\xbb\xbf", 3) == 0)
        sample.head = slice_of(sample.head.p + 3, sample.head.n - 3);
    if (!err) err = shape_find(&draft, error);
    for (int i = 0; i < draft.count && !err; i++) err = source_profile(&draft.sources[i], &sample, &all, error);
    if (!err) {
        draft_write(&draft, &all, json);
        err = draft_trial_judge(&sample, buf_slice(json), DRAFT_RECORDS_MAX, &judged, error);
        if (!err) *out = (struct draft_result){judged.records, judged.malformed};
    }
    draft_release(&draft);
    candidates_release(&all);
    arena_release(&arena);
    return err;
}
