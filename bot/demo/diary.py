"""The clinic's diary: who treats whom and when, and which times are free."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.demo.answers import Texts
from bot.demo.hints import ANNA, BEN, DANA, LI_NA

MINUTES: Final = 30
#: Nobody can be expected sooner than this.
NOTICE: Final = timedelta(hours=2)
_OPENS, _CLOSES = time(8, 0), time(18, 0)
_WEDNESDAY, _SATURDAY = 2, 5
#: Of the times that are not kept free on purpose, so many in a hundred are.
_FREE_PERCENT: Final = 30
#: Every morning and every afternoon has a free time, so that a demo never looks like a wall.
_KEPT_FREE: Final = frozenset({time(10, 0), time(14, 30), time(17, 0)})

PARTS: Final[dict[str, tuple[time, time]]] = {
    "morning": (time(6, 0), time(12, 0)),
    "noon": (time(11, 0), time(14, 0)),
    "afternoon": (time(12, 0), time(18, 0)),
    "evening": (time(18, 0), time(22, 0)),
    "night": (time(20, 0), time.max),
}

TREATMENTS: Final[dict[str, Texts]] = {
    "physio": {"en": "Physiotherapy", "zh": "物理治疗"},
    "gait": {"en": "Gait analysis", "zh": "步态分析"},
    "massage": {"en": "Sports massage", "zh": "运动按摩"},
}
STAFF: Final = {"jr": "Jonas Reuter", "mv": "Dr. Mira Vogt", "ly": "Lin Yue"}


@dataclass(frozen=True, slots=True)
class Appointment:
    id: str
    phone: str
    treatment: str
    staff: str
    start: datetime


#: customer, treatment, with whom, in so many working days, at.
_PLANNED: Final = (
    (ANNA, "physio", "jr", 2, time(9, 30)),
    (ANNA, "gait", "mv", 6, time(15, 0)),
    (LI_NA, "massage", "ly", 3, time(11, 0)),
    (LI_NA, "physio", "jr", 7, time(16, 30)),
    (BEN, "physio", "jr", 4, time(13, 0)),
    (DANA, "gait", "mv", 3, time(8, 30)),
)


class Diary:
    """Appointments and free times. A time is known by its id: `20261124t1430jr`."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._zone = zone
        self._appointments: dict[str, Appointment] = {}
        for phone, treatment, staff, days, at in _PLANNED:
            self._plan(phone, treatment, staff, _working_day(now.date(), days), at)

    def of_patient(self, phone: str, now: datetime) -> list[Appointment]:
        """What lies ahead of a patient. Whoever is not in the books is given something to move."""
        if all(each.phone != phone for each in self._appointments.values()):
            slot = next(self.free("jr", now + timedelta(3), now + timedelta(365), None, now), None)
            if slot is not None:
                local = slot.astimezone(self._zone)
                self._plan(phone, "physio", "jr", local.date(), local.time())
        ahead = [each for each in self._appointments.values()
                 if each.phone == phone and each.start > now]
        return sorted(ahead, key=lambda each: each.start)

    def find(self, id_: str) -> Appointment | None:
        return self._appointments.get(id_)

    def free(self, staff: str, first: datetime, until: datetime, part: str | None,
             now: datetime) -> Iterator[datetime]:
        """The free times that begin from `first` on and before `until`, in their order."""
        begins, ends = PARTS[part] if part else (time.min, time.max)
        soonest = max(first, now + NOTICE)
        day = first.astimezone(self._zone).date()
        while datetime.combine(day, time.min, self._zone) < until:
            for slot in self._grid(day):
                if (soonest <= slot < until and begins <= slot.time() < ends
                        and self._is_free(staff, slot)):
                    yield slot
            day += timedelta(1)

    def move(self, appointment: Appointment, slot: datetime) -> Appointment | None:
        """The appointment at its new time, or None when that time is no longer free."""
        if slot != appointment.start and not self._is_free(appointment.staff, slot):
            return None
        moved = replace(appointment, start=slot)
        self._appointments[appointment.id] = moved
        return moved

    def slot(self, id_: str) -> tuple[datetime, str] | None:
        """The time and the person that an id of a free time names."""
        try:
            # aware at once: the clinic's own wall clock
            start = datetime.strptime(id_[:13].upper(), "%Y%m%dT%H%M").replace(tzinfo=self._zone)
        except ValueError:
            return None
        staff = id_[13:]
        known = staff in STAFF and start in self._grid(start.date())
        return (start, staff) if known else None

    def _plan(self, phone: str, treatment: str, staff: str, day: date, at: time) -> None:
        id_ = f"a{1001 + len(self._appointments)}"
        start = datetime.combine(day, at, self._zone)
        self._appointments[id_] = Appointment(id_, phone, treatment, staff, start)

    def _grid(self, day: date) -> list[datetime]:
        if day.weekday() >= _SATURDAY:
            return []
        closes = time(12, 0) if day.weekday() == _WEDNESDAY else _CLOSES
        slots, at = [], datetime.combine(day, _OPENS, self._zone)
        while at.time() < closes:
            slots.append(at)
            at += timedelta(minutes=MINUTES)
        return slots

    def _is_free(self, staff: str, slot: datetime) -> bool:
        if any(each.staff == staff and each.start == slot
               for each in self._appointments.values()):
            return False
        if slot.time() in _KEPT_FREE:
            return True
        drawn = hashlib.sha256(slot_id(staff, slot).encode()).digest()
        return int.from_bytes(drawn[:4], "big") % 100 < _FREE_PERCENT


def slot_id(staff: str, slot: datetime) -> str:
    return f"{slot:%Y%m%dt%H%M}{staff}"


def shown(appointment: Appointment, language: str) -> dict[str, Any]:
    """The appointment as the API gives it."""
    return {
        "id": appointment.id,
        "treatment": TREATMENTS[appointment.treatment][language],
        "with": STAFF[appointment.staff],
        "start": appointment.start.isoformat(timespec="minutes"),
        "minutes": MINUTES,
    }


def _working_day(start: date, days: int) -> date:
    """The day so many working days after `start`, Wednesdays (half a day) left out."""
    day = start
    while days:
        day += timedelta(1)
        if day.weekday() < _SATURDAY and day.weekday() != _WEDNESDAY:
            days -= 1
    return day
