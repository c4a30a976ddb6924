#include "broker/log/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "broker/log/sealed.h"
#include "lib/base/checksum.h"
#include "lib/base/memory.h"
#include "lib/base/properties.h"
#include "lib/base/text.h"

enum { CHECKPOINT_BYTES_MAX = 64 << 20, CHECKPOINT_VERSION = 0 };

/* ---- lines of "version / count / entries" ---- */

struct lines {
    struct slice rest;
    const char *path;
    int number; /* of the line read last, from 1 */
};

static bool line_next(struct lines *l, struct slice *line)
{
    if (l->rest.n == 0) return false;
    const uint8_t *newline = memchr(l->rest.p, '\n', l->rest.n);
    size_t n = newline ? (size_t)(newline - l->rest.p) : l->rest.n;
    *line = slice_of(l->rest.p, n);
    size_t taken = newline ? n + 1 : n;
    l->rest = slice_of(l->rest.p + taken, l->rest.n - taken);
    l->number++;
    if (line->n && line->p[line->n - 1] == '\r') line->n--; /* Java's newLine on another system */
    return true;
}

static int line_error(const struct lines *l, struct slice line, const char *expected, struct err_text *error)
{
    return err_set(error, ERR_CORRUPT, "%s:%d: expected %s, found \"%.*s\"", l->path, l->number, expected,
                   (int)(line.n < 200 ? line.n : 200), (const char *)line.p);
}

/* The last word of a line, cut off it. */
static bool word_take_last(struct slice *line, struct slice *word)
{
    size_t n = line->n;
    while (n && line->p[n - 1] != ' ') n--;
    *word = slice_of(line->p + n, line->n - n);
    line->n = n ? n - 1 : 0;
    return word->n > 0;
}

static bool number_take_last(struct slice *line, int64_t low, int64_t high, int64_t *out)
{
    struct slice word;
    return word_take_last(line, &word) && text_to_i64(word, out) && *out >= low && *out <= high;
}

/* Reads the two leading lines. An empty text is an empty file: 0 entries. */
static int header_read(struct lines *l, int64_t *count, struct err_text *error)
{
    struct slice line;
    int64_t version;
    *count = 0;
    if (!line_next(l, &line)) return 0;
    if (!text_to_i64(line, &version) || version != CHECKPOINT_VERSION) return line_error(l, line, "version 0", error);
    if (!line_next(l, &line)) return 0;
    if (!text_to_i64(line, count) || *count < 0) return line_error(l, line, "the number of entries", error);
    return 0;
}

static int count_check(const struct lines *l, int64_t expected, int found, struct err_text *error)
{
    if (expected == found) return 0;
    return err_set(error, ERR_CORRUPT, "%s:2: %lld entries announced, %d found", l->path, (long long)expected, found);
}

/* ---- offsets by partition ---- */

void checkpoint_release(struct checkpoint *c)
{
    for (int i = 0; i < c->count; i++) free(c->entries[i].topic);
    free(c->entries);
    *c = (struct checkpoint){0};
}

static void entry_add(struct checkpoint *c, struct slice topic, int32_t partition, int64_t offset)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 16;
        c->entries = memory_grow(c->entries, (size_t)c->capacity, sizeof *c->entries);
    }
    c->entries[c->count++] = (struct checkpoint_entry){memory_copy(topic.p, topic.n), partition, offset};
}

/* By topic, partition, offset. */
static int entry_compare(const struct checkpoint_entry *a, const char *topic, int32_t partition, int64_t offset)
{
    int order = strcmp(a->topic, topic);
    if (order == 0) order = (a->partition > partition) - (a->partition < partition);
    return order ? order : (a->offset > offset) - (a->offset < offset);
}

static int entry_order(const void *a, const void *b)
{
    const struct checkpoint_entry *y = b;
    return entry_compare(a, y->topic, y->partition, y->offset);
}

