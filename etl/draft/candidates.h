/* candidates.h - every declaration of a column that a draft can choose, the most likely first.
 *
 * They are columns of a definition, so that "does this text fit?" is answered by field_convert, the very function that
 * will read the column later. Decimals are tried with a scale that is large enough; the draft declares the one that
 * was seen. Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_CANDIDATES_H
#define MILLRACE_ETL_DRAFT_CANDIDATES_H

#include "etl/definition.h"

enum day_order { ORDER_NONE, ORDER_DAY_FIRST, ORDER_MONTH_FIRST };

struct candidate {
    enum value_type type;
    const char *keys; /* JSON keys behind the type: `, "decimal_point": ","`; "" for none */
    char point;       /* of a number */
    char thousands;   /* of a number, 0 for none */
    bool scale_fixed; /* declare the scale that was tried */
    int scale;
    const char *format;             /* of a time */
    enum day_order order;           /* of a time whose other order is a candidate as well */
    const struct field_spec *field; /* for field_convert */
};

struct candidates {
    struct candidate *items;
    int count;
    struct definition *definition; /* whose columns they are */
    struct arena arena;
};

void candidates_init(struct candidates *all);
void candidates_release(struct candidates *all);

#endif
