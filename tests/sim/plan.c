/* What a seed decides before anything happens: durability mode, faults, crashes, clients, and a configuration
 * with everything small, so that segments roll and indexes fill within a few hundred records. */
#include <assert.h>
#include <stdio.h>

#include "tests/sim/sim.h"

const char *const sim_topics[SIM_TOPICS] = {"orders", "clicks"};
const int32_t sim_topic_partitions[SIM_TOPICS] = {3, 1};
const char *const sim_groups[SIM_GROUPS] = {"group-0", "group-1", "alone"};

/* Half of the runs know no errors but crashes: what they find is easier to read. */
static void faults_draw(struct sim *s)
{
    struct plan *p = &s->plan;
    if (sim_chance(s, 2)) return;
    if (sim_chance(s, 2)) p->faults.read_error = 50 + (uint32_t)sim_draw(s, 400);
    if (sim_chance(s, 2)) p->faults.write_error = 100 + (uint32_t)sim_draw(s, 400);
    if (sim_chance(s, 2)) p->faults.full = 30 + (uint32_t)sim_draw(s, 300);
    if (sim_chance(s, 3)) p->faults.sync_error = 100 + (uint32_t)sim_draw(s, 400);
    if (sim_chance(s, 2)) p->faults.change_error = 20 + (uint32_t)sim_draw(s, 200);
    if (sim_chance(s, 2)) p->short_read = 10 + (uint32_t)sim_draw(s, 50);
}

void plan_draw(struct sim *s)
{
    struct plan *p = &s->plan;
    p->mode = (enum sim_mode)sim_draw(s, 2);
    faults_draw(s);
    if (!sim_chance(s, 3)) p->drop = 20 + (uint32_t)sim_draw(s, 200);
    p->crashes = (int)sim_draw(s, 6);
    p->active_ns = RUN_SECONDS_MIN * NS_SEC + sim_draw(s, 5 * NS_SEC);
    p->burst_ns_max = 100 * NS_MS + sim_draw(s, 500 * NS_MS);
    p->lull_ns_max = 2 * NS_SEC + sim_draw(s, 6 * NS_SEC);
    p->delay_ns_max = NS_MS / 10 + sim_draw(s, 10 * NS_MS);
    p->disk_ns_max = NS_MS / 10 + sim_draw(s, sim_chance(s, 4) ? 60 * NS_MS : 5 * NS_MS);
    p->retention = sim_chance(s, 3);
    p->flips = sim_chance(s, 4) ? 1 + (int)sim_draw(s, 5) : 0;
    p->flips_in = sim_chance(s, 3) ? FLIPS_SMALL : FLIPS_DATA;
    if (s->seed % 3 == 0) p->flips_in = FLIPS_INTERNAL; /* draws nothing, so that the other runs are what they were */
    p->deletes = sim_chance(s, 3);
    p->retention_ms = p->retention && !sim_chance(s, 3) ? 200 + sim_draw(s, 8000) : -1;
    p->retention_bytes = p->retention && (p->retention_ms < 0 || sim_chance(s, 3)) ? 500 + sim_draw(s, 8000) : -1;
    p->expiry_ms = sim_chance(s, 3) ? 2000 + sim_draw(s, 4000) : 86400000;
    p->flush_ms = 10 + sim_draw(s, 500);
    p->producers = 1 + (int)sim_draw(s, 3);
    p->consumers = 1 + (int)sim_draw(s, 2);
    p->members = (int)sim_draw(s, 5);
    p->admins = (int)sim_draw(s, 1);
    p->committers = (int)sim_draw(s, 2);
    p->garbage = sim_chance(s, 4);
    p->shaped = sim_chance(s, 3);
    p->offsets_expire = sim_chance(s, 5);
    if (p->offsets_expire) p->long_lull_ns = (OFFSETS_RETENTION_SECONDS - 10) * NS_SEC + sim_draw(s, 40 * NS_SEC);
}

static void set(struct properties *p, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    properties_set(p, key, text, "plan", 0);
}

void plan_config(struct sim *s)
{
    struct properties p = {0};
    struct err_text error = {0};
    properties_set(&p, "log.dirs", "sim", "plan", 0);
    properties_set(&p, "auto.create.topics.enable", "false", "plan", 0);
    if (s->plan.mode == MODE_GROUP_COMMIT) set(&p, "log.flush.interval.messages", 1);
    if (s->plan.mode == MODE_INTERVAL) {
        set(&p, "log.flush.interval.ms", s->plan.flush_ms);
        if (sim_chance(s, 4)) s->plan.flush_messages = 2 + sim_draw(s, 50);
        if (s->seed % 3 == 1) s->plan.flush_messages = 2 + (int64_t)(s->seed / 3 % 10); /* draws nothing */
        if (s->plan.flush_messages) set(&p, "log.flush.interval.messages", s->plan.flush_messages);
    }
    set(&p, "producer.id.expiration.ms", s->plan.expiry_ms);
    set(&p, "log.index.interval.bytes", sim_draw(s, 400));
    if (sim_chance(s, 2)) set(&p, "log.index.size.max.bytes", 48 + sim_draw(s, 400));
    if (sim_chance(s, 2)) set(&p, "log.roll.ms", 50 + sim_draw(s, 1000));
    set(&p, "log.retention.ms", s->plan.retention_ms);
    set(&p, "log.retention.bytes", s->plan.retention_bytes);
    set(&p, "log.retention.check.interval.ms", 100 + sim_draw(s, 2000));
    set(&p, "log.flush.offset.checkpoint.interval.ms", 50 + sim_draw(s, 3000));
    set(&p, "log.flush.start.offset.checkpoint.interval.ms", 50 + sim_draw(s, 3000));
    set(&p, "replica.high.watermark.checkpoint.interval.ms", 50 + sim_draw(s, 3000));
    set(&p, "group.initial.rebalance.delay.ms", sim_draw(s, 100));
    set(&p, "group.min.session.timeout.ms", 100);
    set(&p, "offsets.topic.num.partitions", 2);
    if (s->plan.offsets_expire) {
        set(&p, "offsets.retention.minutes", OFFSETS_RETENTION_SECONDS / 60);
        set(&p, "offsets.retention.check.interval.ms", 500 + sim_draw(s, 5000));
    }
    int rc = node_config_load(&s->config, &p, NULL, NULL, &error);
    if (rc < 0) sim_fail(s, "the configuration of the run is refused: %s", error.text);
}
