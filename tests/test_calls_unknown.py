"""What nobody knows of a call: asked again where that is safe, and told to the flow elsewhere."""

from __future__ import annotations

import pytest
from tally import FrontDesk


async def made(desk: FrontDesk, label: str) -> tuple[str, str]:
    """A conversation whose call has reached the shop, and the call's key."""
    conversation = await desk.hear("491", "tally")
    await desk.hear("491", label)
    await desk.calls.look()
    await desk.settle()
    (key,) = desk.shop.waiting
    return conversation, key


@pytest.mark.parametrize(("label", "requests", "said"), [
    ("Beta", 2, "At 0."), ("Gamma", 1, "Failed.\n\nAt 0.")])
async def test_killed_while_the_shop_works_a_change_is_not_made_twice(
        counter: FrontDesk, label: str, requests: int, said: str) -> None:
    conversation, key = await made(counter, label)
    await counter.die()
    await counter.calls.look()
    await counter.settle()
    if requests == 2:
        counter.shop.waiting[key].set_result(200)
        await counter.settle()
    await counter.handle()
    assert counter.shop.requests == {key: requests}  # under the same key
    assert [text for text, _ in await counter.shown(conversation)] == ["At 0.", said]
    assert await counter.sql("select count(*) from call") == [(0,)]


@pytest.mark.parametrize("label", ["Beta", "Gamma"])
async def test_killed_before_it_is_begun_a_call_is_made(counter: FrontDesk, label: str) -> None:
    await counter.hear("491", "tally")
    await counter.hear("491", label)
    await counter.die()
    await counter.calls.look()
    await counter.settle()
    assert list(counter.shop.requests.values()) == [1]


@pytest.mark.parametrize("breaks", ["before", "after"])
@pytest.mark.parametrize(("label", "said"), [
    ("Beta", {"At 0."}), ("Gamma", {"At 0.", "Failed.\n\nAt 0."})])
async def test_killed_around_the_keeping_of_its_result_the_flow_hears_one(
        counter: FrontDesk, label: str, said: set[str], breaks: str) -> None:
    conversation, key = await made(counter, label)
    counter.database.breaks = breaks
    counter.shop.waiting[key].set_result(200)
    await counter.settle()
    await counter.die()
    await counter.calls.look()
    await counter.settle()
    if key in counter.shop.waiting:
        counter.shop.waiting[key].set_result(200)
        await counter.settle()
    await counter.handle()
    texts = [text for text, _ in await counter.shown(conversation)]
    assert len(texts) == 2
    assert texts[1] in said
    assert counter.shop.requests[key] <= (2 if label == "Beta" else 1)


async def test_a_change_that_the_shop_answers_with_an_error_is_not_made_again(
        counter: FrontDesk) -> None:
    """500: it may have been done. The flow goes the way of `on_error` at once."""
    conversation, key = await made(counter, "Gamma")
    counter.shop.waiting[key].set_result(500)
    await counter.settle()
    await counter.handle()
    assert counter.shop.requests == {key: 1}
    assert (await counter.shown(conversation))[-1][0] == "Failed.\n\nAt 0."
