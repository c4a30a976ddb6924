#include "workloads/generate.h"

#include <stddef.h>
#include <string.h>

#include "workloads/out_file.h"

const struct generator *const generators[] = {&ecommerce_generator, &clickstream_generator, &iot_generator,
                                              &applogs_generator, NULL};

const struct generator *generator_find(const char *name)
{
    for (int i = 0; generators[i]; i++) {
        if (strcmp(generators[i]->name, name) == 0) return generators[i];
    }
    return NULL;
}

int generate_begin(const struct generate_options *options, const struct dirt_kind *kinds, int kind_count,
                   uint32_t *rates, bool (*is_input)(const char *name), struct disk **disk, struct err_text *error)
{
    if (options->scale < GENERATE_SCALE_MIN || options->scale > GENERATE_SCALE_MAX)
        return err_set(error, ERR_RANGE, "scale: must be between 0.001 and 1000");
    int rc = dirt_rates_resolve(&options->dirt, kinds, kind_count, rates, error);
    return rc < 0 ? rc : out_folder_open(options->out, is_input, disk, error);
}
