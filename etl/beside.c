#include "etl/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/checksum.h"
#include "lib/base/text.h"

static const char *path_of(struct node n, const char *name)
{
    const char *slash = strrchr(n.doc->file, '/');
    int folder = slash ? (int)(slash - n.doc->file) + 1 : 0;
    return arena_printf(n.doc->arena, "%.*s%s", folder, n.doc->file, name);
}

/* Reads to the end, or until there is more than may be. */
static bool all_read(int fd, struct buf *out)
{
    enum { STEP = 1 << 16 };
    for (;;) {
        ssize_t got = read(fd, buf_reserve(out, STEP), STEP);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        out->n += (size_t)got;
        if (got == 0 || out->n > BESIDE_BYTES_MAX) return true;
    }
}

/* A pipe would hold the loader up without a word: only regular files. */
static void file_read(struct node n, const char *path, struct buf *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        node_fail(n, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        node_fail(n, "%s: is no regular file", path);
    else if (!all_read(fd, out))
        node_fail(n, "%s: cannot be read: %s", path, strerror(errno));
    else if (out->n > BESIDE_BYTES_MAX)
        node_fail(n, "%s: such a file has at most %d bytes", path, BESIDE_BYTES_MAX);
    else if (!text_is_utf8(buf_slice(out)))
        node_fail(n, "%s: is not UTF-8", path);
    if (fd >= 0) close(fd);
}

bool beside_read(struct node n, struct buf *out)
{
    const char *name = node_text(n, NULL);
    if (n.doc->failed) return false;
    if (!*name || *name == '/') node_fail(n, "must be the name of a file, relative to the definition's folder");
    if (!n.doc->failed) file_read(n, path_of(n, name), out);
    if (n.doc->failed) return false;
    if (n.doc->digest) sha256_update(n.doc->digest, out->p, out->n);
    if (out->n >= 3 && memcmp(out->p, "\xef\xbb\xbf", 3) == 0) memmove(out->p, out->p + 3, out->n -= 3);
    return true;
}

bool beside_line(struct slice *rest, struct slice *line, int *number)
{
    if (rest->n == 0) return false;
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n, next = n + (end != NULL);
    *line = slice_of(rest->p, n && rest->p[n - 1] == '\r' ? n - 1 : n);
    *rest = slice_of(rest->p + next, rest->n - next);
    ++*number;
    return true;
}
