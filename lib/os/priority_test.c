#include "lib/os/priority.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit.h"

static void *policy_of_thread(void *out)
{
    *(int *)out = sched_getscheduler(0);
    return NULL;
}

TEST(priority, what_is_raised_is_inherited_and_comes_back)
{
    struct priority before;
    pthread_t thread;
    int ordinary = sched_getscheduler(0), nice = getpriority(PRIO_PROCESS, 0), inherited = -1;
    enum priority_kind permitted = priority_permitted(), kind;
    check_int(sched_getscheduler(0), ordinary);
    kind = priority_raise(PRIORITY_FIRST, &before);
    check_int(kind, permitted);
    check_int(sched_getscheduler(0), kind == PRIORITY_REAL_TIME ? SCHED_RR : ordinary);
    check_int(getpriority(PRIO_PROCESS, 0), kind == PRIORITY_NICE ? -20 : nice);
    check_int(pthread_create(&thread, NULL, policy_of_thread, &inherited), 0);
    pthread_join(thread, NULL);
    check_int(inherited, sched_getscheduler(0));
    priority_restore(&before);
    check_int(sched_getscheduler(0), ordinary);
    check_int(getpriority(PRIO_PROCESS, 0), nice);
}

/* Nobody may raise anything here: it stays what it was, and that is said. */
TEST(priority, what_is_not_permitted_is_said)
{
    struct rlimit none = {0, 0};
    struct priority before;
    struct sched_param ordinary = {0};
    check_int(sched_setscheduler(0, SCHED_OTHER, &ordinary), 0);
    check_int(setrlimit(RLIMIT_RTPRIO, &none), 0);
    check_int(setrlimit(RLIMIT_NICE, &none), 0);
    /* Root is asked for its right, not for its limits: it gives its user up. */
    uid_t user = geteuid();
    if (user == 0) check_int(seteuid(65534), 0);
    enum priority_kind kind = priority_raise(PRIORITY_FIRST, &before);
    check_int(kind, PRIORITY_ORDINARY);
    check_str(priority_name(kind), "ordinary");
    check_int(sched_getscheduler(0), SCHED_OTHER);
    priority_restore(&before);
    if (user == 0) check_int(seteuid(user), 0); /* who looks for leaks at the end needs it */
}
