"""Who the demo's customers are and what to try with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Numbers that the British regulator keeps free for drama: they can reach nobody.
ANNA: Final = "447700900101"
LI_NA: Final = "447700900102"
BEN: Final = "447700900103"
DANA: Final = "447700900104"


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody to write as in the emulator."""

    name: str
    phone: str  #: digits with the country code
    language: str


CUSTOMERS: Final = (
    Customer("Anna Keller", ANNA, "en"),
    Customer("李娜", LI_NA, "zh"),
    Customer("Ben Carter", BEN, "en"),
    Customer("Dana Novak", DANA, "en"),
)

#: Words between backticks are what to write.
HINTS: Final = (
    "As Anna: `i want to retrun my shoes`, then a wrong number, then `AB123456` (arrived 6 days "
    "ago; lower case will do). `CD789012` is past its 30 days, `ZZ000000` does not exist. Give "
    "the reason by a tap, or write `demaged`, and send a photo.",
    "As Anna: `where is my order?` She has 13, so the list has pages; write `shoes` or a part of "
    "a number to search it.",
    "As Anna: `move my appointment`, and choose a time from the list. Once more, with `next "
    "tuesday afternoon` written instead. On Wednesday afternoons the clinic is closed.",
    "As 李娜, in Chinese: `我要退货` with `EF345678` (`GH901234` is too late), `我的订单`, "
    "`我要改约`, `下周二下午`.",
    "As Ben: `my order` – he has one, on its way. Dana has none.",
    "Anna and Ben have the same physiotherapist: open the list of times for both and take the "
    "same time – the second is told that somebody was faster.",
    "Anybody, in the middle of something: `when are you open?`, `back`, `no`, `cancel`, `speak to "
    "a human` (then answer at the desk).",
    "Move the phone's clock: +23 h without an answer brings the reminder, one hour more closes "
    "the window.",
)
