/* sensors.c - readings of devices, as three gateways of three makers keep them, a file per gateway and day.
 *
 *     north-2026-03-01.csv     device,seq,at,value,unit,battery            UTF-8, UTC
 *                              s-000,17,2026-03-01T22:16:00Z,21.53,°C,99
 *     south-2026-03-01.csv     Sensor;Nr;Zeit;Wert;Einheit;Batterie        windows-1252, an hour ahead of UTC
 *                              s-004;17;01.03.2026 23:16:01;21,53;°C;99
 *     west-2026-03-01.ndjson   {"device":"s-008","seq":17,"ts":1772403362,"value":21.53,"unit":"C","battery":99}
 *     devices.csv              device,model,metric,room,gateway
 *
 * Every device measures at its own second of an interval and numbers its readings, so time does not go back while
 * readings are made. A gateway may get a reading later, or twice; lines stand in the order in which it got them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "workloads/generate.h"
#include "workloads/held.h"
#include "workloads/out_time.h"
#include "workloads/sensors/reading_truth.h"
#include "workloads/truth.h"

#define FIRST_INSTANT   INT64_C(1772402400) /* 2026-03-01 22:00:00 */
#define PROGRESS_EVENTS 65536

enum { HELD_MAX = 1024, SMALL_INPUT = 100000, LATE_S = 1800 };
enum gateway { NORTH, SOUTH, WEST };

enum sensor_dirt {
    DIRT_CUT,
    DIRT_BAD_DEVICE,
    DIRT_CLOCK_RESET,
    DIRT_BAD_VALUE,
    DIRT_NO_VALUE,
    DIRT_UNKNOWN_UNIT,
    DIRT_SPIKE,
    DIRT_DUPLICATE,
    DIRT_OUT_OF_ORDER,
    DIRT_GAP,
    DIRT_COUNT,
};

static const struct dirt_kind kinds[DIRT_COUNT] = {
    [DIRT_CUT] = {"cut_line", 300, "a line that was cut off"},
    [DIRT_BAD_DEVICE] = {"bad_device", 500, "a device's name that is none"},
    [DIRT_CLOCK_RESET] = {"clock_reset", 500, "an instant of 1970, from a clock that lost its battery"},
    [DIRT_BAD_VALUE] = {"bad_value", 2000, "NaN, ERR or -- for a value"},
    [DIRT_NO_VALUE] = {"no_value", 2000, "no value"},
    [DIRT_UNKNOWN_UNIT] = {"unknown_unit", 500, "a unit that nobody knows"},
    [DIRT_SPIKE] = {"spike", 3000, "a value that cannot be"},
    [DIRT_DUPLICATE] = {"duplicate", 8000, "a reading that comes again, up to half an hour later"},
    [DIRT_OUT_OF_ORDER] = {"out_of_order", 20000, "a reading that comes up to half an hour late"},
    [DIRT_GAP] = {"gap", 500, "a device that falls silent for 25 minutes to 2 hours"},
};

struct sensors {
    const struct generate_options *options;
    struct random random;
    struct dirt_due dirt[DIRT_COUNT];
    struct fleet fleet;
    struct reading_truth truth;
    struct out_file out[GATEWAYS];
    int64_t open_day[GATEWAYS];
    struct held held;
    uint64_t row, total;
    uint64_t seq[DEVICES_MAX];
    int64_t silent_until[DEVICES_MAX];
    struct buf text;
    uint64_t bytes; /* of devices.csv */
    int files;
};

static bool take(struct sensors *s, enum sensor_dirt kind)
{
    return dirt_take(&s->dirt[kind], &s->random);
}

/* --- where lines are placed --- */

static void open_day(struct sensors *s, int gateway, int64_t day)
{
    static const char *const headers[GATEWAYS] = {"device,seq,at,value,unit,battery\n",
                                                  "Sensor;Nr;Zeit;Wert;Einheit;Batterie\n", ""};
    struct out_file *o = &s->out[gateway];
    struct buf name = {0};
    out_file_close(o);
    buf_printf(&name, "%s-", gateway_name(gateway));
    out_date(&name, day);
    buf_append_str(&name, gateway == WEST ? ".ndjson" : ".csv");
    out_file_open(o, buf_cstr(&name));
    buf_append_str(&o->pending, headers[gateway]);
    buf_release(&name);
    s->open_day[gateway] = day;
}

