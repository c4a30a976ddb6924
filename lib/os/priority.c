#include "lib/os/priority.h"

#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>

/* On Linux both calls are about the calling thread alone, and what it makes inherits from it (sched(7),
 * setpriority(2)). */
enum priority_kind priority_raise(enum priority_rank rank, struct priority *before)
{
    struct sched_param now = {0}, wanted = {.sched_priority = (int)rank};
    before->policy = sched_getscheduler(0);
    sched_getparam(0, &now);
    before->real_time = now.sched_priority;
    before->nice = getpriority(PRIO_PROCESS, 0);
    if (sched_setscheduler(0, SCHED_RR, &wanted) == 0) return PRIORITY_REAL_TIME;
    return setpriority(PRIO_PROCESS, 0, rank == PRIORITY_FIRST ? -20 : -19) == 0 ? PRIORITY_NICE : PRIORITY_ORDINARY;
}

void priority_restore(const struct priority *before)
{
    struct sched_param then = {.sched_priority = before->real_time};
    sched_setscheduler(0, before->policy, &then);
    setpriority(PRIO_PROCESS, 0, before->nice);
}

enum priority_kind priority_permitted(void)
{
    struct priority before;
    enum priority_kind kind = priority_raise(PRIORITY_SECOND, &before);
    priority_restore(&before);
    return kind;
}

const char *priority_name(enum priority_kind kind)
{
    static const char *const names[] = {"ordinary", "nice -20", "real time (round robin)"};
    return names[kind];
}
