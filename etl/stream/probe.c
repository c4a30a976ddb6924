#include "etl/stream/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { BUFFER_BYTES = 1 << 20 }; /* so that writing is rare while something is measured */

struct probe {
    FILE *file;
    char *path;
};

struct sent {
    int64_t due_ns, sent_ns, acked_ns;
};

int probe_open(const char *path, const char *instance, struct probe **out, struct err_text *error)
{
    char name[PATH_MAX];
    *out = NULL;
    snprintf(name, sizeof name, "%s%s%s", path, instance ? "." : "", instance ? instance : "");
    FILE *file = fopen(name, "a");
    if (!file) return err_set(error, err_from_errno(errno), "--probe %s: %s", name, strerror(errno));
    setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
    struct probe *p = memory_new(sizeof *p);
    p->file = file;
    p->path = memory_new(strlen(name) + 1);
    memcpy(p->path, name, strlen(name) + 1);
    *out = p;
    return 0;
}

void probe_close(struct probe *p)
{
    if (!p) return;
    bool failed = ferror(p->file);
    if (fclose(p->file) != 0) failed = true;
    if (failed) log_warn("stream", "--probe %s: not everything could be written", p->path);
    free(p->path);
    free(p);
}

void *probe_sent(struct probe *p, int64_t due_ns)
{
    if (!p) return NULL;
    struct sent *s = memory_new(sizeof *s);
    s->sent_ns = clock_mono_ns();
    s->due_ns = due_ns ? due_ns : s->sent_ns;
    return s;
}

rd_kafka_resp_err_t probe_acknowledged(rd_kafka_t *rk, rd_kafka_message_t *m, void *context)
{
    (void)rk, (void)context;
    struct sent *s = m->_private;
    if (s) s->acked_ns = clock_mono_ns();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void probe_delivered(struct probe *p, const rd_kafka_message_t *m)
{
    struct sent *s = m->_private;
    if (p && s && !m->err)
        fprintf(p->file, "%s %" PRId32 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                rd_kafka_topic_name(m->rkt), m->partition, m->offset, s->due_ns, s->sent_ns, s->acked_ns);
    free(s);
}

void probe_committed(struct probe *p, const struct page *page, int64_t begun_ns, int64_t applied_ns)
{
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < page->count; i++) {
        const struct page_item *item = &page->items[i];
        if (item->message.kind != MESSAGE_RECORD) continue;
        fprintf(p->file, "%s %" PRId32 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                rd_kafka_topic_name(item->kafka->rkt), item->kafka->partition, item->kafka->offset, item->received_ns,
                item->judged_ns, begun_ns, applied_ns, now_ns);
    }
}
