"""What the flows need to know of a project, from its config.yaml and its plugins."""

from __future__ import annotations

from bot.flow.flows import FlowOptions, Queue
from bot.flow.language.phones import country_of
from bot.plugin_files import find
from bot.settings import Settings


def flow_options(settings: Settings, key: bytes) -> FlowOptions:
    """What the flows need of the configuration, and of the business's own Python."""
    plugins = find(settings)
    return FlowOptions(
        default_language=settings.default_language, timezone=settings.timezone,
        currency=settings.currency, fallback=settings.fallback, idle_ms=settings.idle_ms,
        remind_after_ms=settings.reminders.after_ms, old_taps=settings.old_taps,
        public=settings.public, own=plugins.own, default_queue=settings.handoff.default, key=key,
        country=country_of(settings.timezone.key),
        queues={name: Queue(queue.hours, queue.holidays)
                for name, queue in settings.handoff.queues.items()},
        reads=frozenset([
            *(f"{name}.{operation}" for name, backend in settings.backends.items()
              for operation, declared in backend.operations.items() if declared.method == "GET"),
            *(name for name, action in plugins.actions.items() if not action.changes)]))
