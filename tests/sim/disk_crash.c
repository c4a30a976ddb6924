/* What a power cut leaves of files and directories (docs/decisions/0004). */
#include "tests/sim/disk.h"

/* What a power cut does, as a whole: disks that lose all are as instructive as those that lose some. */
enum loss { LOSE_ALL, LOSE_SOME, LOSE_LATER, LOSE_NOTHING };

static enum loss loss_draw(struct sim_disk *d)
{
    static const enum loss of[] = {LOSE_ALL,  LOSE_ALL,   LOSE_SOME,  LOSE_SOME,
                                   LOSE_SOME, LOSE_LATER, LOSE_LATER, LOSE_NOTHING};
    return of[random_below(d->random, sizeof of / sizeof of[0])];
}

static void write_tear(struct sim_disk *d, struct inode *f, const struct sim_write *w)
{
    uint64_t fate = random_below(d->random, 4);
    if (fate == 0) return;
    d->torn |= fate > 1 && !w->truncate && w->bytes.n > 1;
    if (fate == 1 || w->truncate) {
        sim_write_apply(w, &f->synced);
    } else if (fate == 2) {
        content_put(&f->synced, w->at, slice_of(w->bytes.p, (size_t)random_below(d->random, w->bytes.n + 1)));
    } else {
        /* Sectors lie where the disk has them, not where the write begins. */
        for (uint64_t at = w->at, end = w->at + w->bytes.n; at < end;) {
            uint64_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
            if (next > end) next = end;
            if (random_chance(d->random, 1, 2))
                content_put(&f->synced, at, slice_of(w->bytes.p + (at - w->at), (size_t)(next - at)));
            at = next;
        }
    }
}

static void file_cut(struct sim_disk *d, struct inode *f, enum loss loss)
{
    if (f->is_dir) return;
    int whole = loss == LOSE_NOTHING ? f->write_count
                : loss == LOSE_LATER ? (int)random_below(d->random, (uint64_t)f->write_count + 1)
                                     : 0;
    for (int i = 0; i < f->write_count; i++) {
        if (i < whole)
            sim_write_apply(&f->writes[i], &f->synced);
        else if (loss == LOSE_SOME || (loss == LOSE_LATER && i == whole))
            write_tear(d, f, &f->writes[i]);
    }
    inode_writes_forget(f, f->write_count);
    buf_reset(&f->now);
    buf_append_slice(&f->now, buf_slice(&f->synced));
}

static void directories_cut(struct sim_disk *d, enum loss loss)
{
    int whole = loss == LOSE_NOTHING ? d->change_count
                : loss == LOSE_LATER ? (int)random_below(d->random, (uint64_t)d->change_count + 1)
                                     : 0;
    for (int i = 0; i < d->change_count; i++) {
        if (i < whole || (loss == LOSE_SOME && random_chance(d->random, 1, 2))) dir_change_apply(&d->changes[i], true);
        dir_change_release(&d->changes[i]);
    }
    d->change_count = 0;
    for (struct inode *f = d->inodes; f; f = f->made_before) {
        if (!f->is_dir) continue;
        entries_release(&f->now_in);
        for (int i = 0; i < f->synced_in.count; i++)
            entry_set(&f->now_in, f->synced_in.items[i].name, f->synced_in.items[i].inode);
    }
}

void sim_disk_crash(struct sim_disk *d, bool power)
{
    d->off = false;
    d->calls_left = -1;
    if (!power) return;
    static const enum sim_fault named[] = {FAULT_CUT_ALL, FAULT_CUT_SOME, FAULT_CUT_LATER, FAULT_CUT_NOTHING};
    d->sync_failed = d->torn = false;
    enum loss files = loss_draw(d), directories = loss_draw(d);
    d->lost = named[files];
    for (struct inode *f = d->inodes; f; f = f->made_before) file_cut(d, f, files);
    directories_cut(d, directories);
}
