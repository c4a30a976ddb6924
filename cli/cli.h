/* cli.h - the subcommands of `millrace`: one file each, one function each.
 *
 * argv[0] is the subcommand's name. The value is the exit status of the process: 0 success (rejects
 * included), 1 a difference or a rule of severity fail, 2 wrong usage, a bad definition, or I/O, 3 not measurable
 * here (bench compare), 130 ended by a signal
 * on the way (128 + SIGINT, as a shell has it). Standard output that could not be written is main.c's to notice: it
 * makes that 2. */
#ifndef MILLRACE_CLI_H
#define MILLRACE_CLI_H

enum { CLI_OK = 0, CLI_DIFFERENCE = 1, CLI_USAGE = 2, CLI_NOT_MEASURABLE = 3, CLI_ENDED = 130 };

int cli_broker(int argc, char **argv);
int cli_topic(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_group(int argc, char **argv);
int cli_produce(int argc, char **argv);
int cli_consume(int argc, char **argv);
int cli_power_cut(int argc, char **argv);
int cli_dump_log(int argc, char **argv);
int cli_etl(int argc, char **argv);
int cli_stream(int argc, char **argv);
int cli_warehouse(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_lab(int argc, char **argv);
int cli_lab_school(int argc, char **argv);
int cli_grade(int argc, char **argv);
int cli_tap(int argc, char **argv);
int cli_chaos(int argc, char **argv);
int cli_es(int argc, char **argv);
int cli_timeline(int argc, char **argv);

#endif
