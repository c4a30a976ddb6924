#include "bench/hlog.h"

#include <string.h>

#include "tests/unit.h"

/* Written by the Python port (hdrhistogram 0.10) of a histogram from 1 to 2^42-1 with three digits. */
static const char python[] = "HISTFAAAAC54nJNpmSzMwMDAzwABzFCaEcj8DwL2HyACTEysLB/lmZgOCjPNn8XEBAD6VQq7";
static const int64_t values[] = {0, 1, 5, 5, 2047, 2048, 5000, 1000000000};
enum { VALUES = sizeof values / sizeof values[0] };

static bool same(const struct histogram *a, const struct histogram *b)
{
    return a->total == b->total && memcmp(a->counts, b->counts, HISTOGRAM_BUCKETS * sizeof *a->counts) == 0;
}

static struct histogram filled(void)
{
    struct histogram h;
    histogram_init(&h);
    for (int i = 0; i < VALUES; i++) histogram_record(&h, values[i]);
    return h;
}

TEST(hlog, reads_what_another_program_wrote)
{
    struct histogram expected = filled(), h;
    struct err_text error = {0};
    histogram_init(&h);
    check_int(hlog_decode(slice_str(python), &h, &error), 0);
    check(same(&h, &expected));
    histogram_release(&h);
    histogram_release(&expected);
}

TEST(hlog, counts_survive_whatever_their_size)
{
    static const uint64_t counts[] = {1, 63, 64, 127, 128, 1 << 20, UINT64_C(1) << 55, (UINT64_C(1) << 62) + 5};
    struct histogram in, out;
    struct err_text error = {0};
    struct buf text = {0};
    histogram_init(&in);
    histogram_init(&out);
    for (int i = 0; i < 8; i++) histogram_record_count(&in, INT64_C(7) << (5 * i), counts[i]);
    histogram_record_count(&in, INT64_MAX, 3); /* the last bucket */
    hlog_encode(&in, &text);
    check_int(hlog_decode(buf_slice(&text), &out, &error), 0);
    check(same(&in, &out));
    buf_release(&text);
    histogram_release(&in);
    histogram_release(&out);
}

TEST(hlog, an_empty_histogram_has_no_counts)
{
    struct histogram in, out;
    struct err_text error = {0};
    struct buf text = {0};
    histogram_init(&in);
    histogram_init(&out);
    hlog_encode(&in, &text);
    check_int(hlog_decode(buf_slice(&text), &out, &error), 0);
    check_int((int64_t)out.total, 0);
    buf_release(&text);
    histogram_release(&in);
    histogram_release(&out);
}

TEST(hlog, damage_is_refused)
{
    struct histogram h;
    struct err_text error = {0};
    char text[sizeof python];
    histogram_init(&h);
    check_int(hlog_decode(slice_of(python, 7), &h, &error), ERR_CORRUPT);
    check_int(hlog_decode(slice_str("HISTFAAAAC5*"), &h, &error), ERR_CORRUPT);
    check_int(hlog_decode(slice_of(python, sizeof python - 5), &h, &error), ERR_CORRUPT);
    memcpy(text, python, sizeof python);
    text[4] = 'E'; /* another cookie */
    check_int(hlog_decode(slice_str(text), &h, &error), ERR_CORRUPT);
    memcpy(text, python, sizeof python);
    text[40] ^= 1;
    check_int(hlog_decode(slice_str(text), &h, &error), ERR_CORRUPT);
    check_int((int64_t)h.total, 0);
    histogram_release(&h);
}

TEST(hlog, a_log_gives_the_histograms_of_a_tag)
{
    struct histogram h = filled(), out;
    struct err_text error = {0};
    struct buf log = {0};
    histogram_init(&out);
    hlog_begin(&log, 1764237600);
    hlog_append(&log, "ack", 0, 2, &h);
    hlog_append(&log, "acked", 0, 2, &h);
    hlog_append(&log, "ack", 2, 2, &h);
    check_int(hlog_read(buf_slice(&log), "ack", &out, &error), 2);
    check_int((int64_t)out.total, 2 * VALUES);
    check_int(hlog_read(buf_slice(&log), "lag", &out, &error), 0);
    buf_append_str(&log, "Tag=lag,0.000,1.000,1.000,HIST\n");
    check_int(hlog_read(buf_slice(&log), "lag", &out, &error), ERR_CORRUPT);
    check(strncmp(error.text, "line 7, tag lag: ", 17) == 0);
    buf_release(&log);
    histogram_release(&out);
    histogram_release(&h);
}
