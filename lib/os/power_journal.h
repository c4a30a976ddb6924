/* power_journal.h - the file that remembers what a power cut would take.
 *
 * kill -9 leaves the page cache, so it cannot show what a durability mode is worth. A broker therefore notes
 * in `millrace.power.loss.journal`, a small file that it maps, what is not durable yet; `millrace power-cut`
 * makes the directory look as if the power had failed at that moment. What is not noted is durable.
 *
 *     unit 0    the header
 *     unit 1..  records one behind the other, each of 1 to 32 units of 64 bytes, used or free
 *
 * The header, and a record (numbers in the byte order of the machine, for the file never leaves it):
 *
 *     0  "MRPOWER1"            0  state: 0x5057 used or 0x4652 free, then units again
 *     8  version: 1            4  units (2 bytes), kind (2 bytes)
 *    12  CRC-32C of 0..11      8  CRC-32C of everything from 4 on but itself and the length
 *    16  units, sealed        12  number of the file that keeps what a name stood for; 0 none
 *    24  condition            16  inode, or the number of the change of a name
 *    28  zeros                24  synced length, sealed
 *    32  its own inode        32  bytes of the two paths (2 + 2), zeros (4)
 *                             40  path, NUL, second path, NUL, zeros to the end of the unit
 *
 * A sealed number is below 2^48 and has 16 bits of its CRC-32C above: it is stored at once and every single
 * flipped bit shows. The state of a record is stored last, and only then is it there. So a process may be
 * killed between any two stores: the journal never says that something is durable which is not.
 *
 * Not safe for threads: lib/os/power.h holds the lock. */
#ifndef MILLRACE_OS_POWER_JOURNAL_H
#define MILLRACE_OS_POWER_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define POWER_JOURNAL_NAME "millrace.power.loss.journal"
#define POWER_KEPT_PREFIX  "millrace.power.loss.kept."

enum power_kind {
    POWER_CONTENT = 1, /* number: inode; synced: the length that is durable; path: a name it had */
    POWER_CREATED,     /* number: which change of a name; path: a file */
    POWER_DIRECTORY,   /* path: a directory that was made */
    POWER_RENAMED,     /* path -> to; kept: what `to` was before */
    POWER_REMOVED,     /* path; kept: what it was */
};

struct power_record {
    uint32_t state;
    uint16_t units, kind;
    uint32_t crc;
    uint32_t kept;
    uint64_t number;
    _Atomic uint64_t synced;
    uint16_t path_bytes, to_bytes;
    uint32_t zero;
    char text[];
};

enum power_condition {
    POWER_CLOSED = 0x434c4f53, /* nobody has it open, and it was closed in order */
    POWER_OPEN = 0x4f50454e,
    POWER_INCOMPLETE = 0x4c4f5354, /* there was no room for a record: it does not know everything */
};

enum { POWER_UNIT = 64, POWER_UNITS_MAX = 32 };

/* Units that were freed, for each size of record. */
struct power_free_list {
    uint32_t *units;
    uint32_t count, capacity;
};

struct power_journal {
    int descriptor;
    uint8_t *base;       /* address space for the largest journal; `mapped` bytes of it are the file */
    size_t mapped;       /* a multiple of the step in which it grows */
    uint32_t used_count; /* records */
    bool copied;         /* the directory was copied from elsewhere: its inodes are other ones */
    struct power_free_list free[POWER_UNITS_MAX + 1];
};

/* Maps the journal of a directory. ERR_NOTFOUND without one, ERR_CORRUPT with a sentence when it is damaged. */
int power_journal_open(int directory, struct power_journal *j, struct err_text *error);
/* A new and empty one, in place of what is there. */
int power_journal_create(int directory, struct power_journal *j, struct err_text *error);
/* Unmaps and closes. */
void power_journal_release(struct power_journal *j);

enum power_condition power_journal_condition(const struct power_journal *j);
void power_journal_set_condition(struct power_journal *j, enum power_condition condition);
/* Of a copy: from now on it belongs to this directory. Only when it is empty. */
void power_journal_adopt(struct power_journal *j);
/* An empty journal becomes as short as a new one. */
void power_journal_trim(struct power_journal *j);

/* Adds a record; `path` and `to` may be NULL. NULL when there is no room on the disk or in the address space, or
 * a path is too long: the journal is POWER_INCOMPLETE from then on. */
struct power_record *power_journal_add(struct power_journal *j, enum power_kind kind, uint64_t number, uint64_t synced,
                                       uint32_t kept, const char *path, const char *to);
void power_journal_drop(struct power_journal *j, struct power_record *r);

/* for (r = power_journal_next(j, NULL); r; r = power_journal_next(j, r)): the used ones, in the order of the file. */
struct power_record *power_journal_next(const struct power_journal *j, const struct power_record *r);

const char *power_record_path(const struct power_record *r); /* "" when it has none */
const char *power_record_to(const struct power_record *r);
uint64_t power_record_synced(const struct power_record *r);
void power_record_set_synced(struct power_record *r, uint64_t synced);

/* A number below 2^48 with its check above; false when the check is wrong. */
uint64_t power_seal(uint64_t n);
bool power_unseal(uint64_t sealed, uint64_t *n);

#endif
