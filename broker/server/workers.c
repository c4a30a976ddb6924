#include "broker/server/workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/memory.h"

/* A list with its end, so that adding is cheap and order is kept. */
struct task_list {
    struct worker_task *first, **last;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct task_list sync_tasks, job_tasks, heavy_tasks, done; /* all but the last wait */
    uint64_t submitted;
    uint64_t *running_orders; /* of each thread; 0 when it runs no job, or one that may run beside any */
    pthread_t *threads;
    int thread_count, started, jobs_running;
    bool stopping, heavy_is_running;
    uint64_t syncs;
    struct disk *disk;
    int directory;
    struct loop *loop;
};

static void list_init(struct task_list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_add(struct task_list *l, struct worker_task *t)
{
    t->next = NULL;
    *l->last = t;
    l->last = &t->next;
}

static struct worker_task *list_take(struct task_list *l, struct worker_task **link)
{
    struct worker_task *t = *link;
    *link = t->next;
    if (!*link) l->last = link;
    t->next = NULL;
    return t;
}

static bool order_is_running(const struct workers *w, uint64_t order)
{
    for (int i = 0; i < w->thread_count && order != 0; i++)
        if (w->running_orders[i] == order) return true;
    return false;
}

/* The first job that nothing of the same order precedes: jobs of a running order are passed over, and so are those
 * behind them of the same order, which stay in theirs. */
static struct worker_task **job_choose(struct workers *w)
{
    struct worker_task **link = &w->job_tasks.first;
    while (*link && order_is_running(w, (*link)->job->order)) link = &(*link)->next;
    return link;
}

static bool is_before(const struct worker_task *a, const struct worker_task *b)
{
    return a && (!b || a->number < b->number);
}

/* Whichever was given first, a sync or a job. The last free thread takes no job: acknowledgements wait for syncs,
 * and a job may burn for long; of those of which that is known only one runs. */
static struct worker_task *task_choose(struct workers *w)
{
    bool jobs_too = w->jobs_running + 1 < w->thread_count || w->thread_count == 1;
    struct worker_task *sync = w->sync_tasks.first, **link = jobs_too ? job_choose(w) : NULL;
    struct worker_task *job = link ? *link : NULL;
    struct worker_task *heavy = jobs_too && !w->heavy_is_running ? w->heavy_tasks.first : NULL;
    if (is_before(sync, job) && is_before(sync, heavy)) return list_take(&w->sync_tasks, &w->sync_tasks.first);
    if (is_before(heavy, job)) return list_take(&w->heavy_tasks, &w->heavy_tasks.first);
    return job ? list_take(&w->job_tasks, link) : NULL;
}

static int target_open(const struct workers *w, const struct worker_sync *s)
{
    if (!s->file) return s->descriptor;
    int flags = s->file->directory ? O_RDONLY | O_DIRECTORY : O_RDWR;
    int d = openat(w->directory, s->file->path[0] ? s->file->path : ".", flags | O_CLOEXEC);
    return d < 0 ? err_from_errno(errno) : d;
}

/* ERR_NOMEM says that no sync was tried: one that was and failed is final, whatever its reason. */
static int target_sync(const struct workers *w, struct worker_sync *s)
{
    int d = target_open(w, s);
    int rc = d < 0 ? d : fdatasync(d) == 0 ? 0 : err_from_errno(errno);
    power_sync_end(s->noted, d < 0 ? POWER_SYNC_UNTRIED : rc < 0 ? POWER_SYNC_FAILED : POWER_SYNCED);
    s->noted = NULL;
    if (d < 0) return d;
    close(d);
    s->descriptor = -1;
    return rc == ERR_NOMEM ? ERR_IO : rc;
}

static void sync_run(const struct workers *w, struct worker_task *t)
{
    for (int i = 0; i < t->target_count; i++) {
        int rc = target_sync(w, &t->targets[i]);
        if (rc < 0 && (t->err == 0 || t->err == ERR_NOMEM)) t->err = rc;
    }
}

static void task_run(struct workers *w, struct worker_task *t)
{
    if (t->job)
        t->err = t->job->run(t->job, w->disk);
    else
        sync_run(w, t);
}

static void *worker_main(void *argument)
{
    struct workers *w = argument;
    pthread_mutex_lock(&w->lock);
    int me = w->started++;
    for (;;) {
        struct worker_task *t = w->stopping ? NULL : task_choose(w);
        if (!t) {
            if (w->stopping) break;
            pthread_cond_wait(&w->wanted, &w->lock);
            continue;
        }
        bool heavy = t->job && t->job->heavy;
        w->running_orders[me] = t->job ? t->job->order : 0;
        w->jobs_running += t->job != NULL;
        w->heavy_is_running |= heavy;
        pthread_mutex_unlock(&w->lock);
        task_run(w, t);
        pthread_mutex_lock(&w->lock);
        w->running_orders[me] = 0;
        w->jobs_running -= t->job != NULL;
        if (heavy) w->heavy_is_running = false;
        w->syncs += t->job == NULL;
        list_add(&w->done, t);
        /* A job of this order may have been passed over. */
        if (w->job_tasks.first || w->heavy_tasks.first) pthread_cond_broadcast(&w->wanted);
        loop_wake(w->loop);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_new(int threads, struct disk *disk, int directory, struct loop *loop)
{
    struct workers *w = memory_new(sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wanted, NULL);
    list_init(&w->sync_tasks);
    list_init(&w->job_tasks);
    list_init(&w->heavy_tasks);
    list_init(&w->done);
    w->running_orders = memory_new((size_t)threads * sizeof *w->running_orders);
    w->threads = memory_new((size_t)threads * sizeof *w->threads);
    w->disk = disk;
    w->directory = directory;
    w->loop = loop;
    w->thread_count = threads;
    /* Signals belong to the loop thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < threads; i++) {
        int rc = pthread_create(&w->threads[i], NULL, worker_main, w);
        assert(rc == 0);
        (void)rc;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w;
}

static void list_free(struct task_list *l)
{
    while (l->first) worker_task_free(list_take(l, &l->first));
}

void workers_free(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->wanted);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < w->thread_count; i++) pthread_join(w->threads[i], NULL);
    list_free(&w->sync_tasks);
    list_free(&w->job_tasks);
    list_free(&w->heavy_tasks);
    list_free(&w->done);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wanted);
    free(w->running_orders);
    free(w->threads);
    free(w);
}

static void task_submit(struct workers *w, struct worker_task *t)
{
    pthread_mutex_lock(&w->lock);
    t->number = ++w->submitted;
    list_add(!t->job ? &w->sync_tasks : t->job->heavy ? &w->heavy_tasks : &w->job_tasks, t);
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
}

void workers_sync(struct workers *w, uint64_t token, const struct worker_sync *targets, int count)
{
    struct worker_task *t = memory_new(sizeof *t);
    t->token = token;
    t->targets = memory_new((size_t)count * sizeof *targets);
    for (int i = 0; i < count; i++) {
        t->targets[i] = targets[i];
        t->descriptor_count += !targets[i].file && targets[i].descriptor >= 0;
    }
    t->target_count = count;
    task_submit(w, t);
}

void workers_job(struct workers *w, struct node_job *job)
{
    struct worker_task *t = memory_new(sizeof *t);
    t->job = job;
    task_submit(w, t);
}

struct worker_task *workers_take_done(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    struct worker_task *t = w->done.first ? list_take(&w->done, &w->done.first) : NULL;
    pthread_mutex_unlock(&w->lock);
    return t;
}

uint64_t workers_sync_count(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t count = w->syncs;
    pthread_mutex_unlock(&w->lock);
    return count;
}

void worker_task_free(struct worker_task *t)
{
    for (int i = 0; i < t->target_count; i++) {
        struct worker_sync *s = &t->targets[i];
        power_sync_end(s->noted, POWER_SYNC_UNTRIED);
        if (!s->file && s->descriptor >= 0) close(s->descriptor);
        log_file_unref(s->file);
    }
    free(t->targets);
    free(t);
}
