/* topic_delete_records.h - a verb of `millrace topic` with a file of its own; argv[0] is the verb. */
#ifndef MILLRACE_CLI_TOPIC_DELETE_RECORDS_H
#define MILLRACE_CLI_TOPIC_DELETE_RECORDS_H

int topic_delete_records(int argc, char **argv);

#endif
