#include "workloads/clickstream/event.h"

static const char *const names[EVENT_KINDS] = {
    [EVENT_PAGE_VIEWED] = "page_viewed",
    [EVENT_LINK_CLICKED] = "link_clicked",
    [EVENT_SEARCHED] = "searched",
    [EVENT_VIDEO_VIEWED] = "video_viewed",
    [EVENT_ADDED_TO_CART] = "item_added_to_cart",
    [EVENT_CHECKOUT_STARTED] = "checkout_started",
    [EVENT_ORDER_PLACED] = "order_placed",
};

static const char *const fates[FATES] = {
    [FATE_ACCEPTED] = "",           [FATE_FORMAT] = "format", [FATE_NO_VISITOR] = "no_visitor",
    [FATE_BAD_TIME] = "bad_time",   [FATE_BOT] = "bot",       [FATE_NEGATIVE_WATCH] = "negative_watch",
    [FATE_DUPLICATE] = "duplicate",
};

static const char *const searches[SEARCHES] = {
    "red tin",
    "tin",
    "caf\xc3\xa9",
    "watering can",
    "12\" pot",
    "seeds",
    "rosemary",
    "gift",
    "cr\xc3\xa8me",
    "back\\slash",
    "tin red",
    "lamp",
    ("M\xc3\xbc"
     "cke"), /* in parentheses, or clang takes the comma for forgotten */
    "Fl\xc3\xb6te",
    "hose, 20 m",
    "rake",
    "\xf0\x9f\x8c\xb1 seedling",
    "spade",
    "k\xc3\xa4se",
    "RED TIN",
    "apron",
    "oven glove",
    "bird box",
    "twine",
};

const char *event_name(enum event_kind kind)
{
    return names[kind];
}
const char *event_fate_name(enum event_fate f)
{
    return fates[f];
}
const char *event_search(int search)
{
    return searches[search];
}
int event_video_length_s(int video)
{
    return 30 + video * 17;
}
/* As site.c makes the pages: seven of their own, guides at the multiples of nine, products else. */
bool event_page_is_product(int page)
{
    return page >= 7 && page < SITE_PAGES && page % 9 != 0;
}
