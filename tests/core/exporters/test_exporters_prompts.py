"""Rows of traces that came without what they were asked: each stands under its problem's canonical prompt."""

import json

import pytest

from tests.core.exporters.test_contract import rich_item
from trajectories.core.exporters import EXPORTERS, Pairing, Ways, write_rows
from trajectories.core.exporters.pairs import PairingExporter

SYSTEM = {"role": "system", "content": "Be brief."}
CALLED = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "python", "arguments": "{}"}}]}
RESULT = {"role": "tool", "content": "4"}
ASKED = {"role": "user", "content": "The canonical question"}


def unasked(prompt, **values):
    return rich_item(prompt=prompt, prompt_key="", canonical=(ASKED,), **values)


@pytest.mark.parametrize("prompt", [(), (SYSTEM,), (CALLED, RESULT), (SYSTEM, CALLED, RESULT)])
@pytest.mark.parametrize("name", sorted(EXPORTERS.keys() - {"arc-programs", "arc-submission", "full"}))
def test_no_row_is_without_a_question(name, prompt):
    items = [unasked(prompt), unasked(prompt, reasoning="Nein.", label=False)]
    for row in write_rows(EXPORTERS[name], items, Ways()):
        assert json.dumps(row.values).count(ASKED["content"]) == 1


def test_a_system_text_stays_before_the_question_and_what_the_sample_did_behind_it():
    item = unasked((SYSTEM, CALLED, RESULT))
    row = next(write_rows(EXPORTERS["sft-messages"], [item], Ways())).values
    assert [message["role"] for message in row["messages"][:4]] == ["system", "user", "assistant", "tool"]


def test_what_was_sent_stays_what_it_was():
    sent = rich_item(canonical=(ASKED,))
    assert ASKED["content"] not in json.dumps(next(write_rows(EXPORTERS["sft-messages"], [sent], Ways())).values)
    kept = next(write_rows(EXPORTERS["full"], [unasked(())], Ways())).values
    assert kept["trace"]["prompt"] == []


def test_a_pair_says_that_its_prompt_is_the_canonical_one():
    exporter = EXPORTERS["preference"]
    assert isinstance(exporter, PairingExporter)
    items = [unasked((), original=None), unasked((), original=None, reasoning="Nein.", program="", label=False)]
    rows = list(write_rows(exporter, items, Ways(with_meta=True, pairing=Pairing())))
    assert [row.values["meta"]["prompt"] for row in rows] == ["canonical"]
