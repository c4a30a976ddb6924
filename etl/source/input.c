#include "etl/source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/memory.h"

enum { CHUNK_BYTES = 256 * 1024, WINDOW_BYTES = 1 << 20, UNITS_BYTES = CHUNK_BYTES / 2 };

struct input_file {
    char *path;
    int fd;
    uint64_t expected, got; /* bytes of the file itself */
    bool prefix;            /* what is behind them is not looked at */
    uint8_t *window;
    size_t capacity;
    /* gzip */
    bool gzip;
    bool between;     /* at the end of a member: the file may end here */
    uint64_t members; /* ahead of the one that is read */
    uint8_t *packed;  /* CHUNK_BYTES */
    z_stream z;
    uint64_t grown; /* bytes of all members so far */
    /* UTF-16 */
    uint8_t *units; /* UNITS_BYTES; NULL: the text is taken as it is */
    struct utf16 utf16;
};

static int changed(const struct input_file *f, uint64_t now, struct err_text *error)
{
    return err_set(error, ERR_INVALID, "%s: the file changed while it was read (%" PRIu64 " bytes, now %" PRIu64 ")",
                   f->path, f->expected, now);
}

static int unreadable(const struct input_file *f, struct err_text *error)
{
    return err_set(error, err_from_errno(errno), "%s: cannot be read: %s", f->path, strerror(errno));
}

/* --- opening --- */

static int file_open(struct input_file *f, struct err_text *error)
{
    struct stat st;
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st) != 0) return unreadable(f, error);
    if (f->expected == INPUT_ANY_SIZE) f->expected = (uint64_t)st.st_size;
    uint64_t now = (uint64_t)st.st_size;
    return now == f->expected || (f->prefix && now > f->expected) ? ERR_OK : changed(f, now, error);
}

/* What a file that is no text may be, by its first bytes (xz: file format 1.1; bzip2: the block's or the end's number
 * behind the header; zstd: RFC 8878; zip: APPNOTE 4.3.7 and 4.3.16). NULL: none of these. */
