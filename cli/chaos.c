/* chaos.c - `millrace chaos`: a proxy between Kafka clients and a broker in which things go wrong, by seed. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/chaos/chaos.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "lib/os/clock.h"

struct chaos_command {
    const char *listen, *to, *log, *format, *seed, *kill, *down;
    const char *delay, *chances[CHAOS_FAULTS], *partition, *api, *at, *at_record, *at_fetched;
    bool json, help;
    char program[PATH_MAX];
    struct chaos chaos;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static const char *const chance_options[CHAOS_FAULTS] = {"--drop-request", "--cut", "--drop-response",
                                                         "--cut-response"};

static int usage(FILE *to)
{
    fputs(
        "usage: millrace chaos --listen HOST:PORT --to BROKER [OPTIONS]\n"
        "       millrace chaos --listen HOST:PORT [OPTIONS] -- COMMAND...   starts the broker, and again after a kill\n"
        "\n"
        "A proxy in which things go wrong, until SIGINT or SIGTERM. The same seed draws the same lots: they depend on\n"
        "the seed, the number of the connection and the number of its request, and not on time.\n"
        "\n"
        "  --listen HOST:PORT    where clients connect to (port 0: a free one); prints `ready HOST:PORT`\n"
        "  --seed N              of the lots; one is drawn, and told, without it\n"
        "  --api API,...         only these requests are meant, and numbered: Produce, Fetch, ... (all)\n"
        "  --delay T | T..T      each request waits so long on its way: 20ms, 0..20ms\n"
        "  --drop-request P      a request is lost on its way, and all behind it: clients wait for their timeout\n"
        "  --cut P               the connection ends in the middle of a request\n"
        "  --drop-response P     the broker does the work, its answer is lost, and all behind it\n"
        "  --cut-response P      the broker does the work, the connection ends in place of its answer\n"
        "                        P: 1%, 0.5%, 0.01; of the requests that are meant\n"
        "  --partition T@WHEN[:requests|:responses],...   nothing passes for T, or one way only; what is sent waits.\n"
        "                        WHEN: 5s after the start, record:500 (acknowledged), fetched:500\n"
        "  --kill PID            what to kill (kill -9); COMMAND is killed without it\n"
        "  --at T,...            when: after so long; --at-record N,...: when so many records were acknowledged;\n"
        "                        --at-fetched N,...: when clients have fetched so many\n"
        "  --power-cut DIR       then take from this data directory what a power cut would have (millrace power-cut);\n"
        "                        --torn: with parts of what was not synced\n"
        "  --then COMMAND        what starts the killed PID again: for the shell\n"
        "  --down T              how long the broker stays away before that (0s)\n"
        "  --log FILE            every request, fault and event, an object a line; `millrace timeline` draws it\n"
        "  --format json         the summary as one object\n"
        "\n"
        "Exit status: 0 done, 1 the broker did not come back or ended by itself, 2 usage. docs/chaos.md says more.\n",
        to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int complain(const char *sentence)
{
    fprintf(stderr, "millrace chaos: %s\n`millrace chaos --help` says more.\n", sentence);
    return CLI_USAGE;
}

/* What does not go together; NULL when all does. */
static const char *misfit(const struct chaos_command *c, bool command)
{
    bool moment = c->at || c->at_record || c->at_fetched, killed = command || c->kill;
    const struct keeper *k = &c->chaos.keeper;
    if (!c->listen) return "--listen HOST:PORT is needed";
    if (!c->to && !command) return "--to BROKER is needed, or -- COMMAND that starts one";
    if (c->kill && command) return "--kill PID and -- COMMAND: one of them is killed";
    if (moment && !killed) return "--at, --at-record and --at-fetched need what to kill: --kill PID or -- COMMAND";
    if (c->kill && !moment) return "--kill needs a moment: --at, --at-record or --at-fetched";
    if (k->power_cut && !moment) return "--power-cut needs a moment: --at, --at-record or --at-fetched";
    if (k->torn && !k->power_cut) return "--torn goes with --power-cut DIR";
    if (k->then && !c->kill) return "--then goes with --kill PID; a COMMAND is started again by itself";
    if (c->down && !(k->then || (command && moment))) return "--down goes with a kill after which something starts";
    if (c->kill && !k->then && c->chaos.plan.kill_count > 1)
        return "several kills need --then COMMAND, which starts it again";
    return NULL;
}

static int plan_read(struct chaos_command *c, struct err_text *error)
{
    struct chaos_plan *p = &c->chaos.plan;
    int status = 0;
    if (c->delay) status = chaos_plan_delay(p, c->delay, error);
    for (int i = 0; i < CHAOS_FAULTS && status == 0; i++)
        if (c->chances[i]) status = chaos_plan_chance(p, i, chance_options[i], c->chances[i], error);
    if (status == 0 && c->api) status = chaos_plan_apis(p, c->api, error);
    if (status == 0 && c->partition) status = chaos_plan_partitions(p, c->partition, error);
    if (status == 0 && c->at) status = chaos_plan_kills(p, CHAOS_TIME, "--at", c->at, error);
    if (status == 0 && c->at_record)
        status = chaos_plan_kills(p, CHAOS_ACKNOWLEDGED, "--at-record", c->at_record, error);
    if (status == 0 && c->at_fetched) status = chaos_plan_kills(p, CHAOS_FETCHED, "--at-fetched", c->at_fetched, error);
    if (status == 0 && c->down && !chaos_duration(slice_str(c->down), &c->chaos.keeper.down_ns))
        status = err_set(error, ERR_INVALID, "--down: \"%s\" is no time like 500ms or 2s", c->down);
    return status;
}

