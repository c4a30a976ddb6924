/* Who owns what. A generation of a group assigns each partition to one member at most, and once a generation is
 * known to have begun, a member of an older one commits nothing any more. Where groups expire their generations begin
 * again: then only what one leader has assigned is compared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "tests/sim/sim.h"

void ownership_told(struct sim *s, int group, int32_t generation, uint64_t leader, const char *member,
                    int32_t partition)
{
    struct history *h = &s->history;
    for (int i = 0; i < h->owner_count; i++) {
        const struct told_owner *o = &h->owners[i];
        if (o->group != group || o->generation != generation || o->partition != partition) continue;
        if (s->plan.offsets_expire && o->leader != leader) continue;
        if (strcmp(o->member, member) != 0)
            sim_fail(s, "group %d, generation %d: partition %d belongs to %s and to %s", group, generation, partition,
                     o->member, member);
        return;
    }
    h->owners = memory_grow(h->owners, (size_t)h->owner_count + 1, sizeof *h->owners);
    struct told_owner *o = &h->owners[h->owner_count++];
    *o = (struct told_owner){.group = group, .generation = generation, .partition = partition, .leader = leader};
    snprintf(o->member, sizeof o->member, "%s", member);
}

void ownership_synced(struct sim *s, int group, int32_t generation)
{
    struct told_generation *g = &s->history.generations[group];
    if (generation <= g->generation && g->synced) return;
    *g = (struct told_generation){group, generation, s->event_count};
}

void ownership_commit_acked(struct sim *s, int group, int32_t generation, uint64_t sent)
{
    const struct told_generation *g = &s->history.generations[group];
    if (!s->plan.offsets_expire && g->synced && g->synced < sent && generation < g->generation)
        sim_fail(s, "group %d: a commit of generation %d was accepted when generation %d had begun", group, generation,
                 g->generation);
}

void ownership_forget(struct history *h)
{
    h->owner_count = 0;
    memset(h->generations, 0, sizeof h->generations);
}
