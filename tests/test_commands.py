from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow.language.commands import Commands


@pytest.fixture(scope="module")
def commands() -> Commands:
    found = Commands()
    for item, phrases in {
            "cancel": "cancel;never mind;forget it;取消;算了;abbrechen;cancelar",
            "agent": "agent;human;speak to someone;talk to a person;real person;人工;转人工;客服",
            "menu": "menu;main menu;hi;hello;菜单;你好", "back": "back;go back;返回",
            "help": "help;help me;帮助", "language": "language;change language"}.items():
        for phrase in phrases.split(";"):
            found.add(item, phrase, "en")
    for phrase in ("stop", "unsubscribe", "退订", "stopp", "停止"):
        found.add("stop", phrase, "en", exact=True)
    for phrase in ("change", "修改"):
        found.add("change", phrase, "en", takes_rest=True)
    return found


@pytest.mark.parametrize(("text", "item"), [
    ("cancel", "cancel"), ("please cancel", "cancel"), ("cancel please!", "cancel"),
    ("I want to cancel", "cancel"), ("ok, cancel it now", "cancel"), ("cancle", "cancel"),
    ("never mind, cancel", "cancel"), ("取消", "cancel"), ("我想取消", "cancel"),
    ("请帮我取消一下，谢谢", "cancel"), ("取消 please", "cancel"), ("Bitte abbrechen", "cancel"),
    ("quiero cancelar por favor", "cancel"), ("agent", "agent"), ("Agnet", "agent"),
    ("i want to speak to a human please", "agent"), ("can I talk to a real person?", "agent"),
    ("let me speak to someone", "agent"), ("我要转人工客服", "agent"), ("hi", "menu"),
    ("Hello!!", "menu"), ("你好", "menu"), ("go back please", "back"), ("help me!", "help"),
    ("can you help me please", "help"), ("change language", "language"), ("HELPP", "help")])
def test_a_request_with_only_filler_around_it_is_a_command(
        commands: Commands, text: str, item: str) -> None:
    found = commands.find(text)
    assert found is not None
    assert found.item == item


@pytest.mark.parametrize("text", [
    "I want to cancel my order", "no", "no I want november", "don't cancel", "do not cancel it",
    "我想取消订单", "不要取消", "取消预约", "my back hurts", "back pain", "human resources",
    "I need help with my order", "the agent was rude", "hi I want to return my shoes", "",
    "👍", "请", "please", "can you", "is the menu vegan", "cancellation fee", "call"])
def test_a_word_within_a_sentence_is_none(commands: Commands, text: str) -> None:
    assert commands.find(text) is None


@pytest.mark.parametrize("text", [
    "stop", "STOP", "Stop.", "stop!!", " ＳＴＯＰ ", "s\u200bt\u200bo\u200bp", "“stop”", "*STOP*",
    "S T O P",
    "S.T.O.P.", "ЅТОР", "st\u00adop", "s\u0336t\u0336o\u0336p\u0336", "stóp", "𝐒𝐓𝐎𝐏", "ⓢⓣⓞⓟ",
    "STOP 🛑",
    "\u202estop\u202c", "退订", "退订。", "unsubscribe"])
def test_stop_is_heard_however_it_is_written(commands: Commands, text: str) -> None:
    found = commands.find(text)
    assert found is not None
    assert found.item == "stop"


@pytest.mark.parametrize("text", [
    "please STOP calling me", "stop please", "I want to stop", "stpo", "bus stop", "我想退订吗",
    "stop it", "don't stop", "shop"])
def test_stop_is_the_whole_message_or_it_is_not_stop(commands: Commands, text: str) -> None:
    found = commands.find(text)
    assert found is None or found.item != "stop"


@pytest.mark.parametrize(("text", "rest"), [
    ("change", ""), ("change photo", "photo"), ("please change the order number",
                                              "the order number"), ("修改照片", "照片"),
    ("I want to change my photo", "my photo")])
def test_a_command_that_takes_something_gives_it_back(
        commands: Commands, text: str, rest: str) -> None:
    found = commands.find(text)
    assert found is not None
    assert (found.item, found.rest) == ("change", rest)


def test_exact_commands_know_it_of_themselves(commands: Commands) -> None:
    assert commands.is_exact("stop")
    assert not commands.is_exact("cancel")


@given(text=st.text())
def test_any_message_can_be_a_command_or_not(commands: Commands, text: str) -> None:
    commands.find(text)
