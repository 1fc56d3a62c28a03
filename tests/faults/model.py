"""The model-based test as long as a night allows: 2,000 conversations of 50 steps on each database.

`python tests/faults/model.py [--examples N] [--steps N] [--only sqlite|postgres]`; a conversation
that is not as the reference says is printed step by step, with the line that makes it again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1]),
                str(Path(__file__).parent)]

from postgres import server
from test_model import prove

from bot.clock import Clock
from bot.store.postgres import Postgres


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--examples", type=int, default=2_000)
    words.add_argument("--steps", type=int, default=50)
    words.add_argument("--only", choices=("sqlite", "postgres"))
    chosen = words.parse_args()
    logging.disable(logging.CRITICAL)
    if chosen.only != "postgres":
        prove(chosen.examples, chosen.steps)
        print(f"model on SQLite: {chosen.examples} conversations of {chosen.steps} steps")
    if chosen.only != "sqlite":
        with server() as running:
            running.sql("create database base template template0")
            asyncio.run(tables(running.url("base")))
            prove(chosen.examples, chosen.steps, running)
        print(f"model on PostgreSQL: {chosen.examples} conversations of {chosen.steps} steps")


async def tables(url: str) -> None:
    await (await Postgres.open(url, Clock())).close()


if __name__ == "__main__":
    main()
