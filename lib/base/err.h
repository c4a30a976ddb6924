/* err.h - what can fail outside the program, as one small set of negative numbers.
 *
 * A function that can fail because of the outside world returns 0 (or a count) on success and a
 * negative `enum err` otherwise. A bug is an `assert`, which stays in release builds. An expected
 * outcome ("end of log") is an ordinary value, never an error.
 *
 * Where a person must be told more than the kind of failure (which file, line, key), the function
 * also takes a `struct err_text *`: the first failure writes it, later ones leave it alone. */
#ifndef MILLRACE_BASE_ERR_H
#define MILLRACE_BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_NOMEM = -1,   /* a bound was reached or memory is gone */
    ERR_IO = -2,      /* the disk or the network said no (EIO and its kin) */
    ERR_NOSPACE = -3, /* ENOSPC, EDQUOT */
    ERR_NOTFOUND = -4,
    ERR_EXISTS = -5,
    ERR_CORRUPT = -6, /* bytes that are not what their format promises */
    ERR_INVALID = -7, /* an argument or a user's input is wrong */
    ERR_LOCKED = -8,  /* someone else holds it */
    ERR_RANGE = -9,   /* a number outside of its declared range */
    ERR_CLOSED = -10, /* the peer or the owner has gone */
    ERR_UNSUPPORTED = -11,
};

/* A sentence for a person, or a few, a line each; `text` is empty until the first failure. */
struct err_text {
    char text[4096];
};

/* The name of an error, for logs: "ERR_NOSPACE". Never NULL. */
const char *err_name(int err);
/* The same for a person: "no space left". Never NULL. */
const char *err_words(int err);

/* The negative `enum err` that fits an errno value. */
int err_from_errno(int errno_value);

/* Writes the sentence if `t` is not NULL and still empty; returns `err`, so that a caller can say
 * `return err_set(t, ERR_INVALID, "%s:%d: ...", file, line)`. */
int err_set(struct err_text *t, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
