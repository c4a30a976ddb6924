/* schema_internal.h - questions about one field that decoder, encoder and walk all ask. Inside lib/kafka. */
#ifndef MILLRACE_KAFKA_SCHEMA_INTERNAL_H
#define MILLRACE_KAFKA_SCHEMA_INTERNAL_H

#include "lib/kafka/schema.h"

enum { KAFKA_STRING_MAX = INT16_MAX };

/* Whether this version has the field at all. */
bool field_carried(const struct kafka_field *f, int version);
bool field_nullable(const struct kafka_field *f, int version);
/* Size in C of a value; 0 for struct and array. */
size_t type_size(enum kafka_type type);
size_t field_element_size(const struct kafka_field *f);
/* `out` and `in` are the struct that the field is in. */
void field_default(const struct kafka_field *f, void *out);
bool field_is_default(const struct kafka_field *f, const void *in);
int32_t field_count(const struct kafka_field *f, const void *in);

#endif
