/* unknown.h - what a command says to a word that it does not know: the nearest one that its usage names. */
#ifndef MILLRACE_CLI_UNKNOWN_H
#define MILLRACE_CLI_UNKNOWN_H

#include <stdio.h>

/* Says on standard error what `given` is to `millrace COMMAND`: an option that is not there, one that lacks its value,
 * a verb that is not there (the words behind "millrace COMMAND" in the usage), or one word too many. Gives CLI_USAGE.
 */
int cli_unknown(const char *command, const char *given, int (*usage)(FILE *to));
/* The same of an option (or a verb) that is none of `names`, which end with NULL: for a command whose usage is that of
 * others too. */
int cli_unknown_name(const char *command, const char *given, const char *const *names);

#endif
