/* schema.h - Kafka messages described once; decoder, encoder and defaults come from the description.
 *
 * A message is an X-macro list of fields (messages_*.h):
 *
 *     #define FIELDS_fetch_request_forgotten_topic(X, S)       the struct's name after FIELDS_
 *         X(S, STRING,      topic,      SINCE(7))              type, name in C, attributes
 *         X(S, LIST(INT32), partitions, SINCE(7))
 *     KAFKA_STRUCT(fetch_request_forgotten_topic);             declares the struct and its table
 *     KAFKA_MESSAGE(fetch_request, FetchRequest, 4, 12, 12);   root, Kafka's name, min, max, flexible from
 *
 * The headers turn a list into a C struct, messages.c turns the same list into a table of fields:
 *
 *                        +--> struct fetch_request { ... }      (what the broker works with)
 *     FIELDS_... --------+
 *                        +--> struct kafka_field[] -----------> kafka_decode, kafka_encode, kafka_walk
 *
 *     type             C type                   on the wire (flexible versions: compact lengths)
 *     BOOL INT8..64    bool, int8_t..int64_t    big-endian
 *     UINT16           uint16_t
 *     UUID             struct kafka_uuid        16 bytes
 *     STRING           struct kafka_string      length, bytes
 *     BYTES, RECORDS   struct kafka_bytes       length, bytes
 *     LIST(type)       type *name; int32_t name_count
 *     STRUCTS(s)       struct s *name; int32_t name_count
 *     STRUCT(s)        struct s name
 *
 *     SINCE(v), VERSIONS(a, b)   versions that carry the field
 *     NULLABLE(v)                may be null from v on: n or count is -1
 *     TAG(t)                     a tagged field (KIP-482); sent only when it is not its default
 *     DEFAULT(x), DEFAULT_NULL   the value where a version does not carry it; otherwise 0, "" or no element
 *
 * Ownership: decoded strings and bytes borrow from the input, arrays come from the arena; both must
 * outlive the struct. Strings are not NUL-terminated.
 *
 * Errors: ERR_CORRUPT for bytes that do not fit the description (truncated, trailing, a length or count
 * beyond what remains, null where none is allowed, tags out of order), ERR_UNSUPPORTED for a version
 * outside of min..max, ERR_NOMEM when the decoded arrays would need more than KAFKA_ARENA_FACTOR times
 * the input, than KAFKA_ARENA_BYTES_MAX, or have more than KAFKA_ELEMENTS_MAX elements, ERR_INVALID for a struct that
 * cannot be encoded at that version (null where none is allowed, a string of more than 32767 bytes). */
#ifndef MILLRACE_KAFKA_SCHEMA_H
#define MILLRACE_KAFKA_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct kafka_string {
    const char *p;
    int32_t n; /* -1 = null */
};

struct kafka_bytes {
    const uint8_t *p; /* NULL with n > 0: a hole, see kafka_encode_holes */
    int32_t n;        /* -1 = null */
};

struct kafka_uuid {
    uint8_t bytes[16];
};

#define KAFKA_STRING_NULL   ((struct kafka_string){NULL, -1})
#define KAFKA_STRING_LIT(s) ((struct kafka_string){"" s, sizeof(s) - 1})
#define KAFKA_BYTES_NULL    ((struct kafka_bytes){NULL, -1})

/* NULL becomes null. */
struct kafka_string kafka_string_of(const char *zero_terminated);
struct kafka_string kafka_string_of_slice(struct slice s);
/* Null becomes an empty slice. */
struct slice kafka_string_slice(struct kafka_string s);
struct slice kafka_bytes_slice(struct kafka_bytes b);
struct kafka_bytes kafka_bytes_of_slice(struct slice s);
/* Null equals null only. */
bool kafka_string_equal(struct kafka_string a, struct kafka_string b);
bool kafka_string_equal_str(struct kafka_string a, const char *zero_terminated);
bool kafka_uuid_equal(struct kafka_uuid a, struct kafka_uuid b);
bool kafka_uuid_is_zero(struct kafka_uuid u);
/* Kafka prints ids as URL-safe base64 without padding: 22 characters and a NUL. */
void kafka_uuid_to_text(struct kafka_uuid u, char out[23]);
bool kafka_uuid_from_text(struct slice text, struct kafka_uuid *out);

