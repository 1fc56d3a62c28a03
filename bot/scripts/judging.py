"""Whether the conversation is what a script says: its `bot:` and `expect:` lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.errors import BotError
from bot.flow.expressions.values import is_media, plain, typed
from bot.testing import CUSTOMER, Chat, Message, Project, ScriptError

_BOT: Final = ("contains", "lacks", "choices", "link", "template", "language", "image", "video",
               "audio", "document", "sticker", "type")
_EXPECT: Final = ("outcome", "slots", "step", "queue", "tags", "calls", "owner", "language")


class Differs(BotError):
    """The conversation is not what the script says."""


def find(messages: list[Message], start: int, since: int, wanted: Any) -> int:
    """The place of the first message from `start` on that is as wanted. Raises `Differs`.

    `since`: where what was said after the customer's last step begins.
    """
    if not isinstance(wanted, Mapping):
        wanted = {"contains": wanted}
    known_words(wanted, _BOT, "bot")
    misses = []
    for place in range(start, len(messages)):
        message = messages[place]
        if message.by == CUSTOMER:
            continue
        missing = list(_missing(message, wanted))
        if not missing:
            return place
        misses.append("; ".join(missing))
    if any(message.by != CUSTOMER and not list(_missing(message, wanted))
           for message in messages[since:start]):
        raise Differs("The message of the line above is like that. What a flow says in one go is "
                      "one message: `bot: {contains: [this, that]}` looks for both.")
    raise Differs(f"No new message of the bot is like that: {misses[-1]}" if misses
                  else "The bot said nothing new.")


def _missing(message: Message, wanted: Mapping[str, Any]) -> Iterator[str]:
    """What the message lacks of what is wanted."""
    for text in _listed(wanted.get("contains", [])):
        if str(text).casefold() not in message.text.casefold():
            yield f"“{text}” is not in it"
    for text in _listed(wanted.get("lacks", [])):
        if str(text).casefold() in message.text.casefold():
            yield f"“{text}” is in it"
    offered = [choice for _, choice, _ in message.choices]
    for choice in _listed(wanted.get("choices", [])):
        if str(choice) not in offered:
            yield f"it does not offer {choice} but {', '.join(offered) or 'nothing'}"
    if "language" in wanted and message.language != wanted["language"]:
        yield f"its language is {message.language}"
    content = message.content
    if "type" in wanted and content["type"] != wanted["type"]:
        yield f"it is of the type {content['type']}"
    if "template" in wanted and content.get("name") != wanted["template"]:
        yield "it is not that template"
    if "link" in wanted and str(wanted["link"]) not in (content.get("url") or ""):
        yield f"it has no link to {wanted['link']}"
    for kind in ("image", "video", "audio", "document", "sticker"):
        if kind in wanted:
            held = content if content["type"] == kind else content.get("header", {})
            if held.get("type") != kind or str(wanted[kind]) not in (
                    held.get("name"), held.get("url")):
                yield f"it holds no {kind} {wanted[kind]}"


def expect(chat: Chat, project: Project, value: Any) -> None:
    """What must be so now. Raises `Differs`."""
    known_words(value, _EXPECT, "expect")
    found = {"outcome": chat.outcome, "step": chat.step, "owner": chat.owner.partition(":")[0],
             "queue": chat.ticket["queue"] if chat.ticket else None,
             "language": chat.contact.language}
    for word, is_ in found.items():
        if word in value and is_ != value[word]:
            raise Differs(f"{word} is {is_ or 'none'}, not {value[word]}")
    for name, wanted in value.get("slots", {}).items():
        kept = _slot(chat, project, name)
        if kept != wanted and str(kept) != str(wanted):
            raise Differs(f"the slot {name} is {'none' if kept is None else kept}, not {wanted}")
    for tag in _listed(value.get("tags", [])):
        if tag not in chat.contact.tags:
            raise Differs(f"the tags are {', '.join(chat.contact.tags) or 'none'}, without {tag}")
    if "calls" in value:
        _expect_calls(chat, value["calls"])


def _slot(chat: Chat, project: Project, name: str) -> Any:
    kept = chat.slots.get(name)
    if is_media(kept):
        return kept.get("name")
    for kind in ("choice", "date"):  # both keep more than their data
        if isinstance(kept, Mapping) and ("label" if kind == "choice" else "iso") in kept:
            return plain(typed(kind, kept, project.flows.options.timezone))
    return kept


def _expect_calls(chat: Chat, wanted: Any) -> None:
    if wanted is None:
        if chat.calls:
            raise Differs(f"{chat.calls[0].operation} was called")
        return
    for operation, each in wanted.items():
        made = [call.arguments for call in chat.calls if call.operation == operation]
        if each is None:
            if made:
                raise Differs(f"{operation} was called with {made[0]}")
            continue
        expected = each if isinstance(each, list) else [each]
        if isinstance(each, list) and len(made) != len(each):
            raise Differs(f"{operation} was called {len(made)} times: {made}")
        for arguments in expected:
            if not any(all(str(call.get(name)) == str(value) for name, value in arguments.items())
                       for call in made):
                raise Differs(f"{operation} was called with {made or 'nothing'}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def known_words(found: Any, words: tuple[str, ...], where: str) -> None:
    """Raises `ScriptError` for a word that is not one of these."""
    for word in found if isinstance(found, Mapping) else ():
        if word not in words:
            raise ScriptError(f"“{word}” is unknown in {where}; known: {', '.join(words)}")
