"""What a flow, answers, commands or texts file says, in one shape for every way of writing it.

The reader (`reading/`) makes these from YAML; the machine is built from nothing else. A spec is
self-contained: long texts of `templates/` are in it, so that the source of a version, kept with
the conversations that stand in it, is enough to go on.

* Texts are `{language: source}`, with `""` for a text that serves every language. A `say` is a
  tuple of such texts: one message each.
* A source that begins with `TEMPLATE` came from `templates/` and may use `{% if %}` and
  `{% for %}`; the mark is a Jinja comment, and no text written in a flow may begin so.
* `goto` is a tuple of entries, the first whose `if_` holds wins; "the step below" is filled in.
* Durations are milliseconds. Clocks of a flow are filled in where a step waits for a person.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

#: Put before the source of every text that was read from `templates/`.
TEMPLATE = "{#template#}"

#: language -> source; "" is the text for every language.
Texts = dict[str, str]
#: Separate messages, in this order.
Say = tuple[Texts, ...]
#: language -> words and phrases; "" is for every language.
Phrases = dict[str, tuple[str, ...]]
#: A text, or a tree of lists and mappings with texts in it, filled in when it is needed.
Value = Any

SlotType = Literal[
    "text", "number", "integer", "yes_no", "date", "time", "datetime", "choice", "email", "phone",
    "location", "image", "audio", "video", "document", "any", "object", "list",
]
SLOT_TYPES: tuple[str, ...] = get_args(SlotType)
Priority = Literal["low", "normal", "high", "urgent"]
Does = Literal["handoff", "cancel", "back", "repeat", "change", "stop", "start", "language"]


class Part(BaseModel):
    """A piece of a spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Next(Part):
    """Where to go: exactly one of step, refuse, edit, flow and end is set."""

    if_: str | None = Field(None, alias="if")  #: expression; None: always
    step: str | None = None
    refuse: str | None = None  #: the step whose answer is refused afterwards
    say: Say = ()  #: with `refuse`: said instead of the step's own text; () = `errors.check`
    edit: str | None = None  #: the slot that is asked anew
    flow: str | None = None  #: the flow that takes this one's place
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")  #: slots of that flow
    end: str | None = None  #: the outcome


class Slot(Part):
    """A remembered value. min, max, after, before and check are expressions."""

    type: str  #: one of `SLOT_TYPES`, or of the business's own
    pattern: str | None = None
    min: str | None = None
    max: str | None = None
    after: str | None = None
    before: str | None = None
    clean: Literal["upper", "lower", "trim", "digits"] | None = None
    check: str | None = None
    label: Texts | None = None
    also: Phrases = Field(default_factory=dict)
    personal: bool = True
    in_trigger: bool = False
    keep_ms: int | None = None  #: for so long the next runs that declare the slot have its value


class Choice(Part):
    """One of the answers that a step offers. `end: x` is written as a goto with that end."""

    id: str
    label: Texts
    also: Phrases = Field(default_factory=dict)
    description: Texts | None = None
    if_: str | None = Field(None, alias="if")
    set: dict[str, Value] = Field(default_factory=dict)
    say: Say = ()
    goto: tuple[Next, ...] = ()  #: () follows the step's


class ChoicesFrom(Part):
    """Choices made from data; `.x` is already written `item.x`."""

    each: str  #: expression
    id: str  #: expression
    label: Texts
    description: Texts | None = None


class Run(Part):
    """Another flow as a part of this one."""

    flow: str
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")
    save: dict[str, str] = Field(default_factory=dict)  #: slot of ours -> slot of theirs


class Handoff(Part):
    """Giving a person the conversation."""

    queue: str | None = None  #: None: the flow's, else the one of config
    priority: Priority = "normal"
    note: Texts = Field(default_factory=dict)  #: for staff
    return_to: str | None = None
    if_closed: str | None = None


class TemplateUse(Part):
    """A registered template of WhatsApp, and what its parameters are filled with."""

    name: str
    with_: dict[str, str] = Field(default_factory=dict, alias="with")


class TemplateSpec(Part):
    """A registered template, as it is known to WhatsApp; its parameters are names."""

    template: str
    category: Literal["utility", "marketing", "authentication"] = "utility"
    codes: dict[str, str] = Field(default_factory=dict)  #: our language -> Meta's, where it differs
    header: Texts | None = None
    body: Texts
    footer: Texts | None = None
    buttons: dict[str, Texts] = Field(default_factory=dict)
    links: tuple[str, ...] = ()  #: the beginnings of the addresses that may stand in it


class Wait(Part):
    """Waiting for no answer: for an event, until a time, or for a while."""

    event: str | None = None
    about: Value = None  #: a text; None: whatever the event is about
    for_ms: int | None = None
    until: str | None = None  #: a text that gives a day or a time
    save: str | None = None  #: the slot that takes the event

    @property
    def ends(self) -> bool:
        """Whether it is over one day by itself."""
        return self.for_ms is not None or self.until is not None


class Timer(Part):
    """What happens when nobody answers for so long."""

    after_ms: int
    say: Say = ()
    outside: TemplateUse | None = None
    then: str = "stay"  #: stay | end | handoff | a step


