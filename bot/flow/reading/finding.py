"""What is said of a mistake, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: Line and column, both from 1.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake, or one thing that looks like one."""

    file: str
    line: int
    column: int
    level: Literal["error", "warning"]
    message: str
    #: the line was read on as it should be: nothing below it is in doubt
    repaired: bool = field(default=False, compare=False)
    #: what the line should be was guessed: whatever else is said of it follows from that
    guessed: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.level} {self.message}"

    def as_data(self) -> dict[str, str | int]:
        """The same for programs."""
        return {"file": self.file, "line": self.line, "column": self.column,
                "level": self.level, "message": self.message}

    def as_annotation(self) -> str:
        """The same as a workflow command of GitHub, which shows it beside the line."""
        file, message = (text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
                         for text in (self.file, self.message))
        file = file.replace(":", "%3A").replace(",", "%2C")
        return f"::{self.level} file={file},line={self.line},col={self.column}::{message}"

