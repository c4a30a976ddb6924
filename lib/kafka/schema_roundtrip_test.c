/* What must hold for every message at every version, checked on structs filled at random from a seed. */
#include "lib/base/random.h"
#include "lib/kafka/api.h"
#include "lib/kafka/hex_test.h"
#include "lib/kafka/messages.h"
#include "lib/kafka/schema_internal.h"
#include "lib/kafka/trace.h"

static const struct message *const RECORDS[] = {
    &offset_commit_key_message,
    &offset_commit_value_message,
    &group_metadata_key_message,
    &group_metadata_value_message,
    &consumer_protocol_subscription_message,
    &consumer_protocol_assignment_message,
    &register_broker_record_message,
    &unregister_broker_record_message,
    &topic_record_message,
    &partition_record_message,
    &config_record_message,
    &partition_change_record_message,
    &remove_topic_record_message,
    &feature_level_record_message,
    &producer_ids_record_message,
    &broker_registration_change_record_message,
    &no_op_record_message,
    &leader_change_message_message,
    &snapshot_header_record_message,
    &snapshot_footer_record_message,
};
enum { RECORD_COUNT = sizeof(RECORDS) / sizeof(RECORDS[0]) };

static int message_count(void)
{
    return 2 * kafka_apis_count + RECORD_COUNT;
}

static const struct message *message_at(int i)
{
    if (i >= 2 * kafka_apis_count) return RECORDS[i - 2 * kafka_apis_count];
    return i % 2 ? kafka_apis[i / 2].response : kafka_apis[i / 2].request;
}

/* --- filling a struct at random --- */

enum fill { FILL_RANDOM, FILL_NULLS, FILL_DEFAULTS };

struct filler {
    struct random *random;
    struct arena *arena;
    int version;
    enum fill fill;
};

static void fill_struct(struct filler *g, const struct kafka_struct *s, void *out);

/* A length, or -1 where null is allowed and wanted. */
static int32_t fill_length(struct filler *g, bool nullable, int32_t bound)
{
    if (nullable && (g->fill == FILL_NULLS || random_chance(g->random, 1, 4))) return -1;
    return g->fill == FILL_NULLS ? 0 : (int32_t)random_below(g->random, (uint64_t)bound);
}

static const uint8_t *fill_bytes(struct filler *g, int32_t n)
{
    uint8_t *p = arena_alloc(g->arena, n > 0 ? (size_t)n : 1);
    for (int32_t i = 0; i < n; i++) p[i] = (uint8_t)random_u64(g->random);
    return p;
}

static void fill_value(struct filler *g, enum kafka_type type, bool nullable, void *out)
{
    if (type == KAFKA_BOOL) {
        *(bool *)out = random_chance(g->random, 1, 2);
    } else if (type == KAFKA_STRING) {
        int32_t n = fill_length(g, nullable, 200); /* beyond 127: two bytes of compact length */
        *(struct kafka_string *)out = (struct kafka_string){(const char *)fill_bytes(g, n), n};
    } else if (type == KAFKA_BYTES || type == KAFKA_RECORDS) {
        int32_t n = fill_length(g, nullable, 300);
        *(struct kafka_bytes *)out = (struct kafka_bytes){fill_bytes(g, n), n};
    } else {
        memcpy(out, fill_bytes(g, (int32_t)type_size(type)), type_size(type));
    }
}

static void fill_array(struct filler *g, const struct kafka_field *f, void *out)
{
    int32_t count = fill_length(g, field_nullable(f, g->version), 4);
    if (!f->nullable && g->fill == FILL_NULLS) count = 1; /* so that the nulls inside are reached */
    size_t size = field_element_size(f);
    uint8_t *items = arena_alloc(g->arena, size * (size_t)(count > 0 ? count : 1));
    for (int32_t i = 0; i < count; i++) {
        if (f->nested)
            fill_struct(g, f->nested, items + (size_t)i * size);
        else
            fill_value(g, f->element, false, items + (size_t)i * size);
    }
    *(void **)((uint8_t *)out + f->offset) = items;
    *(int32_t *)((uint8_t *)out + f->count_offset) = count;
}

static void fill_struct(struct filler *g, const struct kafka_struct *s, void *out)
{
    kafka_struct_init(s, out);
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (!field_carried(f, g->version) || (f->tagged && g->fill == FILL_NULLS)) continue;
        if (f->type == KAFKA_ARRAY)
            fill_array(g, f, out);
        else if (f->type == KAFKA_STRUCT_TYPE)
            fill_struct(g, f->nested, (uint8_t *)out + f->offset);
        else
            fill_value(g, f->type, field_nullable(f, g->version), (uint8_t *)out + f->offset);
    }
}

