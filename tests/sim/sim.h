/* sim.h - one run: a whole broker on a fake disk, network and clock, decided by one seed.
 *
 *               seed -> random -> plan (mode, faults, crashes, clients)
 *
 *     clients ---- frames ----> [ link ] ---- EVENT_FRAME ----> +------+
 *     producer, consumer,                                       | node | ---- APPEND, SYNC, READ, JOB --> disk
 *     member, admin, garbage    [ link ] <--- ACTION_SEND ----- +------+ <--- completions, later --------+
 *         |                                                         ^
 *         v                                                         | crash, open again
 *     history, offsets, ownership: what clients were told      world (heap of events, clock)
 *         ^
 *         +--- auditor: after every start reads everything back and compares
 *
 * A run: open, audit, then clients and faults with crashes and audits between, then faults end and everything
 * must be answered, then a clean stop or a power cut, a last audit. Clients work in bursts with lulls between them,
 * so that a run is dense where it is interesting and long enough for what takes its time: sessions, retention,
 * expiry, checkpoints.
 *
 * Everything happens in one thread in the order of the heap (time, then number). Whatever is drawn comes
 * from s->random. A checker that finds a broken promise calls sim_fail, which does not return. */
#ifndef MILLRACE_TESTS_SIM_SIM_H
#define MILLRACE_TESTS_SIM_SIM_H

#include "broker/node/config.h"
#include "broker/node/node.h"
#include "lib/base/random.h"
#include "lib/base/table.h"
#include "tests/sim/coverage.h"
#include "tests/sim/disk.h"
#include "tests/sim/history.h"
#include "tests/sim/trace.h"

#define NS_MS  1000000LL
#define NS_SEC 1000000000LL

struct sim;
struct client;

/* What every run has at least; the active phase goes on until it is so. An operation is an answered request of any
 * client but the auditor; a fault is one of the process, the machine or the disk (fault_is_grave). */
enum { RUN_SECONDS_MIN = 30, RUN_OPERATIONS_MIN = 200, RUN_FAULTS_MIN = 5 };

enum sim_mode { MODE_PAGE_CACHE, MODE_GROUP_COMMIT, MODE_INTERVAL };

/* What a seed decides before anything happens. */
/* Where bits turn over in a run. */
enum sim_flips {
    FLIPS_DATA,     /* in the folders of partitions */
    FLIPS_SMALL,    /* in checkpoints and partition.metadata */
    FLIPS_INTERNAL, /* in the metadata log and the logs of group offsets */
};

struct plan {
    enum sim_mode mode;
    struct disk_faults faults;             /* of the disk, while the run is active */
    uint32_t short_read;                   /* one ACTION_READ in ... brings less than it could */
    uint32_t drop;                         /* one frame in ... takes its connection down */
    int crashes;                           /* that the run plans; failed syncs add to them */
    int64_t active_ns;                     /* how long clients and faults go on */
    int64_t delay_ns_max;                  /* of a frame on its way, mostly */
    int64_t disk_ns_max;                   /* of a completion */
    bool retention;                        /* old segments go: */
    bool deletes;                          /* so does what DeleteRecords asks for */
    int64_t retention_ms, retention_bytes; /* -1: not by this */
    int64_t flush_ms;                      /* of interval mode */
    int64_t flush_messages;                /* of interval mode; 0: not set */
    int64_t expiry_ms;                     /* of producer ids */
    int flips;                             /* bits that turn over in files at rest */
    enum sim_flips flips_in;               /* where */
    int64_t burst_ns_max, lull_ns_max;
    bool offsets_expire; /* after OFFSETS_RETENTION_SECONDS; then a lull is longer than that */
    int64_t long_lull_ns;
    bool shaped; /* a topic gets more partitions and other configs */
    int producers, consumers, members, admins, committers, garbage;
};

/* offsets.retention.minutes knows nothing shorter. */
enum { OFFSETS_RETENTION_SECONDS = 60 };

