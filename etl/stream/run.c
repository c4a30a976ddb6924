#include "etl/stream/run.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etl/broken.h"
#include "etl/changelog/letter.h"
#include "etl/changelog/outbox.h"
#include "etl/changelog/sender.h"
#include "etl/engine.h"
#include "etl/export/export.h"
#include "etl/outstanding.h"
#include "etl/sink/kept.h"
#include "etl/sink/keys.h"
#include "etl/sink/lock.h"
#include "etl/sink/runs.h"
#include "etl/sink/schema.h"
#include "etl/sink/sql.h"
#include "etl/stream/checkpoint.h"
#include "etl/stream/client.h"
#include "etl/stream/clocks.h"
#include "etl/stream/crew.h"
#include "etl/stream/database.h"
#include "etl/stream/ends.h"
#include "etl/stream/offsets.h"
#include "etl/stream/own_broker.h"
#include "etl/stream/verify.h"
#include "etl/stream/whole.h"
#include "lib/base/checksum.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/os/clock.h"
#include "lib/os/progress.h"

enum {
    WATCH_MS = 50,
    SLOW_EVERY = 20, /* of the watches: what need not be done as often */
    TOPIC_SAID_AFTER_MS = 2000,
    BUSY_MS = 5000, /* for a database that somebody else has locked */
    METADATA_MS = 500,
    WHOLE_CACHE_KIB = 8192,  /* a batch's (etl/batch/batch.c) */
    CHANGELOG_STOP_MS = 5000 /* what is left in the outboxes then is sent by the next run */
};

