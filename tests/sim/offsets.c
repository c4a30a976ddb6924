/* Committed offsets of groups. Commits of several members may be under way at once, so a fetch may show any of
 * them, but never one that was overtaken: where another commit was sent after this one was acknowledged, and was
 * acknowledged before the fetch was sent, this one is gone. Values are never used twice, and a deletion
 * is a commit of a negative one. Where offsets expire, one
 * that is older than their retention may be gone as well; should its tombstone be lost in a crash it may come back. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "tests/sim/sim.h"

static struct told_offset *offset_find(struct history *h, int group, int partition)
{
    for (int i = 0; i < h->offset_count; i++)
        if (h->offsets[i].group == group && h->offsets[i].partition == partition) return &h->offsets[i];
    h->offsets = memory_grow(h->offsets, (size_t)h->offset_count + 1, sizeof *h->offsets);
    struct told_offset *o = &h->offsets[h->offset_count++];
    *o = (struct told_offset){.group = group, .partition = partition};
    return o;
}

static struct commit *commit_find(struct told_offset *o, int64_t value)
{
    for (int i = 0; i < o->count; i++)
        if (o->commits[i].value == value) return &o->commits[i];
    return NULL;
}

static void commit_add(struct told_offset *o, const struct commit *c)
{
    o->commits = memory_grow(o->commits, (size_t)o->count + 1, sizeof *o->commits);
    o->commits[o->count++] = *c;
}

void offsets_sent(struct sim *s, int group, int partition, int32_t generation, int64_t value)
{
    struct told_offset *o = offset_find(&s->history, group, partition);
    struct commit c = {value, generation, s->event_count, 0, s->now_ns, false};
    o->sent = memory_grow(o->sent, (size_t)o->sent_count + 1, sizeof *o->sent);
    o->sent[o->sent_count++] = c;
    commit_add(o, &c);
}

static const struct commit *sent_find(const struct told_offset *o, int64_t value)
{
    for (int i = 0; i < o->sent_count; i++)
        if (o->sent[i].value == value) return &o->sent[i];
    return NULL;
}

void offsets_acked(struct sim *s, int group, int partition, int64_t value)
{
    struct commit *c = commit_find(offset_find(&s->history, group, partition), value);
    if (c) c->acked = s->event_count;
}

/* The commit that overtook `old` (NULL: none at all) before `before`: sent after it was acknowledged, or of a later
 * generation, which fences the older ones. Where groups expire their generations begin again. */
static const struct commit *overtaker(const struct sim *s, const struct told_offset *o, const struct commit *old,
                                      uint64_t before)
{
    for (int i = 0; i < o->count; i++) {
        const struct commit *c = &o->commits[i];
        if (c == old || !c->acked || c->acked >= before || c->expired) continue;
        bool fenced = !s->plan.offsets_expire && old && c->generation > old->generation;
        if (!old || (old->acked && c->sent > old->acked) || fenced) return c;
    }
    return NULL;
}

static void expire(const struct sim *s, struct told_offset *o)
{
    for (int i = 0; s->plan.offsets_expire && i < o->count; i++)
        o->commits[i].expired |= s->now_ns - o->commits[i].sent_ns >= OFFSETS_RETENTION_SECONDS * NS_SEC;
}

/* There is none: because the latest of all commits is a deletion, or may be. */
static bool deletion_shows(const struct sim *s, const struct told_offset *o, uint64_t sent)
{
    for (int i = 0; i < o->count; i++)
        if (o->commits[i].value < 0 && !overtaker(s, o, &o->commits[i], sent)) return true;
    return false;
}

void offsets_told(struct sim *s, int group, int partition, int64_t value, uint64_t sent)
{
    struct told_offset *o = offset_find(&s->history, group, partition);
    const struct commit *c = commit_find(o, value);
    if (value >= 0 && !c)
        sim_fail(s, "group %d: offset %lld of partition %d was never committed", group, (long long)value, partition);
    if (value < 0) expire(s, o);
    if (value < 0 && deletion_shows(s, o, sent)) return;
    const struct commit *later = overtaker(s, o, c, sent);
    if (later)
        sim_fail(s, "group %d: the committed offset of partition %d is %lld, but %lld was acknowledged after it", group,
                 partition, (long long)value, (long long)later->value);
}

/* Where the logs of groups are damaged one that was overtaken may come back, as old as it was. */
static void come_back(struct told_offset *o, int64_t value)
{
    const struct commit *c = sent_find(o, value);
    if (c && !commit_find(o, value)) commit_add(o, c);
}

void offsets_recovered(struct sim *s, int group, int partition, int64_t value)
{
    struct told_offset *o = offset_find(&s->history, group, partition);
    if (s->groups_may_lose) come_back(o, value);
    if (!s->may_lose && !s->groups_may_lose)
        offsets_told(s, group, partition, value, UINT64_MAX);
    else if (value >= 0 && !commit_find(o, value))
        sim_fail(s, "group %d: offset %lld of partition %d was never committed", group, (long long)value, partition);
    if (value < 0) expire(s, o);
    int kept = 0;
    for (int i = 0; i < o->count; i++) {
        struct commit c = o->commits[i];
        if (c.value == value) c.sent = c.acked = s->event_count, c.expired = false;
        if (c.value == value || c.expired) o->commits[kept++] = c;
    }
    o->count = kept;
}
