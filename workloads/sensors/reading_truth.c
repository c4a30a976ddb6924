#include "workloads/sensors/reading_truth.h"

#include <string.h>

#include "workloads/out_time.h"
#include "workloads/truth.h"

#define FOLDER "ground_truth/"

static const char *const fates[READING_FATES] = {
    [READING_ACCEPTED] = "",
    [READING_FORMAT] = "format",
    [READING_BAD_DEVICE] = "bad_device",
    [READING_CLOCK_RESET] = "clock_reset",
    [READING_BAD_VALUE] = "bad_value",
    [READING_NO_VALUE] = "no_value",
    [READING_UNKNOWN_UNIT] = "unknown_unit",
    [READING_SPIKE] = "spike",
    [READING_DUPLICATE] = "duplicate",
};

static void measured_add(struct measured *m, const struct reading *r)
{
    if (m->readings++ == 0) {
        m->first = r->time;
        m->least = m->largest = r->normal;
    }
    m->last = r->time;
    m->last_value = r->normal;
    if (r->normal < m->least) m->least = r->normal;
    if (r->normal > m->largest) m->largest = r->normal;
    m->sum += r->normal;
}

static void put_thousandths(struct buf *b, int64_t value)
{
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    buf_append_str(b, value < 0 ? ",-" : ",");
    out_number(b, size / 1000);
    buf_append_byte(b, '.');
    buf_append_byte(b, (uint8_t)('0' + size / 100 % 10));
    out_two(b, (int)(size % 100));
}

static void put_measured(struct buf *b, const struct measured *m)
{
    buf_append_byte(b, ',');
    out_number(b, m->readings);
    put_thousandths(b, m->least);
    put_thousandths(b, m->largest);
    put_thousandths(b, m->sum);
}

/* --- spans that end as time goes on --- */

static void hour_end(struct reading_truth *t, int device)
{
    struct measured *m = &t->hour[device];
    if (m->readings == 0) return;
    struct buf *b = &t->hours.pending;
    fleet_put_name(b, device);
    buf_append_byte(b, ',');
    out_stamp(b, m->number * 3600);
    put_measured(b, m);
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->hours);
}

static void stretch_end(struct reading_truth *t, int device)
{
    struct measured *m = &t->stretch[device];
    if (m->readings == 0) return;
    struct buf *b = &t->stretches.pending;
    fleet_put_name(b, device);
    buf_append_byte(b, ',');
    out_stamp(b, m->first);
    buf_append_byte(b, ',');
    out_stamp(b, m->last);
    buf_append_byte(b, ',');
    out_number(b, m->readings);
    buf_append_byte(b, ',');
    out_number(b, (uint64_t)(m->last - m->first));
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->stretches);
    t->stretch_count++;
    if ((uint64_t)(m->last - m->first) > t->longest_s) t->longest_s = (uint64_t)(m->last - m->first);
}

static void window_end(struct reading_truth *t, int room, struct measured *m)
{
    if (m->readings == 0) return;
    struct buf *b = &t->windows.pending;
    fleet_put_room(b, room);
    buf_append_byte(b, ',');
    out_stamp(b, m->number * ROOM_PANE_S);
    put_measured(b, m);
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->windows);
    m->readings = 0;
}

static void add_to_windows(struct reading_truth *t, const struct reading *r, int room)
{
    int64_t pane = r->time / ROOM_PANE_S;
    for (int64_t first = pane - ROOM_PANES + 1; first <= pane; first++) {
        struct measured *m = &t->window[room][first % ROOM_PANES];
        if (m->readings > 0 && m->number != first) window_end(t, room, m);
        if (m->readings == 0) *m = (struct measured){.number = first};
        measured_add(m, r);
    }
}

