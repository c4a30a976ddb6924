/* reading_truth.h - the answers of the sensor workload, counted while its readings are made.
 *
 *     reading_truth_init -> reading_truth_add in the order of time -> reading_truth_finish
 *
 *     records_by_source.csv rejected_by_rule.csv   by gateway, and by gateway and first failing rule
 *     per_device.csv             readings, least, largest and last value, first and last instant
 *     per_device_hour.csv        tumbling
 *     room_windows.csv           hopping: temperatures by room, an hour every quarter of an hour
 *     stretches.csv              sessions: readings of a device without a gap of more than STRETCH_GAP_S
 *     summary.json */
#ifndef MILLRACE_WORKLOADS_SENSORS_READING_TRUTH_H
#define MILLRACE_WORKLOADS_SENSORS_READING_TRUTH_H

#include "workloads/out_file.h"
#include "workloads/sensors/fleet.h"

enum { STRETCH_GAP_S = 1500, ROOM_WINDOW_S = 3600, ROOM_PANE_S = 900, ROOM_PANES = ROOM_WINDOW_S / ROOM_PANE_S };

/* The first rule that a reading breaks, in the order of the rules. */
enum reading_fate {
    READING_ACCEPTED,
    READING_FORMAT,
    READING_BAD_DEVICE,
    READING_CLOCK_RESET,
    READING_BAD_VALUE,
    READING_NO_VALUE,
    READING_UNKNOWN_UNIT,
    READING_SPIKE,
    READING_DUPLICATE,
    READING_FATES,
};

struct reading {
    int64_t time;
    int device;
    int64_t normal; /* thousandths of C, % or W */
};

struct measured { /* a span of time of a device, or of a room */
    int64_t number, first, last;
    uint64_t readings;
    int64_t least, largest, sum, last_value;
};

struct reading_truth {
    const struct fleet *fleet;
    struct disk *disk;
    struct err_text *why;
    struct out_file hours, windows, stretches;
    struct measured total[DEVICES_MAX], hour[DEVICES_MAX], stretch[DEVICES_MAX];
    struct measured window[ROOMS][ROOM_PANES]; /* by number of the first pane modulo ROOM_PANES */
    uint64_t fate[GATEWAYS][READING_FATES];
    uint64_t stretch_count, gap_count, longest_s;
};
void reading_truth_init(struct reading_truth *t, const struct fleet *fleet, struct disk *disk, struct err_text *why);
void reading_truth_add(struct reading_truth *t, const struct reading *r);
static inline void reading_truth_fate(struct reading_truth *t, int gateway, enum reading_fate f)
{
    t->fate[gateway][f]++;
}
int reading_truth_finish(struct reading_truth *t);

#endif
