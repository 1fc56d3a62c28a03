"""Calls: what a step hands over, and what the operation in config.yaml is filled with."""

from __future__ import annotations

from collections.abc import Iterator

from bot.flow.lint.parts import Arguments, CheckOptions, Document, Path
from bot.flow.reading.finding import Finding
from bot.flow.reading.pieces import did_you_mean, one_of
from bot.flow.spec import Step


def check(documents: list[Document], options: CheckOptions) -> Iterator[Finding]:
    for doc in documents:
        for name, step in doc.spec.steps.items() if doc.kind == "flow" else ():
            if step.call in options.arguments and name not in doc.damaged:
                yield from _handed_over(doc, ("steps", name), step, options.arguments[step.call])


def _handed_over(doc: Document, at: Path, step: Step, takes: Arguments) -> Iterator[Finding]:
    every = takes.path | takes.more
    missing = every - step.with_.keys()
    for name in step.with_.keys() - every:
        near = did_you_mean(name, missing)
        if near or takes.only:
            missing -= {one for one in missing if f"`{one}`" in near}
            yield doc.error_at_key((*at, "with", name), f"`{step.call}` takes no `{name}`{near}")
        else:
            yield doc.warning_at_key(
                (*at, "with", name), f"`{step.call}` has no {{{name}}} in config.yaml, so this is "
                                     "not sent")
    for name in sorted(missing & takes.path):
        yield doc.error((*at, "call"), f"`{step.call}` can't be asked without `{name}`: write "
                                       f"with: {{{name}: ...}}")
    left_out = sorted(missing - takes.path)
    if left_out and not step.with_ and not missing & takes.path:
        yield doc.warning((*at, "call"), f"`{step.call}` is asked without {one_of(left_out)}: "
                                         f"write with: {{{left_out[0]}: ...}}")
