"""Sending: what the store has released goes to the provider, and what became of it goes back."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from bot import failpoints, logs
from bot.channel.base import Channel
from bot.clock import real_now
from bot.errors import ChannelError, StoreError
from bot.metrics import Counts
from bot.pace import Pacer
from bot.store.rows import Outcome, Send
from bot.store.store import Store
from bot.store.work import Work

log = logging.getLogger(__name__)

#: So many messages are released by one look.
AT_ONCE = 100
#: The store is asked for retries and resolved doubts so often, seconds.
POLL = 0.5
#: The pause before a retry grows from the first to the last, milliseconds.
FIRST_PAUSE, LAST_PAUSE = 500, 60_000
#: No unit of work takes so long, seconds: for so long a claim that was given up is remembered.
GIVEN_UP = 120.0
#: A channel whose account or token is refused is tried again so often, seconds.
STOPPED = 60.0


def pause_before(attempt: int) -> int:
    """Milliseconds before the next attempt: exponential, with full jitter in its upper half."""
    most = min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10))
    return random.randint(most // 2, most)


class Outbox:
    """One task for each message on the wire."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], pacer: Pacer,
                 reads: Mapping[str, tuple[bool, bool]], counts: Counts) -> None:
        """`reads`: by channel, whether a message is shown as read, and typing while we work."""
        self._store = store
        self._channels = channels
        self._pacer = pacer
        self._reads = reads
        self._counts = counts
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[str] = set()  #: messages whose outcome is not settled yet
        #: Claims that were not heard of in time -> when (monotonic) they are over in any case.
        self._given_up: dict[tuple[str, int], float] = {}
        self._adopted = False
        self._ending = False
        self.wake = asyncio.Event()  #: something was released elsewhere for us to send
        #: Set by the engine: hands on what settling has caused.
        self.follow: Callable[[Work], None] = lambda work: self.start(work.sends)
        #: Channels that a person has to look after: name -> what the provider said.
        self.stopped: dict[str, str] = {}

    def start(self, sends: Iterable[Send]) -> None:
        """Send what was claimed. At the end of the process `finish` puts it back."""
        if self._ending:
            return
        for send in sends:
            if send.id in self._under_way:  # lost sight of and released again, meanwhile found
                continue
            if (send.id, send.epoch) in self._given_up:  # heard of it too late: it waits again
                continue
            self._under_way.add(send.id)
            self._spawn(self._send(send))

    def show_read(self, channel: str, external_id: str, *, typing: bool) -> None:
        """Tick the customer's message blue, as far as the channel's `receipts` say so."""
        read, types = self._reads.get(channel, (False, False))
        if read or (typing and types):
            self._spawn(self._show_read(channel, external_id, typing=typing and types))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Send what waits for its time, until cancelled."""
        # Once: after a failure of the store what is on the wire now is ours, and not in doubt.
        if not self._adopted:
            if not self._store.shared:
                self._doubted(await self._store.adopt())
            self._adopted = True
        while True:
            if self._store.shared:
                self._doubted(await self._store.recover(self._lost))
            work = await self._store.claim_sends(AT_ONCE)
            self.follow(work)
            if len(work.sends) < AT_ONCE:
                self.wake.clear()
                try:
                    async with asyncio.timeout(POLL):
                        await self.wake.wait()
                except TimeoutError:
                    continue

    def _lost(self, id_: str, epoch: int) -> bool:
        """Is this claim none of those under way? Then it must not begin when it is heard of."""
        if id_ in self._under_way:
            return False
        now = time.monotonic()
        self._given_up = {claim: until for claim, until in self._given_up.items() if until > now}
        self._given_up[id_, epoch] = now + GIVEN_UP
        return True

    @staticmethod
    def _doubted(count: int) -> None:
        if count:
            log.warning("messages in doubt", extra={"count": count})

    async def finish(self, within: float = 10.0) -> None:
        """Nothing more leaves; what is on the wire has so many seconds, the rest stays queued."""
        self._ending = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        try:
            await self._store.put_back(self._lost)
        except StoreError as error:  # the next process has them in doubt
            log.error("not put back", extra={"error": str(error)})

    async def _send(self, send: Send) -> None:
        logs.conversation.set(send.conversation)
        outcome = await self._attempt(send)
        self._counts.sends[outcome.state] += 1
        self._counts.stopped_channels = len(self.stopped)
        tries = 0
        while True:
            try:
                work = await self._store.settle((outcome,))
            except StoreError as error:  # what the provider said must not be forgotten: until kept
                if not tries:
                    log.error("settle failed", extra={"send": send.id, "error": str(error)})
                tries += 1
                await asyncio.sleep(1)
            else:
                self._under_way.discard(send.id)
                self.follow(work)
                return

    async def _attempt(self, send: Send) -> Outcome:
        failpoints.hit("outbox.claimed")
        left = (send.lease_until - real_now()) / 1000
        if left <= 0:  # we were asleep: another process has it by now
            return Outcome(send, "retry")
        channel = self._channels.get(send.channel)
        if channel is None:
            return Outcome(send, "failed", error=f"There is no channel {send.channel} any more.")
        try:
            # Not longer: others take it for lost then, and may send it a second time.
            async with asyncio.timeout(left):
                provider_id = await channel.send(send.to, send.content, send.id)
        except ChannelError as error:
            return self._refused(send, error)
        except TimeoutError:
            return Outcome(send, "unknown", error="The provider did not answer in time.")
        except Exception as error:  # our own fault: nobody knows how far it came
            log.exception("send failed", extra={"send": send.id})
            return Outcome(send, "unknown", error=repr(error))
        if self.stopped and self.stopped.pop(send.channel, None) is not None:
            log.warning("channel sends again", extra={"channel": send.channel})
        return Outcome(send, "sent", provider_id)

    def _refused(self, send: Send, error: ChannelError) -> Outcome:
        reason = f"{error} {error.advice}".strip()
        log.warning("not sent", extra={"send": send.id, "code": error.code,
                                       "error": _unquoted(error), "attempt": send.attempts})
        if error.unknown:
            return Outcome(send, "unknown", code=error.code, error=reason)
        if error.closes_window:
            return Outcome(send, "parked", code=error.code, error=reason)
        if not error.retryable:
            return Outcome(send, "failed", code=error.code, error=reason)
        pause = pause_before(send.attempts)
        if error.retry_after is not None:
            pause = max(pause, int(error.retry_after * 1000))
        if error.stops_channel:
            self.stopped[send.channel] = reason
            log.error("channel stopped", extra={"channel": send.channel, "advice": error.advice})
            self._pacer.hold(send.channel, STOPPED)
            pause = int(STOPPED * 1000)
        elif error.throttles == "channel":
            self._pacer.hold(send.channel, min(pause / 1000, 5.0))
        elif error.throttles == "contact":
            # Four times as long at each refusal, as Meta asks with its code 131056.
            pause = max(pause, 1000 * 4 ** min(send.attempts, 5))
            self._pacer.hold(send.conversation, pause / 1000)
        return Outcome(send, "retry", not_before=real_now() + pause, code=error.code,
                       error=reason)

    async def _show_read(self, channel: str, external_id: str, *, typing: bool) -> None:
        try:
            await self._channels[channel].mark_read(external_id, typing=typing)
        except ChannelError as error:  # a nicety: the conversation does not depend on it
            log.info("not marked as read", extra={
                "channel": channel, "error": _unquoted(error)})


def _unquoted(error: ChannelError) -> str:
    """What is logged of it: not the provider's own words, which name people."""
    return str(error).partition(": ")[0]
