/* begun.h - what is in the topics already, before anything is sent: nothing, this very stream, or another one.
 *
 * A topic carries one stream. What is sent of the same one again is recognised by who loads it; a message of another
 * one (other files, another definition) stops every run over the topic, for good. */
#ifndef MILLRACE_ETL_STREAM_BEGUN_H
#define MILLRACE_ETL_STREAM_BEGUN_H

#include "etl/stream/publisher.h"

/* Looks at a first message of each topic. Of the same stream it says how many messages are there; ERR_EXISTS for
 * another one, unless the options say `begun`: then it is said. A broker that does not answer is no answer: 0. */
int begun_check(struct publisher *p);

#endif
