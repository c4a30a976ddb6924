/* xml_condition.h - what a path asks of an element besides its name.
 *
 *     property[@name='colour']             the attribute has this value, as it is after entities are replaced
 *     field[@tag="245"][@ind1='1']         all of them must hold
 *
 * A quote of the same kind inside a value is written twice. Inside etl/source only. */
#ifndef MILLRACE_ETL_SOURCE_XML_CONDITION_H
#define MILLRACE_ETL_SOURCE_XML_CONDITION_H

#include <stdbool.h>

#include "lib/base/bytes.h"

struct xml_condition {
    const char *attribute, *value;
    const struct xml_condition *next;
};

/* Takes all conditions at the start of *path; *out is NULL when there are none. NULL, or what is wrong. */
const char *xml_conditions_take(const char **path, const struct xml_condition **out, struct arena *arena);
/* `attributes`: names and values in turn, as expat gives them. */
bool xml_conditions_hold(const struct xml_condition *all, const char *const *attributes);
bool xml_conditions_equal(const struct xml_condition *a, const struct xml_condition *b);

#endif
