"""The clinic's API: appointments of a patient, free times, and moving one to the other."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.clock import Clock, local
from bot.demo.answers import Remembered, digits, language_of, problem
from bot.demo.diary import PARTS, STAFF, Diary, shown, slot_id

_AHEAD = timedelta(14)  # searched when the request names no days
_MAX_RANGE = timedelta(32)
_MAX_TIMES = 100


class Clinic:
    """Appointments by patient, free times by days and part of the day, moving an appointment."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock, self._zone = clock, zone
        self._diary = Diary(self._now(), zone)
        self._remembered = Remembered()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/clinic/appointments", self.of_patient),
            web.get("/clinic/slots", self.free),
            web.post("/clinic/appointments/{id}/move", self.move),
        ]

    async def of_patient(self, request: web.Request) -> web.Response:
        phone = digits(request.query.get("phone", ""))
        if not phone:
            return problem(422, "phone_missing", "Say whose appointments: ?phone=447700900101")
        language = language_of(request)
        found = self._diary.of_patient(phone, self._now())
        return web.json_response({"appointments": [shown(each, language) for each in found]})

    async def free(self, request: web.Request) -> web.Response:
        """Free times with the person who has the appointment.

        `from` and `until` are moments or days (tomorrow and a fortnight on; `until` a day later
        than a `from` alone), `part` is a part of the day, `per_day` and `limit` keep it short.
        """
        query, now = request.query, self._now()
        appointment = self._diary.find(query.get("appointment", ""))
        if appointment is None:
            return problem(404, "unknown_appointment", "There is no such appointment.")
        part = query.get("part") or None
        try:
            first, until = self._range(query.get("from"), query.get("until"), now)
            limit = min(int(query.get("limit") or _MAX_TIMES), _MAX_TIMES)
            per_day = int(query.get("per_day") or limit)
        except (ValueError, OverflowError):
            return problem(422, "bad_query", "from and until are days as 2026-11-24 or moments as "
                           "2026-11-24T12:00+01:00, limit and per_day are whole numbers.")
        if part is not None and part not in PARTS:
            return problem(422, "bad_part", f"part is one of {', '.join(PARTS)}.")
        if not timedelta(0) <= until - first <= _MAX_RANGE:
            return problem(422, "bad_range", f"until is at most {_MAX_RANGE.days} days after from.")
        found: list[datetime] = []
        count: Counter[date] = Counter()
        for slot in self._diary.free(appointment.staff, first, until, part, now):
            if slot == appointment.start or count[slot.date()] >= per_day:
                continue
            if len(found) >= limit:
                break
            count[slot.date()] += 1
            found.append(slot)
        return web.json_response({"slots": [
            {"id": slot_id(appointment.staff, slot), "start": slot.isoformat(timespec="minutes"),
             "with": STAFF[appointment.staff]} for slot in found]})

    async def move(self, request: web.Request) -> web.Response:
        return await self._remembered.once(request, self._move)

    def _move(self, request: web.Request, body: dict[str, object]) -> web.Response:
        appointment = self._diary.find(request.match_info["id"])
        if appointment is None:
            return problem(404, "unknown_appointment", "There is no such appointment.")
        wanted = body.get("slot")
        slot = self._diary.slot(wanted) if isinstance(wanted, str) else None
        if slot is None or slot[1] != appointment.staff:
            return problem(422, "unknown_slot", "slot is the id of a free time.")
        now = self._now()
        if appointment.start <= now or slot[0] <= now:
            return problem(422, "too_late", "What lies in the past can't be moved.")
        moved = self._diary.move(appointment, slot[0])
        if moved is None:
            return problem(409, "slot_taken", "This time was taken meanwhile.")
        return web.json_response(shown(moved, language_of(request, body)))

    def _now(self) -> datetime:
        return local(self._clock.now(), self._zone)

    def _range(self, first: str | None, until: str | None,
               now: datetime) -> tuple[datetime, datetime]:
        begin = self._moment(first or (now + timedelta(1)).date().isoformat())
        if until:
            return begin, self._moment(until)
        return begin, begin + (timedelta(1) if first else _AHEAD)

    def _moment(self, text: str) -> datetime:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=self._zone)).astimezone(self._zone)
