#include "workloads/out_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/gzip.h"

#define FLUSH_BYTES (256 * 1024)
#define MARKER      "ground_truth/RULES.md"

void out_file_init(struct out_file *o, struct disk *disk, struct err_text *why)
{
    memset(o, 0, sizeof *o);
    o->disk = disk;
    o->why = why;
}

void out_file_release(struct out_file *o)
{
    if (o->file) o->disk->call->close(o->disk, o->file);
    o->file = NULL;
    buf_release(&o->pending);
    buf_release(&o->packed);
    free(o->gzip);
    o->gzip = NULL;
}

static void out_file_failed(struct out_file *o, int error)
{
    if (!o->error) o->error = err_set(o->why, error, "%s: cannot write: %s", o->name, err_words(error));
}

void out_file_open(struct out_file *o, const char *name)
{
    if (o->error) return;
    snprintf(o->name, sizeof o->name, "%s", name);
    o->at = 0;
    int rc = o->disk->call->open(o->disk, name, DISK_CREATE, &o->file);
    if (rc < 0) {
        out_file_failed(o, rc);
        return;
    }
    o->files++;
    size_t n = strlen(name);
    o->is_gzip = n > 3 && strcmp(name + n - 3, ".gz") == 0;
    if (!o->is_gzip) return;
    if (!o->gzip) o->gzip = memory_new(sizeof *o->gzip);
    gzip_begin(o->gzip, &o->packed);
}

static void write_out(struct out_file *o, struct buf *b)
{
    if (!o->error && o->file) {
        int rc = o->disk->call->write_at(o->disk, o->file, o->at, b->p, b->n);
        if (rc < 0) out_file_failed(o, rc);
        o->at += b->n;
    }
    buf_reset(b);
}

static void out_file_flush(struct out_file *o)
{
    if (!o->is_gzip) {
        write_out(o, &o->pending);
        return;
    }
    gzip_chunk(o->gzip, buf_slice(&o->pending), &o->packed);
    buf_reset(&o->pending);
    write_out(o, &o->packed);
}

void out_file_flush_when_full(struct out_file *o)
{
    if (o->pending.n >= FLUSH_BYTES) out_file_flush(o);
}

void out_file_close(struct out_file *o)
{
    out_file_flush(o);
    if (!o->file) return;
    if (o->is_gzip) {
        gzip_end(o->gzip, &o->packed);
        write_out(o, &o->packed);
    }
    o->disk->call->close(o->disk, o->file);
    o->file = NULL;
    o->bytes += o->at;
}

int out_file_copy(struct out_file *o, const char *from, const char *to)
{
    struct disk_file *source = NULL;
    if (o->error) return o->error;
    int rc = o->disk->call->open(o->disk, from, DISK_READ, &source);
    if (rc < 0) {
        out_file_failed(o, rc);
        return o->error;
    }
    out_file_open(o, to);
    int64_t n = 1;
    for (uint64_t at = 0; !o->error && n > 0; at += (uint64_t)n) {
        n = o->disk->call->read_at(o->disk, source, at, buf_reserve(&o->pending, FLUSH_BYTES), FLUSH_BYTES);
        if (n < 0) {
            out_file_failed(o, (int)n);
            break;
        }
        o->pending.n += (size_t)n;
        out_file_flush(o);
    }
    o->disk->call->close(o->disk, source);
    out_file_close(o);
    return o->error;
}

void out_csv_field(struct buf *b, struct slice field)
{
    bool quote = memchr(field.p, ',', field.n) || memchr(field.p, '"', field.n);
    if (!quote) {
        buf_append_slice(b, field);
        return;
    }
    buf_append_byte(b, '"');
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"') buf_append_byte(b, '"');
        buf_append_byte(b, field.p[i]);
    }
    buf_append_byte(b, '"');
}

void out_number(struct buf *b, uint64_t number)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buf_append(b, digits + n, sizeof digits - n);
}

void out_padded(struct buf *b, uint64_t number, int digits)
{
    char text[20];
    size_t n = sizeof text;
    do {
        text[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number || (int)(sizeof text - n) < digits);
    buf_append(b, text + n, sizeof text - n);
}

void out_rotation(struct buf *b, const char *log, int64_t age)
{
    buf_append_str(b, log);
    if (age <= 0) return;
    buf_append_byte(b, '.');
    out_number(b, (uint64_t)age);
    if (age > 1) buf_append_str(b, ".gz");
}

struct survey {
    bool (*is_input)(const char *name);
    struct buf names; /* NUL-terminated, of the input files */
    bool has_truth;
    const char *foreign;
    char foreign_name[256];
};

static void survey_entry(void *context, const char *name, bool is_dir)
{
    struct survey *s = context;
    if (is_dir && strcmp(name, "ground_truth") == 0)
        s->has_truth = true;
    else if (!is_dir && s->is_input(name)) {
        buf_append(&s->names, name, strlen(name) + 1);
    } else if (!s->foreign) {
        snprintf(s->foreign_name, sizeof s->foreign_name, "%s", name);
        s->foreign = s->foreign_name;
    }
}

/* Real data may have the same names: only the marker says that a generator wrote them. */
static bool was_generated(struct disk *d)
{
    struct buf rules = {0};
    bool ours = disk_read_all(d, MARKER, 65536, &rules) >= 0 && strstr(buf_cstr(&rules), "millrace generate");
    buf_release(&rules);
    return ours;
}

static int folder_clear(struct disk *d, const char *path, struct survey *s, struct err_text *error)
{
    const char *found = s->foreign     ? s->foreign
                        : s->names.n   ? (char *)s->names.p
                        : s->has_truth ? "ground_truth"
                                       : NULL;
    if (found && (s->foreign || !was_generated(d)))
        return err_set(error, ERR_EXISTS, "%s: is not empty and was not generated (it holds %s): choose another folder",
                       path, found);
    assert(s->names.p || s->names.n == 0);
    for (size_t at = 0; at < s->names.n; at += strlen((char *)s->names.p + at) + 1) {
        const char *name = (const char *)s->names.p + at;
        int rc = d->call->remove(d, name);
        if (rc < 0) return err_set(error, rc, "%s/%s: cannot be replaced: %s", path, name, err_words(rc));
    }
    int rc = disk_remove_tree(d, "ground_truth");
    return rc < 0 && rc != ERR_NOTFOUND ? err_set(error, rc, "%s/ground_truth: cannot be replaced", path) : 0;
}

int out_folder_open(const char *path, bool (*is_input)(const char *name), struct disk **out, struct err_text *error)
{
    struct survey s = {.is_input = is_input};
    *out = NULL;
    int rc = disk_linux_new(path, out, error);
    if (rc < 0) return err_set(error, rc, "%s: cannot be opened or created: %s", path, err_words(rc));
    rc = (*out)->call->list(*out, "", survey_entry, &s);
    if (rc >= 0) rc = folder_clear(*out, path, &s, error);
    if (rc >= 0) rc = (*out)->call->make_dir(*out, "ground_truth");
    if (rc < 0) {
        err_set(error, rc, "%s: %s", path, err_words(rc));
        disk_linux_free(*out);
        *out = NULL;
    }
    buf_release(&s.names);
    return rc < 0 ? rc : 0;
}
