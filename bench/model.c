#include "bench/model.h"

#include <math.h>

void model_fit(struct model *m, const double *rows, const double *seconds, int n)
{
    double sum = 0, x = 0, y = 0, xx = 0, xy = 0, origin = 0;
    for (int i = 0; i < n; i++) {
        double w = 1 / (seconds[i] * seconds[i]);
        sum += w;
        x += w * rows[i];
        y += w * seconds[i];
        xx += w * rows[i] * rows[i];
        xy += w * rows[i] * seconds[i];
    }
    if (n > 0) origin = xy / xx, x /= sum, y /= sum, xx = xx / sum - x * x, xy = xy / sum - x * y;
    m->row_s = xx > 1e-12 * x * x && xy > 0 ? xy / xx : 0;
    m->fixed_s = y - m->row_s * x;
    if (m->fixed_s < 0) m->fixed_s = 0, m->row_s = origin;
}

double model_age_s(const struct model *m, double interval_s)
{
    double busy = m->row_s * m->rate, gap_s = 1 / m->rate;
    if (busy >= 1) return INFINITY;
    double period_s = fmax(interval_s + gap_s, m->fixed_s / (1 - busy));
    double newest_s = (1 - exp(-m->rate * interval_s)) / m->rate;
    double takes_s = m->fixed_s + m->row_s * m->rate * period_s;
    return m->delivery_s + newest_s + takes_s + (period_s * period_s + gap_s * gap_s) / (2 * period_s);
}