int64_t checkpoint_get(const struct checkpoint *c, const char *topic, int32_t partition, int64_t missing)
{
    int low = 0, high = c->count; /* entries before `low` are smaller */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (entry_compare(&c->entries[middle], topic, partition, INT64_MIN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == c->count) return missing;
    const struct checkpoint_entry *e = &c->entries[low];
    return e->partition == partition && strcmp(e->topic, topic) == 0 ? e->offset : missing;
}

/* The characters that Kafka allows in a topic's name. */
static bool topic_legal(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], letter = c | 0x20;
        bool legal = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!legal) return false;
    }
    return s.n > 0;
}

int checkpoint_parse(struct checkpoint *c, struct slice text, const char *path, struct err_text *error)
{
    struct lines l = {.rest = text, .path = path};
    struct slice line;
    int64_t count, partition, offset;
    int status = header_read(&l, &count, error);
    while (status == 0 && line_next(&l, &line)) {
        struct slice whole = line;
        bool ok = number_take_last(&line, 0, INT64_MAX, &offset) && number_take_last(&line, 0, INT32_MAX, &partition);
        if (ok && topic_legal(line))
            entry_add(c, line, (int32_t)partition, offset);
        else
            status = line_error(&l, whole, "\"topic partition offset\"", error);
    }
    if (c->count) qsort(c->entries, (size_t)c->count, sizeof *c->entries, entry_order);
    return status ? status : count_check(&l, count, c->count, error);
}

void checkpoint_format_head(int count, struct buf *out)
{
    buf_printf(out, "%d\n%d\n", CHECKPOINT_VERSION, count);
}

/* Without printf: a broker with thousands of partitions writes them all every few seconds. */
void checkpoint_format_entry(struct slice topic, int32_t partition, int64_t offset, struct buf *out)
{
    buf_append_slice(out, topic);
    buf_append_byte(out, ' ');
    text_from_decimal(partition, 0, out);
    buf_append_byte(out, ' ');
    text_from_decimal(offset, 0, out);
    buf_append_byte(out, '\n');
}

/* Of a file that is no checkpoint any more. */
static int copy_parse(struct disk *disk, struct checkpoint *c, const char *path)
{
    struct buf text = {0};
    checkpoint_release(c);
    int status = sealed_copy_read(disk, path, CHECKPOINT_BYTES_MAX, &text);
    if (status == 0) status = checkpoint_parse(c, buf_slice(&text), path, NULL);
    buf_release(&text);
    return status < 0 ? ERR_CORRUPT : 0;
}

int checkpoint_read(struct disk *disk, const char *path, struct checkpoint *c, struct err_text *error)
{
    struct buf text = {0};
    bool repaired;
    int status = sealed_read(disk, path, CHECKPOINT_BYTES_MAX, &text, &repaired);
    if (repaired) err_set(error, 0, "%s: damaged; its copy counts", path);
    if (status == 0)
        status = checkpoint_parse(c, buf_slice(&text), path, error);
    else if (status == ERR_NOTFOUND)
        status = 0;
    else
        err_set(error, status, "%s: cannot be read: %s", path, err_name(status));
    if (status == ERR_CORRUPT) status = copy_parse(disk, c, path);
    buf_release(&text);
    return status;
}

/* ---- leader epochs ---- */

int epochs_parse(struct slice text, const char *path, struct epoch_entry **entries, int *count, struct err_text *error)
{
    struct lines l = {.rest = text, .path = path};
    struct slice line;
    int64_t expected, epoch, start;
    int n = 0;
    struct epoch_entry *found = NULL;
    int status = header_read(&l, &expected, error);
    while (status == 0 && line_next(&l, &line)) {
        struct slice whole = line;
        bool ok = number_take_last(&line, 0, INT64_MAX, &start) && number_take_last(&line, 0, INT32_MAX, &epoch);
        ok = ok && line.n == 0 && (n == 0 || (epoch > found[n - 1].epoch && start >= found[n - 1].start_offset));
        if (ok) {
            found = memory_grow(found, (size_t)n + 1, sizeof *found);
            found[n++] = (struct epoch_entry){(int32_t)epoch, start};
        } else {
            status = line_error(&l, whole, "\"epoch start_offset\", both ascending", error);
        }
    }
    if (status == 0) status = count_check(&l, expected, n, error);
    if (status < 0) {
        free(found);
        return status;
    }
    *entries = found;
    *count = n;
    return 0;
}

