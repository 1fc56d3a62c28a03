"""A WhatsApp to talk to without Meta: Graph API, webhooks, a phone in the browser, a clock to move.

It speaks HTTP only and imports nothing of the engine, the store or the channels, so a bot that
works against it has been through the same doors that Meta uses.
"""

from __future__ import annotations

from bot.emulator.app import application
from bot.emulator.settings import Customer, EmulatorSettings

__all__ = ["Customer", "EmulatorSettings", "application"]
