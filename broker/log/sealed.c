#include "broker/log/sealed.h"

#include <string.h>

#include "lib/base/checksum.h"

enum { SEAL_BYTES = sizeof "crc32c 01234567\n" - 1 };

static void copy_path(const char *path, struct buf *out)
{
    buf_printf(out, "millrace.%s.copy", path);
    buf_cstr(out);
}

static void seal_append(struct buf *text)
{
    buf_printf(text, "crc32c %08x\n", (unsigned)crc32c(0, text->p, text->n));
}

int sealed_replace(struct disk *disk, const char *path, struct slice text)
{
    struct buf copy = {0}, name = {0};
    copy_path(path, &name);
    buf_append_slice(&copy, text);
    seal_append(&copy);
    int status = disk_replace(disk, buf_cstr(&name), buf_slice(&copy));
    if (status == 0) status = disk_replace(disk, path, text);
    buf_release(&copy);
    buf_release(&name);
    return status;
}

bool sealed_one_bit_apart(struct slice a, struct slice b)
{
    int bits = 0;
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n && bits < 2; i++) bits += __builtin_popcount((unsigned)(a.p[i] ^ b.p[i]));
    return bits == 1;
}

/* The copy's text without its seal; false when there is none, or it is damaged. */
static bool copy_read(struct disk *disk, const char *path, size_t max, struct buf *out)
{
    struct buf name = {0}, sealed = {0};
    copy_path(path, &name);
    bool whole = disk_read_all(disk, buf_cstr(&name), max + SEAL_BYTES, out) == 0 && out->n >= SEAL_BYTES;
    if (whole) {
        buf_append(&sealed, out->p, out->n - SEAL_BYTES);
        seal_append(&sealed);
        whole = memcmp(sealed.p, out->p, out->n) == 0;
        out->n -= SEAL_BYTES;
    }
    buf_release(&sealed);
    buf_release(&name);
    return whole;
}

int sealed_copy_read(struct disk *disk, const char *path, size_t max, struct buf *out)
{
    if (copy_read(disk, path, max, out)) return 0;
    buf_reset(out);
    return ERR_NOTFOUND;
}

int sealed_read(struct disk *disk, const char *path, size_t max, struct buf *out, bool *repaired)
{
    struct buf text = {0}, copy = {0};
    *repaired = false;
    int status = disk_read_all(disk, path, max, &text);
    if (status == 0 && copy_read(disk, path, max, &copy))
        *repaired = sealed_one_bit_apart(buf_slice(&text), buf_slice(&copy));
    if (status == 0) buf_append_slice(out, *repaired ? buf_slice(&copy) : buf_slice(&text));
    buf_release(&text);
    buf_release(&copy);
    return status;
}