static void *filled(const struct message *m, int version, enum fill fill, struct random *r, struct arena *a)
{
    void *out = kafka_struct_array(m->root, a, 1);
    struct filler g = {r, a, version, fill};
    if (fill != FILL_DEFAULTS) fill_struct(&g, m->root, out);
    return out;
}

/* --- comparing two structs field by field; the name of the first field that differs, or NULL --- */

static const char *struct_difference(const struct kafka_struct *s, const void *a, const void *b, bool a_is_future);

/* Where a further string would stand behind a struct, and how large both are together. */
static size_t future_offset(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static size_t future_size(size_t size)
{
    return future_offset(size) + sizeof(struct kafka_string);
}

static bool value_equal(enum kafka_type type, const void *a, const void *b)
{
    if (type == KAFKA_STRING)
        return kafka_string_equal(*(const struct kafka_string *)a, *(const struct kafka_string *)b);
    if (type == KAFKA_BYTES || type == KAFKA_RECORDS) {
        const struct kafka_bytes *x = a, *y = b;
        return x->n == y->n && (x->n <= 0 || memcmp(x->p, y->p, (size_t)x->n) == 0);
    }
    return memcmp(a, b, type_size(type)) == 0;
}

static const char *array_difference(const struct kafka_field *f, const void *a, const void *b, bool a_is_future)
{
    if (field_count(f, a) != field_count(f, b)) return f->name;
    const uint8_t *x = *(uint8_t *const *)((const uint8_t *)a + f->offset);
    const uint8_t *y = *(uint8_t *const *)((const uint8_t *)b + f->offset);
    size_t size = field_element_size(f), stride_a = f->nested && a_is_future ? future_size(size) : size;
    for (int32_t i = 0; i < field_count(f, a); i++, x += stride_a, y += size) {
        const char *name = NULL;
        if (f->nested)
            name = struct_difference(f->nested, x, y, a_is_future);
        else if (!value_equal(f->element, x, y))
            name = f->name;
        if (name) return name;
    }
    return NULL;
}

/* `a_is_future`: the structs on side a have one field more than the description says (see below). */
static const char *struct_difference(const struct kafka_struct *s, const void *a, const void *b, bool a_is_future)
{
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        const uint8_t *x = (const uint8_t *)a + f->offset, *y = (const uint8_t *)b + f->offset;
        const char *name = NULL;
        if (f->type == KAFKA_ARRAY)
            name = array_difference(f, a, b, a_is_future);
        else if (f->type == KAFKA_STRUCT_TYPE)
            name = struct_difference(f->nested, x, y, false);
        else if (!value_equal(f->type, x, y))
            name = f->name;
        if (name) return name;
    }
    return NULL;
}

/* --- the properties --- */

static void check_round_trip(const struct message *m, int version, enum fill fill, struct random *r)
{
    struct arena a = {0};
    struct buf bytes = {0};
    void *in = filled(m, version, fill, r, &a), *out = kafka_struct_array(m->root, &a, 1);
    check_int(kafka_encode(m, version, in, &bytes), 0);
    uint8_t *tight = tight_copy(buf_slice(&bytes));
    int err = kafka_decode(m, version, slice_of(tight, bytes.n), &a, out);
    if (err) unit_fail("%s version %d: %s", m->name, version, err_name(err));
    const char *name = struct_difference(m->root, in, out, false);
    if (name) unit_fail("%s version %d: field %s comes back different", m->name, version, name);
    free(tight);
    buf_release(&bytes);
    arena_release(&a);
}

TEST(schema, every_message_comes_back_as_it_went)
{
    struct random r;
    random_seed(&r, 1);
    for (int i = 0; i < message_count(); i++)
        for (int v = message_at(i)->min; v <= message_at(i)->max; v++) {
            check_round_trip(message_at(i), v, FILL_DEFAULTS, &r);
            check_round_trip(message_at(i), v, FILL_NULLS, &r);
            for (int n = 0; n < 20; n++) check_round_trip(message_at(i), v, FILL_RANDOM, &r);
        }
}

/* No prefix of a message is a message, and neither is a message with a byte more. */
static void check_cut(const struct message *m, int version, struct random *r)
{
    struct arena a = {0};
    struct buf bytes = {0};
    void *out = kafka_struct_array(m->root, &a, 1);
    check_int(kafka_encode(m, version, filled(m, version, FILL_RANDOM, r, &a), &bytes), 0);
    for (size_t n = 0; n < bytes.n; n++) {
        uint8_t *tight = tight_copy(slice_of(bytes.p, n));
        int err = kafka_decode(m, version, slice_of(tight, n), &a, out);
        if (err >= 0) unit_fail("%s version %d: %zu of %zu bytes are enough", m->name, version, n, bytes.n);
        free(tight);
    }
    buf_append_byte(&bytes, 0);
    check_int(kafka_decode(m, version, buf_slice(&bytes), &a, out), ERR_CORRUPT);
    buf_release(&bytes);
    arena_release(&a);
}

