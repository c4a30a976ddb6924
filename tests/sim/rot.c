/* Bits that rot: one turns over in a file at rest, while the broker runs or while it is down.
 *
 *     .log              the batch that holds the bit is damaged: it may be answered CORRUPT_MESSAGE or be served with a
 *                       CRC that a client finds wrong. Above the recovery point a start may end the log there. A
 *                       header that does not say any more where its batch ends hides those behind it, up to the next
 *                       one that the index knows, until a scrub or a start has looked.
 *     .index, .timeindex, .snapshot, leader-epoch-checkpoint
 *                       all that they say stands in the .log as well, so nothing may be seen of it
 *
 *     the checkpoints, partition.metadata
 *                       (in runs of their own) nothing may be seen of it, or the start is refused and names the file:
 *                       then the operator brings it back
 *     __cluster_metadata-0
 *                       (likewise) the same; a .log only below the recovery point, because above it a start may end
 *                       the log there, and then nothing is promised of topics
 *     __consumer_offsets-*
 *                       (likewise) a group may stand at any older commit of its own after a start, or at none, but at
 *                       no offset that nobody committed; the broker starts
 *
 * Only what is on disk rots, not what waits for a sync. A file has one such bit at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/checkpoint.h"
#include "lib/base/memory.h"
#include "lib/kafka/batch.h"
#include "tests/sim/sim.h"

#define METADATA_DIR "__cluster_metadata-0"
#define OFFSETS_DIR  "__consumer_offsets-"

enum { TRIES_MAX = 20 };

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

static bool may_rot(const struct sim *s, const char *name)
{
    if (ends_with(name, ".log")) return true;
    /* Where records go the snapshot may be all that is left of a producer. */
    if (ends_with(name, ".snapshot")) return !sim_records_go(s);
    return ends_with(name, ".timeindex") || ends_with(name, ".index") || strcmp(name, "leader-epoch-checkpoint") == 0;
}

static bool is_there(const struct rot *r)
{
    return r->at < r->file->now.n && r->file->now.p[r->at] == r->turned;
}

/* The batch that holds the byte; false when the file cannot be followed that far. */
static bool batch_find(const struct inode *f, uint64_t at, struct rot *r)
{
    struct slice rest = buf_slice(&f->now);
    struct batch_header h;
    for (uint64_t position = 0; rest.n > 0;) {
        int64_t size = batch_peek_size(rest);
        if (size < 0 || size > (int64_t)rest.n || batch_check(slice_of(rest.p, (size_t)size), &h) < 0) return false;
        if (at < position + (uint64_t)size) {
            r->base = h.base_offset;
            r->last = batch_last_offset(&h);
            r->in_header = at < position + BATCH_HEADER_SIZE;
            return true;
        }
        position += (uint64_t)size;
        rest = slice_of(rest.p + size, rest.n - (size_t)size);
    }
    return false;
}

/* Up to where the metadata log is durable and a start knows it, whatever is lost before. */
static int64_t metadata_recovery_point(const struct sim *s)
{
    const struct sim_entries *root = &s->disk.root->synced_in;
    struct checkpoint c = {0};
    int64_t point = 0;
    for (int i = 0; i < root->count; i++)
        if (strcmp(root->items[i].name, CHECKPOINT_RECOVERY_POINT) == 0 &&
            checkpoint_parse(&c, buf_slice(&root->items[i].inode->synced), CHECKPOINT_RECOVERY_POINT, NULL) == 0)
            point = checkpoint_get(&c, "__cluster_metadata", 0, 0);
    checkpoint_release(&c);
    return point;
}

static bool turn(struct sim *s, int partition, const char *dir, const char *name, struct inode *f)
{
    struct rot r = {.partition = partition, .file = f, .base = 0, .last = -1};
    snprintf(r.path, sizeof r.path, "%s%s%s", dir, dir[0] ? "/" : "", name);
    uint64_t n = f->synced.n < f->now.n ? f->synced.n : f->now.n;
    if (n == 0 || f->write_count > 0) return false;
    for (int i = 0; i < s->rot_count; i++)
        if (s->rots[i].file == f && is_there(&s->rots[i])) return false;
    r.at = (uint64_t)sim_draw(s, (int64_t)n - 1);
    bool metadata = strcmp(dir, METADATA_DIR) == 0;
    if ((partition >= 0 || metadata) && ends_with(name, ".log") && !batch_find(f, r.at, &r)) return false;
    if (metadata && r.last >= metadata_recovery_point(s)) return false;
    r.bit = (uint8_t)(1u << sim_draw(s, 7));
    r.turned = f->now.p[r.at] ^= r.bit;
    f->synced.p[r.at] ^= r.bit;
    s->rots = memory_grow(s->rots, (size_t)s->rot_count + 1, sizeof *s->rots);
    s->rots[s->rot_count++] = r;
    trace_note(&s->trace, s->now_ns, "-- a bit turns over in %s at %llu (offsets %lld to %lld)", r.path,
               (unsigned long long)r.at, (long long)r.base, (long long)r.last);
    return true;
}

