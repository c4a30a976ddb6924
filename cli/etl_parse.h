/* etl_parse.h - `millrace etl parse`. */
#ifndef MILLRACE_CLI_ETL_PARSE_H
#define MILLRACE_CLI_ETL_PARSE_H

int cli_etl_parse(int argc, char **argv);

#endif
