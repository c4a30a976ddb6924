/* The tables of all messages: the lists of messages_*.h once more, this time as data.
 *
 * Every line `X(S, kind, name, attributes)` becomes one initializer of struct kafka_field; the attributes
 * are designated initializers. */
#include <stddef.h>

#define SINCE(v)       .min = v, .max = INT16_MAX
#define VERSIONS(a, b) .min = a, .max = b
#define NULLABLE(v)    .nullable = true, .nullable_from = v
#define TAG(t)         .tagged = true, .tag = t
#define DEFAULT(x)     .default_value = x
#define DEFAULT_NULL   .default_null = true

#define KAFKA_ENTRY_BOOL(S, n)    .type = KAFKA_BOOL
#define KAFKA_ENTRY_INT8(S, n)    .type = KAFKA_INT8
#define KAFKA_ENTRY_INT16(S, n)   .type = KAFKA_INT16
#define KAFKA_ENTRY_UINT16(S, n)  .type = KAFKA_UINT16
#define KAFKA_ENTRY_INT32(S, n)   .type = KAFKA_INT32
#define KAFKA_ENTRY_INT64(S, n)   .type = KAFKA_INT64
#define KAFKA_ENTRY_UUID(S, n)    .type = KAFKA_UUID
#define KAFKA_ENTRY_STRING(S, n)  .type = KAFKA_STRING
#define KAFKA_ENTRY_BYTES(S, n)   .type = KAFKA_BYTES
#define KAFKA_ENTRY_RECORDS(S, n) .type = KAFKA_RECORDS
#define KAFKA_ENTRY_LIST(type_)   .element = KAFKA_##type_, KAFKA_ENTRY_COUNTED
#define KAFKA_ENTRY_STRUCTS(s)    .element = KAFKA_STRUCT_TYPE, .nested = &s##_struct, KAFKA_ENTRY_COUNTED
#define KAFKA_ENTRY_STRUCT(s)     .nested = &s##_struct, KAFKA_ENTRY_ONE
#define KAFKA_ENTRY_COUNTED(S, n) .type = KAFKA_ARRAY, .count_offset = offsetof(struct S, n##_count)
#define KAFKA_ENTRY_ONE(S, n)     .type = KAFKA_STRUCT_TYPE

#define KAFKA_ENTRY(S, kind, name_, ...)                                                                               \
    {.name = #name_, .offset = offsetof(struct S, name_), KAFKA_ENTRY_##kind(S, name_), __VA_ARGS__},

#define KAFKA_TABLES
#include "lib/kafka/messages.h"
