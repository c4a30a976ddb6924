/* The journal of a data directory: taken up where the last process left it, or begun anew. */
#include "lib/os/power.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/power_state.h"
#include "lib/os/power_walk.h"

void power_sync_end(struct power_sync *s, enum power_outcome outcome)
{
    if (!s) return;
    if (s->file)
        power_file_sync_end(s, outcome);
    else
        power_directory_sync_end(s, outcome);
    free(s->path);
    free(s);
}

/* --- the journal that is there --- */

static int by_number(const void *a, const void *b)
{
    const struct power_record *x = *(struct power_record *const *)a, *y = *(struct power_record *const *)b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void changes_take_up(struct power *p, struct power_record **records, size_t count)
{
    if (count) qsort(records, count, sizeof(struct power_record *), by_number);
    for (size_t i = 0; i < count; i++) {
        struct change *c = memory_new(sizeof *c);
        *c = (struct change){.record = records[i], .done_at = 1};
        power_change_list(p, c);
        if (records[i]->number > p->clock) p->clock = records[i]->number;
        if (records[i]->kept > p->last_kept) p->last_kept = records[i]->kept;
    }
}

static void content_take_up(struct power *p, struct power_record *r)
{
    struct power_file *f = memory_new(sizeof *f);
    *f = (struct power_file){.inode = r->number, .synced = power_record_synced(r), .record = r};
    f->path = memory_str(power_record_path(r));
    struct power_file *twin = table_set(&p->files, power_inode_key(&f->inode), f);
    if (!twin) return;
    /* the same inode twice: it was freed and taken again just before the end */
    if (twin->synced < f->synced) power_record_set_synced(r, f->synced = twin->synced);
    power_journal_drop(&p->journal, twin->record);
    free(twin->path);
    free(twin);
}

/* Files whose last name went just before the end; their numbers may be given out again. And what was kept for a change
 * that is not noted any more. */
static void leftovers_clear(struct power *p)
{
    struct power_walk walk;
    power_walk_begin(&walk, p->directory);
    for (struct table_entry *e = table_first(&p->files); e; e = table_next(&p->files, e)) {
        struct power_file *f = e->value;
        if (!power_walk_path(&walk, f->inode)) power_inode_forget(p, f->inode);
    }
    for (struct table_entry *e = table_first(&walk.kept); e; e = table_next(&walk.kept, e)) {
        uint32_t kept = (uint32_t)(uintptr_t)e->value;
        bool noted = false;
        for (struct power_record *r = power_journal_next(&p->journal, NULL); r && !noted;
             r = power_journal_next(&p->journal, r))
            noted = r->kept == kept;
        if (!noted) power_kept_remove(p, kept);
    }
    power_walk_end(&walk);
}

static void journal_take_up(struct power *p)
{
    struct power_record **changes = memory_new((size_t)p->journal.used_count * sizeof(struct power_record *));
    size_t count = 0;
    for (struct power_record *r = power_journal_next(&p->journal, NULL), *next; r; r = next) {
        next = power_journal_next(&p->journal, r);
        if (r->kind == POWER_CONTENT)
            content_take_up(p, r);
        else
            changes[count++] = r;
    }
    changes_take_up(p, changes, count);
    free(changes);
    leftovers_clear(p);
}

/* Nothing is known of what is durable: it is made so. An empty directory has nothing to sync. */
static int start_afresh(struct power *p, struct err_text *error)
{
    struct power_walk walk;
    struct stat st;
    bool used = fstatat(p->directory, "meta.properties", &st, 0) == 0;
    if (used && syncfs(p->directory) != 0)
        return err_set(error, err_from_errno(errno), "the data directory cannot be synced: %s", strerror(errno));
    power_walk_begin(&walk, p->directory);
    for (struct table_entry *e = table_first(&walk.kept); e; e = table_next(&walk.kept, e))
        power_kept_remove(p, (uint32_t)(uintptr_t)e->value);
    power_walk_end(&walk);
    return power_journal_create(p->directory, &p->journal, error);
}

static int journal_get(struct power *p, struct err_text *error)
{
    struct err_text why = {""};
    int rc = power_journal_open(p->directory, &p->journal, &why);
    if (rc == ERR_NOTFOUND) return start_afresh(p, error);
    enum power_condition condition = rc == 0 ? power_journal_condition(&p->journal) : POWER_INCOMPLETE;
    if (rc < 0) log_warn("broker", "%s; everything is synced and a new one begins", why.text);
    if (rc == 0 && p->journal.copied) condition = POWER_INCOMPLETE;
    if (condition == POWER_INCOMPLETE) {
        if (rc == 0) power_journal_release(&p->journal);
        return start_afresh(p, error);
    }
    power_journal_set_condition(&p->journal, POWER_OPEN);
    if (condition == POWER_OPEN || p->journal.used_count > 0) journal_take_up(p);
    return 0;
}

int power_open(int directory, struct power **out, struct err_text *error)
{
    struct power *p = memory_new(sizeof *p);
    p->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_init(&p->lock, NULL);
    int rc = p->directory < 0 ? err_from_errno(errno) : journal_get(p, error);
    if (rc < 0) {
        pthread_mutex_destroy(&p->lock);
        if (p->directory >= 0) close(p->directory);
        free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void power_close(struct power *p)
{
    if (!p) return;
    for (struct table_entry *e = table_first(&p->files); e; e = table_next(&p->files, e)) {
        free(((struct power_file *)e->value)->path);
        free(e->value);
    }
    for (struct table_entry *e = table_first(&p->directories); e; e = table_next(&p->directories, e)) {
        struct changes *in = e->value;
        for (struct change *c = in->first, *next; c; c = next) {
            next = c->next;
            free(c);
        }
        free(in);
    }
    table_release(&p->files);
    table_release(&p->directories);
    power_journal_trim(&p->journal);
    if (power_journal_condition(&p->journal) == POWER_OPEN) power_journal_set_condition(&p->journal, POWER_CLOSED);
    power_journal_release(&p->journal);
    pthread_mutex_destroy(&p->lock);
    close(p->directory);
    free(p);
}
