"""A conversation with the bot in a terminal: what `bot chat` does with each line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from bot.clock import duration, local
from bot.errors import BotError
from bot.flow.expressions.values import is_media
from bot.scripts import playing, recording
from bot.scripts.reading import Entry
from bot.testing import CUSTOMER, Chat, Message, ScriptError

HELP: Final = """\
What you write is said by the customer. Beside that:
  /1, /2 …            tap that button or row of the last message
  /image [NAME]       send a picture; also /video, /audio, /voice, /document, /sticker
  /location LAT,LONG  send a place
  /advance 23h        let time pass
  /agent TEXT         a colleague takes over and writes this; /done, /back: closes, hands back
  /slots              what is known so far
  /why                what decided about the last message
  /quit               the end\
"""
_WIDE: Final = 100
_FILES: Final = {"image": "picture.jpg", "video": "clip.mp4", "audio": "song.mp3",
                 "voice": "voice.ogg", "document": "file.pdf", "sticker": "sticker.webp"}


@dataclass(slots=True)
class Terminal:
    """One chat, and the script that it becomes."""

    chat: Chat
    show: Callable[[str], None]
    read: Callable[[str], str]  #: asks for a line, the prompt given; raises EOFError at the end
    entries: list[Entry] = field(default_factory=list)
    _rows: list[str] = field(default_factory=list)  #: what /1, /2 … tap
    _told: int = 0

    def take(self, line: str) -> bool:
        """Do what a line says. False: it was the last one."""
        words = line.strip()
        if not words:
            return True
        if words == "/quit":
            return False
        try:
            if words.startswith("/"):
                self._obey(*words[1:].partition(" ")[::2])
            else:
                self.chat.writes(words)
                self._note("customer", words)
        except (BotError, ValueError) as problem:
            self.show(f"  {problem}")
        self._tell()
        return True

    def answer(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """What an operation gives that nobody has given before: the author is asked."""
        shown = ", ".join(f"{name}: {value}" for name, value in arguments.items())
        while True:
            line = self.read(f"  {operation} {{{shown}}} gives (none, {{a: b}}, error 500): ")
            try:
                return _given(line)
            except yaml.YAMLError:
                self.show("  that can't be read: write for example {item: Shoes, price: 12}")

    def _obey(self, command: str, rest: str) -> None:
        rest = rest.strip()
        if command.isdecimal():
            self._tap(int(command))
        elif command in _FILES:
            self._say({command: rest or _FILES[command]})
        elif command == "location":
            latitude, _, longitude = rest.partition(",")
            self._say({"location": {"latitude": float(latitude), "longitude": float(longitude)}})
        elif command == "advance":
            self.chat.advance(duration(rest))
            self._note("advance", rest)
        elif command == "agent":
            if not self.chat.owner.startswith("agent:"):
                self.chat.acts("take")
            if rest:
                self.chat.acts("reply", rest)
            self._note("agent", {"says": rest} if rest else "takes")
        elif command in ("done", "back"):
            self.chat.acts("close" if command == "done" else "return")
            self._note("agent", {"closes": command})
        elif command == "slots":
            self._slots()
        elif command == "why":
            self._why()
        elif command == "help":
            self.show(HELP)
        else:
            raise ScriptError(f"/{command} is not known: /help lists what is")

    def _say(self, value: dict[str, Any]) -> None:
        self.chat.sends(playing.content(value))
        self._note("customer", value)

    def _tap(self, number: int) -> None:
        if not 1 <= number <= len(self._rows):
            raise ScriptError(f"the last message has no button or row {number}")
        choice = self._rows[number - 1]
        self.chat.taps(choice)
        self._note("tap", choice)

    def _note(self, word: str, value: Any) -> None:
        self.entries.append(Entry(0, word, value))

    def _tell(self) -> None:
        """Show what was said since."""
        new = [message for message in self.chat.messages[self._told:] if message.by != CUSTOMER]
        self._told = len(self.chat.messages)
        if any(message.choices for message in new):
            self._rows = []
        for message in new:
            self.show(self._shown(message))
            self._note("bot", recording.bot_line(message))
        if self.chat.owner != "bot" and not new:
            self.show("  (a colleague has the conversation: /agent TEXT answers, /back hands it "
                      "to the bot)")
        for incident in self.chat.incidents:
            self.show(f"  ! {incident}")
        self.chat.incidents.clear()

    def _shown(self, message: Message) -> str:
        content = message.content
        lines = [f"[{held['type']}: {held.get('name') or ''} {held['url']}]"
                 for held in (content.get("header") or {}, content)
                 if held.get("url") and held.get("type") != "link"]
        lines += str(content.get("text") or content.get("caption") or "").splitlines()
        if content["type"] == "link":
            lines.append(f"[{content.get('label')}: {content['url']}]")
        descriptions = {row["id"]: row.get("description") for row in content.get("rows", ())}
        for reply_id, choice, title in message.choices:
            self._rows.append(choice)
            more = descriptions.get(reply_id)
            lines.append(f"/{len(self._rows)} {title}" + (f" – {more}" if more else ""))
        who = "bot" if message.by == "bot" else "colleague"
        first, *rest = lines or [f"({content['type']})"]
        return "\n".join([f"{who:>9}  {first}", *(f"{'':>11}{line}" for line in rest)])

    def _slots(self) -> None:
        zone = self.chat.flows.options.timezone
        self.show(f"  {local(self.chat.now, zone):%Y-%m-%d %H:%M}  "
                  f"{self.chat.step or 'in no flow'}")
        for name, value in self.chat.slots.items():
            shown = value.get("name") if is_media(value) else value
            self.show(f"  {name}: {str(shown)[:_WIDE]}")

    def _why(self) -> None:
        journal = self.chat.journal
        if journal is None:
            self.show("  nothing was said yet")
            return
        sure = "" if journal.score is None else f", {journal.score:.0f} %"
        self.show(f"  {journal.rule}: {journal.item or '–'}{sure}; "
                  f"{journal.before or 'no flow'} → {journal.after or 'no flow'}"
                  + (f", ended as {journal.outcome}" if journal.outcome else ""))


def _given(line: str) -> Any:
    words = line.strip()
    if words in ("", "none"):
        return None
    if words.startswith("error"):
        what = words.removeprefix("error").strip() or "500"
        return {"error": int(what) if what.isdecimal() else what}
    return yaml.safe_load(words)