void epochs_format(const struct epoch_entry *entries, int count, struct buf *out)
{
    buf_printf(out, "%d\n%d\n", CHECKPOINT_VERSION, count);
    for (int i = 0; i < count; i++) buf_printf(out, "%d %lld\n", entries[i].epoch, (long long)entries[i].start_offset);
}

/* ---- identity ---- */

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void uuid_format(const uint8_t id[16], char out[23])
{
    uint32_t bits = 0;
    int held = 0, n = 0;
    for (int i = 0; i < 16; i++) {
        bits = bits << 8 | id[i];
        for (held += 8; held >= 6; held -= 6) out[n++] = base64url[bits >> (held - 6) & 63];
    }
    out[n++] = base64url[bits << (6 - held) & 63];
    out[n] = 0;
}

bool uuid_parse(struct slice text, uint8_t id[16])
{
    uint32_t bits = 0;
    int held = 0, n = 0;
    if (text.n != 22) return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(base64url, text.p[i]) : NULL;
        if (!digit) return false;
        bits = bits << 6 | (uint32_t)(digit - base64url);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        id[n++] = (uint8_t)(bits >> held);
    }
    return (bits & ((1u << held) - 1)) == 0; /* four bits are left over and must be zero */
}

int partition_metadata_parse(struct slice text, const char *path, uint8_t topic_id[16], struct err_text *error)
{
    struct lines l = {.rest = text, .path = path};
    struct slice line = {0};
    if (!line_next(&l, &line) || !slice_equal(line, SLICE_LIT("version: 0")))
        return line_error(&l, line, "\"version: 0\"", error);
    struct slice key = SLICE_LIT("topic_id: ");
    line = (struct slice){0};
    if (!line_next(&l, &line) || line.n < key.n || memcmp(line.p, key.p, key.n) != 0 ||
        !uuid_parse(slice_of(line.p + key.n, line.n - key.n), topic_id))
        return line_error(&l, line, "\"topic_id: <22 characters of base64url>\"", error);
    return 0;
}

void partition_metadata_format(const uint8_t topic_id[16], struct buf *out)
{
    char text[23];
    uuid_format(topic_id, text);
    buf_printf(out, "version: 0\ntopic_id: %s", text); /* Kafka writes no last newline */
}

static const struct property *meta_need(const struct properties *p, const char *key, struct err_text *error)
{
    const struct property *found = properties_find(p, key);
    if (!found) err_set(error, ERR_CORRUPT, "%s: \"%s\" is missing", CHECKPOINT_META, key);
    return found;
}

static int meta_bad(const struct property *p, const char *expected, struct err_text *error)
{
    return err_set(error, ERR_CORRUPT, "%s:%d: %s is \"%s\", expected %s", CHECKPOINT_META, p->line, p->key, p->value,
                   expected);
}

static int meta_take(const struct properties *p, struct meta_properties *out, struct err_text *error)
{
    int64_t node;
    const struct property *version = meta_need(p, "version", error), *cluster = meta_need(p, "cluster.id", error);
    const struct property *id = meta_need(p, "node.id", error), *directory = properties_find(p, "directory.id");
    if (!version || !cluster || !id) return ERR_CORRUPT;
    if (strcmp(version->value, "1") != 0) return meta_bad(version, "1", error);
    if (strlen(cluster->value) >= sizeof out->cluster_id) return meta_bad(cluster, "at most 63 characters", error);
    if (!text_to_i64(slice_str(id->value), &node) || node < 0 || node > INT32_MAX)
        return meta_bad(id, "a number of 0 to 2147483647", error);
    if (directory && !uuid_parse(slice_str(directory->value), out->directory_id))
        return meta_bad(directory, "22 characters of base64url", error);
    strcpy(out->cluster_id, cluster->value);
    out->node_id = (int32_t)node;
    return 0;
}

