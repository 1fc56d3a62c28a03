"""People who write numbered messages to the project beside this file, and what they are answered.

Each message counts once, and its answer shows the count: who reads the answers in the order of the
provider's ledger sees a loss, a repetition or a wrong order.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness import delivery, message, shown
from shop import Agent

#: An answer: count, message, what came of it.
ANSWER = re.compile(r"(\d+) (\S+) (\S+)")
#: What else is said: by a timer, by a reminder, by an agent.
ASIDE = re.compile(r"(bell|remind|agent) (\S+)")
#: So long after a message was posted a time-out or a reminder may speak, seconds: the first counts
#: from when it came in, the second from the provider's time of it, which has whole seconds.
WAIT = {"bell": 2.0, "remind": 0.9}


@dataclass
class Word:
    """A message, and the moments of its first delivery and of its acknowledgement."""

    text: str
    id: str
    posted: float = 0.0
    acknowledged: float = 0.0
    place: int = 0  #: in its delivery


@dataclass
class Said:
    """A message of the bot as the provider took it, copies not counted again."""

    text: str
    at: float


@dataclass
class Contact:
    """One customer."""

    who: str
    words: list[Word] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)  #: message -> what came of it
    tags: Counter[str] = field(default_factory=Counter)  #: how often each message of the bot came
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, body: dict[str, Any]) -> None:
        tag = body["biz_opaque_callback_data"]
        self.tags[tag] += 1
        if self.tags[tag] > 1:
            return
        text = shown(body)
        self.said.append(Said(text, time.time()))
        if found := ANSWER.fullmatch(text):
            self.answered[found[2]] = found[3]
        self.heard.set()

    def word(self, kind: str) -> Word:
        number = len(self.words)
        text = "begin" if number == 0 else f"{kind}-{self.who}-{number}"
        made = Word(text, f"wamid.{self.who}.{number}")
        self.words.append(made)
        return made

    def written(self, word: Word) -> dict[str, Any]:
        return {**message(self.who, 0, word.text), "id": word.id}


#: Delivers a webhook with these messages until it is acknowledged; a time to give up.
Deliver = Callable[[bytes, list[Word], float], Any]


class NeverAnswered(AssertionError):
    """What should have come did not."""


@dataclass
class Pair:
    """Two people who sometimes write in one delivery."""

    contacts: tuple[Contact, Contact]
    deliver: Deliver
    dice: random.Random
    agent: Agent | None = None
    conversation: Callable[[str], Any] | None = None  #: phone -> the conversation's id
    rare: float = 0.25  #: how often it is one of the slow things

    async def write(self, until: float,
                    *written: tuple[Contact, str]) -> list[tuple[Contact, Word]]:
        """One delivery with these messages."""
        words = [(contact, contact.word(kind)) for contact, kind in written]
        for place, (_, word) in enumerate(words):
            word.place = place
        body = delivery(*(contact.written(word) for contact, word in words))
        await self.deliver(body, [word for _, word in words], until)
        return words

    async def answers(self, until: float, *words: tuple[Contact, Word]) -> None:
        for contact, word in words:
            await self.comes(contact, until, word.text,
                             lambda contact=contact, word=word: word.text in contact.answered)

    @staticmethod
    async def comes(contact: Contact, until: float, what: str, there: Callable[[], bool]) -> None:
        while not there():
            contact.heard.clear()
            try:
                async with asyncio.timeout(max(0.01, until - time.monotonic())):
                    await contact.heard.wait()
            except TimeoutError:
                raise NeverAnswered(
                    f"{contact.who} never got {what}; the last were "
                    f"{[said.text for said in contact.said[-3:]]}") from None

    async def begin(self, until: float) -> None:
        await self.answers(until, *await self.write(
            until, *((contact, "word") for contact in self.contacts)))

    async def act(self, until: float) -> None:
        """One of the things that people do."""
        acts = [self.one, self.burst, self.burst, self.batch, self.batch, self.calls, self.calls]
        if self.dice.random() < self.rare:
            acts = [self.rest, self.soon, self.desk, self.desk]
        await self.dice.choice(acts)(until)

    async def one(self, until: float) -> None:
        await self.answers(until, *await self.write(until, (self.either(), "word")))

    def either(self) -> Contact:
        return self.dice.choice(self.contacts)

    async def burst(self, until: float) -> None:
        """Several messages in flight at once."""
        written = await asyncio.gather(*(self.write(until, (self.either(), "word"))
                                         for _ in range(self.dice.randint(2, 5))))
        await self.answers(until, *(word for words in written for word in words))

    async def batch(self, until: float) -> None:
        """Two deliveries of several messages at once, of both people in any order."""
        written = await asyncio.gather(*(
            self.write(until, *((self.either(), "word")
                                for _ in range(self.dice.randint(2, 4)))) for _ in range(2)))
        await self.answers(until, *(word for words in written for word in words))

    async def calls(self, until: float) -> None:
        """Something that the backend is asked for, and more messages while it is."""
        kind = self.dice.choice(("look", "change", "pay"))
        written = await asyncio.gather(*(self.write(until, (self.contacts[0], each))
                                         for each in (kind, "word", "word")))
        await self.answers(until, *(word for words in written for word in words))

    async def rest(self, until: float) -> None:
        """Nothing is written until the time-out speaks."""
        contact = self.either()
        count = len(contact.words) - 1
        await self.comes(contact, until, f"bell {count}", lambda: any(
            said.text == f"bell {count}" for said in contact.said))

    async def soon(self, until: float) -> None:
        """The same with a reminder."""
        contact = self.either()
        await self.answers(until, *await self.write(until, (contact, "soon")))
        count = len(contact.words) - 1
        await self.comes(contact, until, f"remind {count}", lambda: any(
            said.text == f"remind {count}" for said in contact.said))
        await self.answers(until, *await self.write(until, (contact, "word")))

    async def desk(self, until: float) -> None:
        """A person takes over, writes, and hands back."""
        if self.agent is None or self.conversation is None:
            return
        contact = self.either()
        ((_, word),) = await self.write(until, (contact, "desk"))
        await self.answers(until, (contact, word))
        conversation = await self.conversation(contact.who)
        await self.agent.act(conversation, "take", until)
        await self.agent.act(conversation, "reply", until, f"agent {word.text}")
        await self.agent.act(conversation, "return", until)
        await self.comes(contact, until, f"{word.text} returned",
                         lambda: contact.answered.get(word.text) == "returned")


def wrong(contact: Contact) -> list[str]:
    """What is wrong with the order and the count of a contact's answers."""
    found: list[str] = []
    words = {word.text: word for word in contact.words}
    count, current = -1, ""
    order: list[Word] = []
    asides: set[str] = set()
    for said in contact.said:
        if answer := ANSWER.fullmatch(said.text):
            number, text, came = int(answer[1]), answer[2], answer[3]
            if came == "returned" and number == count and text == current:
                continue
            if number != count + 1 or text not in words or words[text] in order[-50:]:
                found.append(f"{contact.who}: {said.text!r} after {count} {current}")
            count, current = number, text
            order += [words[text]] if text in words else []
        elif aside := ASIDE.fullmatch(said.text):
            if said.text in asides or aside[2] != (
                    current if aside[1] == "agent" else str(count)):
                found.append(f"{contact.who}: {said.text!r} after {count} {current}")
            asides.add(said.text)
            if aside[1] != "agent" and current in words and (
                    said.at < words[current].posted + WAIT[aside[1]]):
                found.append(f"{contact.who}: {said.text!r} came too early")
        else:
            found.append(f"{contact.who}: {said.text!r} is no answer to anything")
    return found + [f"{contact.who}: {later} came before {earlier}"
                    for earlier, later in turned_round(order)]


def turned_round(order: list[Word]) -> Iterator[tuple[str, str]]:
    """(what should have counted first, what did): of one delivery, or acknowledged before."""
    first: Word | None = None  # of what counted later, the one acknowledged first
    for place in range(len(order) - 1, -1, -1):
        word, after = order[place], order[place + 1:place + 2]
        if first is not None and first.acknowledged < word.posted:
            yield first.text, word.text
        if after and word.posted == after[0].posted and word.place > after[0].place:
            yield after[0].text, word.text
        if word.acknowledged and (first is None or word.acknowledged < first.acknowledged):
            first = word


def unanswered(contact: Contact) -> list[str]:
    """Acknowledged messages that nothing came of."""
    return [word.id for word in contact.words
            if word.acknowledged and word.text not in contact.answered]