static void write_line(struct sensors *s, int gateway, struct slice text, int64_t received)
{
    if (received / 86400 != s->open_day[gateway]) open_day(s, gateway, received / 86400);
    buf_append_slice(&s->out[gateway].pending, text);
    out_file_flush_when_full(&s->out[gateway]);
}

static void write_held(struct sensors *s, int64_t now)
{
    for (const struct held_line *l; (l = held_take(&s->held, now)) != NULL;)
        write_line(s, l->tag, buf_slice(&l->text), l->release);
}

/* --- text of a reading --- */

struct draft { /* a reading with its dirt */
    int device;
    uint64_t seq;
    int64_t time; /* on the device's clock */
    int64_t value;
    const char *bad_device, *bad_value, *bad_unit; /* instead of the right text; NULL: the right one */
};

static const char *unit_text(int gateway, enum model m, int device)
{
    /* The degree sign in windows-1252 is one byte. */
    static const char *const units[MODELS][2] = {[MODEL_THERMO_C] = {"C", "celsius"},
                                                 [MODEL_THERMO_F] = {"F", "F"},
                                                 [MODEL_HYGRO] = {"%", "pct"},
                                                 [MODEL_METER] = {"kW", "kW"}};
    if (device % 3 == 0 && m <= MODEL_THERMO_F) {
        if (gateway == SOUTH)
            return m == MODEL_THERMO_C ? "\xb0"
                                         "C"
                                       : "\xb0"
                                         "F";
        return m == MODEL_THERMO_C ? "\xc2\xb0"
                                     "C"
                                   : "\xc2\xb0"
                                     "F";
    }
    return units[m][device % 2];
}

static void put_value(struct buf *b, enum model m, int64_t value, char point)
{
    static const unsigned last[MODELS] = {10, 10, 100, 1}; /* thousandths that the last decimal stands for */
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    if (value < 0) buf_append_byte(b, '-');
    out_number(b, size / 1000);
    buf_append_byte(b, (uint8_t)point);
    for (unsigned power = 100; power > 0 && power >= last[m]; power /= 10)
        buf_append_byte(b, (uint8_t)('0' + size / power % 10));
}

static void put_device(struct buf *b, const struct draft *d)
{
    if (d->bad_device)
        buf_append_str(b, d->bad_device);
    else
        fleet_put_name(b, d->device);
}

static void put_local_time(struct buf *b, int64_t time)
{
    int64_t year, local = time + 3600;
    int month, day;
    civil_from_days(local / 86400, &year, &month, &day);
    out_two(b, day);
    buf_append_byte(b, '.');
    out_two(b, month);
    buf_append_byte(b, '.');
    out_number(b, (uint64_t)year);
    buf_append_byte(b, ' ');
    out_clock(b, local);
}

static void put_fields(struct buf *b, const struct draft *d, const struct device *device)
{
    bool south = device->gateway == SOUTH;
    uint8_t separator = south ? ';' : ',';
    put_device(b, d);
    buf_append_byte(b, separator);
    out_number(b, d->seq);
    buf_append_byte(b, separator);
    if (south)
        put_local_time(b, d->time);
    else
        out_stampz(b, d->time);
    buf_append_byte(b, separator);
    if (d->bad_value)
        buf_append_str(b, d->bad_value);
    else
        put_value(b, device->model, d->value, south ? ',' : '.');
    buf_append_byte(b, separator);
    buf_append_str(b, d->bad_unit ? d->bad_unit : unit_text(device->gateway, device->model, d->device));
    buf_append_byte(b, separator);
}

static void put_object(struct buf *b, const struct draft *d, const struct device *device)
{
    buf_append_str(b, "{\"device\":\"");
    put_device(b, d);
    buf_append_str(b, "\",\"seq\":");
    out_number(b, d->seq);
    buf_append_str(b, ",\"ts\":");
    out_number(b, (uint64_t)d->time);
    buf_append_str(b, ",\"value\":");
    if (!d->bad_value)
        put_value(b, device->model, d->value, '.');
    else if (d->bad_value[0] == 0)
        buf_append_str(b, "null");
    else
        buf_printf(b, "\"%s\"", d->bad_value);
    buf_append_str(b, ",\"unit\":\"");
    buf_append_str(b, d->bad_unit ? d->bad_unit : unit_text(device->gateway, device->model, d->device));
    buf_append_str(b, "\",\"battery\":");
}

static void put_reading(struct buf *b, const struct draft *d, const struct device *device)
{
    uint64_t battery = 100 - d->seq / 2000 % 90;
    if (device->gateway == WEST)
        put_object(b, d, device);
    else
        put_fields(b, d, device);
    out_number(b, battery);
    buf_append_str(b, device->gateway == WEST ? "}\n" : "\n");
}

