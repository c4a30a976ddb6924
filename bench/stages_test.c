#include "bench/stages.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

static char sent_path[32], loaded_path[32];

static void file_make(char path[32], const char *text)
{
    strcpy(path, "/tmp/stages-XXXXXX");
    int fd = mkstemp(path);
    check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static int read_both(struct stages *s, const char *sent, const char *loaded, struct err_text *error)
{
    file_make(sent_path, sent);
    file_make(loaded_path, loaded);
    int rc = stages_read(s, sent_path, loaded_path, error);
    unlink(sent_path);
    unlink(loaded_path);
    return rc;
}

/* Acknowledged out of order, loaded in two transactions; the last one never was. */
#define SENT                                                                                                           \
    "orders 0 7 3000 3100 9000\norders 0 5 1000 1010 4000\norders 1 5 2000 2000 4500\norders 0 8 4000 4001 9000\n"
#define LOADED                                                                                                         \
    "orders 0 5 1500 1600 2000 2500 3000\norders 1 5 2100 2200 2600 2600 2900\norders 0 7 3500 3600 4000 4400 5000\n"

TEST(stages, the_parts_of_a_record_sum_to_its_total)
{
    struct stages s;
    struct err_text error = {0};
    struct histogram parts[STAGES], total, ack, *list[STAGES];
    histogram_init(&total);
    histogram_init(&ack);
    for (int i = 0; i < STAGES; i++) histogram_init(&parts[i]), list[i] = &parts[i];
    check_int(read_both(&s, SENT, LOADED, &error), 0);
    check_int(s.count, 4);
    for (int64_t i = 0; i < 3; i++) {
        int64_t sum = 0;
        for (int k = 0; k < STAGES; k++) sum += stage_ns(&s.records[i], (enum stage)k);
        check_int(sum, s.records[i].committed_ns - s.records[i].due_ns);
    }
    check_int(s.records[1].partition, 1);
    check_int(stage_ns(&s.records[1], STAGE_LATENESS), 0);
    check_int(stage_ns(&s.records[1], STAGE_TRANSPORT), 100);
    check_int(stage_ns(&s.records[1], STAGE_COMMIT), 300);
    check_int(stages_sum(&s, 0, 10000, list, &total, &ack), 3);
    double sum = 0;
    for (int k = 0; k < STAGES; k++) sum += histogram_mean(&parts[k]);
    check((int64_t)(sum + 0.5) == (int64_t)(histogram_mean(&total) + 0.5));
    check_int(stages_sum(&s, 2000, 3000, NULL, NULL, NULL), 1);
    stages_release(&s);
    for (int i = 0; i < STAGES; i++) histogram_release(&parts[i]);
    histogram_release(&total);
    histogram_release(&ack);
}

TEST(stages, records_of_one_commit_are_a_transaction)
{
    struct stages s;
    struct err_text error = {0};
    double rows[4], seconds[4];
    check_int(read_both(&s, SENT,
                        "orders 0 5 1500 1600 2000 2500 3000\norders 1 5 2100 2200 2000 2600 3000\n"
                        "orders 0 7 3500 3600 4000 4400 5000\n",
                        &error),
              0);
    check_int(stages_transactions(&s, 0, 10000, rows, seconds, 4), 2);
    check(rows[0] == 2 && rows[1] == 1);
    check(seconds[0] == 1000 / 1e9);
    check_int(stages_transactions(&s, 0, 10000, rows, seconds, 1), 1);
    check_int(stages_transactions(&s, 3001, 10000, rows, seconds, 4), 1);
    stages_release(&s);
}

TEST(stages, what_is_no_probe_is_told_with_its_line)
{
    struct stages s;
    struct err_text error = {0};
    check_int(read_both(&s, "orders 0 5 1000 1010 4000\norders 0 6 7\n", "", &error), ERR_CORRUPT);
    check(strstr(error.text, ":2: not a line of a probe"));
    error.text[0] = 0;
    check_int(read_both(&s, SENT, "orders 0 99 1 2 3 4 5\n", &error), ERR_CORRUPT);
    check(strstr(error.text, ":1: a record that was never sent"));
    error.text[0] = 0;
    check_int(stages_read(&s, "/nowhere/at/all", NULL, &error), ERR_NOTFOUND);
    check_int(read_both(&s, "", "", &error), 0);
    check_int(s.count, 0);
    stages_release(&s);
}
