/* etl_new.h - a verb of `millrace etl`; argv[0] is the verb, the value is the exit status (cli.h). */
#ifndef MILLRACE_CLI_ETL_NEW_H
#define MILLRACE_CLI_ETL_NEW_H

int cli_etl_new(int argc, char **argv);

#endif
