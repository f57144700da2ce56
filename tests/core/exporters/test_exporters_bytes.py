"""Formats that were there before write the bytes they always wrote: files of old releases are made again from time to
time, and their hashes are published."""

import hashlib

import pytest

from tests.core.exporters.test_exporters import AGENT, make_item
from trajectories.core.completions.parts import completion_of
from trajectories.core.exporters import EXPORTERS, Arguments, Thoughts, Ways, encode_line, write_rows

ITEMS = (
    make_item(),
    make_item(prompt=AGENT, parts=completion_of("Fertig.\u2028Ja.", "Erst zählen.").parts, program=""),
    make_item(prompt=AGENT, cut_short=True, reference="2024-01-02", reference_source="consensus", hinted=True),
    make_item(
        prompt=(
            {"role": "system", "content": "Kurz."},
            {"role": "user", "content": [{"type": "text", "text": "1e400?"}]},
        ),
        parts=completion_of("12.50", "").parts,
        reference=1.5,
        meta={"trace_id": 9, "score": None, "verdicts": []},
        origin="human edit",
    ),
)
HASHES = {
    "sft-messages": [
        "fd4780b678b5d51f",
        "66337897dec9db05",
        "9a591cce3e2c0467",
        "c77c2bd65e6b582b",
        "f55ae2ef4e0d1cce",
        "027513c968910a1f",
        "e02b1e65054e625f",
        "8eb646a6c844ad89",
        "2205099e321f26ee",
        "7f2058ed4aba226d",
    ],
    "sft-prompt-completion": [
        "bebe77c4659aec83",
        "e93111e2b808e9d1",
        "52b87f0ba3d1921d",
        "866f49a4625cde19",
        "ab2a5c9c8387d306",
        "e1d43d40a419f025",
        "e01397d7c526a3b6",
        "286cc70f236cb39f",
        "2bcc80d34c30e7d1",
        "dd6dd99696c63051",
    ],
    "prompt-only": ["8942cc09f76529d6"] * 10,
    "preference-repairs": [
        "f09d3bfd0fe10001",
        "8a7a722b701c3221",
        "b440e0a3eb4aa541",
        "f3a3f2a0afe725d4",
        "59b20a0d1e636cd4",
        "760002822f647cd8",
        "b1d8d1837b63673d",
        "cbd0b6e6a9d68569",
        "04e2710fdddcc7d6",
        "18f325fb34fa0f9f",
    ],
    "arc-programs": ["259c59edbbce92af"] * 10,
    "full": ["03c4f15330942038"] * 10,
}


def written(exporter, thoughts, arguments):
    return b"".join(
        encode_line(row.values)
        for with_meta in (False, True)
        for item in ITEMS
        for row in write_rows(exporter, [item], Ways(thoughts, arguments, with_meta))
    )


def digests(name):
    return [
        hashlib.sha256(written(EXPORTERS[name], thoughts, arguments)).hexdigest()[:16]
        for thoughts in Thoughts
        for arguments in Arguments
    ]


@pytest.mark.parametrize("name", HASHES)
def test_the_bytes_are_those_of_before(name):
    assert digests(name) == HASHES[name]
