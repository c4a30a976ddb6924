/* messages.h - all messages and broker-written records. Include a part (messages_data.h, ...) where one is
 * enough. */
#ifndef MILLRACE_KAFKA_MESSAGES_H
#define MILLRACE_KAFKA_MESSAGES_H

#include "lib/kafka/messages_cluster.h"
#include "lib/kafka/messages_config.h"
#include "lib/kafka/messages_data.h"
#include "lib/kafka/messages_group.h"
#include "lib/kafka/messages_group_admin.h"
#include "lib/kafka/messages_record.h"

#endif
