from __future__ import annotations

from pathlib import Path

from bot.config import load
from bot.resources import shipped
from bot.stand_in import stand_in

SHIPPED = shipped() / "config.yaml"


def test_what_the_environment_does_not_say_is_made_up_and_told() -> None:
    emulated, variables = stand_in(load(SHIPPED, {}, secrets=False), "main")
    assert emulated.webhook_url == "http://127.0.0.1:8080/webhooks/main"
    told = dict(line.split("=", 1) for line in variables)
    assert told == {
        "META_APP_SECRET": emulated.app_secret, "META_ACCESS_TOKEN": emulated.access_token,
        "META_VERIFY_TOKEN": emulated.verify_token,
        "META_PHONE_NUMBER_ID": emulated.phone_number_id,
        "META_BUSINESS_ACCOUNT_ID": emulated.business_account_id}


def test_what_is_told_is_all_that_the_channel_needs() -> None:
    _, variables = stand_in(load(SHIPPED, {}, secrets=False), "main")
    rest = {"ORDERS_URL": "http://127.0.0.1:1", "ORDERS_TOKEN": "t",
            "APPOINTMENTS_URL": "http://127.0.0.1:1", "APPOINTMENTS_TOKEN": "t"}
    settings = load(SHIPPED, {**dict(line.split("=", 1) for line in variables), **rest})
    assert stand_in(settings, "main")[1] == []


def test_the_project_s_templates_are_registered_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "parcel.yaml").write_text(
        "template: parcel\n"
        'body: {en: "Order {{ order }} is here.", zh: "订单 {{ order }} 到了。"}\n', "utf-8")
    (tmp_path / "config.yaml").write_text(
        "channels: {main: {provider: meta, phone_number_id: '1', app_secret: '${A}', "
        "access_token: '${B}', verify_token: '${C}'}}\n")
    emulated, _ = stand_in(load(tmp_path / "config.yaml", {}, secrets=False), "main")
    assert [(one["name"], one["language"]) for one in emulated.templates] == [
        ("parcel", "en"), ("parcel", "zh_CN")]


def test_what_the_environment_says_is_used(tmp_path: Path) -> None:
    environ = {"META_APP_SECRET": "mine", "BOT_PORT": "9001"}
    emulated, variables = stand_in(load(SHIPPED, environ, secrets=False), "main")
    assert emulated.app_secret == "mine"
    assert emulated.webhook_url == "http://127.0.0.1:9001/webhooks/main"
    assert not any(line.startswith("META_APP_SECRET=") for line in variables)
