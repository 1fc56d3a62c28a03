"""The flow `returns` of the language's own page, and its way to the review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from talking import Talk, flows

RETURNS = r"""flow: returns
title: {en: Return an item, zh: 退货}
queue: support
triggers:
  keywords: {en: [return, refund, send back], zh: [退货, 退款]}
  examples: {en: [the shoes don't fit and I want to give them back]}
interruptible: ask
on_timeout:
  {after: 2h, say: {en: "Still there? Your return is not finished.", zh: 还在吗？}, then: stay}
remind:
  after: 23h
  say: {en: "One more hour only, so I am getting a colleague.", zh: 已为您转接同事。}
  then: handoff
slots:
  order_number: {type: text, pattern: '[A-Z]{2}\d{6}', clean: upper, personal: false,
                 label: {en: Order number, zh: 订单号}, in_trigger: yes}
  reason: {type: choice, label: {en: Reason, zh: 原因}}
  photo: {type: image, label: {en: Photo, zh: 照片}}
steps:
  ask_order:
    say: {en: "Which order is it?", zh: 请提供订单号。}
    ask: order_number
    errors:
      pattern: {en: "“{{ answer }}” is not an order number.", zh: "“{{ answer }}”不是订单号。"}
    attempts: 3
    on_give_up: talk_to_us
  find_order:
    call: orders.find
    with: {number: "{{ order_number }}"}
    save: order
    goto:
      - if: order is none
        refuse: ask_order
        say: {en: "I can't find {{ order_number }}.", zh: 找不到。}
      - {if: not order.returnable, step: too_late}
      - ask_reason
    on_error: talk_to_us
  ask_reason:
    say: {en: "Why are you returning {{ order.item }}?", zh: "为什么退 {{ order.item }}？"}
    choices:
      damaged: {label: {en: It is damaged, zh: 有破损}, also: {en: [broken, torn]}, goto: ask_photo}
      wrong:   {label: {en: Wrong item, zh: 发错货}, goto: review}
      size:    {label: {en: Does not fit, zh: 尺码不合适}, goto: review}
    save: reason
  ask_photo:
    say: {en: "Please send a photo of the damage.", zh: 请发一张照片。}
    ask: photo
    attempts: 2
    on_give_up: review
    skip_if: known
  review:
    review: [order_number, reason, photo]
  create:
    call: orders.create_return
    with: {number: "{{ order_number }}", reason: "{{ reason }}", photo: "{{ photo }}"}
    save: label
    on_error: talk_to_us
  done:
    say: {en: "Here is your label.", zh: 退货单在这里。}
    send: {document: "{{ label.url }}", filename: "return-{{ order_number }}.pdf"}
    end: label_sent
  too_late:
    say: {en: "The 30 days for {{ order.item }} are over.", zh: 已超过退货期。}
    end: too_late
  talk_to_us:
    handoff: {priority: high, note: "Return of {{ order_number or 'an unknown order' }}"}
"""
SHOES = {"item": "Trail shoes", "returnable": True}
OLD = {"item": "Old boots", "returnable": False}
LABEL = {"url": "https://shop.example/l.pdf"}


def returning(folder: Path, *more: str, **options: Any) -> Talk:
    """A customer, and the flow; nothing has been said yet."""
    return Talk(flows(folder, RETURNS, *more, **options))


def reviewing(folder: Path, *more: str, **options: Any) -> Talk:
    """At the review, with a photo."""
    talk = returning(folder, *more, **options).says("return").says("ab123456").returns(SHOES)
    return talk.taps("It is damaged").sends("image")
