/* file_cache.h - open descriptors of segments: a cache with a bound, least recently used goes first.
 *
 * The node names files (struct log_file); this opens them below the data directory when they are
 * first used. A descriptor may be closed at any moment by a later file_cache_get: whoever needs it
 * longer (a sync on another thread) duplicates it. */
#ifndef MILLRACE_BROKER_SERVER_FILE_CACHE_H
#define MILLRACE_BROKER_SERVER_FILE_CACHE_H

#include "broker/log/log_file.h"
#include "lib/base/table.h"
#include "lib/os/power.h"

struct file_entry {
    uint64_t id;
    int descriptor;
    struct power_file *power;         /* NULL: a directory, or nothing is noted */
    struct file_entry *newer, *older; /* the list of use */
};

struct file_cache {
    int directory; /* the data directory */
    int count_max;
    struct power *power; /* notes what is not durable; NULL: nobody does */
    struct table by_id;  /* 8 bytes of id -> struct file_entry */
    struct file_entry *newest, *oldest;
};

/* Takes the directory descriptor. `power` may be NULL. */
void file_cache_init(struct file_cache *c, int directory, int count_max, struct power *power);
void file_cache_release(struct file_cache *c);
/* A descriptor for reading and writing, or a negative err. A missing file is made if `create`. */
int file_cache_get(struct file_cache *c, const struct log_file *f, bool create);
/* The same with what is noted of the file, which is valid as long as the descriptor. */
int file_cache_get_noted(struct file_cache *c, const struct log_file *f, bool create, struct power_file **noted);
/* Closes it if it is open. */
void file_cache_forget(struct file_cache *c, const struct log_file *f);
/* Closes the descriptor that was not used for longest; false when none is open. */
bool file_cache_shrink(struct file_cache *c);

#endif
