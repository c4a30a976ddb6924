#include "bench/speed/etl_input.h"

#include <stdio.h>

#include "workloads/generate.h"

static const struct {
    const char *definition;
    bool shop;
} WORKLOADS[] = {
    [ETL_SHOP] = {"ecommerce/online_retail.json", true}, [ETL_LOGS] = {"clickstream/web_logs.json", false}};

int etl_database(struct speed *s, struct etl_input *input, char db[PATH_MAX], struct err_text *error)
{
    int rc = bench_folder(s->bench, "databases", input->out, error);
    if (rc == 0) bench_path(db, input->out, "warehouse.db");
    return rc;
}

int etl_input_make(struct speed *s, enum etl_workload workload, int64_t events, struct etl_input *input,
                   struct err_text *error)
{
    char db[PATH_MAX];
    int rc = bench_workloads_find(s->bench, NULL, error);
    if (rc == 0) rc = bench_folder(s->bench, "etl-input", input->in, error);
    if (rc < 0) return rc;
    struct generate_options options = {.out = input->in, .scale = events, .seed = 7};
    options.order_lines_only = WORKLOADS[workload].shop;
    rc = (WORKLOADS[workload].shop ? generate_ecommerce : generate_clickstream)(&options, NULL, error);
    bench_path(input->definition, s->bench->workloads, WORKLOADS[workload].definition);
    if (rc == 0) rc = etl_database(s, input, db, error);
    if (rc == 0)
        rc = bench_command(s->bench, NULL, NULL, error, "etl", "run", input->definition, "--in", input->in, "--db", db,
                           NULL);
    return rc == 0 ? bench_ask(db, "SELECT sum(read) FROM records", &input->rows, error) : rc;
}

void etl_rates(struct trial *t, const struct etl_input *input, double wall_s, double cpu_s)
{
    trial_metric(t, "rate", "rows/s", (double)input->rows / wall_s);
    if (cpu_s > 0) trial_metric(t, "cpu_rate", "rows/s of processor time", (double)input->rows / cpu_s);
}