/* --- readings --- */

static enum reading_fate draft_dirt(struct sensors *s, struct draft *d, enum model m)
{
    static const char *const bad_devices[] = {"unknown", "S 017", "s-1234"};
    static const char *const bad_values[] = {"NaN", "ERR", "--"};
    static const char *const bad_units[] = {"?", "K", "degrees"};
    enum reading_fate fate = READING_ACCEPTED;
    if (take(s, DIRT_SPIKE)) {
        d->value = fleet_spike(m, &s->random);
        fate = READING_SPIKE;
    }
    if (take(s, DIRT_UNKNOWN_UNIT)) {
        d->bad_unit = bad_units[random_below(&s->random, 3)];
        fate = READING_UNKNOWN_UNIT;
    }
    if (take(s, DIRT_NO_VALUE)) {
        d->bad_value = "";
        fate = READING_NO_VALUE;
    }
    if (take(s, DIRT_BAD_VALUE)) {
        d->bad_value = bad_values[random_below(&s->random, 3)];
        fate = READING_BAD_VALUE;
    }
    if (take(s, DIRT_CLOCK_RESET)) {
        d->time = (int64_t)random_below(&s->random, 86400);
        fate = READING_CLOCK_RESET;
    }
    if (take(s, DIRT_BAD_DEVICE)) {
        d->bad_device = bad_devices[random_below(&s->random, 3)];
        fate = READING_BAD_DEVICE;
    }
    return fate;
}

static void row_done(struct sensors *s)
{
    s->row++;
    if (s->row % PROGRESS_EVENTS == 0 && s->options->progress)
        s->options->progress(s->options->context, s->row, s->total);
}

static void send_again(struct sensors *s, int gateway, enum reading_fate fate, int64_t received)
{
    int64_t again = received + 1 + (int64_t)random_below(&s->random, LATE_S);
    held_put(&s->held, buf_slice(&s->text), again, again, gateway);
    reading_truth_fate(&s->truth, gateway, fate == READING_ACCEPTED ? READING_DUPLICATE : fate);
    row_done(s);
}

static void measure(struct sensors *s, int device, int64_t time)
{
    const struct device *of = &s->fleet.device[device];
    struct draft d = {.device = device, .seq = ++s->seq[device], .time = time};
    bool room = held_has_room(&s->held, 2), late = room && take(s, DIRT_OUT_OF_ORDER), cut = take(s, DIRT_CUT);
    int64_t received = time + (late ? 1 + (int64_t)random_below(&s->random, LATE_S) : 0);
    d.value = fleet_measure(&s->fleet, device, time, &s->random);
    enum reading_fate fate = draft_dirt(s, &d, of->model);
    buf_reset(&s->text);
    put_reading(&s->text, &d, of);
    if (cut) {
        fate = READING_FORMAT;
        s->text.n = 1 + random_below(&s->random, 9); /* within the first three fields, all of it ASCII */
        buf_append_byte(&s->text, '\n');
    }
    if (late)
        held_put(&s->held, buf_slice(&s->text), received, received, of->gateway);
    else
        write_line(s, of->gateway, buf_slice(&s->text), received);
    if (fate == READING_ACCEPTED)
        reading_truth_add(&s->truth, &(struct reading){time, device, fleet_normal(of->model, d.value)});
    else
        reading_truth_fate(&s->truth, of->gateway, fate);
    row_done(s);
    if (!cut && room && s->row < s->total && take(s, DIRT_DUPLICATE)) send_again(s, of->gateway, fate, received);
    if (take(s, DIRT_GAP)) s->silent_until[device] = time + STRETCH_GAP_S + 60 * (int64_t)random_below(&s->random, 96);
}

static bool failed(const struct sensors *s)
{
    int error = 0;
    for (int i = 0; i < GATEWAYS; i++) error |= s->out[i].error;
    return error != 0;
}

static void measure_all(struct sensors *s)
{
    int64_t interval = s->total < SMALL_INPUT ? 600 : 60;
    for (int64_t at = FIRST_INSTANT; s->row < s->total && !failed(s); at += interval) {
        for (int i = 0; i < s->fleet.count && s->row < s->total; i++) {
            int64_t time = at + i * interval / s->fleet.count;
            if (time < s->silent_until[i]) continue;
            write_held(s, time);
            measure(s, i, time);
        }
    }
    write_held(s, INT64_MAX);
}

/* --- the whole --- */

