/* The node's actions, carried out in their order. Appends and reads go to the page cache at once; their
 * outcome is queued as an event like any other. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/server/server_internal.h"
#include "lib/base/memory.h"

static int pieces_write(int descriptor, uint64_t at, const struct action_piece *pieces, int count)
{
    enum { VECTOR_MAX = 16 };
    struct iovec vector[VECTOR_MAX];
    int first = 0;
    size_t skip = 0; /* of the first piece */
    while (first < count) {
        int n = 0;
        for (int i = first; i < count && n < VECTOR_MAX; i++) {
            size_t from = i == first ? skip : 0;
            vector[n++] = (struct iovec){(void *)(pieces[i].bytes.p + from), pieces[i].bytes.n - from};
        }
        ssize_t written = pwritev(descriptor, vector, n, (off_t)at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return err_from_errno(errno);
        at += (uint64_t)written;
        skip += (size_t)written;
        while (first < count && skip >= pieces[first].bytes.n) skip -= pieces[first++].bytes.n;
    }
    return 0;
}

static void perform_append(struct server *s, const struct action *a)
{
    struct power_file *noted = NULL;
    int rc = file_cache_get_noted(&s->files, a->file, true, &noted);
    if (rc >= 0) {
        power_write(s->power, noted, a->at, a->length);
        rc = pieces_write(rc, a->at, a->pieces, a->piece_count);
    }
    if (a->token == 0) {
        /* An index entry: the index is rebuilt from the segment when it is short. */
        if (rc < 0) log_warn("broker", "cannot write %s: %s", a->file->path, err_name(rc));
        return;
    }
    server_post(s, &(struct event){.kind = EVENT_APPENDED, .token = a->token, .err = rc});
}

/* The cache may close its own descriptor while the sync runs. What is written by now is what becomes durable. Thousands
 * of partitions may be synced at once: those that find no descriptor left for syncs are opened when it is their turn.
 */
static struct worker_sync sync_target(struct server *s, struct log_file *f)
{
    struct power_file *noted = NULL;
    int d = file_cache_get_noted(&s->files, f, false, &noted);
    struct worker_sync target = {.descriptor = d};
    if (d < 0) {
        log_error("broker", "cannot open %s to sync it: %s", f->path, err_name(d));
        return target;
    }
    target.descriptor = s->sync_descriptors < s->sync_descriptors_max ? fcntl(d, F_DUPFD_CLOEXEC, 0) : -1;
    if (target.descriptor >= 0)
        s->sync_descriptors++;
    else
        target.file = log_file_ref(f);
    target.noted = f->directory ? power_sync_directory(s->power, f->path) : power_sync_file(s->power, noted);
    return target;
}

static void perform_sync(struct server *s, const struct action *a)
{
    struct worker_sync *targets = memory_new((size_t)(a->file_count + 1) * sizeof *targets);
    for (int i = 0; i < a->file_count; i++) targets[i] = sync_target(s, a->files[i]);
    workers_sync(s->workers, a->token, targets, a->file_count);
    free(targets);
}

static void perform_read(struct server *s, const struct action *a)
{
    uint8_t *bytes = memory_new(a->length);
    size_t n = 0;
    int descriptor = file_cache_get(&s->files, a->file, false), rc = descriptor < 0 ? descriptor : 0;
    while (rc == 0 && n < a->length) {
        ssize_t got = pread(descriptor, bytes + n, a->length - n, (off_t)(a->at + n));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) rc = err_from_errno(errno);
        if (got <= 0) break;
        n += (size_t)got;
    }
    server_post_read(s, a->token, rc, bytes, n);
}

static void perform(struct server *s, const struct action *a)
{
    switch (a->kind) {
    case ACTION_APPEND: perform_append(s, a); break;
    case ACTION_SYNC: perform_sync(s, a); break;
    case ACTION_READ: perform_read(s, a); break;
    case ACTION_SEND: client_send(s, a->connection, a->pieces, a->piece_count); break;
    case ACTION_CLOSE: client_close(s, a->connection); break;
    case ACTION_JOB: workers_job(s->workers, a->job); break;
    case ACTION_WAKE: s->wake_ns = a->at_ns; break;
    case ACTION_PAUSE: client_pause(s, a->connection, true); break;
    case ACTION_RESUME: client_pause(s, a->connection, false); break;
    case ACTION_FORGET: file_cache_forget(&s->files, a->file); break;
    case ACTION_SAY: log_message((enum log_level)a->level, "broker", "%s", a->text); break;
    case ACTION_LIMIT: s->connections_max = (int64_t)a->length; break;
    case ACTION_STOPPED: s->stopped = true; break;
    }
}

void actions_perform(struct server *s, struct actions *a)
{
    for (int i = 0; i < a->count; i++) perform(s, &a->items[i]);
}
