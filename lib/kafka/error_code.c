#include "lib/kafka/error_code.h"

const char *kafka_error_name(int code)
{
    switch (code) {
#define KAFKA_ERROR_CASE(number, name)                                                                                 \
    case number: return #name;
        KAFKA_ERRORS(KAFKA_ERROR_CASE)
#undef KAFKA_ERROR_CASE
    default: return "?";
    }
}
