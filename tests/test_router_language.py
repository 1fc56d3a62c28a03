from __future__ import annotations

from pathlib import Path

import pytest
from returning import RETURNS, returning
from talking import Talk, flows

from bot.flow.language.tags import text_for
from bot.model import Contact


def test_the_language_is_that_of_the_keyword_matched(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("我想退货")
    assert talk.said == "请提供订单号。"
    assert (talk.contact.language, talk.contact.language_from) == ("zh", "trigger")
    assert returning(tmp_path).says("return").contact.language == "en"


def test_else_the_script_they_write_in_else_the_default(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("今天天气真好啊")
    assert (talk.contact.language, talk.contact.language_from) == ("zh", "script")
    assert "抱歉" in talk.said
    latin = returning(tmp_path).says("blarg")
    assert latin.contact.language is None
    assert "Sorry" in latin.said
    assert returning(tmp_path).says("добрый вечер всем").contact.language is None


def test_a_keyword_says_more_than_the_script(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("今天天气真好啊").says("refund")
    assert (talk.contact.language, talk.said) == ("en", "Which order is it?")


@pytest.mark.parametrize("known", ["chosen", "api"])
def test_what_was_chosen_or_told_stays(tmp_path: Path, known: str) -> None:
    talk = returning(tmp_path)
    talk.contact = Contact("p1", "Kim", "en", known)
    assert talk.says("退货").said == "Which order is it?"
    assert talk.contact.language == "en"


def test_a_word_of_every_language_changes_nothing(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("退货").says("hi")
    assert (talk.contact.language, talk.said) == ("zh", "您好！\n\n请提供订单号。")


def test_the_conversation_in_chinese_is_chinese_throughout(tmp_path: Path) -> None:
    talk = returning(tmp_path).says("退货").says("12")
    assert talk.said == "“12”不是订单号。"
    talk.says("ab123456").returns({"item": "鞋", "returnable": True}).says("坏")
    talk.says("有破损").sends("audio", media={"id": "v", "mime_type": "a/o", "voice": True})
    assert "照片" in talk.said
    talk.sends("image")
    assert "请核对：\n\n订单号：AB123456\n原因：有破损\n照片：已收到" in talk.said
    assert talk.titles == ["确认", "修改", "取消"]
    assert "同事" in talk.says("转人工").said


def test_texts_fall_back_to_the_base_of_the_language_and_then_to_the_default() -> None:
    texts = {"pt": "olá", "en": "hello", "de": "hallo"}
    assert text_for(texts, "pt-BR", "en") == "olá"
    assert text_for(texts, "fr", "en") == "hello"
    assert text_for({"": "all"}, "fr", "en") == "all"
    assert text_for({"de": "hallo"}, "fr", "en") == "hallo"


def test_an_answer_is_called_by_its_word_in_the_base_of_the_language(tmp_path: Path) -> None:
    known = flows(tmp_path, """answers: shop
items:
  hours:
    keywords: {en: [opening hours], zh: [营业时间]}
    say: {en: 9 to 5, zh: 9 点到 17 点}
""")
    assert known.title("answer:shop/hours", "zh-HK") == "营业时间"
    assert known.title("answer:shop/hours", "fr") == "Opening hours"


def test_a_flow_may_set_the_language(tmp_path: Path) -> None:
    talk = Talk(flows(tmp_path, RETURNS, """flow: speak
title: Speak
triggers: {keywords: {en: [speak]}}
steps:
  set: {set: {contact.language: zh}}
  say: {say: {en: Hello., zh: 你好。}, end: done}
""")).says("speak")
    assert talk.said == "你好。"
    assert (talk.contact.language, talk.contact.language_from) == ("zh", "chosen")