struct run {
    const struct run_options *options;
    struct definition *definition;
    struct exports exports;
    struct sender *sender; /* of the changelogs; NULL without any */
    struct topics topics;
    int *partitions; /* by topic */
    struct own_broker broker;
    rd_kafka_t *client; /* for metadata only */
    sqlite3 *db;
    struct checkpoint checkpoint; /* open: the database is ours */
    int lock;                     /* a descriptor of the database file that holds the lock; -1 */
    bool created;                 /* the database file was not there */
    bool whole;                   /* the warehouse was filled as a whole (whole.h): nothing more can come */
    bool built;                   /* by this run */
    struct buf state;             /* built: what was kept about keys */
    char group[160];              /* of this run alone */
    int64_t number;               /* in etl_runs; 0: not yet */
    struct crew crew;
    struct progress progress;
    uint64_t shown; /* what the progress line said last: a stream that rests says nothing */
    char title[128];
    int64_t loaded_before; /* messages, by earlier runs */
    struct run_counts before;
    int64_t late_before; /* last row of the table late */
    bool attached;       /* the sender, to the outboxes: a signal may come before that */
    uint64_t backfill;   /* to be loaded by a backfill; UINT64_MAX: not known yet */
    bool complete;       /* every partition up to its end */
    struct ends ends;
    struct err_text *error;
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void signals_set(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* ---- the topic ---- */

/* The first topic that is not there; NULL when all are. *answered: a broker said so. */
static const char *topic_missing(struct run *r, bool *answered)
{
    for (int i = 0; i < r->topics.count; i++) {
        r->partitions[i] = client_partition_count(r->client, r->topics.names[i], METADATA_MS);
        *answered = r->partitions[i] >= 0;
        if (r->partitions[i] <= 0) return r->topics.names[i];
    }
    return NULL;
}

static int topics_wait(struct run *r)
{
    const struct client_callbacks none = {0};
    const char *const settings[] = {"allow.auto.create.topics", "false", NULL};
    r->client = client_new(RD_KAFKA_CONSUMER, r->broker.bootstrap, settings, &none, r->error);
    if (!r->client) return ERR_INVALID;
    int64_t say_ns = clock_mono_ns() + (int64_t)TOPIC_SAID_AFTER_MS * 1000000;
    int result = 0;
    while (result == 0 && !stopping) {
        bool answered = false;
        const char *missing = topic_missing(r, &answered);
        if (!missing) return 0;
        if (clock_mono_ns() >= say_ns) {
            if (!answered)
                log_info("stream", "no broker answers at %s%s; trying on", r->broker.bootstrap,
                         client_port_hint(r->broker.bootstrap));
            else
                log_info("stream", "waiting for topic %s at %s (`millrace stream publish` makes it)", missing,
                         r->broker.bootstrap);
            say_ns = INT64_MAX;
        }
        clock_sleep_ms(WATCH_MS);
        result = own_broker_ensure(&r->broker, r->error);
    }
    return result;
}

/* A changelog must not go where the records come from. */
static int topics_check(struct run *r)
{
    for (int i = 0; i < r->definition->changelog_count; i++) {
        const struct changelog *c = &r->definition->changelogs[i];
        if (topics_index(&r->topics, c->topic) >= 0)
            return err_set(r->error, ERR_INVALID, "--topic %s: %s of %s is sent there", c->topic, c->at,
                           r->definition->path);
    }
    return 0;
}

/* ---- the warehouse ---- */

static int identity_check(struct run *r)
{
    struct buf names = {0};
    topics_print(&r->topics, &names);
    int result = offsets_identity(r->db, "topic", buf_slice(&names), r->error);
    buf_release(&names);
    char *cluster = rd_kafka_clusterid(r->client, METADATA_MS * 10);
    if (cluster && result == 0) result = offsets_identity(r->db, "cluster", slice_str(cluster), r->error);
    if (cluster) rd_kafka_mem_free(r->client, cluster);
    return result;
}

/* What is to be sent stands in the database before a topic is made, so that a kill in between loses nothing. Outboxes
 * that are new (`all_new`) have every row anyway. */
static int outboxes_make(struct run *r, bool all_new)
{
    int result = outbox_prepare(r->definition, r->db, true, r->error);
    for (int i = 0; i < r->definition->changelog_count && result == 0; i++) {
        result = sender_fresh(r->sender, i, r->db, r->error);
        if (result == 1 && all_new) result = 0;
        if (result == 1) result = outbox_fill(&r->definition->changelogs[i], r->db, r->error);
    }
    return result;
}

static int run_begin(struct run *r)
{
    return r->number ? 0 : engine_run_begin(r->db, r->definition, ENGINE_LIVE, NULL, &r->number, r->error);
}

static int tables_make(struct run *r)
{
    struct engine *engine = NULL;
    enum engine_mode mode = r->options->backfill ? ENGINE_BACKFILL : ENGINE_LIVE;
    int result = run_begin(r);
    if (result == 0) result = engine_open(r->definition, r->db, mode, r->number, &engine, r->error);
    if (result == 0) result = keys_relax(r->definition, r->db, r->error);
    for (int i = 0; i < r->topics.count && result == 0; i++)
        result = offsets_init(r->db, r->topics.names[i], r->partitions[i], r->error);
    if (result == 0 && definition_drops_late(r->definition)) result = clocks_init(r->db, r->error);
    if (result == 0) result = identity_check(r);
    if (result == 0) result = outboxes_make(r, false);
    /* An earlier backfill may have been killed before it made them again. */
    if (result == 0)
        result = (r->options->backfill ? schema_indexes_drop : schema_indexes_create)(r->definition, r->db, r->error);
    engine_close(engine);
    return result;
}

/* The same topics, with as many partitions, as those that it was filled from. */
static int whole_check(struct run *r)
{
    int result = run_begin(r);
    for (int i = 0; i < r->topics.count && result == 0; i++)
        result = offsets_init(r->db, r->topics.names[i], r->partitions[i], r->error);
    if (result == 0) result = identity_check(r);
    return result == 0 ? outboxes_make(r, false) : result;
}

/* In one transaction. */
static int in_transaction(struct run *r, const char *begin, int (*change)(struct run *r))
{
    int result = sql_exec(r->db, r->error, "%s", begin);
    if (result != 0) return result;
    result = change(r);
    if (result == 0) result = sql_exec(r->db, r->error, "COMMIT");
    if (result != 0) sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

/* ---- as a whole ---- */

/* Nothing in the database but the rows of runs: one that was killed before its end may have left these. */
static int database_is_new(struct run *r, bool *is_new)
{
    int64_t others;
    int result = sql_integer(r->db, 0, &others, r->error,
                             "SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT IN "
                             "('etl_runs', 'millrace_warehouse', 'millrace_objects')");
    *is_new = others == 0;
    return result;
}

static void whole_progress(void *context, uint64_t done, uint64_t total)
{
    struct run *r = context;
    r->progress.total = total;
    progress_update(&r->progress, done);
}

static int whole_fill(struct run *r)
{
    const struct whole_options options = {
        .stream = {r->definition, &r->topics, r->partitions, r->broker.bootstrap, &stopping},
        .db = r->db,
        .run = r->number,
        .progress = whole_progress,
        .context = r,
        .state = &r->state};
    struct err_text reason = {{0}};
    int result = whole_load(&options, &reason);
    if (result != 0) log_debug("stream", "not filled as a whole: %s", reason.text);
    if (result == 0) result = identity_check(r);
    return result == 0 ? outboxes_make(r, true) : result;
}

/* What cannot be done so, for whatever reason, is done by workers, who tell of what is wrong: then nothing has happened
 * here. */
static int whole_try(struct run *r)
{
    bool is_new = false;
    int result = database_is_new(r, &is_new);
    if (result != 0 || !is_new) return result;
    result = in_transaction(r, "BEGIN IMMEDIATE", run_begin); /* a kill leaves a trace */
    if (result == 0)
        result = sql_exec(r->db, r->error, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -%d", WHOLE_CACHE_KIB);
    if (result != 0) return result;
    progress_start(&r->progress, r->title, "messages", 0);
    r->built = r->whole = in_transaction(r, "BEGIN EXCLUSIVE", whole_fill) == 0;
    if (r->built) progress_finish(&r->progress, r->progress.total);
    return 0;
}

/* Everything in one transaction, so that a database that is somebody else's stays untouched. */
static int database_prepare(struct run *r)
{
    r->created = access(r->options->db, F_OK) != 0;
    int result = database_open(r->options->db, BUSY_MS, &r->db, r->error);
    if (result == 0) result = database_lock(r->options->db, &r->lock, r->error);
    if (result == 0) result = schema_whole(r->db, &r->whole, r->error);
    /* Which records come late is a matter of the partitions' order, not of that of the files. */
    bool tried = r->options->backfill && !r->options->follow && !r->whole && !definition_drops_late(r->definition);
    if (result == 0 && tried) result = whole_try(r);
    if (result != 0 || stopping) return result;
    if (!r->built) result = in_transaction(r, "BEGIN IMMEDIATE", r->whole ? whole_check : tables_make);
    if (result != 0) return result;
    r->created = false; /* it holds a warehouse now, and is kept whatever happens */
    if (!r->built) result = runs_totals(r->db, &r->before, r->error);
    if (result == 0) result = late_last(r->definition, r->db, &r->late_before, r->error);
    if (result == 0) result = database_tune(r->db, r->error);
    if (result == 0) result = checkpoint_open(&r->checkpoint, r->options->db, r->lock, r->error);
    if (result == 0) result = checkpoint_start(&r->checkpoint, r->error);
    return result == 0 ? offsets_loaded(r->db, &r->loaded_before, r->error) : result;
}

static void database_release(struct run *r)
{
    checkpoint_close(&r->checkpoint);
    if (r->db) sqlite3_exec(r->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(r->db);
    if (r->created && r->lock >= 0) unlink(r->options->db);
    if (r->lock >= 0) close(r->lock);
}

/* A run that has nothing left to load would end before a worker sees what was published since. */
static int topics_verify(struct run *r)
{
    if (r->built) return 0;
    int result = verify_topics(r->db, r->broker.bootstrap, &r->topics, r->error);
    int open = result == 0 ? offsets_open_partitions(r->db, r->error) : result;
    if (open != 0 || (r->options->follow && !r->whole)) return open < 0 ? open : 0;
    return verify_tail(r->db, r->broker.bootstrap, &r->topics, &stopping, r->error);
}

/* ---- the watch ---- */

/* A group of its own for each run: positions are in the database, and a member that an earlier run left behind must
 * not keep its partitions until its session ends. */
static void group_name(struct run *r)
{
    char path[PATH_MAX] = "", digest[65];
    int64_t salt[2] = {clock_wall_ms(), getpid()};
    if (!realpath(r->options->db, path)) path[0] = 0;
    struct sha256 *s = sha256_new();
    sha256_update(s, path, strlen(path));
    sha256_update(s, salt, sizeof salt);
    sha256_take_hex(s, digest);
    snprintf(r->group, sizeof r->group, "millrace-%.100s-%.12s", r->definition->name, digest);
}

/* How many messages the topics hold now; stays as it was when a broker does not answer. Asked as the offset at the time
 * "latest" (-1), because rd_kafka_query_watermark_offsets ignores its timeout while a broker is away. */
static int total_update(struct run *r)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(r->topics.count);
    for (int i = 0; i < r->topics.count; i++)
        for (int32_t p = 0; p < r->partitions[i]; p++)
            rd_kafka_topic_partition_list_add(list, r->topics.names[i], p)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(r->client, list, METADATA_MS);
    int64_t total = -r->loaded_before;
    for (int i = 0; i < list->cnt && !err; i++) {
        err = list->elems[i].err;
        total += list->elems[i].offset;
    }
    if (!err) r->progress.total = total > 0 ? (uint64_t)total : 0;
    if (!err && r->backfill == UINT64_MAX) r->backfill = r->progress.total;
    int result = err || r->options->follow ? 0 : ends_watch(&r->ends, r->db, list, r->error);
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

static int progress_show(struct run *r, bool finished)
{
    int64_t loaded;
    int result = offsets_loaded(r->db, &loaded, r->error);
    if (result != 0) return result;
    uint64_t done = loaded > r->loaded_before ? (uint64_t)(loaded - r->loaded_before) : 0;
    if (finished)
        progress_finish(&r->progress, done);
    else if (done != r->shown)
        progress_update(&r->progress, done);
    r->shown = done;
    return 0;
}

static int housekeeping(struct run *r)
{
    int result = own_broker_ensure(&r->broker, r->error);
    if (result == 0) result = total_update(r);
    if (result == 0) result = progress_show(r, false);
    return result == 0 ? checkpoint_look(&r->checkpoint, r->error) : result;
}

static int caught_up(struct run *r)
{
    int64_t loaded;
    int result = offsets_loaded(r->db, &loaded, r->error);
    return result < 0 ? result : loaded - r->loaded_before >= (int64_t)r->backfill;
}

/* Until all ends are loaded, a backfill is over, a signal came, or something failed. */
static int watch(struct run *r, bool backfill)
{
    for (uint64_t round = 0;; round++) {
        bool idle;
        int result = crew_watch(&r->crew, r->error);
        if (result != 0) return result;
        int open = offsets_open_partitions(r->db, r->error);
        if (open < 0) return open;
        r->complete = open == 0;
        if (stopping || (r->complete && !r->options->follow)) return 0;
        if (round % SLOW_EVERY == 0 && (result = housekeeping(r)) != 0) return result;
        if (backfill && r->backfill != UINT64_MAX && (result = caught_up(r)) != 0) return result < 0 ? result : 0;
        if ((result = sender_run(r->sender, WATCH_MS, true, &idle, r->error)) != 0) return result;
    }
}

static int indexes_create(struct run *r)
{
    return schema_indexes_create(r->definition, r->db, r->error);
}

static int crew_run(struct run *r, bool backfill)
{
    /* A group of its own for each crew: the one before it has not left its own. */
    group_name(r);
    const struct worker_options worker = {.definition = r->options->definition,
                                          .db = r->options->db,
                                          .bootstrap = r->broker.bootstrap,
                                          .topic = r->options->topic ? r->options->topic : r->definition->topic,
                                          .group = r->group,
                                          .run = r->number,
                                          .backfill = backfill,
                                          .commit_ms = r->options->commit_ms,
                                          .probe = backfill ? NULL : r->options->probe};
    int result = crew_start(&r->crew, &worker, backfill ? 1 : r->options->workers, r->error);
    if (result == 0) result = watch(r, backfill);
    crew_stop(&r->crew);
    return result;
}

/* What workers beside each other need besides, such as who has the keys of unique: an engine that opens for them makes
 * it. */
static int rules_prepare(struct run *r)
{
    struct engine *engine = NULL;
    int result = engine_open(r->definition, r->db, ENGINE_LIVE, 0, &engine, r->error);
    engine_close(engine);
    return result;
}

/* Several workers would take turns at the database, and each forget its groups whenever another one wrote: one with
 * large transactions is faster. What it leaves open at its end it commits. */
static int backfill_run(struct run *r)
{
    r->backfill = UINT64_MAX;
    int result = crew_run(r, true);
    if (result == 0) result = in_transaction(r, "BEGIN IMMEDIATE", indexes_create);
    int open = result == 0 ? offsets_open_partitions(r->db, r->error) : result;
    r->complete = open == 0;
    return open < 0 ? open : 0;
}

/* There is nothing left to load; who follows waits for a signal. */
static int whole_load_nothing(struct run *r)
{
    r->complete = true;
    return r->options->follow ? watch(r, false) : 0;
}

static int load(struct run *r)
{
    if (r->whole) return whole_load_nothing(r);
    progress_start(&r->progress, r->title, "messages", 0);
    int result = r->options->backfill ? backfill_run(r) : 0;
    bool goes_on = result == 0 && !stopping && (!r->complete || r->options->follow);
    if (goes_on && r->options->backfill) result = in_transaction(r, "BEGIN IMMEDIATE", rules_prepare);
    if (goes_on && result == 0) result = crew_run(r, false);
    return result == 0 ? progress_show(r, true) : result;
}

/* A run that follows ends by a signal, and well; but not before it had a database. */
static bool is_early(const struct run *r)
{
    return r->options->follow ? !r->checkpoint.gate : !r->complete;
}

static int stopped_early(struct run *r)
{
    struct buf names = {0};
    if (!r->checkpoint.gate)
        return err_set(r->error, ERR_CLOSED, "stopped before it had begun: nothing is loaded, no outputs are written");
    topics_print(&r->topics, &names);
    int result =
        err_set(r->error, ERR_CLOSED, "stopped before the end of topic %s; run it again to go on", buf_cstr(&names));
    buf_release(&names);
    return result;
}

static int keys_make(struct run *r)
{
    return keys_settle(r->definition, r->db, r->error);
}

/* In one transaction: a broken key leaves the indexes as they were. */
static int keys_finish(struct run *r)
{
    if (!keys_declared(r->definition)) return 0;
    int result = in_transaction(r, "BEGIN IMMEDIATE", keys_make);
    return result == KEYS_BROKEN ? ENGINE_RULE_FAILED : result;
}

/* Everything is loaded: what the tables must be like. Of a stream with a last end the worker that loaded it has judged
 * the rules. */
static int tables_finish(struct run *r)
{
    int result = keys_finish(r);
    return result == 0 ? outstanding_check(r->definition, r->db, r->error) : result;
}

/* Judged of what the warehouse is in the end: on the way a record may wait in the quarantine for what its rule looks
 * for. */
static int rejects_check(struct run *r)
{
    const struct reject_limit *limit = &r->options->max_rejects;
    int64_t records = 0, rejected = 0;
    if (!limit->given) return 0;
    int result = sql_integer(r->db, 0, &records, r->error, "SELECT sum(read) FROM records");
    if (result == 0) result = sql_integer(r->db, 0, &rejected, r->error, "SELECT sum(rejected) FROM records");
    if (result != 0 || !reject_limit_broken(limit, (uint64_t)rejected, (uint64_t)records, true)) return result;
    err_set(r->error, ERR_INVALID,
            "--max-rejects %s: %" PRId64 " of %" PRId64 " records are rejected; they are in the table quarantine",
            limit->text, rejected, records);
    return ENGINE_RULE_FAILED;
}

/* What the workers left in the outboxes. After a signal not for ever: a broker may be away. */
static int changelogs_finish(struct run *r)
{
    int64_t stop_ns = INT64_MAX;
    bool idle = !r->sender;
    int result = 0;
    for (uint64_t round = 0; !idle && result == 0; round++) {
        if (stopping && stop_ns == INT64_MAX) stop_ns = clock_mono_ns() + (int64_t)CHANGELOG_STOP_MS * 1000000;
        if (clock_mono_ns() > stop_ns) break;
        result = sender_run(r->sender, WATCH_MS, true, &idle, r->error);
        if (result == 0 && round % SLOW_EVERY == 0) result = own_broker_ensure(&r->broker, r->error);
    }
    if (r->sender)
        fprintf(stderr, "%s: %" PRIu64 " messages of changelogs%s\n", r->title, sender_sent(r->sender),
                idle ? "" : "; the next run sends the others");
    return result;
}

/* The row of this run; what became of it is told by `result` and r->error, which a failure here does not replace. */
static int run_finish(struct run *r, int result)
{
    struct err_text detail = {0};
    if (r->created || !r->number || !r->checkpoint.gate) return result;
    enum run_status status = result == 0 ? RUN_DONE : result == ERR_CLOSED ? RUN_INTERRUPTED : RUN_FAILED;
    int err = runs_count_since(r->db, r->number, &r->before, &detail);
    if (err == 0) err = runs_end(r->db, r->number, status, result == 0 ? NULL : r->error->text, &detail);
    return result == 0 && err != 0 ? err_set(r->error, err, "%s", detail.text) : result;
}

static int outputs_write(struct run *r)
{
    int result = export_write(&r->exports, r->db, r->error);
    if (result == 0 && r->definition->export_count)
        fprintf(stderr, "%s: %d outputs, %" PRId64 " rows\n", r->title, r->definition->export_count, r->exports.rows);
    return result;
}

static int state_say(struct run *r)
{
    int result = r->built ? 0 : kept_say(r->db, &r->state, r->error);
    if (result == 0 && r->state.n) fprintf(stderr, "%s: state: %s\n", r->title, buf_cstr(&r->state));
    return result;
}

/* In the words of a batch; also when the run ends with an error, if it has loaded something. */
static void committed_say(struct run *r, int result)
{
    struct run_counts now;
    struct err_text detail = {0};
    if (runs_totals(r->db, &now, &detail) != 0 || (result != 0 && now.read == r->before.read)) return;
    fprintf(stderr,
            "%s: committed: %" PRId64 " records, %" PRId64 " accepted, %" PRId64 " rejected, %" PRId64
            " with warnings\n",
            r->title, now.read - r->before.read, now.accepted - r->before.accepted, now.rejected - r->before.rejected,
            now.warned - r->before.warned);
    broken_say(r->definition, r->db, r->title, r->number);
    late_say(r->definition, r->db, r->title, r->late_before);
}

int run_stream(const struct run_options *options, struct err_text *error)
{
    struct run r = {.options = options, .error = error, .lock = -1};
    signals_set();
    sql_setup();
    int result = definition_load(options->definition, &r.definition, error);
    if (result == 0) snprintf(r.title, sizeof r.title, "stream %s", r.definition->name);
    if (result == 0) result = changelog_check(r.definition, error);
    if (result == 0) result = export_open(&r.exports, r.definition, options->db, options->out, error);
    if (result == 0) topics_find(&r.topics, r.definition, options->topic);
    if (result == 0) result = topics_check(&r);
    r.partitions = memory_new(((size_t)r.topics.count + 1) * sizeof *r.partitions);
    if (result == 0) result = own_broker_open(&r.broker, options->bootstrap, options->broker_dir, error);
    if (result == 0) result = topics_wait(&r);
    if (result == 0 && !stopping) result = sender_open(r.definition, r.broker.bootstrap, 0, &r.sender, error);
    if (result == 0 && !stopping) result = database_prepare(&r);
    if (result == 0 && !stopping) result = topics_verify(&r);
    if (result == 0 && !stopping) result = sender_attach(r.sender, options->db, error), r.attached = result == 0;
    if (result == 0 && !stopping) result = load(&r);
    if (result == 0 && r.attached) result = changelogs_finish(&r);
    if (result == 0 && is_early(&r)) result = stopped_early(&r);
    if (result == 0 && r.complete) result = tables_finish(&r);
    if (result == 0 && r.complete && r.attached) result = sender_check(r.sender, error);
    if (r.checkpoint.gate) committed_say(&r, result);
    if (result == 0 && r.checkpoint.gate) result = rejects_check(&r);
    if (result == 0 && r.checkpoint.gate) result = outputs_write(&r);
    if (result == 0 && r.checkpoint.gate) result = state_say(&r);
    result = run_finish(&r, result);
    sender_close(r.sender);
    database_release(&r);
    if (r.client) rd_kafka_destroy(r.client);
    own_broker_close(&r.broker);
    topics_release(&r.topics);
    buf_release(&r.state);
    free(r.partitions);
    export_close(&r.exports);
    definition_free(r.definition);
    return result;
}
