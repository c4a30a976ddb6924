/* wide_sum.h - sums of 64-bit numbers that never wrap, compared with a 64-bit number.
 *
 * 2^63 numbers of 64 bits fit 128. Two columns of different scale are compared in the larger one: the factors, powers
 * of ten up to 10^18, of which one is 1, bring them there. */
#ifndef MILLRACE_ETL_OPERATOR_WIDE_SUM_H
#define MILLRACE_ETL_OPERATOR_WIDE_SUM_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 wide_sum;

/* Whether value * value_factor and sum * sum_factor are more than `tolerance` (not negative) apart. */
static inline bool wide_sum_apart(int64_t value, int64_t value_factor, wide_sum sum, int64_t sum_factor,
                                  int64_t tolerance)
{
    wide_sum mine = (wide_sum)value * value_factor, other, more;
    /* |mine| is below 2^123: what needs more than 128 bits is far away */
    if (__builtin_mul_overflow(sum, (wide_sum)sum_factor, &other) || __builtin_sub_overflow(mine, other, &more))
        return true;
    return more > tolerance || more < -(wide_sum)tolerance;
}

#endif
