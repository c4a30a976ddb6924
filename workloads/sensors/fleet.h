/* fleet.h - the devices of the sensor workload and what they measure.
 *
 * Values are in thousandths of their unit. Four kinds of devices, and the unit in which a reading is written is the
 * model's; `normal` is what a pipeline should make of it:
 *
 *     thermo-c   temperature  C, 2 decimals   as it is                    plausible -40 to 60
 *     thermo-f   temperature  F, 2 decimals   (x - 32) * 5 / 9, 3 decimals, half away from zero
 *     hygro      humidity     %, 1 decimal    as it is                    plausible 0 to 100
 *     meter      power        kW, 3 decimals  x * 1000, in W              plausible 0 to 20000 */
#ifndef MILLRACE_WORKLOADS_SENSORS_FLEET_H
#define MILLRACE_WORKLOADS_SENSORS_FLEET_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/random.h"

enum { GATEWAYS = 3, ROOMS = 12, DEVICES_MIN = 12, DEVICES_MAX = 240 };

enum model { MODEL_THERMO_C, MODEL_THERMO_F, MODEL_HYGRO, MODEL_METER, MODELS };

struct device {
    enum model model;
    int gateway, room;
    int64_t base, walk; /* thousandths of the unit written; the walk is what has come about so far */
};

struct fleet {
    struct device device[DEVICES_MAX];
    int count;
};

void fleet_init(struct fleet *f, int count, struct random *r);
const char *gateway_name(int gateway);
const char *model_name(enum model m);
const char *model_metric(enum model m);
void fleet_put_name(struct buf *b, int device); /* s-017 */
void fleet_put_room(struct buf *b, int room);   /* room-03 */
/* The next value, in thousandths of the model's unit, cut to its decimals. */
int64_t fleet_measure(struct fleet *f, int device, int64_t time, struct random *r);
/* In thousandths of C, % or W. */
int64_t fleet_normal(enum model m, int64_t value);
/* One that no such device can measure. */
int64_t fleet_spike(enum model m, struct random *r);

#endif
