#include "etl/stream/publish.h"

#include <stdio.h>
#include <string.h>

#include "etl/source/notes.h"
#include "etl/stream/begun.h"
#include "etl/stream/follow.h"
#include "etl/stream/merge.h"
#include "etl/stream/pool.h"
#include "etl/stream/publisher.h"
#include "lib/base/checksum.h"
#include "lib/os/clock.h"
#include "lib/os/progress.h"

struct publish {
    struct publisher to;
    struct source_lists lists;
    struct source_notes *notes;
    struct progress progress;
    char title[128];
    int64_t first_time_s; /* INT64_MIN before the first one */
};

/* What identifies the stream: the definition and every file, source by source in byte order of names. */
static void stream_id(struct publish *p)
{
    char input[65];
    const char *definition = p->to.definition->digest;
    struct sha256 *s = sha256_new();
    sha256_update(s, definition, 64);
    for (int i = 0; i < p->lists.count; i++) {
        const struct source_list *list = &p->lists.of[i];
        const char *source = publisher_source_name(&p->to, i);
        if (source) sha256_update(s, source, strlen(source) + 1);
        for (int k = 0; k < list->count; k++) {
            sha256_update(s, list->files[k].name, strlen(list->files[k].name) + 1);
            sha256_update(s, list->files[k].digest, 64);
        }
    }
    sha256_take_hex(s, input);
    stream_id_print(definition, input, p->to.stream);
}

static int record_send(struct publish *p, const struct record *r)
{
    if (p->to.sent % 1024 == 0) progress_update(&p->progress, p->to.sent);
    return publisher_record(&p->to, r);
}

static int file_send(struct publish *p, const struct feed *feed, const struct source_file *f)
{
    struct file_fact fact = source_file_fact(feed, f);
    return publisher_file(&p->to, &fact);
}

static int records_send(struct publish *p, const struct feed *feed, const struct source_file *f)
{
    struct source_reader *reader;
    struct record record;
    int result = source_open(feed, p->to.options->in, f, &reader, p->to.error);
    if (result != 0) return result;
    while ((result = source_next(reader, &record, p->to.error)) == 1)
        if ((result = record_send(p, &record)) != 0) break;
    if (result == 0) source_notes_take(p->notes, reader);
    source_close(reader);
    return result;
}

static int in_order(struct publish *p)
{
    int result = 0;
    for (int i = 0; i < p->lists.count; i++) {
        const struct source_list *list = &p->lists.of[i];
        for (int k = 0; k < list->count && result == 0; k++) {
            result = file_send(p, list->feed, &list->files[k]);
            if (result == 0 && !list->files[k].same_as) result = records_send(p, list->feed, &list->files[k]);
        }
    }
    return result;
}

/* ---- --shuffle and --speed: in another order than that of the files ---- */

static int shuffled(struct publish *p)
{
    struct pool pool = {0};
    int result = 0;
    for (int i = 0; i < p->lists.count && result == 0; i++)
        result = pool_fill(&pool, p->to.options->in, &p->lists.of[i], p->notes, p->to.error);
    pool_shuffle(&pool, p->to.options->seed);
    p->to.started_ns = clock_mono_ns();
    for (size_t i = 0; i < pool.count && result == 0; i++) result = record_send(p, &pool.records[i]);
    pool_release(&pool);
    return result;
}

static int due_wait(struct publish *p, int64_t time_s)
{
    if (time_s == INT64_MIN) return 0;
    if (p->first_time_s == INT64_MIN) p->first_time_s = time_s;
    return publisher_wait_until(&p->to, (double)(time_s - p->first_time_s) / p->to.options->speed);
}

static int by_time(struct publish *p)
{
    struct merge *m;
    struct record record;
    int64_t time_s;
    int result = merge_open(p->to.options->in, &p->lists, p->notes, &m, p->to.error);
    p->to.started_ns = clock_mono_ns();
    while (result == 0 && (result = merge_next(m, &record, &time_s, p->to.error)) == 1) {
        result = due_wait(p, time_s);
        if (result == 0) result = record_send(p, &record);
    }
    merge_close(m);
    return result;
}

static int reordered(struct publish *p)
{
    int result = p->to.options->shuffle ? shuffled(p) : by_time(p);
    for (int i = p->lists.count - 1; i >= 0; i--) {
        const struct source_list *list = &p->lists.of[i];
        for (int k = list->count - 1; k >= 0 && result == 0; k--) result = file_send(p, list->feed, &list->files[k]);
    }
    return result;
}

/* ---- the run ---- */

static int speed_check(struct publish *p)
{
    for (int i = 0; i < p->to.definition->feed_count && p->to.options->speed > 0; i++) {
        const struct feed *feed = &p->to.definition->feeds[i];
        if (feed->time < 0)
            return err_set(p->to.error, ERR_INVALID, "--speed: %s declares no event time (%s.time)", feed->path,
                           feed->at);
    }
    return 0;
}

static int publish(struct publish *p)
{
    const struct publish_options *o = p->to.options;
    snprintf(p->title, sizeof p->title, "publish %s", p->to.definition->name);
    progress_start(&p->progress, p->title, "lines", p->lists.lines);
    p->notes = source_notes_new(p->to.definition);
    int result = o->shuffle || o->speed > 0 ? reordered(p) : in_order(p);
    if (result == 0) result = publisher_ends(&p->to);
    if (result == 0) progress_finish(&p->progress, p->to.sent);
    if (result == 0) source_notes_say(p->notes, p->title);
    return result;
}

/* What is in the topic is of an input that is no more, or never was whole: a stream of another one cannot follow it. */
static void begun_say(const struct publish *p)
{
    struct buf names = {0};
    size_t used = strlen(p->to.error->text);
    topics_print(&p->to.topics, &names);
    snprintf(p->to.error->text + used, sizeof p->to.error->text - used,
             "; what was sent before is in topic %s: publish what is mended to a topic of its own (--topic)",
             buf_cstr(&names));
    buf_release(&names);
}

int publish_run(const struct publish_options *options, struct err_text *error)
{
    if (options->follow) return follow_run(options, error);
    struct publish p = {.to = {.options = options, .error = error}, .first_time_s = INT64_MIN};
    int result = definition_load(options->definition, &p.to.definition, error);
    if (result == 0) result = speed_check(&p);
    if (result == 0) result = source_lists_read(p.to.definition, options->in, &p.lists, error);
    if (result == 0) result = publisher_open(&p.to);
    if (result == 0) stream_id(&p);
    if (result == 0) result = begun_check(&p.to);
    if (result == 0) result = publish(&p);
    if ((result == ERR_INVALID || result == ERR_CORRUPT) && p.to.sent) begun_say(&p);
    publisher_close(&p.to, result != 0);
    source_lists_release(&p.lists);
    source_notes_free(p.notes);
    definition_free(p.to.definition);
    return result;
}
