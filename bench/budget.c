#include "bench/budget.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Seconds that profile quick takes on two cores when nothing is cut and other work voids some trials. In full all are
 * longer by about the same factor. */
static const struct {
    const char *id;
    double seconds;
} usual[] = {{"E0", 14}, {"E1", 70}, {"E2", 90},  {"E3", 90},  {"E4", 60}, {"E5", 85},
             {"E6", 85}, {"E7", 40}, {"E8", 165}, {"E10", 60}, {"E12", 25}};
#define USUAL_S 45 /* of one that is not in the list */

static double usual_s(const char *id)
{
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (strcmp(usual[i].id, id) == 0) return usual[i].seconds;
    }
    return USUAL_S;
}

double budget_share(const char *const ids[], double left_s)
{
    double sum = 0;
    assert(ids[0]);
    bool e5 = false; /* E6 has the same trials */
    for (int i = 0; ids[i]; i++) {
        bool again = e5 && strcmp(ids[i], "E6") == 0;
        e5 = e5 || strcmp(ids[i], "E5") == 0;
        sum += again ? 0 : usual_s(ids[i]);
    }
    return left_s > 0 && sum > 0 ? left_s * usual_s(ids[0]) / sum : 0;
}
