#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *err_name(int err)
{
    switch (err) {
    case ERR_OK: return "ERR_OK";
    case ERR_NOMEM: return "ERR_NOMEM";
    case ERR_IO: return "ERR_IO";
    case ERR_NOSPACE: return "ERR_NOSPACE";
    case ERR_NOTFOUND: return "ERR_NOTFOUND";
    case ERR_EXISTS: return "ERR_EXISTS";
    case ERR_CORRUPT: return "ERR_CORRUPT";
    case ERR_INVALID: return "ERR_INVALID";
    case ERR_LOCKED: return "ERR_LOCKED";
    case ERR_RANGE: return "ERR_RANGE";
    case ERR_CLOSED: return "ERR_CLOSED";
    case ERR_UNSUPPORTED: return "ERR_UNSUPPORTED";
    default: return err > 0 ? "ERR_OK" : "ERR_UNKNOWN";
    }
}

const char *err_words(int err)
{
    switch (err) {
    case ERR_NOMEM: return "a limit of memory or of open files was reached";
    case ERR_IO: return "reading or writing failed, or is not permitted";
    case ERR_NOSPACE: return "no space left";
    case ERR_NOTFOUND: return "not there";
    case ERR_EXISTS: return "there already";
    case ERR_CORRUPT: return "damaged";
    case ERR_INVALID: return "not valid";
    case ERR_LOCKED: return "in use by another program";
    case ERR_RANGE: return "larger than allowed";
    case ERR_CLOSED: return "the other side has gone";
    case ERR_UNSUPPORTED: return "not supported here";
    default: return err_name(err);
    }
}

int err_from_errno(int errno_value)
{
    switch (errno_value) {
    case 0: return ERR_OK;
    case ENOMEM:
    case EMFILE:
    case ENFILE: return ERR_NOMEM;
    case ENOSPC:
    case EDQUOT: return ERR_NOSPACE;
    case ENOENT:
    case ENOTDIR: return ERR_NOTFOUND;
    case EEXIST:
    case ENOTEMPTY: return ERR_EXISTS;
    case EINVAL:
    case ENAMETOOLONG: return ERR_INVALID;
    case EAGAIN:
    case EBUSY:
    case EADDRINUSE: return ERR_LOCKED;
    case ERANGE:
    case EFBIG:
    case EOVERFLOW: return ERR_RANGE;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED: return ERR_CLOSED;
    case ENOSYS:
    case EOPNOTSUPP: return ERR_UNSUPPORTED;
    default: return ERR_IO;
    }
}

int err_set(struct err_text *t, int err, const char *format, ...)
{
    if (!t || t->text[0]) return err;
    va_list list;
    va_start(list, format);
    vsnprintf(t->text, sizeof t->text, format, list);
    va_end(list);
    return err;
}
