/* money.h - an amount with its currency: "EUR 1.234,50", "-$12", "12,50 Euro", "(5.00 USD)".
 *
 * The currency's code or sign stands ahead of the amount or behind it, with blanks between them or without (no-break
 * ones too). A sign that stands for several currencies means the declared one, if exactly one of them is declared.
 * Nothing is converted: the amount stays as it is written. */
#ifndef MILLRACE_ETL_SOURCE_MONEY_H
#define MILLRACE_ETL_SOURCE_MONEY_H

#include "etl/document.h"
#include "lib/base/bytes.h"

struct money_spec {
    const char *const *codes; /* declared ones, NULL-terminated */
    int count;                /* 0: any */
};

/* Reads "currency": "EUR", a list, or "any". */
const struct money_spec *money_spec_read(struct node n);

enum { MONEY_BYTES_MAX = 96 };

/* Takes the currency off: *amount is the number with its sign, in `room`; *code the currency's. False when there is
 * none where several are declared, one that is not declared or not known, or a text of another shape. */
bool money_split(const struct money_spec *m, struct slice s, char room[MONEY_BYTES_MAX], struct slice *amount,
                 const char **code);

#endif
