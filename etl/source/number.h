/* number.h - the text of a number, as its column declares it, becomes an integer or a scaled decimal. Inside etl/source
 * only.
 *
 *     strip -> currency -> exponent -> separators -> conversion
 */
#ifndef MILLRACE_ETL_SOURCE_NUMBER_H
#define MILLRACE_ETL_SOURCE_NUMBER_H

#include "etl/source/field.h"

/* False when the text does not fit. */
bool number_convert(const struct field_spec *f, struct slice s, int64_t *out);
/* Of an amount of money: the code of its currency. */
bool number_currency(const struct field_spec *f, struct slice s, const char **code);

#endif
