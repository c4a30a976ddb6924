#include "etl/stream/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "etl/source/format.h"
#include "etl/stream/follow_parts.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"

enum { SAVE_MS = 1000, TELL_MS = 10000, WATERMARK_MS = 10000, OPEN_MAX_READERS = 64, WAIT_MS = 50 };

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* The second one ends it at once: the first waits for a broker that may be away. */
static void signals_set(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESETHAND};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* ---- the state file ---- */

static int state_lock(struct follow *w)
{
    struct buf path = {0};
    buf_printf(&path, "%s.lock", w->to.options->state);
    w->lock = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int result = w->lock < 0 ? err_set(w->to.error, err_from_errno(errno), "%s: %s", buf_cstr(&path), strerror(errno))
                 : flock(w->lock, LOCK_EX | LOCK_NB) != 0
                     ? err_set(w->to.error, ERR_LOCKED, "%s: another publisher goes on with it", w->to.options->state)
                     : 0;
    buf_release(&path);
    return result;
}

static int partition_total(const struct follow *w)
{
    int total = 0;
    for (int t = 0; t < w->to.topics.count; t++) total += w->to.partitions[t];
    return total;
}

/* What the state file takes for sent must be there: in a topic that was made again it would be missing for ever. */
static int positions_check(struct follow *w)
{
    int i = 0;
    for (int t = 0; t < w->to.topics.count; t++) {
        for (int32_t p = 0; p < w->to.partitions[t] && i < w->list.next_count; p++, i++) {
            int64_t low, high, wanted = w->list.next[i];
            *publisher_next(&w->to, t, p) = wanted;
            if (wanted < 0) continue;
            const char *topic = w->to.topics.names[t];
            if (rd_kafka_query_watermark_offsets(w->to.producer, topic, p, &low, &high, WATERMARK_MS) != 0)
                return err_set(w->to.error, ERR_IO, "topic %s: its partition %" PRId32 " does not answer", topic, p);
            if (high < wanted)
                return err_set(w->to.error, ERR_EXISTS,
                               "%s: topic %s, partition %" PRId32 " ends at offset %" PRId64 ", and %" PRId64
                               " was sent there: the topic was made again; begin a new stream with "
                               "another --state file and --db",
                               w->to.options->state, topic, p, high, wanted);
        }
    }
    return 0;
}

static int cluster_check(struct follow *w)
{
    char *cluster = rd_kafka_clusterid(w->to.producer, WATERMARK_MS);
    bool other = cluster && w->list.cluster[0] && strcmp(w->list.cluster, cluster) != 0;
    int result = other ? err_set(w->to.error, ERR_EXISTS, "%s: belongs to a stream on cluster %s, not %s",
                                 w->to.options->state, w->list.cluster, cluster)
                       : 0;
    if (cluster && !other) snprintf(w->list.cluster, sizeof w->list.cluster, "%s", cluster);
    if (cluster) rd_kafka_mem_free(w->to.producer, cluster);
    return result;
}

int follow_save(struct follow *w)
{
    int total = partition_total(w), result = publisher_drain(&w->to);
    if (result != 0) return result;
    w->list.next = memory_grow(w->list.next, (size_t)total + 1, sizeof *w->list.next);
    w->list.next_count = total;
    memcpy(w->list.next, w->to.next, (size_t)total * sizeof *w->list.next);
    w->moved = false;
    w->saved_ns = clock_mono_ns();
    return followed_save(&w->list, w->to.definition, w->to.options->state, w->to.error);
}

/* ---- the loop ---- */

static int save_when_due(struct follow *w)
{
    bool due = w->moved && clock_mono_ns() - w->saved_ns >= (int64_t)SAVE_MS * 1000000;
    return due ? follow_save(w) : 0;
}

/* A folder may hold more files than a process may open: those that rest are opened again when they grow. */
static void readers_limit(struct follow *w)
{
    int open = 0;
    for (int i = w->list.count - 1; i >= 0; i--) {
        struct followed *f = w->list.items[i];
        if (!f->reader || ++open <= OPEN_MAX_READERS || !f->at) continue;
        source_close(f->reader);
        f->reader = NULL;
    }
}

static int all_send(struct follow *w)
{
    int result = 0;
    for (int i = 0; i < w->list.count && result == 0; i++) {
        result = follow_send(w, w->list.items[i]);
        if (result == 0) result = save_when_due(w);
        if (i % OPEN_MAX_READERS == 0) readers_limit(w);
    }
    followed_sweep(&w->list);
    return result;
}

