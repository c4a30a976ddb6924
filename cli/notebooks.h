/* notebooks.h - the commands of the labs are written in Python (notebooks/millrace_labs): found, and run in our place.
 *
 * The folder `notebooks` is $MILLRACE_NOTEBOOKS, or stands beside the folder of the program as in the source tree, or
 * under share/millrace as it is installed. Python is Debian's, which has the Kafka client that the labs use. */
#ifndef MILLRACE_CLI_NOTEBOOKS_H
#define MILLRACE_CLI_NOTEBOOKS_H

/* Becomes `python3 -m millrace_labs.MODULE argv[1]...`; comes back, with a sentence said and CLI_USAGE, only when it
 * cannot. `command` is the subcommand's name, for that sentence. */
int notebooks_run(const char *command, const char *module, int argc, char **argv);

#endif
