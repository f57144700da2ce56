"""Rows of traces as they are taken from their files."""

import io
import json

from trajectories.services.traces import staging
from trajectories.services.traces.staging import BATCH, next_rows, read_rows


def take_all(lines: list[bytes]) -> list[int]:
    files = [("a.jsonl", io.BytesIO(b"".join(lines)))]
    rows = read_rows(files)
    sizes = []
    while batch := next_rows(rows):
        sizes.append(len(batch))
    return sizes


def test_short_rows_are_taken_together_and_long_ones_are_not(monkeypatch):
    monkeypatch.setattr(staging, "READ_BYTES", 100_000)
    short, long = (json.dumps({"response": "x" * size}).encode() + b"\n" for size in (1, 60_000))
    assert take_all([short] * (BATCH + 3)) == [BATCH, 3]
    assert take_all([long] * 5) == [2, 2, 1]