/* The first time at once, then now and then, at last whatever has changed. */
static int all_tell(struct follow *w)
{
    int result = 0;
    for (int i = 0; i < w->list.count && result == 0; i++) {
        struct followed *f = w->list.items[i];
        bool due = w->last || clock_mono_ns() - f->told_ns >= (int64_t)TELL_MS * 1000000;
        if (due) result = follow_tell(w, f);
    }
    return result;
}

static int round_once(struct follow *w)
{
    int result = 0;
    for (int i = 0; i < w->to.definition->feed_count && result == 0; i++)
        result = w->to.definition->feeds[i].format->scan ? follow_tables(w, &w->to.definition->feeds[i])
                                                         : follow_look(w, &w->to.definition->feeds[i]);
    if (result == 0) result = all_send(w);
    if (result == 0) result = all_tell(w);
    if (result == 0) result = save_when_due(w);
    return result;
}

static int wait_for_next(struct follow *w, int64_t began_ns)
{
    int64_t due_ns = began_ns + (int64_t)w->to.options->poll_ms * 1000000, left_ns;
    int result = publisher_serve(&w->to, 0);
    while (result == 0 && !stopping && (left_ns = due_ns - clock_mono_ns()) > 0) {
        int left_ms = (int)(left_ns / 1000000) + 1;
        result = publisher_serve(&w->to, left_ms < WAIT_MS ? left_ms : WAIT_MS);
    }
    return result;
}

static int loop(struct follow *w)
{
    int result = 0;
    while (result == 0 && (!w->last || w->again)) {
        uint64_t before = w->to.sent;
        int64_t began_ns = clock_mono_ns();
        w->last = stopping; /* what was written before the signal is seen */
        w->again = false;
        result = round_once(w);
        if (w->to.sent != before) progress_update(&w->progress, w->to.sent);
        if (result == 0 && !w->last) result = wait_for_next(w, began_ns);
    }
    if (result == 0) result = publisher_ends(&w->to);
    return result == 0 ? follow_save(w) : result;
}

/* Files that may go on are judged by what is in them now. */
static void notes_say(struct follow *w)
{
    for (int i = 0; i < w->list.count; i++) {
        const struct followed *f = w->list.items[i];
        if (f->reader && !f->finished) source_notes_take(w->notes, f->reader);
    }
    source_notes_say(w->notes, w->title);
}

static int feeds_check(const struct follow *w)
{
    for (int i = 0; i < w->to.definition->feed_count; i++) {
        const struct feed *feed = &w->to.definition->feeds[i];
        if (feed->format->scan && feed->watermark < 0 && !feed->deletes)
            return err_set(w->to.error, ERR_INVALID,
                           "--follow: %s of %s is a table whose rows may change: \"watermark\" or \"deletes\" say how "
                           "that is seen",
                           feed->at, feed->path);
    }
    return 0;
}

static int begin(struct follow *w)
{
    int result = state_lock(w);
    if (result == 0) result = followed_load(&w->list, w->to.definition, w->to.options->state, w->to.error);
    if (result == 0) result = publisher_open(&w->to);
    if (result == 0) result = cluster_check(w);
    if (result == 0) result = positions_check(w);
    memcpy(w->to.stream, w->list.stream, sizeof w->to.stream);
    return result;
}

/* Without --state it stands beside the broker's folder, under the name of the topic. */
static char *state_path(const struct publish_options *o, const struct definition *d)
{
    struct buf path = {0};
    if (o->state)
        buf_append_str(&path, o->state);
    else
        buf_printf(&path, "%s.%s.follow", o->broker_dir, o->topic ? o->topic : d->topic);
    return buf_cstr(&path);
}

int follow_run(const struct publish_options *options, struct err_text *error)
{
    struct publish_options own = *options;
    struct follow w = {.to = {.options = &own, .error = error}, .lock = -1};
    char *state = NULL;
    signals_set();
    int result = definition_load(options->definition, &w.to.definition, error);
    if (result == 0) result = feeds_check(&w);
    if (result == 0) {
        w.signatures = memory_new((size_t)w.to.definition->feed_count * sizeof *w.signatures);
        own.state = state = state_path(options, w.to.definition);
        result = begin(&w);
    }
    if (result == 0) {
        snprintf(w.title, sizeof w.title, "publish %s", w.to.definition->name);
        w.notes = source_notes_new(w.to.definition);
        progress_start(&w.progress, w.title, "messages", 0);
        result = loop(&w);
    }
    if (result == 0) progress_finish(&w.progress, w.to.sent);
    if (result == 0) notes_say(&w);
    publisher_close(&w.to, result != 0);
    followed_release(&w.list);
    source_notes_free(w.notes);
    free(w.held);
    free(w.signatures);
    free(state);
    if (w.lock >= 0) close(w.lock);
    definition_free(w.to.definition);
    return result;
}