TEST(schema, a_cut_message_is_an_error_at_every_byte)
{
    struct random r;
    random_seed(&r, 2);
    for (int i = 0; i < message_count(); i++)
        for (int v = message_at(i)->min; v <= message_at(i)->max; v++) check_cut(message_at(i), v, &r);
}

/* Flipped bytes are read without harm: what they give is unimportant, the sanitizers watch. */
TEST(schema, damaged_bytes_do_no_harm)
{
    struct random r;
    random_seed(&r, 3);
    for (int i = 0; i < message_count(); i++)
        for (int round = 0; round < 200; round++) {
            const struct message *m = message_at(i);
            int v = m->min + (int)random_below(&r, (uint64_t)(m->max - m->min) + 1);
            struct arena a = {0};
            struct buf bytes = {0};
            void *out = kafka_struct_array(m->root, &a, 1);
            check_int(kafka_encode(m, v, filled(m, v, FILL_RANDOM, &r, &a), &bytes), 0);
            for (int k = 0; bytes.n && k < 3; k++)
                bytes.p[random_below(&r, bytes.n)] = random_chance(&r, 1, 2) ? 0xff : (uint8_t)random_u64(&r);
            uint8_t *tight = tight_copy(buf_slice(&bytes));
            size_t before = a.used;
            kafka_decode(m, v, slice_of(tight, bytes.n), &a, out);
            check(a.used - before <= bytes.n * KAFKA_ARENA_FACTOR);
            free(tight);
            buf_release(&bytes);
            arena_release(&a);
        }
}

/* --- T14: a peer from the future has one more tagged field in every struct --- */

enum { FUTURE_TAG = 9999 };

/* The same structs with a further tagged string behind the fields that we know. Structs that stand alone in
 * another one cannot grow; arrays' elements and the root do. */
static const struct kafka_struct *future_struct(const struct kafka_struct *s, int version, struct arena *a)
{
    struct kafka_field *fields = arena_alloc(a, (s->field_count + 1u) * sizeof(*fields));
    for (int i = 0; i < s->field_count; i++) {
        fields[i] = s->fields[i];
        if (fields[i].type == KAFKA_ARRAY && fields[i].nested)
            fields[i].nested = future_struct(fields[i].nested, version, a);
    }
    fields[s->field_count] = (struct kafka_field){.name = "from_the_future",
                                                  .type = KAFKA_STRING,
                                                  .offset = (uint16_t)future_offset(s->size),
                                                  .max = INT16_MAX,
                                                  .tagged = true,
                                                  .tag = FUTURE_TAG};
    struct kafka_struct *future = arena_alloc(a, sizeof(*future));
    *future = (struct kafka_struct){s->name, fields, (uint16_t)(s->field_count + 1), (uint16_t)future_size(s->size)};
    return future;
}

static void check_future(const struct message *m, int version, struct random *r)
{
    struct arena a = {0};
    struct buf bytes = {0};
    struct message future = *m;
    future.root = future_struct(m->root, version, &a);
    void *in = filled(&future, version, FILL_RANDOM, r, &a), *out = kafka_struct_array(m->root, &a, 1);
    check_int(kafka_encode(&future, version, in, &bytes), 0);
    int err = kafka_decode(m, version, buf_slice(&bytes), &a, out);
    if (err) unit_fail("%s version %d: %s for an unknown tag", m->name, version, err_name(err));
    const char *name = struct_difference(m->root, in, out, true);
    if (name) unit_fail("%s version %d: field %s is wrong beside an unknown tag", m->name, version, name);
    buf_release(&bytes);
    arena_release(&a);
}

TEST(schema, t14_unknown_tags_are_skipped_at_every_level)
{
    struct random r;
    random_seed(&r, 4);
    int checked = 0;
    for (int i = 0; i < message_count(); i++)
        for (int v = message_at(i)->flexible_from; v <= message_at(i)->max; v++)
            for (int n = 0; n < 10; n++, checked++) check_future(message_at(i), v, &r);
    check(checked > 800);
}

/* --- memory --- */

static double arena_factor(const struct kafka_struct *s, int version, bool flexible);

/* Bytes on the wire of the smallest value, computed without the decoder's help. */
static size_t wire_min(const struct kafka_struct *s, int version, bool flexible)
{
    size_t n = flexible;
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (!field_carried(f, version) || f->tagged) continue;
        if (f->type == KAFKA_STRUCT_TYPE)
            n += wire_min(f->nested, version, flexible);
        else if (f->type == KAFKA_STRING)
            n += flexible ? 1 : 2;
        else if (f->type == KAFKA_BYTES || f->type == KAFKA_RECORDS || f->type == KAFKA_ARRAY)
            n += flexible ? 1 : 4;
        else
            n += type_size(f->type);
    }
    return n;
}

