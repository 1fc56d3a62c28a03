"""A flush before every 200, seen from outside (the full count: tests/faults/flushes.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from flushes import judge, look, missing

ASKED = '10 recvfrom(9<TCP:[1]>, "POST /webhooks/main ...wamid.1.", 65536, 0, NULL, NULL) = 500\n'
WRITTEN = '11 pwrite64(5</x/bot.db-wal>, "...wamid.1....", 4096, 56) = 4096\n'
FLUSH = "11 fdatasync(5</x/bot.db-wal> <unfinished ...>\n"
FLUSHED = "11 <... fdatasync resumed>) = 0\n"
SAID = '10 sendto(9<TCP:[1]>, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15\n'


@pytest.mark.parametrize(("trace", "missed"), [
    ((ASKED, WRITTEN, FLUSH, FLUSHED, SAID), 0),
    ((ASKED, WRITTEN, SAID, FLUSH, FLUSHED), 1),
    ((ASKED, WRITTEN, FLUSH, SAID, FLUSHED), 1),
    ((ASKED, FLUSH, WRITTEN, FLUSHED, SAID), 1),  # the flush of somebody before
])
def test_a_flush_counts_that_began_after_the_write_and_ended_before_the_answer(
        trace: tuple[str, ...], missed: int) -> None:
    found = judge(trace, ["wamid.1."], ".db-wal")
    assert (found.acknowledged, len(found.missing)) == (1, missed)


@pytest.mark.skipif(bool(missing()), reason=missing() or "strace is here")
async def test_every_message_is_flushed_before_it_is_acknowledged(tmp_path: Path) -> None:
    found = await look(40, tmp_path)
    assert found.acknowledged == 40
    assert found.missing == []
