"""The shop's orders: when they were placed, left and arrived, and so what they are like now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from bot.demo.answers import Texts
from bot.demo.hints import ANNA, BEN, LI_NA

RETURN_DAYS: Final = 30
CURRENCY: Final = "EUR"
_LEAVES, _ARRIVES = time(15, 0), time(11, 30)

STATUS: Final[dict[str, Texts]] = {
    "processing": {"en": "being packed", "zh": "正在打包"},
    "shipped": {"en": "on its way", "zh": "运输中"},
    "delivered": {"en": "delivered", "zh": "已送达"},
    "cancelled": {"en": "cancelled and refunded", "zh": "已取消并退款"},
    "returned": {"en": "returned and refunded", "zh": "已退货并退款"},
}

ITEMS: Final[dict[str, tuple[Texts, float]]] = {
    "shoes": ({"en": "Trail shoes", "zh": "越野跑鞋"}, 129.0),
    "jacket": ({"en": "Rain jacket", "zh": "防雨外套"}, 89.9),
    "socks": ({"en": "Running socks", "zh": "跑步袜"}, 14.5),
    "poles": ({"en": "Trail poles", "zh": "登山杖"}, 74.0),
    "lamp": ({"en": "Headlamp", "zh": "头灯"}, 49.9),
    "vest": ({"en": "Hydration vest", "zh": "水袋背心"}, 109.0),
    "hoodie": ({"en": "Fleece hoodie", "zh": "抓绒卫衣"}, 69.0),
    "beanie": ({"en": "Wool beanie", "zh": "羊毛帽"}, 24.9),
    "gaiters": ({"en": "Gaiters", "zh": "雪套"}, 34.9),
    "flask": ({"en": "Soft flask", "zh": "软水壶"}, 19.9),
    "shorts": ({"en": "Trail shorts", "zh": "越野短裤"}, 44.9),
    "cap": ({"en": "Sun cap", "zh": "遮阳帽"}, 22.5),
    "layer": ({"en": "Base layer", "zh": "速干内衣"}, 54.9),
    "backpack": ({"en": "Day pack", "zh": "双肩背包"}, 79.0),
}

CARRIERS: Final = {
    "DHL": "https://www.dhl.example/track/{number}",
    "UPS": "https://www.ups.example/track/{number}",
}


@dataclass(frozen=True, slots=True)
class Order:
    """An order, with its days counted from the day the demo began."""

    number: str
    phone: str
    item: str
    ordered: int
    shipped: int
    delivered: int
    carrier: str = "DHL"
    ended: str = ""  #: cancelled | returned; "" for the ordinary course


#: number, customer, item, days: ordered, left, arrived (those to come are the plan).
ORDERS: Final = (
    Order("AB123456", ANNA, "shoes", -9, -8, -6),
    Order("CD789012", ANNA, "jacket", -46, -45, -43),
    Order("AB204417", ANNA, "vest", -2, -1, 2, "UPS"),
    Order("AB207735", ANNA, "socks", 0, 1, 3),
    Order("AB199020", ANNA, "lamp", -14, -13, -11),
    Order("AB187654", ANNA, "poles", -27, -26, -24, "UPS"),
    Order("AB176231", ANNA, "hoodie", -58, -57, -54, ended="returned"),
    Order("AB165009", ANNA, "beanie", -75, -74, -72),
    Order("AB158812", ANNA, "gaiters", -96, -95, -92),
    Order("AB149377", ANNA, "flask", -120, -119, -117),
    Order("AB140051", ANNA, "shorts", -151, -150, -148, "UPS"),
    Order("AB133468", ANNA, "cap", -170, -169, -167, ended="cancelled"),
    Order("AB128890", ANNA, "shoes", -203, -202, -199),
    Order("EF345678", LI_NA, "shoes", -12, -11, -8, "UPS"),
    Order("GH901234", LI_NA, "backpack", -50, -49, -46),
    Order("EF351122", LI_NA, "jacket", -3, -2, 1),
    Order("EF352240", LI_NA, "cap", 0, 1, 4),
    Order("EF338907", LI_NA, "layer", -21, -20, -18),
    Order("EF327715", LI_NA, "lamp", -66, -65, -63),
    Order("EF319046", LI_NA, "vest", -88, -87, -85, ended="returned"),
    Order("EF308833", LI_NA, "socks", -101, -100, -98),
    Order("EF297164", LI_NA, "flask", -133, -132, -130),
    Order("EF285529", LI_NA, "beanie", -160, -159, -156),
    Order("EF274400", LI_NA, "shorts", -190, -189, -187),
    Order("JK567890", BEN, "backpack", -3, -1, 2),
)


def state(order: Order, started: date, now: datetime) -> str:
    """processing | shipped | delivered, by the clock, or how the order ended."""
    if order.ended:
        return order.ended
    zone = now.tzinfo
    if now >= datetime.combine(started + timedelta(order.delivered), _ARRIVES, zone):
        return "delivered"
    if now >= datetime.combine(started + timedelta(order.shipped), _LEAVES, zone):
        return "shipped"
    return "processing"


def returnable(order: Order, started: date, now: datetime) -> bool:
    """Whether it has arrived and its 30 days are not over."""
    return (state(order, started, now) == "delivered"
            and now.date() <= _last_day(order, started))


def shown(order: Order, started: date, now: datetime, language: str) -> dict[str, Any]:
    """The order as the API gives it; what has not happened yet is null."""
    names, price = ITEMS[order.item]
    status = state(order, started, now)
    left = status != "processing" and order.ended != "cancelled"
    arrived = status in ("delivered", "returned")
    tracking = f"{order.carrier}{int(order.number[2:]) * 7919 % 10**10:010d}" if left else None
    arrival = (started + timedelta(order.delivered)).isoformat()
    return {
        "number": order.number,
        "item": names[language],
        "total": price,
        "currency": CURRENCY,
        "status": status,
        "status_text": STATUS[status][language],
        "ordered_on": (started + timedelta(order.ordered)).isoformat(),
        "shipped_on": (started + timedelta(order.shipped)).isoformat() if left else None,
        "expected_on": arrival if status in ("processing", "shipped") else None,
        "delivered_on": arrival if arrived else None,
        "carrier": order.carrier if left else None,
        "tracking_number": tracking,
        "tracking_url": CARRIERS[order.carrier].format(number=tracking) if left else None,
        "returnable": returnable(order, started, now),
        "return_until": _last_day(order, started).isoformat() if arrived else None,
    }


def _last_day(order: Order, started: date) -> date:
    return started + timedelta(order.delivered + RETURN_DAYS)
