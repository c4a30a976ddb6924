#include "etl/belt.h"

#include "tests/unit.h"

enum { BLOCKS = 3, SENT = 20000 };

static struct shipment {
    struct belt belt;
    size_t blocks[BLOCKS];
    size_t given;
} ship;

static void *give(void *context)
{
    struct shipment *s = context;
    size_t i;
    while (s->given < SENT && belt_room(&s->belt, &i)) {
        s->blocks[i] = s->given++;
        belt_send(&s->belt);
    }
    belt_end(&s->belt);
    return NULL;
}

static void begin(pthread_t *giver)
{
    ship = (struct shipment){0};
    belt_init(&ship.belt, BLOCKS);
    check(pthread_create(giver, NULL, give, &ship) == 0);
}

static void end(pthread_t giver)
{
    pthread_join(giver, NULL);
    belt_release(&ship.belt);
}

TEST(belt, blocks_come_in_order)
{
    pthread_t giver;
    size_t i, taken = 0, wrong = 0;
    begin(&giver);
    for (; belt_take(&ship.belt, &i); taken++) {
        wrong += ship.blocks[i] != taken;
        belt_return(&ship.belt);
    }
    end(giver);
    check_int(wrong, 0);
    check_int(taken, SENT);
}

TEST(belt, a_taker_that_stops_frees_the_giver)
{
    pthread_t giver;
    size_t i;
    begin(&giver);
    check(belt_take(&ship.belt, &i));
    belt_stop(&ship.belt);
    end(giver);
    check(ship.given <= BLOCKS + 1);
}

TEST(belt, an_empty_one_ends)
{
    struct belt b;
    size_t i;
    belt_init(&b, 1);
    belt_end(&b);
    check(!belt_take(&b, &i));
    belt_release(&b);
}