static void turn_data(struct sim *s)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        int partition = (int)sim_draw(s, s->history.partition_count - 1), err;
        char dir[64];
        snprintf(dir, sizeof dir, "%s-%d", s->history.partitions[partition].topic,
                 s->history.partitions[partition].index);
        const struct inode *d = sim_disk_find(&s->disk, dir, false, &err);
        if (!d || !d->is_dir || d->now_in.count == 0) continue;
        const struct sim_entry *e = &d->now_in.items[sim_draw(s, d->now_in.count - 1)];
        if (!may_rot(s, e->name) || !turn(s, partition, dir, e->name, e->inode)) continue;
        sim_broke(s, FAULT_FLIP);
        return;
    }
}

static bool small_may_rot(const char *dir, const char *name)
{
    if (!dir[0]) return ends_with(name, "checkpoint") || ends_with(name, "checkpoint.crc");
    return strcmp(name, "partition.metadata") == 0;
}

/* One of the files that are there once. */
static void turn_small(struct sim *s)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        static const char *const dirs[] = {"", "", "orders-0", "orders-1", "clicks-0"};
        const char *dir = dirs[sim_draw(s, 4)];
        int err;
        const struct inode *d = sim_disk_find(&s->disk, dir, false, &err);
        if (!d || !d->is_dir || d->now_in.count == 0) continue;
        const struct sim_entry *e = &d->now_in.items[sim_draw(s, d->now_in.count - 1)];
        if (e->inode->is_dir || !small_may_rot(dir, e->name) || !turn(s, -1, dir, e->name, e->inode)) continue;
        sim_broke(s, FAULT_FLIP);
        return;
    }
}

static bool internal_may_rot(const struct sim *s, const char *name)
{
    return strcmp(name, "partition.metadata") == 0 || may_rot(s, name);
}

/* In a log that the broker keeps for itself. */
static void turn_internal(struct sim *s)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        static const char *const dirs[] = {METADATA_DIR, OFFSETS_DIR "0", OFFSETS_DIR "1"};
        const char *dir = dirs[sim_draw(s, 2)];
        int err;
        const struct inode *d = sim_disk_find(&s->disk, dir, false, &err);
        if (!d || !d->is_dir || d->now_in.count == 0) continue;
        const struct sim_entry *e = &d->now_in.items[sim_draw(s, d->now_in.count - 1)];
        if (!internal_may_rot(s, e->name) || !turn(s, -1, dir, e->name, e->inode)) continue;
        sim_broke(s, FAULT_FLIP);
        return;
    }
}

void rot_turn(struct sim *s)
{
    switch (s->plan.flips_in) {
    case FLIPS_DATA: turn_data(s); break;
    case FLIPS_SMALL: turn_small(s); break;
    case FLIPS_INTERNAL: turn_internal(s); break;
    }
}

bool rot_in_groups(const struct sim *s)
{
    for (int i = 0; i < s->rot_count; i++) {
        const struct rot *r = &s->rots[i];
        if (strncmp(r->path, OFFSETS_DIR, strlen(OFFSETS_DIR)) == 0 && ends_with(r->path, ".log") && is_there(r))
            return true;
    }
    return false;
}

bool rot_mend(struct sim *s, const char *refusal)
{
    bool any = false;
    for (int i = 0; i < s->rot_count; i++) {
        struct rot *r = &s->rots[i];
        bool metadata = strncmp(r->path, METADATA_DIR, strlen(METADATA_DIR)) == 0 && strstr(refusal, METADATA_DIR);
        if (!is_there(r) || (!metadata && !strstr(refusal, r->path))) continue;
        r->file->now.p[r->at] ^= r->bit;
        r->file->synced.p[r->at] ^= r->bit;
        any = true;
        trace_note(&s->trace, s->now_ns, "-- the operator brings %s back", r->path);
    }
    return any;
}

const struct rot *rot_at(const struct sim *s, int partition, int64_t offset)
{
    for (int i = 0; i < s->rot_count; i++) {
        const struct rot *r = &s->rots[i];
        if (r->partition == partition && r->base <= offset && offset <= r->last && is_there(r)) return r;
    }
    return NULL;
}

bool rot_hit(const struct sim *s, int partition)
{
    for (int i = 0; i < s->rot_count; i++)
        if (s->rots[i].partition == partition && s->rots[i].base <= s->rots[i].last) return true;
    return false;
}

int64_t rot_first(const struct sim *s, int partition, int64_t from)
{
    int64_t first = INT64_MAX;
    for (int i = 0; i < s->rot_count; i++) {
        const struct rot *r = &s->rots[i];
        if (r->partition == partition && r->last >= from && r->base < first && is_there(r)) first = r->base;
    }
    return first;
}

bool rot_skip(const struct sim *s, int partition, int64_t *position)
{
    const struct rot *r = rot_at(s, partition, *position);
    if (r) *position = r->last + 1;
    return r != NULL;
}

bool rot_skip_unreadable(const struct sim *s, int partition, int64_t *position)
{
    if (rot_skip(s, partition, position)) return true;
    for (int i = 0; i < s->rot_count; i++) {
        const struct rot *r = &s->rots[i];
        if (r->partition != partition || !r->in_header || r->last >= *position || !is_there(r)) continue;
        ++*position;
        return true;
    }
    return false;
}
