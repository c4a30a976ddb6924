#include "workloads/generate.h"

#include <stddef.h>
#include <string.h>

const struct generator *const generators[] = {&ecommerce_generator, &clickstream_generator, NULL};

const struct generator *generator_find(const char *name)
{
    for (int i = 0; generators[i]; i++) {
        if (strcmp(generators[i]->name, name) == 0) return generators[i];
    }
    return NULL;
}
