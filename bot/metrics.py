"""Figures for operators: counted where things happen, read only when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric


class Counts:
    """How often what happened since the process started. Labels are few and fixed."""

    def __init__(self) -> None:
        self.accepted = 0  #: items of deliveries that were kept
        self.sends: Counter[str] = Counter()  #: attempts by what became of them
        self.turns_failed = 0
        self.stopped_channels = 0
        self.dead = 0  #: dead letters when last looked at
        self.open_backends: dict[str, int] = {}  #: backend -> 1 while it is left alone
        self.not_asked: Counter[str] = Counter()  #: tries that were not made meanwhile

    def collect(self) -> Iterator[Metric]:
        accepted = CounterMetricFamily("frontdesk_items_accepted",
                                       "Messages, receipts and notices that were kept")
        accepted.add_metric([], self.accepted)
        yield accepted
        sends = CounterMetricFamily("frontdesk_sends", "Attempts to send", labels=["outcome"])
        for outcome, count in self.sends.items():
            sends.add_metric([outcome], count)
        yield sends
        failed = CounterMetricFamily("frontdesk_turns_failed", "Turns that raised an error")
        failed.add_metric([], self.turns_failed)
        yield failed
        stopped = GaugeMetricFamily("frontdesk_channels_stopped",
                                    "Channels whose account or token the provider refuses")
        stopped.add_metric([], self.stopped_channels)
        yield stopped
        dead = GaugeMetricFamily("frontdesk_dead_letters",
                                 "Events that were put aside and wait for a person's decision")
        dead.add_metric([], self.dead)
        yield dead
        left_alone = GaugeMetricFamily(
            "frontdesk_backend_left_alone", "1 while calls of a backend fail at once, because it "
            "has failed too often", labels=["backend"])
        for backend, is_open in self.open_backends.items():
            left_alone.add_metric([backend], is_open)
        yield left_alone
        not_asked = CounterMetricFamily("frontdesk_calls_not_made", "Tries that were not made "
                                        "because the backend is left alone", labels=["backend"])
        for backend, count in self.not_asked.items():
            not_asked.add_metric([backend], count)
        yield not_asked


def registry(counts: Counts) -> CollectorRegistry:
    """A registry of this process: ours, its memory and its processor time."""
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    made.register(counts)
    return made
