"""Everything that can go wrong on purpose, and what the reader can do about it."""

from __future__ import annotations

from typing import ClassVar


class BotError(Exception):
    """Something went wrong in Frontdesk."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(BotError):
    """The configuration can't be used."""

    def __init__(self, message: str = "", *, findings: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        #: Each mistake with its place, where the file could be read at all.
        self.findings = findings


class FlowError(BotError):
    """A flow file can't be used."""


class ExpressionError(BotError):
    """An expression in a flow can't be worked out."""

    def __init__(self, message: str = "", *, expression: str = "") -> None:
        super().__init__(f"{message} in `{expression}`" if expression else message)
        #: The author's own words; never a customer's.
        self.expression = expression


class UnknownVersion(BotError):
    """A conversation stands in a version of a flow that is not loaded in this process."""

    def __init__(self, flow: str, version: str) -> None:
        super().__init__(f"version {version} of flow {flow} is not loaded")
        self.flow, self.version = flow, version


class EndlessTurn(BotError):
    """A turn took more than 100 steps without coming to one that waits."""


class RunawayTurn(BotError):
    """A turn took more processor time than any turn may, and was broken off."""


class Malformed(BotError):
    """The body of a delivery is no JSON that this project reads."""


class Overloaded(BotError):
    """More deliveries are waiting than this process can promise to keep."""


class StoreError(BotError):
    """The store can't be used."""


class Unfit(BotError):
    """The store can't hold this, now or later: what was to be written is at fault."""


class StoreBusy(StoreError):
    """Another process has this SQLite file open. One process at a time; PostgreSQL takes many."""


class Refused(BotError):
    """What an agent asked for can't be done now; the message says why, for the agent."""


class ChannelError(BotError):
    """A provider did not take a message.

    Workers decide on the class properties and never on the class.
    """

    #: True: the same message may be sent again later.
    retryable: ClassVar[bool] = False
    #: True: the provider may have taken the message although we saw no answer.
    unknown: ClassVar[bool] = False
    #: "contact", "channel" or None: whose other messages have to wait as well.
    throttles: ClassVar[str | None] = None
    #: True: nothing more leaves by this channel until an operator has acted.
    stops_channel: ClassVar[bool] = False
    #: True: the provider says that the customer-service window is closed.
    closes_window: ClassVar[bool] = False

    def __init__(self, message: str = "", *, code: int | None = None, advice: str = "",
                 retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        #: What a person can do about it, one sentence.
        self.advice = advice
        #: Seconds that the provider asked us to wait, if it did.
        self.retry_after = retry_after


class Unreachable(ChannelError):
    """The provider could not be reached; nothing was written."""

    retryable = True


class OutcomeUnknown(ChannelError):
    """The request left, but no answer says whether the provider took it."""

    unknown = True


class Throttled(ChannelError):
    """The provider asks this number to slow down."""

    retryable = True
    throttles = "channel"


class PairThrottled(ChannelError):
    """The provider asks us to slow down towards this one person."""

    retryable = True
    throttles = "contact"


class ChannelStopped(ChannelError):
    """The account, the token or a permission is refused; a person has to act."""

    retryable = True
    stops_channel = True


class WindowClosed(ChannelError):
    """The 24-hour window is closed; only a template may go."""

    closes_window = True


class Rejected(ChannelError):
    """The provider refuses this message for good."""