enum kafka_type {
    KAFKA_BOOL,
    KAFKA_INT8,
    KAFKA_INT16,
    KAFKA_UINT16,
    KAFKA_INT32,
    KAFKA_INT64,
    KAFKA_UUID,
    KAFKA_STRING,
    KAFKA_BYTES,
    KAFKA_RECORDS,
    KAFKA_STRUCT_TYPE,
    KAFKA_ARRAY,
};

struct kafka_struct;

/* One field of a struct, as its line in messages_*.h says. */
struct kafka_field {
    const char *name;
    enum kafka_type type, element;     /* element: of an array */
    const struct kafka_struct *nested; /* of a struct and of an array of structs */
    uint16_t offset, count_offset;     /* in the C struct; count_offset of an array */
    int16_t min, max;                  /* versions */
    int16_t nullable_from;
    int16_t tag;
    bool nullable, tagged, default_null;
    int64_t default_value;
};

struct kafka_struct {
    const char *name;
    const struct kafka_field *fields;
    uint16_t field_count;
    uint16_t size; /* of the C struct */
};

struct message {
    const char *name; /* Kafka's */
    const struct kafka_struct *root;
    int16_t min, max;      /* versions described */
    int16_t flexible_from; /* KAFKA_NEVER: classic lengths and no tags in any version */
};

enum { KAFKA_NEVER = INT16_MAX };
/* Bytes of arena that a decode may use for each byte of input. The costliest element there is needs 19: a
 * group of OffsetFetchRequest 8 with nothing in it. */
enum { KAFKA_ARENA_FACTOR = 32, KAFKA_ARENA_BYTES_MAX = 128 * 1024 * 1024 };
/* Elements of all arrays of a message together: two for each of 20,000 partitions and some more. A frame of 100 MiB has
 * room for tens of millions of empty ones, and each costs whoever works on the request a look-up and a line of the
 * answer: that would be other clients' delay. */
enum { KAFKA_ELEMENTS_MAX = 48 * 1024 };

/* Decodes all of `in` into `out`, a struct of m->root->size bytes that is overwritten. */
int kafka_decode(const struct message *m, int version, struct slice in, struct arena *a, void *out);
/* The same, but bytes may follow the message: Kafka's brokers ignore them, and librdkafka 2.x relies on it (its
 * Metadata 12 for all topics carries three bytes too many). */
int kafka_decode_front(const struct message *m, int version, struct slice in, struct arena *a, void *out);
/* Appends `in` to `out`; on error `out` is as before. A hole is ERR_INVALID here. */
int kafka_encode(const struct message *m, int version, const void *in, struct buf *out);

/* Where bytes are missing in an encoded message: `size` bytes belong before out->p[offset]. */
struct kafka_hole {
    size_t offset;
    int32_t size;
};

/* Owns `items`; a zeroed struct is empty. In the order of the message. */
struct kafka_holes {
    struct kafka_hole *items;
    int count, capacity;
    int64_t size; /* of all holes: what to add to out->n for the frame's length */
};

void kafka_holes_release(struct kafka_holes *h);
/* As kafka_encode, but RECORDS with p == NULL and n > 0 leave a hole: their length is encoded, their
 * bytes are not. The sender alternates pieces of `out` and ranges of segments. */
int kafka_encode_holes(const struct message *m, int version, const void *in, struct buf *out,
                       struct kafka_holes *holes);

/* Blobs that start with their own version as an int16: values of __consumer_offsets, the consumer protocol,
 * control records. A version above the highest known one is read as that one where `lenient` (consumer
 * protocol: later versions only append; the rest is ignored), else ERR_UNSUPPORTED. */
int kafka_decode_versioned(const struct message *m, struct slice in, bool lenient, struct arena *a, void *out,
                           int *version);
int kafka_encode_versioned(const struct message *m, int version, const void *in, struct buf *out);

/* Sets every field to its default. A struct that is to be encoded starts here rather than from zero: some
 * defaults are -1 or null. */
