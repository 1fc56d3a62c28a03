"""What the emulator has to know of a channel to stand in for Meta."""

from __future__ import annotations

import re

from bot.check import load_all
from bot.emulator import Customer, EmulatorSettings
from bot.settings import Settings
from bot.templates import definitions

#: Where the configuration leaves a value to the environment and the environment has none. The
#: emulator listens on the loopback only, so these need not be secret.
_MADE_UP = {
    "app_secret": "emulator-app-secret", "access_token": "emulator-access-token",
    "verify_token": "emulator-verify-token", "phone_number_id": "106540352242922",
    "business_account_id": "102290129340398",
}


def stand_in(settings: Settings, name: str) -> tuple[EmulatorSettings, list[str]]:
    """The emulator's settings, and `NAME=value` for each variable that `bot run` needs as well."""
    channel = settings.channels[name]
    variables: list[str] = []

    def known(field: str, value: str) -> str:
        unset = re.fullmatch(r"\$\{(\w+)\}", value)
        if unset is None:
            return value or _MADE_UP[field]
        variables.append(f"{unset[1]}={_MADE_UP[field]}")
        return _MADE_UP[field]

    emulated = EmulatorSettings(
        webhook_url=f"http://127.0.0.1:{settings.server.port}/webhooks/{name}",
        app_secret=known("app_secret", channel.app_secret[0]),
        access_token=known("access_token", channel.access_token),
        verify_token=known("verify_token", channel.verify_token),
        phone_number_id=known("phone_number_id", channel.phone_number_id),
        business_account_id=known("business_account_id", channel.business_account_id),
        display_phone_number="+44 7700 900100",
        business_name=str(settings.public.get("shop_name", name)),
        templates=list(definitions(load_all(settings).templates.values(),
                                   settings.default_language)),
        customers=[Customer("Ana", "447700900101", "en"), Customer("Bo", "447700900102", "en")])
    return emulated, variables
