"""What must hold when everything has come to rest, by what is known outside the bot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from crowd import Crowd
from people import unanswered, wrong


@dataclass
class Found:
    """What a series left behind."""

    turns: int = 0
    lost: list[str] = field(default_factory=list)  #: acknowledged, and not in the store
    wrong: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    doubts: int = 0
    copies: int = 0
    unexplained: list[str] = field(default_factory=list)
    #: What `bot doctor --verify` says of the store and of what was seen outside.
    doctor: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return [f"{name}: {each}"
                for name in ("lost", "wrong", "unfinished", "unexplained", "doctor")
                for each in getattr(self, name)]


def look(crowd: Crowd) -> Found:
    """Compare the ledger, the acknowledgements and the shop's books with the store."""
    sql = crowd.fleet.sql
    found = Found(wrong=[*crowd.stray])
    kept = {row[0] for row in sql("select provider_id from message where direction = 'in'")}
    crowd.acks.flush()
    acknowledged = {json.loads(line)["id"]
                    for line in Path(crowd.acks.name).read_text().splitlines()}
    found.lost = sorted(acknowledged - kept)
    for contact in crowd.people.values():
        found.wrong += wrong(contact)
        found.unfinished += unanswered(contact)
        found.turns += len(contact.answered)
    doubts = {id_: int(count)
              for id_, count in sql("select id, doubt from message where doubt > 0")}
    found.doubts = sum(doubts.values())
    tags: Counter[str] = Counter()
    for contact in crowd.people.values():
        tags.update(contact.tags)
    found.copies = tags.total() - len(tags)
    found.unexplained = [f"{tag} left {count} times, {doubts.get(tag, 0)} doubts"
                         for tag, count in tags.items() if count - 1 > doubts.get(tag, 0)]
    found.unfinished += [f"{row[0]} of {row[1]} in {row[2]}" for row in sql(
        "select conversation, state, 'inbox' from inbox union all "
        "select conversation, state, 'outbox' from outbox union all "
        "select conversation, state, 'call' from call")]
    sent = {row[0] for row in sql(
        "select id from message where direction = 'out' and status in ('sent', 'delivered', "
        "'read')")}
    found.wrong += [f"{tag} has left, the store does not say so" for tag in tags.keys() - sent]
    found.wrong += [f"{tag} is sent, the provider never took it" for tag in sent - tags.keys()]
    found.wrong += shop(crowd)
    found.doctor = doctor(crowd)
    return found


def doctor(crowd: Crowd) -> list[str]:
    """The same by the program that operators have: a line for each violation."""
    crowd.ledger.flush()
    bot = crowd.fleet.bots[0]
    done = subprocess.run(
        [sys.executable, "-m", "bot", "doctor", "--verify", "--settled", "--json", "--config",
         str(bot.config), "--acks", crowd.acks.name, "--ledger", crowd.ledger.name],
        capture_output=True, text=True, check=False, env={**os.environ, **bot.environment()})
    try:
        violations = json.loads(done.stdout)["violations"]
    except (ValueError, KeyError):
        return [f"it ended with {done.returncode}: {done.stderr[-500:]}"]
    return [f"{each['guarantee']} {each['conversation']} {each['about']}: {each['what']}"
            for each in violations]


def shop(crowd: Crowd) -> list[str]:
    """Each change under one key, each payment asked for once at most; what was said is true."""
    found = [f"{word} was paid {count} times"
             for word, count in crowd.shop.pays.items() if count > 1]
    found += [f"{word} was changed under {len(keys)} keys"
              for word, keys in crowd.shop.changes.items() if len(keys) > 1]
    for contact in crowd.people.values():
        for word, came in contact.answered.items():
            done = {"changed": crowd.shop.changes, "paid": crowd.shop.pays}.get(came)
            if done is not None and word not in done:
                found.append(f"{contact.who} was told {came} for {word}, nobody asked the shop")
    return found

