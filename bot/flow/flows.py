"""Everything that is loaded: the versions of flows, answers, commands, texts, and their index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import ExpressionError, FlowError, UnknownVersion
from bot.flow.changes import onward
from bot.flow.expressions.own import NOTHING, Own
from bot.flow.language.choose import ChoiceLabels
from bot.flow.language.commands import Commands, Said
from bot.flow.language.likeness import Weighed
from bot.flow.language.match import Ambiguous, Candidate, Keywords, decide
from bot.flow.language.tags import pick, text_for
from bot.flow.load import Loaded
from bot.flow.machine import Version
from bot.flow.onward import Between, Onward
from bot.flow.spec import Answer, Command, Phrases, TemplateSpec, Texts
from bot.hours import Hours

#: What the system says; a `texts:` file has to hold each of them.
TEXTS = frozenset({
    "confirm", "edit", "cancel", "more", "yes", "no", "change", "choose", "go_on", "leave",
    "language_name", "confirm_words", "edit_words", "review", "review_line", "received",
    "edit_which", "read_back", "error_pattern", "error_text", "error_number", "error_integer",
    "error_yes_no", "error_date", "error_time", "error_datetime", "error_email", "error_phone",
    "error_location", "error_image", "error_audio", "error_video", "error_document",
    "error_any", "error_choice", "error_range", "error_check", "several", "way_out",
    "media_voice", "media_audio", "media_image", "media_video", "media_document",
    "media_sticker", "media_location", "media_contacts", "media_unsupported", "old_tap",
    "finished", "finished_gone", "rephrase", "menu_instead", "fallback_handoff", "did_you_mean",
    "finish_first", "switch_ask", "switch_yes", "switch_no", "unfinished", "nothing_to_cancel",
    "no_way_back", "done_already", "change_what", "which_language", "stopped", "handoff_open",
    "handoff_closed", "handoff_someday", "back_with_bot", "apology", "remind",
    "window_closing_queue", "started_over",
})


_NOTHING: Mapping[str, str] = {}
_NOWHERE: Mapping[tuple[str, str], Onward] = {}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of tickets and when somebody works on it; no hours: always."""

    hours: Hours | None = None
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """What the flows need of config.yaml."""

    key: bytes  #: reply ids are signed with it
    default_language: str = "en"
    timezone: tzinfo = UTC
    currency: str = "EUR"
    country: str | None = None
    fallback: tuple[str, ...] = ("rephrase", "menu", "handoff")
    idle_ms: int = 3 * 86_400_000
    remind_after_ms: int = 23 * 3_600_000
    old_taps: str = "decline"
    public: Mapping[str, Any] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=lambda: {"support": Queue()})
    default_queue: str = "support"
    own: Own = NOTHING  #: slot types and filters of the business's own
    #: Operations that change nothing: the customer may go back past a call of them.
    reads: frozenset[str] = frozenset()


