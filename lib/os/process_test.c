#include "lib/os/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "tests/unit.h"

static struct process shell(const char *script, int flags)
{
    struct process p;
    struct err_text e = {""};
    check_int(process_start(&p, (const char *const[]){"sh", "-c", script, NULL}, flags, &e), 0);
    check(p.pid > 0);
    return p;
}

TEST(process, lines_come_out_one_by_one)
{
    char line[16];
    struct process p = shell("echo ready 127.0.0.1:7; echo a very long line indeed; printf rest", PROCESS_PIPE_OUT);
    check_int(process_read_line(&p, line, sizeof line, 5000), 0);
    check_str(line, "ready 127.0.0.1");
    check_int(process_read_line(&p, line, sizeof line, 5000), 0);
    check_str(line, "a very long lin");
    check_int(process_read_line(&p, line, sizeof line, 5000), 0);
    check_str(line, "rest");
    check_int(process_read_line(&p, line, sizeof line, 5000), ERR_CLOSED);
    check_int(process_wait(&p, -1), 0);
    check_int(p.pid, 0);
}

TEST(process, a_silent_child_times_out)
{
    char line[16];
    struct process p = shell("exec sleep 60", PROCESS_PIPE_OUT);
    check_int(process_read_line(&p, line, sizeof line, 20), ERR_LOCKED);
    check_int(process_wait(&p, 0), ERR_LOCKED);
    check_int(process_stop(&p, 5000), 128 + SIGTERM);
    check_int(process_stop(&p, 5000), 0);
}

TEST(process, exit_status_and_a_child_that_ignores_sigterm)
{
    char line[16];
    struct process p = shell("exit 3", 0);
    check_int(process_wait(&p, 5000), 3);
    p = shell("trap '' TERM; echo on; while :; do sleep 0.01; done", PROCESS_PIPE_OUT);
    check_int(process_read_line(&p, line, sizeof line, 5000), 0);
    int64_t start_ns = clock_mono_ns();
    check_int(process_stop(&p, 50), 128 + SIGKILL);
    check(clock_mono_ns() - start_ns >= 50 * 1000000);
}

TEST(process, both_outputs_go_into_one_file)
{
    char path[64], text[64] = "";
    struct process p;
    struct err_text e = {""};
    snprintf(path, sizeof path, "%s/millrace-process-XXXXXX", P_tmpdir);
    int descriptor = mkstemp(path);
    check(descriptor >= 0);
    const char *const argv[] = {"sh", "-c", "echo one; echo two >&2", NULL};
    check_int(process_start_logged(&p, argv, PROCESS_OUT_TO_ERR, path, &e), 0);
    check_int(process_wait(&p, 5000), 0);
    check(read(descriptor, text, sizeof text - 1) > 0);
    check_str(text, "one\ntwo\n");
    close(descriptor);
    unlink(path);
}

TEST(process, what_cannot_run_is_reported_at_the_start)
{
    struct process p;
    struct err_text e = {""};
    check_int(process_start(&p, (const char *const[]){"/no/such/program", NULL}, 0, &e), ERR_NOTFOUND);
    check_str(e.text, "cannot run /no/such/program: No such file or directory");
    check_int(p.pid, 0);
}

TEST(process, knows_its_own_executable)
{
    char path[4096], small[2];
    check_int(process_self(path, sizeof path), 0);
    check_int(access(path, X_OK), 0);
    check_int(process_self(small, sizeof small), ERR_RANGE);
}

/* The grandchild would sleep a minute; killing its parent ends it, which closes the pipe. */
TEST(process, children_die_with_their_parent)
{
    int ends[2];
    check_int(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct process p;
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        process_start(&p, (const char *const[]){"sh", "-c", "echo on; exec sleep 60", NULL}, 0, NULL);
        pause();
    }
    close(ends[1]);
    char text[8];
    check_int(read(ends[0], text, sizeof text), 3);
    int64_t start_ns = clock_mono_ns();
    kill(parent, SIGKILL);
    struct process killed = {.pid = parent, .out = -1};
    check_int(process_wait(&killed, 5000), 128 + SIGKILL);
    check_int(read(ends[0], text, sizeof text), 0);
    check(clock_mono_ns() - start_ns < 30 * INT64_C(1000000000));
    close(ends[0]);
}

TEST(process, standard_error_can_go_to_a_file)
{
    char path[] = "/tmp/millrace-process-XXXXXX", text[64] = {0};
    close(mkstemp(path));
    const char *argv[] = {"sh", "-c", "echo said >&2", NULL};
    struct process p;
    for (int i = 0; i < 2; i++) { /* appended, not replaced */
        check_int(process_start_logged(&p, argv, 0, path, NULL), 0);
        check_int(process_wait(&p, 10000), 0);
    }
    FILE *f = fopen(path, "r");
    check(f != NULL);
    check_int(fread(text, 1, sizeof text - 1, f), 10);
    fclose(f);
    unlink(path);
    check_str(text, "said\nsaid\n");
}

TEST(process, standard_input_can_come_from_us)
{
    char line[64];
    struct process p;
    check_int(process_start(&p, (const char *const[]){"cat", NULL}, PROCESS_PIPE_IN | PROCESS_PIPE_OUT, NULL), 0);
    for (int i = 0; i < 2; i++) {
        check_int(write(p.in, "asked\n", 6), 6);
        check_int(process_read_line(&p, line, sizeof line, 10000), 0);
        check_str(line, "asked");
    }
    close(p.in); /* its end of input */
    p.in = 0;
    check_int(process_wait(&p, 10000), 0);
}