/* The topics of every run; the last one comes and goes, and its records are not followed. */
enum { SIM_TOPICS = 2, SIM_GROUPS = 3, SIM_GROUP_ALONE = 2 }; /* the last group has no members */
extern const char *const sim_topics[SIM_TOPICS];
extern const int32_t sim_topic_partitions[SIM_TOPICS];
extern const char *const sim_groups[SIM_GROUPS];
#define SIM_PASSING_TOPIC "passing"

/* Something that will happen. What it carries is released when it has happened, or when the node it
 * belongs to dies first. */
struct sim_event {
    int64_t at_ns;
    uint64_t number;
    uint32_t life; /* of the node, or 0: does not end with it */
    void (*run)(struct sim *s, struct sim_event *e);
    struct client *client;
    uint64_t token, value;
    int err;
    struct buf bytes;
    struct node_job *job;
    struct action_piece *pieces; /* references held */
    int piece_count;
    struct inode **inodes; /* owned array */
    int inode_count;
    uint64_t up_to; /* of a sync: the last write it covers */
    struct link *link;
};

enum sim_phase {
    PHASE_ACTIVE, /* clients work, things break */
    PHASE_QUIET,  /* nothing breaks any more, everything must be answered */
    PHASE_LAST,   /* stopped and opened once more for the last audit */
};

struct link;

struct job_line {
    uint64_t order;
    int64_t last_ns;
};

/* A bit that turned over. */
struct rot {
    int partition; /* of the history, or -1 */
    struct inode *file;
    char path[128];
    uint64_t at;
    uint8_t bit, turned; /* which, and what the byte is since */
    int64_t base, last;  /* offsets of the batch that it is in; none: base > last */
    bool in_header;      /* of that batch */
};

struct sim {
    uint64_t seed;
    struct random random;
    struct plan plan;
    struct trace trace;
    struct sim_disk disk;
    struct history history;
    struct passing passing;
    struct rot *rots;
    int rot_count;
    int64_t now_ns;

    struct node_config config;
    struct node *node; /* NULL while it is down */
    struct actions actions;
    uint32_t life;        /* counts starts */
    uint64_t wake_number; /* which wake is the latest */
    bool auditing, stopped, over, start_failed, active_begun;
    bool opening, stopping;     /* the node is in node_open; a clean stop has begun */
    int under_way[STATE_KINDS]; /* what the node was not told the end of */
    bool stopped_clean;         /* the last end was a clean stop */
    bool may_lose;              /* since the last start: page cache or interval mode met a power cut */
    bool groups_may_lose;       /* the same of what groups stored alone: a bit has turned over in their logs */
    int64_t actions_left;       /* until a crash in the middle of a list; negative: none */
    uint64_t faults_before;     /* disk.faults_hit when the node was opened */
    struct table open_files;    /* 8 bytes of id -> struct inode */
    struct job_line *job_lines; /* when the last job of each order runs */
    int job_line_count;

    enum sim_phase phase;
    int crashes_left;
    struct sim_event *heap;
    int heap_count, heap_capacity;
    uint64_t event_count, event_number;

    struct link **links;
    int link_count, link_capacity;
    struct client **clients;
    int client_count, client_capacity;
    struct client *auditor;
    int crashes;
    bool power_armed; /* what the crash that is under way takes */
    int losses;       /* power cuts at which the mode allowed a loss */
    bool topics_made; /* the auditor has made them */
    int64_t quiet_since_ns, stop_began_ns;
    int64_t commits; /* values given out */
    int64_t active_since_ns, lull_until_ns;
    uint64_t operations, faults;
    struct coverage coverage;
    char cluster_id[64];
};

/* One run. `file` may be NULL. */
struct sim_result {
    uint64_t trace_hash;
    uint64_t events;
    int lives, crashes;
    int64_t records_acked;
    int64_t ns; /* simulated */
    uint64_t operations, faults;
    struct coverage coverage;
};
void sim_run(uint64_t seed, FILE *file, struct sim_result *out);