void reading_truth_add(struct reading_truth *t, const struct reading *r)
{
    const struct device *d = &t->fleet->device[r->device];
    struct measured *hour = &t->hour[r->device], *stretch = &t->stretch[r->device];
    if (hour->number != r->time / 3600) {
        hour_end(t, r->device);
        *hour = (struct measured){.number = r->time / 3600};
    }
    if (stretch->readings > 0 && r->time - stretch->last > STRETCH_GAP_S) {
        stretch_end(t, r->device);
        stretch->readings = 0;
        t->gap_count++;
    }
    if (stretch->readings == 0) *stretch = (struct measured){0};
    measured_add(&t->total[r->device], r);
    measured_add(hour, r);
    measured_add(stretch, r);
    if (d->model == MODEL_THERMO_C || d->model == MODEL_THERMO_F) add_to_windows(t, r, d->room);
    reading_truth_fate(t, d->gateway, READING_ACCEPTED);
}

/* --- from first to last --- */

void reading_truth_init(struct reading_truth *t, const struct fleet *fleet, struct disk *disk, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->fleet = fleet;
    t->disk = disk;
    t->why = why;
    truth_open(&t->hours, disk, why, FOLDER "per_device_hour.csv", "device,hour_start,readings,least,largest,total\n");
    truth_open(&t->windows, disk, why, FOLDER "room_windows.csv", "room,window_start,readings,least,largest,total\n");
    truth_open(&t->stretches, disk, why, FOLDER "stretches.csv", "device,start,end,readings,duration_s\n");
}

static void write_devices(struct reading_truth *t, struct buf *b)
{
    buf_append_str(b, "device,readings,least,largest,total,first_at,last_at,last_value\n");
    for (int i = 0; i < t->fleet->count; i++) {
        const struct measured *m = &t->total[i];
        if (m->readings == 0) continue;
        fleet_put_name(b, i);
        put_measured(b, m);
        buf_append_byte(b, ',');
        out_stamp(b, m->first);
        buf_append_byte(b, ',');
        out_stamp(b, m->last);
        put_thousandths(b, m->last_value);
        buf_append_byte(b, '\n');
    }
}

static void write_summary(struct reading_truth *t, struct buf *b)
{
    uint64_t accepted = 0, rejected = 0, devices = 0;
    for (int g = 0; g < GATEWAYS; g++) {
        accepted += t->fate[g][READING_ACCEPTED];
        for (int f = READING_ACCEPTED + 1; f < READING_FATES; f++) rejected += t->fate[g][f];
    }
    for (int i = 0; i < t->fleet->count; i++) devices += t->total[i].readings > 0;
    buf_printf(b, "{\n \"readings\": %llu,\n \"rejected\": %llu,\n \"devices\": %llu", (unsigned long long)accepted,
               (unsigned long long)rejected, (unsigned long long)devices);
    buf_printf(b, ",\n \"stretches\": %llu,\n \"gaps\": %llu,\n \"longest_stretch_s\": %llu",
               (unsigned long long)t->stretch_count, (unsigned long long)t->gap_count,
               (unsigned long long)t->longest_s);
    buf_append_str(b, "\n}\n");
}

static void write_fates(struct reading_truth *t, struct out_file *out)
{
    const char *sources[GATEWAYS];
    for (int i = 0; i < GATEWAYS; i++) sources[i] = gateway_name(i);
    struct truth_fates table = {sources, GATEWAYS, fates, READING_FATES, t->fate[0]};
    out_file_open(out, FOLDER "records_by_source.csv");
    truth_put_records(&out->pending, &table);
    out_file_close(out);
    out_file_open(out, FOLDER "rejected_by_rule.csv");
    truth_put_rejected(&out->pending, &table);
    out_file_close(out);
}

int reading_truth_finish(struct reading_truth *t)
{
    struct out_file out, *files[] = {&t->hours, &t->windows, &t->stretches, &out};
    for (int i = 0; i < t->fleet->count; i++) {
        hour_end(t, i);
        stretch_end(t, i);
    }
    for (int room = 0; room < ROOMS; room++) {
        for (int i = 0; i < ROOM_PANES; i++) window_end(t, room, &t->window[room][i]);
    }
    out_file_init(&out, t->disk, t->why);
    write_fates(t, &out);
    out_file_open(&out, FOLDER "per_device.csv");
    write_devices(t, &out.pending);
    out_file_close(&out);
    out_file_open(&out, FOLDER "summary.json");
    write_summary(t, &out.pending);
    return truth_close(files, 4);
}
