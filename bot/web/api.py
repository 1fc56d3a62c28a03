"""The API for programs of the business: they tell of what happened. Described by itself."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from bot import __version__
from bot.errors import Overloaded, StoreError
from bot.flow.language import phones
from bot.model import Address, Json
from bot.store.business import KNOWN, NOBODY, Told

log = logging.getLogger(__name__)

#: The largest event; it is kept with the conversation while a flow needs it.
LARGEST = 64 * 1024
READ_TIMEOUT = 15.0
RETRY_AFTER = "5"
#: On one line, and nothing that a database could not keep.
PLAIN = r"^[^\x00-\x1f\x7f]+$"
NAME = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"


def _as_text(value: Any) -> Any:
    """An id that is a number is its digits."""
    return str(value) if type(value) is int else value


Text = Annotated[str, BeforeValidator(_as_text)]


class BusinessEvent(BaseModel):
    """Something that happened to a customer. Every other field is data, which flows can read."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    name: str = Field(pattern=NAME, max_length=80, examples=["payment.received"],
                      description="What happened. Flows name it in `wait` and `triggers`.")
    id: Text = Field(min_length=1, max_length=200, pattern=PLAIN, examples=["pay_20260301_7"],
                     description="Your own id of this event. The same id changes nothing twice.")
    contact: Text = Field(min_length=1, max_length=100, examples=["+4915112345678"],
                          description="Whom it is about: a phone number, or the contact's id.")
    about: Text | None = Field(None, min_length=1, max_length=200, pattern=PLAIN,
                               examples=["enrolment-12"],
                               description="What it is about, such as the order's number. Without "
                                           "it, the event's own id.")
    channel: str | None = Field(None, description="The business number, by its name in "
                                                  "config.yaml. Without it, the one to which the "
                                                  "contact wrote last.")


class Accepted(BaseModel):
    """What became of the event."""

    id: str
    status: str = Field(description="accepted, or known when an event of that id came before")


class Failure(BaseModel):
    """Why nothing was done."""

    error: str
    fields: dict[str, str] = Field(default_factory=dict,
                                   description="What is wrong with which field")


class Problem(Exception):
    """An answer that says what is wrong."""

    def __init__(self, status: int, error: str, **fields: str) -> None:
        super().__init__(error)
        self.status, self.error, self.fields = status, error, fields


class Api:
    """The routes below /api. `tell` is durable when it returns and says why it kept nothing."""

    def __init__(self, tokens: Sequence[str], channels: Sequence[str], country: str | None,
                 tell: Callable[[Told], Awaitable[str]], public_url: str) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._channels = channels
        self._country = country
        self._tell = tell
        self._public_url = public_url

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [web.post("/api/events", self.events), web.get("/api/openapi.json", self.openapi)]

    async def openapi(self, request: web.Request) -> web.Response:
        """The description of this API."""
        return web.json_response(document(self._public_url))

    async def events(self, request: web.Request) -> web.Response:
        """Take an event in; what is answered with 202 is kept."""
        try:
            self._authorise(request)
            event = _event(await _body(request))
            return await self._keep(event)
        except Problem as problem:
            return self._refusal(problem)
        except (Overloaded, StoreError) as error:
            log.error("event not kept", extra={"why": str(error)})
            response = self._refusal(Problem(503, "nothing was kept: send it again in a moment"))
            response.headers[hdrs.RETRY_AFTER] = RETRY_AFTER
            return response

    def _authorise(self, request: web.Request) -> None:
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not any(hmac.compare_digest(
                given.strip().encode("utf-8", "replace"), token) for token in self._tokens):
            raise Problem(401, "send the header Authorization: Bearer <token>, with the token "
                               "that `api:` of config.yaml names")

    async def _keep(self, event: BusinessEvent) -> web.Response:
        if event.channel is not None and event.channel not in self._channels:
            raise Problem(400, "the event is not as it should be",
                          channel=f"there is no channel {event.channel[:40]}")
        data: Json = {"about": event.id, **event.model_dump(exclude_none=True)}
        told = Told(data, self._whom(event.contact), event.channel, self._channels[0], False)
        refused = await self._tell(told)
        if refused == NOBODY:
            raise Problem(404, "nobody is known by this phone number or id, and no flow starts "
                               f"with {event.name}", contact="unknown")
        log.info("event", extra={"event": event.name, "known": refused == KNOWN})
        status = "known" if refused == KNOWN else "accepted"
        return web.json_response(Accepted(id=event.id, status=status).model_dump(),
                                 status=200 if refused else 202)

    def _whom(self, contact: str) -> Address | str:
        """A phone number however it is written, or the id of a contact."""
        number = phones.international(contact, self._country)
        if number is not None:
            return Address("phone", number.removeprefix("+"))
        if contact.isascii() and contact.isalnum():
            return contact
        raise Problem(400, "the event is not as it should be",
                      contact="write the phone number with its country: +49 151 12345678")

    @staticmethod
    def _refusal(problem: Problem) -> web.Response:
        headers = {hdrs.WWW_AUTHENTICATE: "Bearer"} if problem.status == 401 else {}
        response = web.json_response(
            Failure(error=problem.error, fields=problem.fields).model_dump(
                exclude_defaults=True), status=problem.status, headers=headers)
        if problem.status in (401, 408, 413):
            response.force_close()  # the request may not have been read to its end
        return response


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            while piece := await request.content.readany():
                body += piece
                if len(body) > LARGEST:
                    raise Problem(413, f"an event has {LARGEST // 1024} KiB at most")
    except TimeoutError:
        raise Problem(408, "the body took too long") from None
    except (web.RequestPayloadError, web.HTTPException):
        raise Problem(400, "the body is broken off") from None
    return bytes(body)


def _event(body: bytes) -> BusinessEvent:
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, f"the body is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise Problem(400, "the body is no JSON object: {\"name\": …, \"id\": …, \"contact\": …}")
    try:
        return BusinessEvent.model_validate(data)
    except ValidationError as problem:
        raise Problem(400, "the event is not as it should be", **{
            str(error["loc"][0]): error["msg"] for error in problem.errors()}) from None


def document(public_url: str) -> Json:
    """The OpenAPI document, made of the models that the requests are read with."""
    models: tuple[type[BaseModel], ...] = (BusinessEvent, Accepted, Failure)
    schemas = {model.__name__: model.model_json_schema() for model in models}

    def answer(description: str, model: type[BaseModel] = Failure) -> Json:
        reference = {"$ref": f"#/components/schemas/{model.__name__}"}
        return {"description": description, "content": {"application/json": {"schema": reference}}}

    return {
        "openapi": "3.1.0",
        "info": {"title": "Frontdesk", "version": __version__},
        "servers": [{"url": public_url}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/api/events": {"post": {
            "operationId": "tellOfEvent", "security": [{"token": []}],
            "summary": "Tell of something that happened to a customer",
            "description": BusinessEvent.__doc__,
            "requestBody": {"required": True, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/BusinessEvent"}}}},
            "responses": {
                "202": answer("It is kept, and the flows will hear of it.", Accepted),
                "200": answer("An event of this id was kept before; nothing was done.", Accepted),
                "400": answer("The body is no JSON or lacks something; `fields` says what."),
                "401": answer("The token is missing or wrong."),
                "404": answer("Nobody is known by this phone number or id, and no flow starts "
                              "with the event. It was not kept."),
                "413": answer(f"The body is larger than {LARGEST // 1024} KiB."),
                "503": answer("It could not be kept; send it again.")}}}},
    }