/* A promise is broken: says so with seed and time, and ends the process. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* plan.c */
void plan_draw(struct sim *s);
void plan_config(struct sim *s); /* from the plan, by way of node_config_load */

/* --- heap.c --- */

/* An event `in_ns` from now; fill in the rest. Valid until the next call. */
struct sim_event *sim_later(struct sim *s, int64_t in_ns, void (*run)(struct sim *, struct sim_event *));
struct sim_event sim_event_take(struct sim *s); /* the next one; there always is one */
void sim_event_release(struct sim_event *e);    /* what it carries */
void sim_events_purge(struct sim *s);           /* those that belonged to the node that died */

/* --- world.c --- */

/* Gives the node an event and carries out what it wants. The event's frame is taken. */
void sim_step(struct sim *s, const struct event *e);
/* Uniform in [0, max]. */
int64_t sim_draw(struct sim *s, int64_t max);
bool sim_chance(struct sim *s, uint32_t one_in); /* 0: never */
bool sim_breaks(const struct sim *s);            /* faults are on: active, and no audit */
bool sim_wants_more(const struct sim *s);        /* clients were too idle so far: no more lulls, more batches */
bool sim_records_go(const struct sim *s);        /* by retention or because they were deleted */
/* Kafka's time of day. */
int64_t sim_wall_ms(const struct sim *s);
/* The process dies here and now; `power`: so does the machine. It starts again a little later. */
void sim_crash(struct sim *s, bool power, const char *why);
/* The auditor is done: clients may go on. */
void sim_audited(struct sim *s);

/* --- states.c --- */

/* A bit for each state that holds. */
uint32_t sim_states(const struct sim *s);
/* A fault has happened now, or in these states. */
void sim_broke(struct sim *s, enum sim_fault fault);
void sim_broke_in(struct sim *s, enum sim_fault fault, uint32_t states);

/* --- rot.c --- */

/* Turns a bit over, if there is one to be found. */
void rot_turn(struct sim *s);
/* The start was refused in these words: files that they name are brought back; false when none is. */
bool rot_mend(struct sim *s, const char *refusal);
/* A log of group offsets is damaged: some of what was stored there will not be found again. */
bool rot_in_groups(const struct sim *s);
/* What has hit the batch of an offset and is there still, or NULL. */
const struct rot *rot_at(const struct sim *s, int partition, int64_t offset);
/* A batch of this partition was damaged at some time. */
bool rot_hit(const struct sim *s, int partition);
/* A reader that cannot read on there goes on behind it; false when nothing has hit that batch. */
bool rot_skip(const struct sim *s, int partition, int64_t *position);
/* The same when the answer was that it cannot be read: also behind a damaged header. */
bool rot_skip_unreadable(const struct sim *s, int partition, int64_t *position);
/* The first offset of the first damaged batch that ends at `from` or later; INT64_MAX: there is none. */
int64_t rot_first(const struct sim *s, int partition, int64_t from);

/* --- perform.c: the actions on the fake disk --- */
void perform_actions(struct sim *s);
void perform_reset(struct sim *s); /* the node is gone */

/* --- network.c --- */

/* A connection, up to the node's ACTION_CLOSE or the client's. */
struct link *link_open(struct sim *s, struct client *c);
/* The bytes of one request without their size. */
void link_send(struct sim *s, struct link *l, struct buf *frame);
/* The client walks away; what is under way may still arrive. */
void link_close(struct sim *s, struct link *l);
void links_perform(struct sim *s, const struct action *a); /* SEND, CLOSE, PAUSE, RESUME */
void links_break(struct sim *s);                           /* the node died */
bool links_wait(const struct sim *s);                      /* the node has stopped reading from one that is open */
void links_release(struct sim *s);

#endif