static bool pid_read(struct chaos_command *c, struct err_text *error)
{
    int64_t pid = 0;
    if (!c->kill) return true;
    if (!client_number("chaos", "--kill", c->kill, 2, &pid)) return false;
    if (pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM)) {
        c->chaos.keeper.pid = (pid_t)pid;
        return true;
    }
    err_set(error, ERR_NOTFOUND, "--kill: there is no process %s", c->kill);
    complain(error->text);
    return false;
}

static bool folder_fits(const struct chaos_command *c, struct err_text *error)
{
    const char *dir = c->chaos.keeper.power_cut;
    struct stat st;
    if (!dir || c->chaos.keeper.command) return true; /* a COMMAND may make it */
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode)) return true;
    err_set(error, ERR_NOTFOUND, "--power-cut: %s: no such directory", dir);
    complain(error->text);
    return false;
}

static int run(struct chaos_command *c)
{
    struct err_text error = {""};
    int status = chaos_open(&c->chaos, c->listen, c->to, c->log, &error);
    if (status < 0) {
        chaos_close(&c->chaos, c->json, stdout);
        fprintf(stderr, "millrace chaos: %s\n", error.text);
        return CLI_USAGE;
    }
    printf("ready %s\n", chaos_address(&c->chaos));
    fflush(stdout);
    while (!interrupted && status == 0) status = chaos_step(&c->chaos);
    if (status < 0) fprintf(stderr, "millrace chaos: %s\n", err_words(status));
    int closed = chaos_close(&c->chaos, c->json, stdout);
    if (status < 0) return CLI_USAGE;
    return closed < 0 ? CLI_DIFFERENCE : CLI_OK;
}

/* Options up to `--`; what is behind it is the broker's command. False after a message. */
static bool arguments_read(int argc, char **argv, struct chaos_command *c)
{
    struct keeper *k = &c->chaos.keeper;
    const struct client_option options[] = {{"--listen", &c->listen, NULL},
                                            {"--to", &c->to, NULL},
                                            {"--log", &c->log, NULL},
                                            {"--format", &c->format, NULL},
                                            {"--seed", &c->seed, NULL},
                                            {"--delay", &c->delay, NULL},
                                            {"--drop-request", &c->chances[CHAOS_DROP_REQUEST], NULL},
                                            {"--cut", &c->chances[CHAOS_CUT], NULL},
                                            {"--drop-response", &c->chances[CHAOS_DROP_RESPONSE], NULL},
                                            {"--cut-response", &c->chances[CHAOS_CUT_RESPONSE], NULL},
                                            {"--partition", &c->partition, NULL},
                                            {"--api", &c->api, NULL},
                                            {"--kill", &c->kill, NULL},
                                            {"--at", &c->at, NULL},
                                            {"--at-record", &c->at_record, NULL},
                                            {"--at-fetched", &c->at_fetched, NULL},
                                            {"--power-cut", &k->power_cut, NULL},
                                            {"--torn", NULL, &k->torn},
                                            {"--then", &k->then, NULL},
                                            {"--down", &c->down, NULL},
                                            {"--help", NULL, &c->help},
                                            {0}};
    int count = 1;
    while (count < argc && strcmp(argv[count], "--") != 0) count++;
    if (!client_arguments("chaos", count, argv, options, NULL, 0)) return false;
    if (count + 1 < argc) k->command = (const char *const *)argv + count + 1;
    if (count + 1 == argc && !c->help) {
        complain("-- needs a COMMAND behind it");
        return false;
    }
    return true;
}

static bool seed_read(struct chaos_command *c)
{
    int64_t seed = clock_wall_ms() % 1000000;
    if (c->seed && !client_number("chaos", "--seed", c->seed, 0, &seed)) return false;
    c->chaos.plan.seed = c->chaos.keeper.seed = (uint64_t)seed;
    return true;
}

int cli_chaos(int argc, char **argv)
{
    static struct chaos_command c;
    struct err_text error = {""};
    chaos_init(&c.chaos);
    if (!arguments_read(argc, argv, &c)) return CLI_USAGE;
    if (c.help) return usage(stdout);
    if (argc == 1) return usage(stderr);
    if (plan_read(&c, &error) != 0) return complain(error.text);
    const char *why = misfit(&c, c.chaos.keeper.command != NULL);
    if (why) return complain(why);
    if (!client_format("chaos", c.format, &c.json) || !seed_read(&c)) return CLI_USAGE;
    if (!pid_read(&c, &error) || !folder_fits(&c, &error)) return CLI_USAGE;
    if (process_self(c.program, sizeof c.program) != 0) return complain("where this program is cannot be told");
    c.chaos.keeper.program = c.program;
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    return run(&c);
}