/* A last line of ours, which Kafka reads as a comment and leaves out when it writes the file. */
#define META_SEAL "#crc32c "

static void meta_seal(struct slice text, struct buf *out)
{
    buf_printf(out, META_SEAL "%08x\n", (unsigned)crc32c(0, text.p, text.n));
}

static int meta_seal_check(struct slice text, struct err_text *error)
{
    struct buf right = {0};
    const uint8_t *seal = text.n ? memmem(text.p, text.n, META_SEAL, sizeof META_SEAL - 1) : NULL;
    if (!seal) return 0;
    size_t n = (size_t)(seal - text.p);
    meta_seal(slice_of(text.p, n), &right);
    bool whole = slice_equal(slice_of(seal, text.n - n), buf_slice(&right));
    buf_release(&right);
    if (whole) return 0;
    return err_set(error, ERR_CORRUPT,
                   "%s: its CRC does not match: it is damaged, or was edited: then remove the line \"" META_SEAL
                   "...\"",
                   CHECKPOINT_META);
}

int meta_properties_read(struct disk *disk, struct meta_properties *out, struct err_text *error)
{
    struct buf text = {0};
    struct properties p = {0};
    *out = (struct meta_properties){0};
    int status = disk_read_all(disk, CHECKPOINT_META, 1 << 16, &text);
    if (status == 0) status = meta_seal_check(buf_slice(&text), error);
    if (status == 0) status = properties_parse(&p, buf_slice(&text), CHECKPOINT_META, error);
    if (status == 0) status = meta_take(&p, out, error);
    if (status < 0 && status != ERR_NOTFOUND)
        err_set(error, status, "%s: cannot be read: %s", CHECKPOINT_META, err_name(status));
    properties_release(&p);
    buf_release(&text);
    return status;
}

void meta_properties_format(const struct meta_properties *m, struct buf *out)
{
    char directory[23];
    size_t begin = out->n;
    uuid_format(m->directory_id, directory);
    buf_printf(out, "node.id=%d\ndirectory.id=%s\nversion=1\ncluster.id=%s\n", m->node_id, directory, m->cluster_id);
    meta_seal(slice_of(out->p + begin, out->n - begin), out);
}

/* ---- clean shutdown ---- */

bool clean_shutdown_read(struct disk *disk)
{
    struct buf text = {0};
    int status = disk_read_all(disk, CHECKPOINT_CLEAN_SHUTDOWN, 4096, &text);
    /* Old brokers wrote an empty file; what counts is that it is there and whole. */
    bool clean = status == 0 && (text.n == 0 || (text.p[0] == '{' && text.p[text.n - 1] == '}'));
    buf_release(&text);
    return clean;
}

void clean_shutdown_format(struct buf *out)
{
    buf_append_str(out, "{\"version\":0,\"brokerEpoch\":-1}");
}

/* ---- names of partitions' folders ---- */

bool partition_dir_parse(const char *name, struct slice *topic, int32_t *partition, bool *doomed)
{
    struct slice s = slice_str(name);
    struct slice suffix = SLICE_LIT("-delete");
    *doomed = s.n > suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
    if (*doomed) { /* "orders-0.<id>-delete": what follows the last dot is ours */
        size_t n = s.n;
        while (n && s.p[n - 1] != '.') n--;
        if (n == 0) return false;
        s.n = n - 1;
    }
    size_t n = s.n;
    while (n && s.p[n - 1] >= '0' && s.p[n - 1] <= '9') n--;
    int64_t number;
    if (n < 2 || s.p[n - 1] != '-' || !text_to_i64(slice_of(s.p + n, s.n - n), &number) || number > INT32_MAX)
        return false;
    *topic = slice_of(s.p, n - 1);
    *partition = (int32_t)number;
    return true;
}