static bool is_input(const char *name)
{
    bool of_gateway = false;
    for (int i = 0; i < GATEWAYS; i++) {
        size_t n = strlen(gateway_name(i));
        of_gateway |= strncmp(name, gateway_name(i), n) == 0 && name[n] == '-';
    }
    return of_gateway || strcmp(name, "devices.csv") == 0;
}

static const char rules[] =
    "# Ground truth of generated sensor readings\n"
    "Written by `millrace generate iot` while it made the readings; workloads/sensors/sensors.json loads them.\n"
    "Units: C, celsius and the degree sign with C are C; F alike, and (x - 32) * 5 / 9 to 3 decimals, half away from\n"
    "zero; % and pct; kW becomes W. The first rule that fails decides: format (not all fields, or no JSON object),\n"
    "bad_device (not s- and three digits), clock_reset (before 2020), bad_value (no number), no_value, unknown_unit,\n"
    "spike (outside of -40..60 C, 0..100 %, 0..20000 W), duplicate (device and seq stand earlier: file name, then\n"
    "place, among the readings of the gateway that break no rule before).\n"
    "Hours are UTC. room_windows: temperatures, an hour every 900 s, aligned to 1970. stretches: readings of a device\n"
    "until a gap of MORE than 1500 s. last_value: of the latest instant.\n";

static int write_devices(struct sensors *s, struct disk *disk, struct err_text *error)
{
    struct out_file out, *last = &out;
    truth_open(&out, disk, error, "ground_truth/RULES.md", rules); /* first: it marks the folder as ours */
    out_file_close(&out);
    out.bytes = 0;
    out_file_open(&out, "devices.csv");
    buf_append_str(&out.pending, "device,model,metric,room,gateway\n");
    for (int i = 0; i < s->fleet.count; i++) {
        const struct device *d = &s->fleet.device[i];
        fleet_put_name(&out.pending, i);
        buf_printf(&out.pending, ",%s,%s,", model_name(d->model), model_metric(d->model));
        fleet_put_room(&out.pending, d->room);
        buf_printf(&out.pending, ",%s\n", gateway_name(d->gateway));
    }
    out_file_close(&out);
    s->bytes = out.bytes;
    s->files = 1;
    return truth_close(&last, 1);
}

static void sensors_init(struct sensors *s, const struct generate_options *options, const uint32_t rates[DIRT_COUNT],
                         struct disk *disk, struct err_text *error)
{
    s->options = options;
    s->total = (uint64_t)options->scale;
    random_seed(&s->random, options->seed);
    for (int i = 0; i < DIRT_COUNT; i++) dirt_init(&s->dirt[i], &s->random, rates[i], s->total);
    uint64_t devices = s->total / 1500;
    fleet_init(&s->fleet,
               devices < DEVICES_MIN   ? DEVICES_MIN
               : devices > DEVICES_MAX ? DEVICES_MAX
                                       : (int)devices,
               &s->random);
    held_init(&s->held, HELD_MAX);
    for (int i = 0; i < GATEWAYS; i++) {
        out_file_init(&s->out[i], disk, error);
        s->open_day[i] = -1;
    }
    reading_truth_init(&s->truth, &s->fleet, disk, error);
}

static int run(struct sensors *s, struct disk *disk, struct err_text *error)
{
    struct out_file *files[GATEWAYS];
    int rc = write_devices(s, disk, error);
    if (rc == 0) measure_all(s);
    for (int i = 0; i < GATEWAYS; i++) {
        files[i] = &s->out[i];
        out_file_close(files[i]);
        s->bytes += s->out[i].bytes;
        s->files += s->out[i].files;
    }
    int written = truth_close(files, GATEWAYS), truth = reading_truth_finish(&s->truth);
    return rc ? rc : written ? written : truth;
}

int generate_iot(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct disk *disk;
    uint32_t rates[DIRT_COUNT];
    int rc = generate_begin(options, kinds, DIRT_COUNT, rates, is_input, &disk, error);
    if (rc < 0) return rc;
    struct sensors *s = memory_new(sizeof *s);
    sensors_init(s, options, rates, disk, error);
    rc = run(s, disk, error);
    if (result) *result = (struct generate_result){s->row, s->bytes, s->files};
    held_release(&s->held);
    buf_release(&s->text);
    free(s);
    disk_linux_free(disk);
    return rc;
}

const struct generator iot_generator = {
    "iot", "readings of sensors, three gateways with a file a day in three formats", kinds, DIRT_COUNT, generate_iot,
};
