/* In which states the broker is, as far as its owner can tell: what it has asked for and was not told yet, and what
 * its clients wait for. */
#include "tests/sim/client.h"

static enum sim_state call_state(int api_key)
{
    switch (api_key) {
    case KAFKA_API_JOIN_GROUP:
    case KAFKA_API_SYNC_GROUP: return STATE_REBALANCING;
    case KAFKA_API_FETCH: return STATE_POLLING;
    case KAFKA_API_OFFSET_COMMIT: return STATE_COMMITTING;
    default: return STATE_IDLE;
    }
}

uint32_t sim_states(const struct sim *s)
{
    uint32_t states = 0;
    for (int i = 0; i < STATE_KINDS; i++) states |= (uint32_t)(s->under_way[i] > 0) << i;
    if (s->opening) states |= 1u << STATE_OPENING;
    if (s->stopping) states |= 1u << STATE_CLOSING;
    if (s->node && s->disk.sync_failed) states |= 1u << STATE_OFFLINE;
    for (int i = 0; i < s->client_count; i++)
        for (const struct call *c = s->clients[i]->first; c; c = c->next) states |= 1u << call_state(c->api->key);
    return states & ~(1u << STATE_IDLE);
}

void sim_broke(struct sim *s, enum sim_fault fault)
{
    sim_broke_in(s, fault, sim_states(s));
}

void sim_broke_in(struct sim *s, enum sim_fault fault, uint32_t states)
{
    coverage_count(&s->coverage, fault, states);
    s->faults += fault_is_grave(fault);
}
