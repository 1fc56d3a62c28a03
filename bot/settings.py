"""Every key of config.yaml: its name, its type, its default and what it is for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import regex
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.clock import DAY, HOUR, MINUTE
from bot.setting_values import (
    Currency,
    Day,
    Digits,
    Folder,
    Id,
    Kept,
    Language,
    Limit,
    Milliseconds,
    Number,
    Provider,
    Several,
    Size,
    StoreUrl,
    Switch,
    Text,
    Url,
    WorkingHours,
    Zone,
)

METHODS = ("get", "post", "put", "patch", "delete")
#: A header whose value opens doors; its value has to come from the environment.
SECRET_HEADER = regex.compile(r"authorization|cookie|.*(token|key|secret|password).*", regex.I)

#: Keys whose values open doors; they have to come from the environment.
SECRETS = frozenset({"app_secret", "access_token", "verify_token", "token"})


class Section(BaseModel):
    """A part of config.yaml: frozen and strict, an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Server(Section):
    host: Text = Field("127.0.0.1", description="the address that the program listens on")
    port: Annotated[Number, Field(ge=1, le=65535)] = Field(
        8080, description="the port that the program listens on")
    public_url: Url = Field(
        default_factory=lambda known: f"http://{known.get('host')}:{known.get('port')}",
        description="the address under which agents' browsers, WhatsApp and backends reach it")
    free_disk: Size = Field(
        256 * 2**20, description="with less room on the disk of an SQLite file, deliveries are "
                                 "told to come again; off: until nothing is left")


class Limits(Section):
    per_second: Limit = Field(80, description="messages a second by this number; off for no limit")
    per_pair: Switch = Field(
        True, description="keep to the provider's pace towards one person (on or off)")
    per_day: Limit = Field(
        None, description="people reached by template outside the window in 24 hours, as many as "
                          "Meta allows the number; off for no limit")
    flood: Limit = Field(
        30, description="messages a minute of one person that are answered one by one; off for no "
                        "limit")


class Receipts(Section):
    read: Switch = Field(True, description="show customers that their message was read")
    typing: Switch = Field(True, description="show customers that an answer is being prepared")


class ChannelSettings(Section):
    provider: Provider = Field(
        description="whose API serves the number: meta")
    phone_number_id: Digits = Field(
        description="the number's id at Meta (not the phone number itself)")
    business_account_id: Digits = Field(
        "", description="the id of the WhatsApp Business Account")
    graph_url: Url = Field("https://graph.facebook.com/v23.0",
                           description="Meta's Graph API with its version")
    app_secret: Annotated[tuple[Text, ...], Several, Field(min_length=1)] = (
        Field(repr=False, description="the secret of the Meta app, which signs deliveries; a "
                                      "list while it is being changed"))
    access_token: Text = Field(
        repr=False, description="the token that may send messages by this number")
    verify_token: Text = Field(
        repr=False, description="a word of your own that Meta repeats when it is told the "
                                "webhook's address")
    limits: Limits = Field(default_factory=Limits, description="how fast and how much is sent")
    receipts: Receipts = Field(default_factory=Receipts,
                               description="what customers see of our reading")