class Flows:
    """What a turn looks up. Versions are read and compiled when they are first needed."""

    def __init__(self, loaded: Loaded, options: FlowOptions,
                 ways: Mapping[tuple[str, str], Onward] = _NOWHERE, *,
                 ids: Mapping[str, str] = _NOTHING, retired: Mapping[str, str] = _NOTHING) -> None:
        """`ways`, `ids`, `retired`: what is published, where something is: where people of other
        versions go, by what each flow's version is known, and that of flows taken away.
        """
        missing = sorted(TEXTS - loaded.texts.items.keys())
        if missing:
            raise FlowError(f"the texts file lacks {', '.join(missing)}")
        self.options = options
        self.texts: Mapping[str, Texts] = loaded.texts.items
        self.commands: Mapping[str, Command] = loaded.commands.items
        self.templates: Mapping[str, TemplateSpec] = loaded.templates
        self.answers: dict[str, Answer] = {
            f"{file}/{name}": item for file, spec in loaded.answers.items()
            for name, item in spec.items.items()}
        self.current: dict[str, Version] = {
            name: Version(name, ids.get(name) or spec.version, spec)
            for name, spec in loaded.flows.items()}
        self._retired = retired
        #: (flow, version) of those that are not current any more -> where their people go.
        self.onward = ways
        self._between: dict[tuple[str, str], Between] = {}
        self._versions = {(version.flow, version.id): version
                          for version in self.current.values()}
        self._index = Keywords()
        for name, spec in loaded.flows.items():
            _add(self._index, f"flow:{name}", spec.triggers.keywords, spec.triggers.examples)
        for name, answer in self.answers.items():
            _add(self._index, f"answer:{name}", answer.triggers.keywords,
                 answer.triggers.examples)
        self.by_event = {spec.triggers.event: name for name, spec in loaded.flows.items()
                         if spec.triggers.event is not None}
        self.by_referral = {source: name for name, spec in loaded.flows.items()
                            for source in spec.triggers.referral}
        #: The flow that a customer's very first message starts.
        self.first = next((name for name, spec in loaded.flows.items()
                           if spec.triggers.first_message), None)
        self._said = Commands()
        for name, command in self.commands.items():
            for language, phrases in command.keywords.items():
                for phrase in phrases:
                    self._said.add(name, phrase, language,
                                     exact=command.does in ("stop", "start"),
                                     takes_rest=command.does == "change")
        self.languages: tuple[str, ...] = tuple(dict.fromkeys([
            options.default_language,
            *(language for spec in loaded.flows.values() for language in spec.languages),
            *(language for language in self.texts["language_name"] if language)]))
        self._keywords: dict[str, dict[str, set[str]]] = {}

    def add_version(self, flow: str, version: str, source: str) -> None:
        """Load a version that conversations still stand in."""
        self._versions.setdefault((flow, version), Version(flow, version, source=source))

    def version(self, flow: str, version: str) -> Version:
        """This version of a flow. Raises `UnknownVersion` where it is not loaded."""
        try:
            return self._versions[flow, version]
        except KeyError:
            raise UnknownVersion(flow, version) from None

    def begins(self, flow: str) -> Version:
        """The version in which a run begins. Raises `ExpressionError` where the flow is gone."""
        if (version := self.current.get(flow)) is not None:
            return version
        if flow not in self._retired:
            raise ExpressionError("there is no such flow any more", expression=flow)
        return self.version(flow, self._retired[flow])

    def take_over(self, before: Flows, in_flight: str | None = None) -> None:
        """Go on with those who stand in the versions of `before`, as a publish does."""
        ways = dict(before.onward)
        for name, new in self.current.items():
            ways.pop((name, new.id), None)
            old = before.current.get(name)
            if old is not None and old.id != new.id and (
                    way := onward(old.spec, new.spec, in_flight)) is not None:
                ways[name, old.id] = way
        self._versions = before._versions | self._versions
        self.onward = ways

    def between(self, flow: str, version: str) -> Between | None:
        """The way on from this version; None: whoever stands in it stays. Raises `UnknownVersion`.
        """
        key = flow, version
        if (way := self.onward.get(key)) is None:
            return None
        if key not in self._between:
            self._between[key] = Between(self.version(flow, version),
                                         self.version(flow, way.version), way)
        return self._between[key]

    def command(self, text: str) -> Said | None:
        """The command that a message is, if it is one."""
        return self._said.find(text)

    def about(self, text: str) -> Candidate | Ambiguous | None:
        """The flow (`flow:x`) or answer (`answer:file/item`) that a message is about."""
        return decide(self._index.find(text))

    def candidates(self, text: str) -> list[Candidate]:
        """Everything that a message might be about, with scores, best first."""
        return self._index.find(text)

    def weighed(self, text: str) -> Weighed:
        """What each word of a message weighs, and which known words it is taken for."""
        return self._index.weighed(text)

    def title(self, item: str, language: str) -> str:
        """What a flow or an answer is called in a button."""
        kind, _, name = item.partition(":")
        default = self.options.default_language
        if kind == "flow":
            return text_for(self.current[name].spec.title, language, default)
        phrases = pick(self.answers[name].triggers.keywords, language, default)
        if phrases:
            return phrases[0].capitalize()
        return name.rpartition("/")[2].replace("_", " ").capitalize()

    def doing(self, does: str) -> tuple[str, Command] | None:
        """The command that does this, and its name."""
        for name, command in self.commands.items():
            if command.does == does and command.to is None:
                return name, command
        return None

    def agent_word(self, language: str) -> str:
        """What to write to get a person."""
        found = self.doing("handoff")
        keywords = found[1].keywords if found is not None else {}
        phrases = pick(keywords, language, self.options.default_language)
        return (phrases or next(iter(keywords.values()), ("handoff",)))[0]

    @cached_property
    def words(self) -> Mapping[str, tuple[str, ...]]:
        """What may be typed for each button of the system's own, in every language."""
        also = {"confirm": "confirm_words", "edit": "edit_words"}
        found = {}
        for name in ("confirm", "edit", "cancel", "more", "yes", "no", "change"):
            typed = list(self.texts[name].values())
            for words in self.texts.get(also.get(name, ""), {}).values():
                typed += [word.strip() for word in words.replace("，", ",").split(",")]
            found[name] = tuple(dict.fromkeys(typed))
        return found

    def labels(self, names: Iterable[str]) -> tuple[ChoiceLabels, ...]:
        """The system's own buttons, to be compared with what was typed."""
        return tuple(ChoiceLabels(name, self.words[name]) for name in names)

    def queue_name(self, wanted: str | None) -> str:
        """The queue wanted, or the default one where config does not know it."""
        known = wanted is not None and wanted in self.options.queues
        return str(wanted) if known else self.options.default_queue

    def queue_hours(self, queue: str, now: int) -> tuple[bool, int | None]:
        """(open now, when it opens next)."""
        plan = self.options.queues.get(queue)
        if plan is None or plan.hours is None:
            return True, None
        zone = self.options.timezone
        if plan.hours.is_open(now, zone, plan.holidays):
            return True, None
        return False, plan.hours.opens(now, zone, plan.holidays)

    @staticmethod
    def zone(name: str | None) -> tzinfo | None:
        """The time zone of this name; None for one that nobody knows."""
        return _zone(name) if name else None


@lru_cache(maxsize=1_024)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _add(index: Keywords, item: str, keywords: Phrases, examples: Phrases) -> None:
    for language, phrases in keywords.items():
        for phrase in phrases:
            index.add(item, phrase, language)
    for language, phrases in examples.items():
        for phrase in phrases:
            index.add(item, phrase, language, "example")
