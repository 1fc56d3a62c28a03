"""The shop's API: orders, and returns with their labels."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.clock import Clock, local
from bot.demo.answers import Remembered, digits, language_of, problem
from bot.demo.orders import ITEMS, ORDERS, STATUS, Order, returnable, shown, state
from bot.demo.pdf import label

_LABEL_DAYS = 14
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Return:
    """A return that was asked for; its id is what opens the label, so it can't be guessed."""

    id: str
    order: Order
    reason: str
    photo: str | None
    created: date

    @property
    def valid_until(self) -> date:
        return self.created + timedelta(_LABEL_DAYS)


class Shop:
    """Orders by number and by customer; returns with a label to print."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock, self._zone = clock, zone
        self._started = local(clock.now(), zone).date()
        self._orders = {order.number: order for order in ORDERS}
        self._returns: dict[str, Return] = {}  # by the order's number
        self._remembered = Remembered()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/shop/orders", self.of_customer),
            web.get("/shop/orders/{number}", self.order),
            web.post("/shop/returns", self.create_return),
            web.get("/shop/labels/{id}.pdf", self.label, name="label"),
        ]

    async def of_customer(self, request: web.Request) -> web.Response:
        phone = digits(request.query.get("phone", ""))
        if not phone:
            return problem(422, "phone_missing", "Say whose orders: ?phone=447700900101")
        now, language = local(self._clock.now(), self._zone), language_of(request)
        orders = sorted((order for order in self._orders.values() if order.phone == phone),
                        key=lambda order: order.ordered, reverse=True)
        return web.json_response({
            "orders": [shown(order, self._started, now, language) for order in orders]})

    async def order(self, request: web.Request) -> web.Response:
        order = self._orders.get(request.match_info["number"].upper())
        if order is None:
            return problem(404, "unknown_order", "There is no order with this number.")
        now = local(self._clock.now(), self._zone)
        return web.json_response(shown(order, self._started, now, language_of(request)))

    async def create_return(self, request: web.Request) -> web.Response:
        return await self._remembered.once(request, self._create_return)

    def _create_return(self, request: web.Request, body: dict[str, object]) -> web.Response:
        number, reason, photo = body.get("order"), body.get("reason"), body.get("photo")
        if not isinstance(reason, str) or not 0 < len(reason) <= _MAX_REASON:
            return problem(422, "reason_missing", "Say why the order comes back: reason.")
        order = self._orders.get(number.upper()) if isinstance(number, str) else None
        if order is None:
            return problem(404, "unknown_order", "There is no order with this number.")
        now, language = local(self._clock.now(), self._zone), language_of(request, body)
        if not returnable(order, self._started, now):
            status = STATUS[state(order, self._started, now)]["en"]
            return problem(422, "not_returnable", f"This order can't be returned: it is {status}.")
        known = self._returns.get(order.number)
        if known is None or known.valid_until < now.date():
            known = Return(secrets.token_hex(8), order, reason,
                           photo if isinstance(photo, str) else None, now.date())
            self._returns[order.number] = known
            status_code = 201
        else:
            # One parcel, one label: who asks again is given the same one.
            status_code = 200
        path = request.app.router["label"].url_for(id=known.id)
        return web.json_response({
            "id": known.id,
            "order": order.number,
            "item": ITEMS[order.item][0][language],
            "reason": known.reason,
            "url": str(request.url.origin().join(path)),
            "valid_until": known.valid_until.isoformat(),
        }, status=status_code)

    async def label(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        known = next((each for each in self._returns.values() if each.id == wanted), None)
        if known is None:
            return problem(404, "unknown_label", "There is no such label.")
        order = known.order
        document = label("Trail & Co  -  Return", (
            "To: Trail & Co, Returns, Lindenweg 12, 10115 Berlin",
            f"Order: {order.number}",
            f"Item: {ITEMS[order.item][0]['en']}",
            f"Return: {known.id}",
            f"Valid until: {known.valid_until.isoformat()}",
            "Postage paid - hand in at any parcel shop",
        ), order.number)
        return web.Response(body=document, content_type="application/pdf", headers={
            "Content-Disposition": f'inline; filename="return-{order.number}.pdf"'})
