#include "etl/stream/topics.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

int topics_index(const struct topics *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->names[i], name) == 0) return i;
    return -1;
}

void topics_find(struct topics *t, const struct definition *d, const char *instead)
{
    *t = (struct topics){.names = memory_new((size_t)d->feed_count * sizeof *t->names),
                         .of_feed = memory_new((size_t)d->feed_count * sizeof *t->of_feed)};
    for (int i = 0; i < d->feed_count; i++) {
        const char *name = d->feeds[i].topic ? d->feeds[i].topic : instead ? instead : d->topic;
        int index = topics_index(t, name);
        if (index < 0) {
            index = t->count++;
            t->names[index] = name;
        }
        t->of_feed[i] = index;
    }
}

void topics_release(struct topics *t)
{
    free(t->names);
    free(t->of_feed);
    *t = (struct topics){0};
}

int topics_only_feed(const struct topics *t, int feed_count, int topic)
{
    int only = -1;
    for (int i = 0; i < feed_count; i++) {
        if (t->of_feed[i] != topic) continue;
        if (only >= 0) return -1;
        only = i;
    }
    return only;
}

void topics_print(const struct topics *t, struct buf *out)
{
    for (int i = 0; i < t->count; i++) buf_printf(out, "%s%s", i ? "," : "", t->names[i]);
}
