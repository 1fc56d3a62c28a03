"""What Meta takes as a message, and nothing else. One function per type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.emulator import fields
from bot.emulator.graph_errors import GraphError
from bot.emulator.media import ALLOWED, File, MediaStore, plain
from bot.emulator.settings import Json
from bot.emulator.templates import Templates

CAPTIONED = ("image", "video", "document")


@dataclass(slots=True)
class Outbound:
    """A message that Meta would take."""

    type: str
    body: Json
    text: str = ""  #: what a person reads of it
    file: File | None = None  #: what an id stood for
    fetch: tuple[str, str, str] | None = None  #: (kind, link, file name) still to be fetched
    category: str = "service"


@dataclass(slots=True)
class Rules:
    """Everything a request is judged by that is not in the request."""

    media: MediaStore
    templates: Templates
    _kinds: dict[str, Callable[[Any], Outbound]] = field(init=False)

    def __post_init__(self) -> None:
        self._kinds = {"text": _text, "location": _location, "contacts": _contacts,
                       "reaction": _reaction, "interactive": self._interactive,
                       "template": self._template,
                       **{kind: self._media_kind(kind) for kind in ALLOWED}}

    def read(self, request: Json) -> Outbound:
        """The message in a request; raises `GraphError` when Meta would not take it."""
        if request.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product must be whatsapp.")
        if request.get("recipient_type", "individual") != "individual":
            raise GraphError(131009, "recipient_type must be individual; groups are not emulated.")
        fields.maybe(request, "biz_opaque_callback_data", "", 512)
        if request.get("context") is not None:
            context = fields.table(request["context"], "context", ("message_id",))
            fields.text(context, "message_id", "context", 512)
        kind = request.get("type", "text")
        read = self._kinds.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise GraphError(131051, f"Message type {kind!r} is not supported.")
        return read(fields.needed(request, kind, ""))

    def _template(self, value: Any) -> Outbound:
        filled = self.templates.fill(value)
        return Outbound("template", filled.body, filled.text, category=filled.category)

    def _media_kind(self, kind: str) -> Callable[[Any], Outbound]:
        return lambda value: self._media(kind, value, kind)

    def _media(self, kind: str, value: Any, path: str, *, header: bool = False) -> Outbound:
        allowed = {"id", "link"}
        if kind in CAPTIONED and not header:
            allowed.add("caption")
        if kind == "document":
            allowed.add("filename")
        if kind == "audio":
            allowed.add("voice")
        body = fields.table(value, path, allowed)
        caption = fields.maybe(body, "caption", path, 1024)
        name = fields.maybe(body, "filename", path, 240)
        if (body.get("id") is None) == (body.get("link") is None):
            raise GraphError(131008, f"{path} needs either an id or a link.")
        if body.get("link") is not None:
            link = fields.link(body, "link", path)
            return Outbound(kind, body, caption, fetch=(kind, link, name))
        file = self.media.get(str(body["id"]))
        if file is None:
            raise GraphError(131009, f"{path}['id'] {body['id']!r} is no media of this number.")
        types, _ = ALLOWED[kind]
        if types is not None and plain(file.mime_type) not in types:
            raise GraphError(131053, f"{plain(file.mime_type)} can't be sent as {kind}.")
        return Outbound(kind, body, caption, file=file)

    def _interactive(self, value: Any) -> Outbound:
        path = "interactive"
        body = fields.table(value, path, ("type", "header", "body", "footer", "action"))
        kind = fields.text(body, "type", path, 40)
        action = fields.table(fields.needed(body, "action", path), "interactive['action']")
        readers = {"button": _buttons, "list": _list, "cta_url": _cta_url,
                   "location_request_message": _location_request,
                   "request_contact_info": _contact_request}
        if kind not in readers:
            raise GraphError(131051, f"Interactive type {kind!r} is not supported here.")
        words = fields.table(fields.needed(body, "body", path), "interactive['body']", ("text",))
        text = fields.text(words, "text", "interactive['body']", 1024)
        bare = kind in ("location_request_message", "request_contact_info")
        if bare and (body.get("header") or body.get("footer")):
            raise GraphError(131009, f"{kind} has neither header nor footer.")
        if body.get("footer") is not None:
            footer = fields.table(body["footer"], "interactive['footer']", ("text",))
            fields.text(footer, "text", "interactive['footer']", 60)
        outbound = Outbound("interactive", body, text)
        if body.get("header") is not None:
            self._header(kind, body["header"], outbound)
        readers[kind](action, "interactive['action']")
        return outbound

    def _header(self, kind: str, value: Any, outbound: Outbound) -> None:
        path = "interactive['header']"
        header = fields.table(value, path, ("type", "text", "image", "video", "document"))
        what = fields.text(header, "type", path, 20)
        if what == "text":
            fields.text(header, "text", path, 60)
        elif what in CAPTIONED and kind != "list":
            media = self._media(what, fields.needed(header, what, path), fields.child(path, what),
                                header=True)
            outbound.file, outbound.fetch = media.file, media.fetch
        else:
            raise GraphError(131009, f"A header of type {what!r} can't be on a message of type "
                                     f"{kind!r}.")


def _text(value: Any) -> Outbound:
    body = fields.table(value, "text", ("body", "preview_url"))
    return Outbound("text", body, fields.text(body, "body", "text", 4096))


def _location(value: Any) -> Outbound:
    body = fields.table(value, "location", ("latitude", "longitude", "name", "address"))
    fields.number(body, "latitude", "location", 90)
    fields.number(body, "longitude", "location", 180)
    name = fields.maybe(body, "name", "location", 1000)
    fields.maybe(body, "address", "location", 1000)
    return Outbound("location", body, name)


def _contacts(value: Any) -> Outbound:
    people = fields.rows({"contacts": value}, "contacts", "", 1, 257)
    names = []
    for index, item in enumerate(people):
        path = f"contacts[{index}]"
        person = fields.table(item, path, ("name", "phones", "emails", "addresses", "urls", "org",
                                           "birthday"))
        name = fields.table(fields.needed(person, "name", path), fields.child(path, "name"))
        names.append(fields.text(name, "formatted_name", fields.child(path, "name"), 1000))
        if not any(name.get(part) for part in ("first_name", "last_name", "middle_name", "suffix",
                                               "prefix")):
            raise GraphError(131009, f"{path}['name'] needs formatted_name and one more part.")
        if not isinstance(person.get("phones", []), list):
            raise GraphError(100, f"Param {path}['phones'] must be an array.")
    return Outbound("contacts", {"contacts": people}, ", ".join(names))


def _reaction(value: Any) -> Outbound:
    body = fields.table(value, "reaction", ("message_id", "emoji"))
    fields.text(body, "message_id", "reaction", 512)
    return Outbound("reaction", body, fields.text(body, "emoji", "reaction", 40, empty=True))


def _buttons(action: Json, path: str) -> None:
    fields.table(action, path, ("buttons",))
    ids, titles = [], []
    for index, item in enumerate(fields.rows(action, "buttons", path, 1, 3)):
        where = f"{path}['buttons'][{index}]"
        button = fields.table(item, where, ("type", "reply"))
        if button.get("type") != "reply":
            raise GraphError(131009, f"{where}['type'] must be reply.")
        reply = fields.table(fields.needed(button, "reply", where), f"{where}['reply']",
                             ("id", "title"))
        ids.append(fields.text(reply, "id", f"{where}['reply']", 256))
        titles.append(fields.text(reply, "title", f"{where}['reply']", 20))
    fields.unique(ids, "Button ids")
    fields.unique(titles, "Button titles")


def _list(action: Json, path: str) -> None:
    fields.table(action, path, ("button", "sections"))
    fields.text(action, "button", path, 20)
    sections = fields.rows(action, "sections", path, 1, 10)
    ids: list[str] = []
    for index, item in enumerate(sections):
        where = f"{path}['sections'][{index}]"
        section = fields.table(item, where, ("title", "rows"))
        if len(sections) > 1:
            fields.text(section, "title", where, 24)
        else:
            fields.maybe(section, "title", where, 24)
        for at, entry in enumerate(fields.rows(section, "rows", where, 1, 10)):
            place = f"{where}['rows'][{at}]"
            row = fields.table(entry, place, ("id", "title", "description"))
            ids.append(fields.text(row, "id", place, 200))
            fields.text(row, "title", place, 24)
            fields.maybe(row, "description", place, 72)
    if len(ids) > 10:
        raise GraphError(131009, f"A list has at most 10 rows in total; these are {len(ids)}.")
    fields.unique(ids, "Row ids")


def _cta_url(action: Json, path: str) -> None:
    fields.table(action, path, ("name", "parameters"))
    _named(action, path, "cta_url")
    where = fields.child(path, "parameters")
    parameters = fields.table(fields.needed(action, "parameters", path), where,
                              ("display_text", "url"))
    fields.text(parameters, "display_text", where, 20)
    fields.link(parameters, "url", where)


def _location_request(action: Json, path: str) -> None:
    fields.table(action, path, ("name",))
    _named(action, path, "send_location")


def _contact_request(action: Json, path: str) -> None:
    fields.table(action, path, ("name",))
    _named(action, path, "request_contact_info")


def _named(action: Json, path: str, name: str) -> None:
    if action.get("name") != name:
        raise GraphError(131009, f"{path}['name'] must be {name}.")
