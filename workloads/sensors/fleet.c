#include "workloads/sensors/fleet.h"

#include "workloads/out_file.h"

static const char *const gateways[GATEWAYS] = {"north", "south", "west"};

static const struct {
    const char *name, *metric;
    int64_t base, spread; /* thousandths */
    int64_t rhythm;       /* between night and day */
    int64_t step;         /* the last decimal that is written */
} models[MODELS] = {
    [MODEL_THERMO_C] = {"thermo-c", "temperature", 19000, 6000, 5000, 10},
    [MODEL_THERMO_F] = {"thermo-f", "temperature", 66000, 10000, 9000, 10},
    [MODEL_HYGRO] = {"hygro", "humidity", 45000, 15000, 8000, 100},
    [MODEL_METER] = {"meter", "power", 300, 900, 1500, 1},
};

const char *gateway_name(int gateway)
{
    return gateways[gateway];
}
const char *model_name(enum model m)
{
    return models[m].name;
}
const char *model_metric(enum model m)
{
    return models[m].metric;
}

void fleet_init(struct fleet *f, int count, struct random *r)
{
    f->count = count;
    for (int i = 0; i < count; i++) {
        struct device *d = &f->device[i];
        d->model = (enum model)(i % MODELS);
        d->gateway = i / MODELS % GATEWAYS;
        d->room = i / MODELS % ROOMS;
        d->base = models[d->model].base + (int64_t)random_below(r, (uint64_t)models[d->model].spread);
        d->walk = 0;
    }
}

void fleet_put_name(struct buf *b, int device)
{
    buf_append(b, "s-", 2);
    out_padded(b, (uint64_t)device, 3);
}

void fleet_put_room(struct buf *b, int room)
{
    buf_append(b, "room-", 5);
    out_padded(b, (uint64_t)room, 2);
}

/* Up from midnight to noon and down again. */
static int64_t rhythm(int64_t time, int64_t height)
{
    int64_t second = time % 86400;
    return (second < 43200 ? second : 86400 - second) * height / 43200;
}

int64_t fleet_measure(struct fleet *f, int device, int64_t time, struct random *r)
{
    struct device *d = &f->device[device];
    int64_t step = models[d->model].step, limit = models[d->model].spread / 4;
    d->walk += (int64_t)random_below(r, 5) * step - 2 * step;
    if (d->walk > limit) d->walk = limit;
    if (d->walk < -limit) d->walk = -limit;
    int64_t value = d->base + d->walk + rhythm(time, models[d->model].rhythm);
    if (value < 0) value = 0;
    return value - value % step;
}

int64_t fleet_normal(enum model m, int64_t value)
{
    if (m == MODEL_METER) return value * 1000;
    if (m != MODEL_THERMO_F) return value;
    int64_t ninths = (value - 32000) * 5, rest = ninths % 9;
    return ninths / 9 + (rest >= 5) - (rest <= -5);
}

int64_t fleet_spike(enum model m, struct random *r)
{
    /* What broken sensors send: the lowest value of a thermometer's chip, all bits set, a sign that got lost. */
    static const int64_t spikes[MODELS][3] = {
        [MODEL_THERMO_C] = {-127000, 6553500, 85000},
        [MODEL_THERMO_F] = {-196600, 6553500, 999900},
        [MODEL_HYGRO] = {-100, 100100, 655300},
        [MODEL_METER] = {-1, 20001, 999999},
    };
    return spikes[m][random_below(r, 3)];
}