static const char *packed_as(struct slice start)
{
    static const struct {
        const char *name;
        size_t at, n;
        const char *bytes;
    } known[] = {{"xz", 0, 6, "\xfd\x37zXZ\0"},
                 {"bzip2", 4, 6, "\x31\x41\x59\x26\x53\x59"},
                 {"bzip2", 4, 6, "\x17\x72\x45\x38\x50\x90"},
                 {"zstd", 0, 4, "\x28\xb5\x2f\xfd"},
                 {"zip", 0, 4, "PK\x03\x04"},
                 {"zip", 0, 4, "PK\x05\x06"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool there = start.n >= known[i].at + known[i].n;
        if (there && known[i].at) there = memcmp(start.p, "BZh", 3) == 0;
        if (there && memcmp(start.p + known[i].at, known[i].bytes, known[i].n) == 0) return known[i].name;
    }
    return NULL;
}

static int start_look(struct input_file *f, struct err_text *error)
{
    uint8_t start[10];
    ssize_t n = pread(f->fd, start, sizeof start, 0);
    if (n < 0) return unreadable(f, error);
    const char *packed = packed_as(slice_of(start, (size_t)n));
    if (packed)
        return err_set(
            error, ERR_CORRUPT,
            "%s: is no text; is the file compressed (%s)? only gzip is decompressed here: decompress it first", f->path,
            packed);
    f->gzip = input_is_gzip(slice_of(start, (size_t)n));
    if (!f->gzip) return ERR_OK;
    if (inflateInit2(&f->z, 16 + MAX_WBITS) != Z_OK)
        return err_set(error, ERR_NOMEM, "%s: no memory to decompress", f->path);
    f->packed = memory_new(CHUNK_BYTES);
    return ERR_OK;
}

static int open_to(struct input *in, const char *path, uint64_t bytes, bool prefix, struct err_text *error)
{
    struct input_file *f = memory_new(sizeof *f);
    *f = (struct input_file){
        .path = memory_str(path), .fd = -1, .expected = bytes, .prefix = prefix, .capacity = WINDOW_BYTES};
    f->window = memory_new(f->capacity);
    *in = (struct input){.rest = {f->window, 0}, .file = f};
    int err = file_open(f, error);
    if (!err) err = start_look(f, error);
    if (err) input_close(in);
    return err;
}

int input_open(struct input *in, const char *path, uint64_t bytes, struct err_text *error)
{
    return open_to(in, path, bytes, false, error);
}

int input_open_prefix(struct input *in, const char *path, uint64_t bytes, struct err_text *error)
{
    return open_to(in, path, bytes, true, error);
}

void input_extend(struct input *in, uint64_t bytes)
{
    in->file->expected = bytes;
    in->ended = false;
}

int input_descriptor(const struct input *in)
{
    return in->file->fd;
}

bool input_has_grown(const struct input *in)
{
    struct stat st;
    return fstat(in->file->fd, &st) == 0 && (uint64_t)st.st_size > in->file->expected;
}

void input_close(struct input *in)
{
    struct input_file *f = in->file;
    *in = (struct input){0};
    if (!f) return;
    if (f->packed) inflateEnd(&f->z);
    if (f->fd >= 0) close(f->fd);
    free(f->packed);
    free(f->units);
    free(f->window);
    free(f->path);
    free(f);
}

/* --- reading --- */

/* The next bytes of the file itself: how many, 0 at its end. A file that is not as long as it was is an error: what
 * was counted and digested before would be of another one. */
static ssize_t bytes_read(struct input_file *f, uint8_t *to, size_t room, struct err_text *error)
{
    ssize_t n;
    if (f->prefix && room > f->expected - f->got) room = (size_t)(f->expected - f->got);
    do n = read(f->fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0) return unreadable(f, error);
    f->got += (uint64_t)n;
    if (f->got > f->expected || (n == 0 && f->got < f->expected)) return changed(f, f->got, error);
    return n;
}

static int gzip_wrong(const struct input_file *f, const char *what, struct err_text *error)
{
    return err_set(error, ERR_CORRUPT, "%s: the compressed file is damaged at its byte offset %" PRIu64 ": %s", f->path,
                   f->got - f->z.avail_in, what);
}

/* Behind the first member there may be another one, and nothing else. */
static bool is_tail(const struct input_file *f)
{
    return f->members > 0 && f->z.total_out == 0 && f->z.msg && strcmp(f->z.msg, "incorrect header check") == 0;
}

/* One call of inflate; how many bytes it gave may be none. */
static ssize_t inflate_step(struct input_file *f, uint8_t *to, size_t room, struct err_text *error)
{
    if (f->between && inflateReset(&f->z) != Z_OK) return gzip_wrong(f, "no further member can be read", error);
    f->members += f->between;
    f->between = false;
    f->z.next_out = to;
    f->z.avail_out = (unsigned)room;
    int result = inflate(&f->z, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
        f->between = true;
    else if (is_tail(f))
        return gzip_wrong(f, "what stands behind its end is not gzip; is something appended to it?", error);
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return gzip_wrong(f, f->z.msg ? f->z.msg : "it cannot be decompressed", error);
    ssize_t n = (ssize_t)(room - f->z.avail_out);
    f->grown += (uint64_t)n;
    if (f->grown > INPUT_GROWN_BYTES_FREE && f->grown / INPUT_GROWTH_MAX > f->expected)
        return err_set(error, ERR_RANGE, "%s: the compressed file grows to more than %" PRIu64 " times its size",
                       f->path, INPUT_GROWTH_MAX);
    return n;
}

static ssize_t gzip_read(struct input_file *f, uint8_t *to, size_t room, struct err_text *error)
{
    ssize_t n = 0;
    while (n == 0) {
        if (f->z.avail_in == 0) {
            ssize_t packed = bytes_read(f, f->packed, CHUNK_BYTES, error);
            if (packed < 0) return packed;
            if (packed == 0)
                return f->between ? 0 : gzip_wrong(f, "it ends too early; was it cut while it was copied?", error);
            f->z.next_in = f->packed;
            f->z.avail_in = (unsigned)packed;
        }
        /* Tapes and disks fill a block with zeros, which no member begins with. */
        while (f->between && f->z.avail_in > 0 && *f->z.next_in == 0) f->z.next_in++, f->z.avail_in--;
        if (f->between && f->z.avail_in == 0) continue;
        n = inflate_step(f, to, room, error);
    }
    return n;
}

/* The next bytes of the text, decompressed where it was compressed. */
static ssize_t text_read(struct input_file *f, uint8_t *to, size_t room, struct err_text *error)
{
    return (f->gzip ? gzip_read : bytes_read)(f, to, room, error);
}

void input_decode_wide(struct input *in, enum utf16_order order)
{
    in->wide = true;
    in->file->utf16.order = order;
    in->file->units = memory_new(UNITS_BYTES);
}

/* Some of the UTF-16 as UTF-8 to `to`, which has room for a chunk. The byte order mark counts as consumed. */
static ssize_t wide_read(struct input *in, uint8_t *to, struct err_text *error)
{
    struct input_file *f = in->file;
    size_t written = 0;
    while (written == 0) {
        bool marked = f->utf16.marked;
        ssize_t n = text_read(f, f->units, UNITS_BYTES, error);
        if (n < 0) return n;
        if (n == 0) return in->grows ? 0 : (ssize_t)utf16_end(&f->utf16, to);
        written = utf16_decode(&f->utf16, f->units, (size_t)n, to);
        if (f->utf16.unmarked)
            return err_set(error, ERR_CORRUPT,
                           "%s: has no byte order mark, which \"utf-16\" needs; if it is UTF-16, say \"utf-16le\" or "
                           "\"utf-16be\"",
                           f->path);
        if (f->utf16.marked && !marked) in->offset += 2;
    }
    return (ssize_t)written;
}

/* Room for a chunk behind `rest`: by moving it to the front where that moves little, else in a larger window. */
static int room_make(struct input *in, struct err_text *error)
{
    struct input_file *f = in->file;
    size_t at = (size_t)(in->rest.p - f->window);
    if (f->capacity - at - in->rest.n >= CHUNK_BYTES) return ERR_OK;
    if (in->rest.n > f->capacity / 2) {
        if (f->capacity >= INPUT_WINDOW_BYTES_MAX)
            return err_set(error, ERR_RANGE, "%s: byte offset %" PRIu64 ": a record has more than %d MiB", f->path,
                           in->offset, INPUT_RECORD_BYTES_MAX >> 20);
        f->capacity *= 2;
        f->window = memory_grow(f->window, f->capacity, 1);
        in->rest.p = f->window + at;
    }
    memmove(f->window, in->rest.p, in->rest.n);
    in->rest.p = f->window;
    return ERR_OK;
}

int input_more(struct input *in, struct err_text *error)
{
    struct input_file *f = in->file;
    if (in->ended) return 0;
    int err = room_make(in, error);
    if (err) return err;
    uint8_t *to = f->window + (in->rest.p - f->window) + in->rest.n;
    ssize_t n = f->units ? wide_read(in, to, error) : text_read(f, to, CHUNK_BYTES, error);
    if (n < 0) return (int)n;
    in->rest.n += (size_t)n;
    in->ended = n == 0;
    return n > 0;
}

int input_want(struct input *in, size_t n, struct err_text *error)
{
    int more = 1;
    while (in->rest.n < n && more == 1) more = input_more(in, error);
    return more < 0 ? more : ERR_OK;
}
