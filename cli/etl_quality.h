/* etl_quality.h - a verb of `millrace etl`; argv[0] is the verb, the value is the exit status (cli.h). */
#ifndef MILLRACE_CLI_ETL_QUALITY_H
#define MILLRACE_CLI_ETL_QUALITY_H

int cli_etl_quality(int argc, char **argv);

#endif
