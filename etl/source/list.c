/* Which files a source has: names in byte order, digests, and which of them are copies. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etl/source/input.h"
#include "etl/source/reader.h"
#include "etl/source/spec.h"
#include "etl/source/sqlite_rows.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

struct names {
    const char **items;
    int count, capacity;
    const char *folder; /* one that matches; NULL: none does */
};

static int name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b); /* as unsigned bytes: C11 7.24.4 */
}

int source_name_check(const char *dir, const char *name, struct err_text *error)
{
    if (text_is_utf8(slice_str(name))) return 0;
    return err_set(error, ERR_INVALID, "%s/%s: the name of a file must be UTF-8: rename it", dir, name);
}

/* 1 for a file, also behind a symbolic link; 0 for a folder. Anything else under a name that matches would be
 * data that nobody reads. */
static int is_file(DIR *d, const char *dir, const char *name, struct err_text *error)
{
    struct stat st;
    if (fstatat(dirfd(d), name, &st, 0) != 0)
        return err_set(error, err_from_errno(errno), "%s/%s: cannot be read: %s", dir, name, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return err_set(error, ERR_INVALID, "%s/%s: is no regular file", dir, name);
    int err = S_ISREG(st.st_mode) ? source_name_check(dir, name, error) : 0;
    return err ? err : S_ISREG(st.st_mode);
}

/* Names of regular files that match. */
static int names_read(const char *dir, const char *glob, struct arena *arena, struct names *out, struct err_text *error)
{
    DIR *d = opendir(dir);
    if (!d) return err_set(error, err_from_errno(errno), "%s: %s", dir, strerror(errno));
    struct dirent *entry;
    int found = 0;
    for (errno = 0; (entry = readdir(d)); errno = 0) {
        if (fnmatch(glob, entry->d_name, FNM_PERIOD) != 0) continue;
        found = is_file(d, dir, entry->d_name, error);
        if (found < 0) break;
        if (!found && !out->folder) out->folder = arena_str(arena, slice_str(entry->d_name));
        if (!found) continue;
        if (out->count == out->capacity) {
            out->capacity = out->capacity ? out->capacity * 2 : 64;
            out->items = memory_grow(out->items, (size_t)out->capacity, sizeof *out->items);
        }
        out->items[out->count++] = arena_str(arena, slice_str(entry->d_name));
    }
    int err = found < 0 ? found
              : errno   ? err_set(error, err_from_errno(errno), "%s: %s", dir, strerror(errno))
                        : ERR_OK;
    closedir(d);
    if (out->count) qsort(out->items, (size_t)out->count, sizeof *out->items, name_order);
    return err;
}

static uint64_t line_ends_count(const uint8_t *p, size_t n)
{
    uint64_t lines = 0;
    for (const uint8_t *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
    return lines;
}

enum { READ_BYTES = 256 * 1024 };

/* Up to `bytes`, or to the end: reading a log to its end while others write could go on for ever. */
static int file_scan(int fd, uint64_t bytes, uint8_t *block, struct source_file *f)
{
    struct sha256 *sha = sha256_new();
    bool open_line = false;
    ssize_t n;
    while ((n = read(fd, block, bytes - f->bytes < READ_BYTES ? (size_t)(bytes - f->bytes) : READ_BYTES)) > 0) {
        if (f->bytes == 0) f->gzip = input_is_gzip(slice_of(block, (size_t)n));
        sha256_update(sha, block, (size_t)n);
        f->bytes += (uint64_t)n;
        f->lines += line_ends_count(block, (size_t)n);
        open_line = block[n - 1] != '\n';
    }
    int failed = errno;
    sha256_take_hex(sha, f->digest);
    errno = failed;
    f->lines += open_line;
    return n < 0 ? err_from_errno(failed) : ERR_OK;
}

/* The lines of a compressed file, or of one in UTF-16, are those of its text. */
static int lines_count(const char *path, enum encoding e, struct source_file *f, struct err_text *error)
{
    struct input in;
    bool open_line = false;
    int more = input_open_prefix(&in, path, f->bytes, error);
    if (more) return more;
    if (encoding_is_wide(e)) input_decode_wide(&in, (enum utf16_order)(e - ENCODING_UTF_16));
    f->lines = 0;
    while ((more = input_more(&in, error)) == 1) {
        f->lines += line_ends_count(in.rest.p, in.rest.n);
        open_line = in.rest.p[in.rest.n - 1] != '\n';
        input_consume(&in, in.rest.n);
    }
    input_close(&in);
    f->lines += open_line;
    return more;
}

static void stamp_take(const struct stat *st, struct source_file *f)
{
    f->inode = (uint64_t)st->st_ino;
    f->modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Whoever writes to a file moves its time, and need not move its size. */
int source_file_check(const char *path, int fd, const struct source_file *file, struct err_text *error)
{
    struct stat st;
    struct source_file now = {0}, again = {0};
    if (!file->inode || fstat(fd, &st) != 0) return 0;
    stamp_take(&st, &now);
    if (now.inode == file->inode && now.modified_ns == file->modified_ns) return 0;
    uint8_t *block = memory_new(READ_BYTES);
    int err = lseek(fd, 0, SEEK_SET) == 0 ? file_scan(fd, file->bytes, block, &again) : err_from_errno(errno);
    free(block);
    if (err) return err_set(error, err, "%s: cannot be read: %s", path, strerror(errno));
    if (strcmp(again.digest, file->digest) == 0) return 0;
    return err_set(error, ERR_INVALID, "%s: the file changed while it was read: other bytes are in it now", path);
}

static int file_read(const char *path, enum encoding e, uint8_t *block, struct source_file *f, struct err_text *error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &st) == 0;
    int err = good ? file_scan(fd, (uint64_t)st.st_size, block, f) : err_from_errno(errno);
    if (err) err_set(error, err, "%s: cannot be read: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    if (good) stamp_take(&st, f);
    bool as_it_is = !f->gzip && !encoding_is_wide(e);
    return err || as_it_is ? err : lines_count(path, e, f, error);
}

static int file_look(struct source_list *list, const char *dir, const char *name, uint8_t *block, struct source_file *f,
                     struct err_text *error)
{
    const struct format *format = list->feed->format;
    struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, name);
    *f = (struct source_file){.name = name};
    int err = format->scan ? format->scan(list, buf_cstr(&path), f, error)
                           : file_read(buf_cstr(&path), list->feed->spec->encoding, block, f, error);
    buf_release(&path);
    if (format->binary) f->lines = 0;
    return err;
}

static int digest_order(const void *a, const void *b)
{
    const struct source_file *const *x = a, *const *y = b;
    int order = strcmp((*x)->digest, (*y)->digest);
    return order ? order : strcmp((*x)->name, (*y)->name);
}

/* The first file of a digest, in order of names, is the one that is read. */
static void copies_mark(struct source_list *list)
{
    size_t count = (size_t)list->count;
    struct source_file **sorted = memory_new(count * sizeof *sorted);
    for (size_t i = 0; i < count; i++) sorted[i] = &list->files[i];
    qsort(sorted, count, sizeof *sorted, digest_order);
    for (size_t i = 0, first = 0; i < count; i++) {
        if (strcmp(sorted[i]->digest, sorted[first]->digest) != 0) first = i;
        if (i != first) {
            sorted[i]->same_as = sorted[first]->name;
            continue;
        }
        list->bytes += sorted[i]->bytes;
        list->lines += sorted[i]->lines;
    }
    free(sorted);
}

/* --- many files --- */

enum { LOOKERS_MAX = 4 };

/* Reading files for their digests takes as long as parsing them does on one processor: others help. */
struct looking {
    struct source_list *list;
    const char *dir;
    const struct names *names;
    atomic_int next; /* the file that nobody has taken */
};

struct looker {
    struct looking *of;
    pthread_t thread;
    int failed_at; /* a file's number */
    int err;
    struct err_text error;
};

static void *files_take(void *context)
{
    struct looker *l = context;
    struct looking *of = l->of;
    uint8_t *block = memory_new(READ_BYTES);
    for (int i; !l->err && (i = atomic_fetch_add(&of->next, 1)) < of->names->count;) {
        l->err = file_look(of->list, of->dir, of->names->items[i], block, &of->list->files[i], &l->error);
        l->failed_at = i;
    }
    free(block);
    return NULL;
}

/* What a format has to say of its files itself may share something with other files. */
static int lookers_wanted(const struct looking *of)
{
    int most = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (of->list->feed->format->scan) return 1;
    if (most > LOOKERS_MAX) most = LOOKERS_MAX;
    return most > of->names->count ? of->names->count : most;
}

/* All files before the first one that failed were looked at by somebody. */
static const struct looker *first_failed(const struct looker *lookers, int count)
{
    const struct looker *first = NULL;
    for (int i = 0; i < count; i++)
        if (lookers[i].err && (!first || lookers[i].failed_at < first->failed_at)) first = &lookers[i];
    return first;
}

static int all_look(struct looking *of, struct err_text *error)
{
    struct looker lookers[LOOKERS_MAX] = {0};
    int count = lookers_wanted(of), helpers = 1;
    for (int i = 0; i < LOOKERS_MAX; i++) lookers[i].of = of;
    while (helpers < count && pthread_create(&lookers[helpers].thread, NULL, files_take, &lookers[helpers]) == 0)
        helpers++;
    files_take(&lookers[0]);
    for (int i = 1; i < helpers; i++) pthread_join(lookers[i].thread, NULL);
    const struct looker *failed = first_failed(lookers, helpers);
    return failed ? err_set(error, failed->err, "%s", failed->error.text) : ERR_OK;
}

/* What is to be known of each of these files. */
static int files_look(struct source_list *list, const char *dir, const struct names *names, struct err_text *error)
{
    struct looking of = {.list = list, .dir = dir, .names = names};
    list->files = arena_alloc(&list->arena, ((size_t)names->count + 1) * sizeof *list->files);
    list->count = names->count;
    int err = all_look(&of, error);
    if (err)
        source_list_release(list);
    else
        copies_mark(list);
    return err;
}

/* `before`: what a format may share with the lists of sources before this one. */
static int list_look(const struct feed *feed, const char *dir, const struct source_list *before,
                     struct source_list *out, struct err_text *error)
{
    struct names names = {0};
    *out = (struct source_list){.feed = feed, .before = before};
    int err = names_read(dir, feed->spec->glob, &out->arena, &names, error);
    out->folder = names.folder;
    if (err)
        source_list_release(out);
    else
        err = files_look(out, dir, &names, error);
    free(names.items);
    return err;
}

int source_list_look(const struct feed *feed, const char *dir, struct source_list *out, struct err_text *error)
{
    return list_look(feed, dir, NULL, out, error);
}

int source_list_check(const struct source_list *list, const char *dir, struct err_text *error)
{
    const struct feed *feed = list->feed;
    if (list->count || feed->optional) return ERR_OK;
    if (list->folder)
        return err_set(error, ERR_NOTFOUND,
                       "%s: no file here matches \"%s\" (%s.glob of %s), only the folder \"%s\": folders are not "
                       "looked into; give it as --in",
                       dir, feed->spec->glob, feed->at, feed->path, list->folder);
    return err_set(error, ERR_NOTFOUND, "%s: no file here matches \"%s\" (%s.glob of %s)", dir, feed->spec->glob,
                   feed->at, feed->path);
}

int source_list_read(const struct feed *feed, const char *dir, struct source_list *out, struct err_text *error)
{
    int err = source_list_look(feed, dir, out, error);
    if (!err && (err = source_list_check(out, dir, error))) source_list_release(out);
    return err;
}

int source_list_file(const struct feed *feed, const char *dir, const char *name, struct source_list *out,
                     struct err_text *error)
{
    *out = (struct source_list){.feed = feed};
    const char *copy = arena_str(&out->arena, slice_str(name));
    return files_look(out, dir, &(struct names){.items = &copy, .count = 1}, error);
}

void source_list_release(struct source_list *list)
{
    for (int i = 0; i < list->count && list->feed->format->forget; i++) list->feed->format->forget(&list->files[i]);
    arena_release(&list->arena);
    *list = (struct source_list){0};
}

int source_prefix_digest(const char *dir, const struct source_file *file, uint64_t bytes, char digest[65],
                         struct err_text *error)
{
    struct source_file prefix = {0};
    struct buf path = {0};
    if (file->rows) return sqlite_rows_digest(file->rows, bytes, digest, error);
    buf_printf(&path, "%s/%s", dir, file->name);
    uint8_t *block = memory_new(READ_BYTES);
    int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
    int err = fd >= 0 ? file_scan(fd, bytes, block, &prefix) : err_from_errno(errno);
    if (err) err_set(error, err, "%s: cannot be read: %s", buf_cstr(&path), strerror(errno));
    memcpy(digest, prefix.digest, sizeof prefix.digest);
    if (fd >= 0) close(fd);
    buf_release(&path);
    free(block);
    return err;
}

int source_watermark(const struct feed *feed, const struct source_file *file, struct watermark *io,
                     struct err_text *error)
{
    return sqlite_rows_watermark(file->rows, feed->columns[feed->watermark].field->headers[0], io, error);
}

int source_numbers(const struct source_file *file, int (*each)(void *context, uint64_t number), void *context,
                   struct err_text *error)
{
    return sqlite_rows_numbers(file->rows, each, context, error);
}

struct file_fact source_file_fact(const struct feed *feed, const struct source_file *file)
{
    return (struct file_fact){.file = slice_str(file->name),
                              .digest = slice_str(file->digest),
                              .bytes = file->bytes,
                              .lines = file->lines,
                              .skipped_as_identical_to = slice_str(file->same_as ? file->same_as : ""),
                              .feed = feed->index};
}

int source_lists_look(const struct definition *d, const char *dir, struct source_lists *out, struct err_text *error)
{
    int err = ERR_OK;
    *out = (struct source_lists){.of = memory_new((size_t)d->feed_count * sizeof *out->of)};
    for (int i = 0; i < d->feed_count && !err; i++) {
        struct source_list *list = &out->of[out->count++];
        err = list_look(&d->feeds[i], dir, i ? list - 1 : NULL, list, error);
        out->bytes += list->bytes;
        out->lines += list->lines;
    }
    if (err) source_lists_release(out);
    return err;
}

int source_lists_check(const struct source_lists *lists, const char *dir, struct err_text *error)
{
    int err = ERR_OK;
    for (int i = 0; i < lists->count && !err; i++) err = source_list_check(&lists->of[i], dir, error);
    return err;
}

int source_lists_read(const struct definition *d, const char *dir, struct source_lists *out, struct err_text *error)
{
    int err = source_lists_look(d, dir, out, error);
    if (!err && (err = source_lists_check(out, dir, error))) source_lists_release(out);
    return err;
}

/* The name of a table of a database stands behind that of the file. */
static bool file_is(const struct source_list *list, const char *dir, const struct source_file *f, const struct stat *st)
{
    struct stat its;
    struct buf path = {0};
    const struct feed *feed = list->feed;
    size_t behind = feed->format->scan ? strlen(feed->spec->table) + 1 : 0;
    buf_printf(&path, "%s/%.*s", dir, (int)(strlen(f->name) - behind), f->name);
    bool same = stat(buf_cstr(&path), &its) == 0 && its.st_dev == st->st_dev && its.st_ino == st->st_ino;
    buf_release(&path);
    return same;
}

int source_lists_spare(const struct source_lists *lists, const char *dir, const char *path, struct err_text *error)
{
    struct stat st;
    if (stat(path, &st) != 0) return ERR_OK;
    for (int i = 0; i < lists->count; i++) {
        const struct source_list *list = &lists->of[i];
        for (int k = 0; k < list->count; k++)
            if (file_is(list, dir, &list->files[k], &st))
                return err_set(error, ERR_INVALID,
                               "%s: is a file of source %s (%s/%s): the warehouse needs a file of its own", path,
                               list->feed->name, dir, list->files[k].name);
    }
    return ERR_OK;
}

void source_lists_release(struct source_lists *lists)
{
    for (int i = 0; i < lists->count; i++) source_list_release(&lists->of[i]);
    free(lists->of);
    *lists = (struct source_lists){0};
}