static double arena_factor(const struct kafka_struct *s, int version, bool flexible)
{
    double worst = 0;
    for (int i = 0; i < s->field_count; i++) {
        const struct kafka_field *f = &s->fields[i];
        if (!f->nested || !field_carried(f, version)) continue;
        double inner = arena_factor(f->nested, version, flexible);
        double own = (double)f->nested->size / (double)wire_min(f->nested, version, flexible);
        if (inner > worst) worst = inner;
        if (f->type == KAFKA_ARRAY && own > worst) worst = own;
    }
    return worst;
}

/* An honest message never meets the bound on memory, however small its elements are. */
TEST(schema, the_arena_bound_fits_every_message)
{
    double worst = 0;
    for (int i = 0; i < message_count(); i++)
        for (int v = message_at(i)->min; v <= message_at(i)->max; v++) {
            double factor = arena_factor(message_at(i)->root, v, v >= message_at(i)->flexible_from);
            if (factor > worst) worst = factor;
        }
    check(worst > 4);
    check(worst <= KAFKA_ARENA_FACTOR);
}

/* Two gigabytes of elements are claimed by a few bytes. */
TEST(schema, an_array_cannot_claim_what_is_not_there)
{
    struct arena a = {0};
    struct metadata_request out;
    check_int(kafka_decode(&metadata_request_message, 1, hex(&a, "7fffffff 0001 'a'"), &a, &out), ERR_CORRUPT);
    check_int(kafka_decode(&metadata_request_message, 9, hex(&a, "ffffffff07 02 'a' 00 01 00 00 00"), &a, &out),
              ERR_CORRUPT);
    check(a.used < 4096);
    arena_release(&a);
}

/* As many topics as a request may name, and one more. */
TEST(schema, the_elements_of_a_message_are_counted)
{
    struct arena a = {0};
    struct metadata_request out;
    struct buf b = {0};
    buf_put_u32(&b, KAFKA_ELEMENTS_MAX);
    memset(buf_reserve(&b, 2 * KAFKA_ELEMENTS_MAX + 2), 0, 2 * KAFKA_ELEMENTS_MAX + 2);
    b.n += 2 * KAFKA_ELEMENTS_MAX;
    check_int(kafka_decode(&metadata_request_message, 0, buf_slice(&b), &a, &out), 0);
    check_int(out.topics_count, KAFKA_ELEMENTS_MAX);
    b.n += 2;
    put_u32be(b.p, KAFKA_ELEMENTS_MAX + 1);
    check_int(kafka_decode(&metadata_request_message, 0, buf_slice(&b), &a, &out), ERR_NOMEM);
    buf_release(&b);
    arena_release(&a);
}

/* --- the dissector (trace.h) reads the same bytes --- */

/* Entries stand behind one another without gaps. */
static void tile(void *context, const struct kafka_trace_entry *e)
{
    size_t *end = context;
    check_int(e->offset, *end);
    *end += e->size;
}

static void check_trace(const struct kafka_api *api, int version, struct random *r)
{
    struct arena a = {0};
    struct buf q = {0}, p = {0};
    struct kafka_request_header h = {api->key, (int16_t)version, 7, KAFKA_STRING_LIT("me")};
    size_t end = 0;
    check_int(kafka_request_frame(&h, filled(api->request, version, FILL_RANDOM, r, &a), &q), 0);
    check_int(kafka_trace_request(buf_slice(&q), tile, &end), 0);
    if (end != q.n) unit_fail("%s request %d: %zu of %zu bytes have a place", api->name, version, end, q.n);
    end = 0;
    check_int(kafka_response_frame(api->key, version, 7, filled(api->response, version, FILL_RANDOM, r, &a), &p), 0);
    check_int(kafka_trace_response(api->key, version, buf_slice(&p), tile, &end), 0);
    if (end != p.n) unit_fail("%s response %d: %zu of %zu bytes have a place", api->name, version, end, p.n);
    for (size_t n = 0; n < q.n; n++) { /* cut off: told up to there, and that it is */
        uint8_t *tight = tight_copy(slice_of(q.p, n));
        end = 0;
        check(kafka_trace_request(slice_of(tight, n), tile, &end) != 0);
        check(end <= n);
        free(tight);
    }
    buf_release(&q);
    buf_release(&p);
    arena_release(&a);
}

TEST(trace, every_byte_of_every_message_has_its_place)
{
    struct random r;
    random_seed(&r, 3);
    for (int i = 0; i < kafka_apis_count; i++)
        for (int v = kafka_apis[i].min; v <= kafka_apis[i].max; v++)
            for (int n = 0; n < 5; n++) check_trace(&kafka_apis[i], v, &r);
}