class Send(Part):
    """One thing to send that is no text. `value` is by kind:

    image, video, audio, document, sticker: a text that gives the address, with `caption` and
    `filename` beside it - location: {latitude, longitude, name?, address?} - contact: {name,
    phone} - link: the address, with `label` - reaction: the emoji - whatsapp_template: {name,
    with}.
    """

    kind: Literal["image", "video", "audio", "document", "sticker", "location", "contact", "link",
                  "reaction", "whatsapp_template"]
    value: Value
    caption: Texts | None = None
    filename: str | None = None
    label: Texts | None = None


class Step(Part):
    """A state of the flow's machine."""

    skip_if: str | None = None  #: an expression, or `known`
    set: dict[str, Value] = Field(default_factory=dict)
    tag: tuple[str, ...] = ()  #: `-vip` removes
    say: Say = ()
    outside: TemplateUse | None = None  #: leaves in place of `say` when the window is closed
    send: tuple[Send, ...] = ()

    ask: str | None = None  #: the slot
    choices: tuple[Choice, ...] = ()
    choices_from: ChoicesFrom | None = None
    if_empty: str | None = None
    otherwise: str | None = None  #: the question that takes a typed answer which is no choice
    button: Texts | None = None
    call: str | None = None
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")
    retries: int | None = None
    timeout_ms: int | None = None
    wait: Wait | None = None
    run: Run | None = None
    review: tuple[str, ...] | None = None
    handoff: Handoff | None = None
    end: str | None = None  #: the outcome

    save: str | None = None  #: the slot that takes the choice or the result of the call
    goto: tuple[Next, ...] = ()  #: () only where the step ends, hands off or nothing is below

    errors: dict[str, Texts] = Field(default_factory=dict)
    attempts: int | None = None
    gather_ms: int | None = None  #: how long more messages are waited for, to be one answer
    on_give_up: str | None = None
    on_media: str | None = None
    on_undelivered: str | None = None
    on_cancel: str | None = None
    on_error: tuple[Next, ...] = ()  #: () = the apology of config, then a person
    on_timeout: Timer | None = None  #: the flow's or its own; None: no time-out
    remind: tuple[Timer, ...] | None = None  #: None: the general one of config; () = none

    @property
    def kind(self) -> str:
        """What the step does last: ask, choices, call, wait, run, review, handoff, end
        or ""."""
        if self.choices or self.choices_from is not None:
            return "choices"
        for name in ("ask", "call", "wait", "run", "review", "handoff", "end"):
            if getattr(self, name) is not None:
                return name
        return ""

    @property
    def slot(self) -> str | None:
        """The slot that this step's question fills."""
        return self.ask if self.ask is not None else (
            self.save if self.kind == "choices" else None)


class Triggers(Part):
    """What starts a flow."""

    keywords: Phrases = Field(default_factory=dict)
    examples: Phrases = Field(default_factory=dict)
    event: str | None = None  #: the name of a business event
    first_message: bool = False
    referral: tuple[str, ...] = ()  #: ids of advertisements and posts

    @property
    def starts(self) -> bool:
        """Whether anything does."""
        return bool(self.keywords or self.examples or self.event or self.first_message
                    or self.referral)


class FlowSpec(Part):
    """A whole flow. The first step is where it starts."""

    flow: str
    title: Texts
    languages: tuple[str, ...]  #: of the title, the default language first
    queue: str | None = None
    triggers: Triggers = Triggers()
    timezone: str | None = None  #: a zone's name, or `contact`
    interruptible: Literal["ask", "yes", "no"] = "ask"
    old_taps: Literal["decline", "jump"] | None = None
    slots: dict[str, Slot] = Field(default_factory=dict)
    steps: dict[str, Step]
    #: For the publish that needs them, and no part of the version: what stands in the place of
    #: steps that are gone, and what becomes of those who are in the flow.
    moved: dict[str, str] = Field(default_factory=dict, exclude=True)
    in_flight: Literal["finish", "move", "restart"] | None = Field(None, exclude=True)

    def source(self) -> str:
        """The whole flow as one canonical JSON text, from which `from_source` makes it again."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    @classmethod
    def from_source(cls, source: str) -> FlowSpec:
        return cls.model_validate_json(source)

    @property
    def version(self) -> str:
        """The same for the same flow on every machine, another for every other flow."""
        return hashlib.sha256(self.source().encode()).hexdigest()[:16]


class Answer(Part):
    """A one-shot reply to a frequent question."""

    triggers: Triggers
    say: Say = ()
    send: tuple[Send, ...] = ()


class AnswersSpec(Part):
    answers: str
    items: dict[str, Answer]


class Command(Part):
    """What a customer can say at any time. Without `does` it is given like an answers item."""

    keywords: Phrases = Field(default_factory=dict)
    does: Does | None = None
    queue: str | None = None  #: does: handoff
    to: str | None = None  #: does: language
    say: Say = ()
    send: tuple[Send, ...] = ()
    choices: tuple[Choice, ...] = ()
    button: Texts | None = None
    goto: tuple[Next, ...] = ()


class CommandsSpec(Part):
    items: dict[str, Command] = Field(default_factory=dict)


class TextsSpec(Part):
    """What the system itself says."""

    items: dict[str, Texts] = Field(default_factory=dict)
