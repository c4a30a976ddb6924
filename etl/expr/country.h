/* country.h - what a text calls a country: "Deutschland", "U.K.", "ITA", "Cote d'Ivoire" -> ISO 3166-1 alpha-2.
 *
 * Names are compared by their letters and digits only, without case and accents, & as "and"; "the" and "Republic of"
 * and the like may stand ahead of a name. */
#ifndef MILLRACE_ETL_EXPR_COUNTRY_H
#define MILLRACE_ETL_EXPR_COUNTRY_H

#include "lib/base/bytes.h"

struct country_row {
    const char *alpha2, *alpha3, *name; /* the English one */
    const char *others;                 /* other names, separated by | */
};

extern const struct country_row COUNTRIES[]; /* ends with NULLs */

struct country_index; /* all names, sorted */

/* In the arena, with everything it points to. */
const struct country_index *country_index_new(struct arena *arena);

enum country_outcome { COUNTRY_NONE, COUNTRY_FOUND, COUNTRY_BAD_TEXT };

/* COUNTRY_BAD_TEXT: it is not UTF-8. `arena` is for scratch memory. */
enum country_outcome country_find(const struct country_index *index, struct slice text, struct arena *arena,
                                  const struct country_row **out);

#endif
