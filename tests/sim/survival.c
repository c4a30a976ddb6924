/* What a crash has left, seen by the simulator itself before the broker opens it: the broker may lose what the disk
 * lost, and no record more.
 *
 *     the .log files of a partition, by name -> valid batches, each where the one before it ended -> the end
 *
 * In interval mode the disk may lose only what is younger than the interval and the time that a sync takes, and fewer
 * acknowledged records than flush.messages. */
#include <stdio.h>
#include <string.h>

#include "broker/log/checkpoint.h"
#include "lib/base/text.h"
#include "lib/kafka/batch.h"
#include "tests/sim/sim.h"

enum { OFFSET_DIGITS = 20, SEGMENTS_MAX = 512 };

/* The offset after the last valid batch of a file whose first one is due at `expected`; `*whole`: nothing else is
 * in it. */
static int64_t file_end(const struct inode *f, int64_t expected, bool *whole)
{
    struct slice rest = buf_slice(&f->now);
    struct batch_header h;
    *whole = false;
    while (rest.n > 0) {
        int64_t size = batch_peek_size(rest);
        if (size < 0 || size > (int64_t)rest.n) return expected;
        if (batch_check(slice_of(rest.p, (size_t)size), &h) < 0 || h.base_offset != expected) return expected;
        expected = batch_last_offset(&h) + 1;
        rest = slice_of(rest.p + size, rest.n - (size_t)size);
    }
    *whole = true;
    return expected;
}

struct found_segments {
    const struct inode *of[SEGMENTS_MAX];
    int64_t base[SEGMENTS_MAX];
    int count;
};

static void segment_add(struct found_segments *list, int64_t base, const struct inode *f)
{
    if (list->count == SEGMENTS_MAX) return;
    int i = list->count++;
    for (; i > 0 && list->base[i - 1] > base; i--) {
        list->base[i] = list->base[i - 1];
        list->of[i] = list->of[i - 1];
    }
    list->base[i] = base;
    list->of[i] = f;
}

static void segments_find(const struct inode *dir, struct found_segments *list)
{
    list->count = 0;
    for (int i = 0; i < dir->now_in.count; i++) {
        const char *name = dir->now_in.items[i].name;
        int64_t base;
        if (strlen(name) != OFFSET_DIGITS + 4 || strcmp(name + OFFSET_DIGITS, ".log") != 0) continue;
        if (text_to_i64(slice_of(name, OFFSET_DIGITS), &base)) segment_add(list, base, dir->now_in.items[i].inode);
    }
}

static int64_t directory_end(const struct inode *dir)
{
    struct found_segments list;
    segments_find(dir, &list);
    int64_t expected = list.count ? list.base[0] : 0;
    bool whole = true;
    for (int i = 0; i < list.count && whole && list.base[i] == expected; i++)
        expected = file_end(list.of[i], expected, &whole);
    return expected;
}

/* Rot above the recovery point looks like a write that was cut short: the start may end the log there, and forget what
 * it acknowledged. */
static void rot_look(struct sim *s)
{
    int err;
    const struct inode *f = sim_disk_find(&s->disk, CHECKPOINT_RECOVERY_POINT, false, &err);
    struct checkpoint c = {0};
    if (f) checkpoint_parse(&c, buf_slice(&f->now), CHECKPOINT_RECOVERY_POINT, NULL);
    for (int i = 0; i < s->history.partition_count; i++) {
        struct told_partition *p = &s->history.partitions[i];
        int64_t recovery_point = checkpoint_get(&c, p->topic, p->index, 0);
        int64_t rotten = s->stopped_clean ? INT64_MAX : rot_first(s, i, recovery_point);
        if (rotten == INT64_MAX) continue;
        if (p->rotten > rotten) p->rotten = rotten; /* a start that a crash ended may have cut it off */
        s->losses += !s->may_lose;
        s->may_lose = true;
    }
    checkpoint_release(&c);
}

void survival_look(struct sim *s)
{
    rot_look(s);
    s->groups_may_lose |= rot_in_groups(s);
    for (int i = 0; i < s->history.partition_count; i++) {
        struct told_partition *p = &s->history.partitions[i];
        char dir[64];
        int err;
        snprintf(dir, sizeof dir, "%s-%d", p->topic, p->index);
        const struct inode *f = sim_disk_find(&s->disk, dir, false, &err);
        p->survived = f && f->is_dir ? directory_end(f) : 0;
    }
}

/* A sync that is under way when the time is up comes first, then one that covers it: each is begun, done and told
 * within three times what a disk takes at most. */
static int64_t interval_ns(const struct sim *s)
{
    return s->plan.flush_ms * NS_MS + 6 * s->plan.disk_ns_max + 50 * NS_MS;
}

/* Fewer than flush.messages of the records up to the last acknowledged one may be lost. */
static void promise_by_number(const struct sim *s, struct told_partition *p)
{
    int64_t last = p->end;
    while (last-- > p->start && !p->facts[last].acked) continue;
    int64_t synced = last + 2 - s->plan.flush_messages;
    if (synced > p->flushed && last >= p->start) p->flushed = synced;
}

void survival_promise(struct sim *s)
{
    bool broken = s->disk.faults_hit != s->faults_before;
    if (s->plan.mode != MODE_INTERVAL || broken || !s->node || s->opening) return;
    for (int i = 0; i < s->history.partition_count; i++) {
        struct told_partition *p = &s->history.partitions[i];
        if (s->plan.flush_messages) promise_by_number(s, p);
        for (int64_t offset = p->end; offset-- > p->start && offset >= p->flushed;)
            if (p->facts[offset].acked && p->facts[offset].acked_ns < s->now_ns - interval_ns(s))
                p->flushed = offset + 1;
    }
}