void kafka_struct_init(const struct kafka_struct *s, void *out);
/* `count` such structs from the arena; not NULL, even for none. */
void *kafka_struct_array(const struct kafka_struct *s, struct arena *a, int32_t count);
/* KAFKA_NEW(arena, produce_response_node_endpoint, n): the same, typed. */
#define KAFKA_NEW(arena, S, count) ((struct S *)kafka_struct_array(&S##_struct, (arena), (count)))

/* Walks the fields that a version carries, in wire order: `depth` counts from 0, `index` is the position in
 * an array or -1, `value` points into `in`. For dissectors and dumps; a struct's fields follow it. */
typedef void kafka_walk_fn(void *context, const struct kafka_field *field, int depth, int32_t index, const void *value);
void kafka_walk(const struct message *m, int version, const void *in, kafka_walk_fn *each, void *context);

/* --- how a list of fields becomes a struct --- */

#define KAFKA_C_BOOL    bool
#define KAFKA_C_INT8    int8_t
#define KAFKA_C_INT16   int16_t
#define KAFKA_C_UINT16  uint16_t
#define KAFKA_C_INT32   int32_t
#define KAFKA_C_INT64   int64_t
#define KAFKA_C_UUID    struct kafka_uuid
#define KAFKA_C_STRING  struct kafka_string
#define KAFKA_C_BYTES   struct kafka_bytes
#define KAFKA_C_RECORDS struct kafka_bytes

#define KAFKA_MEMBER_BOOL(name)       bool name;
#define KAFKA_MEMBER_INT8(name)       int8_t name;
#define KAFKA_MEMBER_INT16(name)      int16_t name;
#define KAFKA_MEMBER_UINT16(name)     uint16_t name;
#define KAFKA_MEMBER_INT32(name)      int32_t name;
#define KAFKA_MEMBER_INT64(name)      int64_t name;
#define KAFKA_MEMBER_UUID(name)       struct kafka_uuid name;
#define KAFKA_MEMBER_STRING(name)     struct kafka_string name;
#define KAFKA_MEMBER_BYTES(name)      struct kafka_bytes name;
#define KAFKA_MEMBER_RECORDS(name)    struct kafka_bytes name;
#define KAFKA_MEMBER_LIST(type)       KAFKA_C_##type KAFKA_MEMBER_ARRAY
#define KAFKA_MEMBER_STRUCTS(element) struct element KAFKA_MEMBER_ARRAY
#define KAFKA_MEMBER_STRUCT(element)  struct element KAFKA_MEMBER_ONE
#define KAFKA_MEMBER_ARRAY(name)                                                                                       \
    *name;                                                                                                             \
    int32_t name##_count;
#define KAFKA_MEMBER_ONE(name) name;
/* `kind` is pasted before it is expanded: LIST(INT32) becomes KAFKA_MEMBER_LIST(INT32), whose last word then
 * takes (name) as its argument. */
#define KAFKA_MEMBER(S, kind, name, ...) KAFKA_MEMBER_##kind(name)

#ifndef KAFKA_TABLES
#define KAFKA_STRUCT(S)                                                                                                \
    struct S {                                                                                                         \
        FIELDS_##S(KAFKA_MEMBER, S)                                                                                    \
    };                                                                                                                 \
    extern const struct kafka_struct S##_struct
#define KAFKA_MESSAGE(S, kafka_name, min, max, flexible) extern const struct message S##_message
#else
/* messages.c only: the same lists as tables. */
#define KAFKA_STRUCT(S)                                                                                                \
    struct S {                                                                                                         \
        FIELDS_##S(KAFKA_MEMBER, S)                                                                                    \
    };                                                                                                                 \
    extern const struct kafka_struct S##_struct;                                                                       \
    static const struct kafka_field S##_fields[] = {FIELDS_##S(KAFKA_ENTRY, S)};                                       \
    const struct kafka_struct S##_struct = {#S, S##_fields, sizeof(S##_fields) / sizeof(struct kafka_field),           \
                                            sizeof(struct S)}
#define KAFKA_MESSAGE(S, kafka_name, min, max, flexible)                                                               \
    extern const struct message S##_message;                                                                           \
    const struct message S##_message = {#kafka_name, &S##_struct, min, max, flexible}
#endif

#endif