class Operation(Section):
    method: str = Field(description="the verb of HTTP, written as the key of the path")
    path: str = Field(description="the path below base_url; {name} is filled from `with`")
    query: dict[str, Any] = Field(default_factory=dict, description="what follows the ? of the "
                                   "address; {name} is filled from `with`")
    body: Any = Field(None, alias="json",
                       description="the JSON that is sent; a lone {name} keeps its type")
    timeout_ms: Annotated[Milliseconds, Field(ge=1, le=5 * MINUTE)] = Field(
        5_000, alias="timeout", description="how long one try may take")
    retries: Annotated[Number, Field(ge=0, le=10)] = Field(
        2, description="further tries of what may be tried again: a get, or what is idempotent")
    missing: Annotated[tuple[Annotated[Number, Field(ge=400, le=499)], ...],
                       Several] = Field(
        (), description="status codes that mean “there is none”: no error, the slot is none")
    idempotent: Switch = Field(
        False, description="the same Idempotency-Key twice does it once, so it may be tried again")

    @model_validator(mode="before")
    @classmethod
    def _one_method(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "method" in data:
            return data
        methods = [word for word in METHODS if word in data]
        if len(methods) != 1 or not isinstance(data[methods[0]], str):
            raise ValueError("needs exactly one of get, post, put, patch, delete with a path - "
                             "get: \"/orders/{number}\"")
        rest = {key: value for key, value in data.items() if key != methods[0]}
        path = str(data[methods[0]])
        return {"method": methods[0].upper(), "path": path if path[:1] == "/" else f"/{path}",
                **rest}


class BreakerSettings(Section):
    failures: Limit = Field(
        5, description="so many tries in a row that fail, and the backend is left alone; off: "
                       "never")
    pause_ms: Annotated[Milliseconds, Field(ge=1_000, le=HOUR)] = Field(
        30_000, alias="pause",
        description="for so long; then one try looks whether the backend is back")


class Backend(Section):
    base_url: Url = Field(description="where the business's HTTP API is")
    headers: dict[str, Text] = Field(default_factory=dict, repr=False,
                                     description="sent with every call, for example Authorization")
    idempotent: Switch = Field(False, description="holds for every operation that says nothing")
    breaker: BreakerSettings = Field(default_factory=BreakerSettings,
                                     description="when it is left alone for a while")
    operations: dict[Id, Operation] = Field(description="what flows may call, by name")

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "idempotent" not in data:
            return data
        operations = data.get("operations")
        if not isinstance(operations, dict):
            return data
        return {**data, "operations": {
            name: {"idempotent": data["idempotent"], **operation}
            if isinstance(operation, dict) else operation
            for name, operation in operations.items()}}


class Reminders(Section):
    after_ms: Annotated[Milliseconds, Field(ge=MINUTE, lt=DAY)] = Field(
        23 * HOUR, alias="after",
        description="since the customer's last message, while somebody owes an answer")


class OutboxSettings(Section):
    unknown_after_ms: Annotated[Milliseconds, Field(ge=100)] = Field(
        MINUTE, alias="unknown_after",
        description="how long a send with an unknown outcome waits for its receipt")
    lease_ms: Annotated[Milliseconds, Field(ge=1_000)] = Field(
        30_000, alias="lease",
        description="how long a process may be silent before others take up what it was sending")


class KeepSettings(Section):
    seen_ms: Annotated[Milliseconds, Field(ge=30 * DAY)] = Field(
        30 * DAY, alias="seen",
        description="the ids of messages, by which one that comes again is known")
    messages_ms: Kept = Field(365 * DAY, alias="messages", description="transcripts, and dead "
                              "letters that nobody decided")
    journal_ms: Kept = Field(365 * DAY, alias="journal",
                             description="what was decided about each event, and closed tickets")
    receipts_ms: Kept = Field(90 * DAY, alias="receipts",
                              description="what WhatsApp reported of each message")
    notices_ms: Kept = Field(90 * DAY, alias="notices",
                             description="what came in beside messages and receipts")
    audit_ms: Kept = Field(730 * DAY, alias="audit", description="who did what")


class QueueSettings(Section):
    hours: WorkingHours = Field(
        None, description="when somebody is there; without it, always")
    holidays: Annotated[tuple[Day, ...],
                        Several] = Field(
        (), description="days on which nobody is there")


class Handoff(Section):
    default: Id = Field("support", description="the queue of a handoff that names none")
    queues: dict[Id, QueueSettings] = Field(
        default_factory=lambda: {"support": QueueSettings()},
        description="the queues in which customers wait for a person")


class ApiSettings(Section):
    token: Annotated[tuple[Text, ...], Several] = Field(
        (), repr=False, description="what your programs send with each request; a list while it "
                                    "is being changed. Without it the API is off")


class Settings(Section):
    """config.yaml."""

    server: Server = Field(default_factory=Server, description="where it listens")
    store: StoreUrl = Field(
        "sqlite:///data/bot.db", validate_default=True, description="where everything is kept")
    default_language: Language = Field(
        "en", description="of customers whose own is not known; every text needs it")
    timezone: Zone = Field(
        ZoneInfo("UTC"), description="of the business: times are understood and shown in it")
    currency: Currency = Field(
        "EUR", description="of the filter money, where a text names none")
    flows: Folder = Field(Path("flows"), validate_default=True,
                          description="the folder of the flows")
    templates: Folder = Field(Path("templates"), validate_default=True,
                              description="the folder of the long texts")
    plugins: Folder | None = Field(
        None, description="the folder of your own Python: actions, slot types and filters")
    channels: Annotated[dict[Id, ChannelSettings], Field(min_length=1)] = Field(
        description="the business's WhatsApp numbers, by a name of your own")
    backends: dict[Id, Backend] = Field(
        default_factory=dict, description="the business's HTTP APIs that flows may call, by name")
    reminders: Reminders = Field(default_factory=Reminders,
                                 description="the reminder before the 24-hour window closes")
    outbox: OutboxSettings = Field(default_factory=OutboxSettings,
                                   description="how messages leave")
    keep: KeepSettings = Field(default_factory=KeepSettings, description="for how long what is "
                               "kept: a length of time, or off: for ever")
    fallback: Annotated[tuple[Literal["rephrase", "menu", "handoff"], ...],
                        Several, Field(min_length=1)] = Field(
        ("rephrase", "menu", "handoff"),
        description="what happens, one after the other, when nothing understands a message")
    idle_ms: Annotated[Milliseconds, Field(ge=MINUTE)] = Field(
        3 * DAY, alias="idle", description="after so long without a word a flow is given up")
    old_taps: Literal["decline", "jump"] = Field(
        "decline", description="what a tap on an earlier question of the same run does")
    public: dict[str, Any] = Field(default_factory=dict,
                                    description="all that flows see as config")
    api: ApiSettings = Field(default_factory=ApiSettings, description="for programs of yours")
    handoff: Handoff = Field(default_factory=Handoff, description="who takes over from the bot")

    @property
    def store_file(self) -> Path | None:
        """The SQLite file that `store` names; None: it is on PostgreSQL."""
        if not self.store.startswith("sqlite:///"):
            return None
        return Path(self.store.removeprefix("sqlite:///"))

    @property
    def store_shown(self) -> str:
        """`store` for people: without a password."""
        return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1@", self.store)
