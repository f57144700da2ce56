"""What holds for every exporter: exact schema, the same bytes twice, no items, one item, missing fields, odd texts."""

import json
from dataclasses import replace

import pytest

from tests.core.exporters.test_exporters import AGENT, bare_item
from trajectories.core.completions.parts import completion_of
from trajectories.core.exporters import EXPORTERS, Arguments, Thoughts, Ways, encode_line, write_rows
from trajectories.core.exporters.base import CONTAINER_WORDS, SUFFIXES, Container, Reads
from trajectories.core.exporters.columns import UNKNOWN, add_value, declared_columns, is_typed, settle_types
from trajectories.core.records import ProblemKind

ODD = '2024-01-02\u2028\u2029\x85\u200b“ß” \\n "\t😀 007 1e400 null\r\n|'
"""Text that readers and writers like to take for something else."""

LABELS = [{"decision": "accept", "step_labels": {"0": "good", "1": "bad"}, "step_spans": {"0": [0, 4]}}]
VERDICTS = [
    {"verifier": "arc_train", "outcome": "pass", "evidence": {"pairs": [{"predicted": [[1]]}]}},
    {"verifier": "arc_test", "outcome": "pass", "evidence": {"pairs": [{"predicted": [[1, 2]]}]}},
    {"verifier": "step_values:m", "outcome": "unscored", "evidence": {"steps": [0.5, 0.0], "spans": {"0": [0, 4]}}},
]
STEPS = ({"kind": "text", "title": "One", "body": "Zwei"}, {"kind": "text", "title": "", "body": "Drei"})
META = {
    "problem_id": "p",
    "problem_hash": "h",
    "trace_id": 7,
    "release": 1,
    "split": "train",
    "verdicts": ["arc_test 1: pass"],
    "score": None,
    "sampler": None,
    "instruction": None,
}


def rich_item(**values):
    """An item that every format has something to say of, given another one to pair it with."""
    fields = {
        "reasoning": "Eins.\n\n" + ODD,
        "program": "",
        "steps": STEPS,
        "assessments": {"verdicts": VERDICTS, "reviews": LABELS},
        "label": True,
        "split": "train",
        "problem_hash": "h",
        "meta": META,
        "canonical": ({"role": "user", "content": "Kanonisch?"},),
        **values,
    }
    if "parts" not in values:
        fields["parts"] = completion_of(fields["reasoning"], "Gedacht.").parts
    return bare_item(**fields)


def problem_items():
    """What of one problem is in a release: a right trace, a wrong one, an agent, an edit, and one of which little is
    known."""
    poor = bare_item(reference=None, meta={**META, "trace_id": 11}, problem_hash="h", split="train")
    return [
        rich_item(),
        rich_item(reasoning="Falsch.", label=False, meta={**META, "trace_id": 8, "score": 4.0}),
        rich_item(prompt=AGENT, meta={**META, "trace_id": 9}),
        rich_item(prompt=AGENT, reasoning="Auch falsch.", label=False, meta={**META, "trace_id": 10}),
        rich_item(original=rich_item(reasoning="Vorher.", meta={"trace_id": 3}), label=None),
        poor,
    ]


def rows_of(exporter, items, ways=Ways()):  # noqa: B008 - frozen
    groups = [items] if exporter.by_problem else [[item] for item in items]
    taken = [[item for item in group if exporter.takes(item)] for group in groups]
    return [row for group in taken for row in write_rows(exporter, group, ways)]


@pytest.fixture(params=EXPORTERS)
def exporter(request):
    return EXPORTERS[request.param]


def fits(columns, value):
    """Whether a value has the type that a format states, with no key more."""
    return settle_types(add_value(UNKNOWN, value), columns) == _like(columns, value)


def _like(columns, value):
    """The part of the stated types that a value speaks of."""
    if isinstance(value, dict):
        return {key: _like(columns[key], inner) for key, inner in value.items()}
    if isinstance(value, list) and value:
        merged = add_value(UNKNOWN, value)
        return [_merge([_like(columns[0], item) for item in value], merged[0], columns[0])]
    if isinstance(value, list):
        return [settle_types(UNKNOWN, columns[0])]
    return columns


def _merge(likes, found, columns):
    if isinstance(found, dict):
        return {
            key: _merge([like[key] for like in likes if key in like], inner, columns[key])
            for key, inner in found.items()
        }
    return likes[0]


def test_rows_are_what_the_format_states(exporter):
    rows = rows_of(exporter, problem_items())
    assert rows, "a format without a row is not tested"
    if not exporter.is_table:
        assert not is_typed(exporter.columns), "a format whose columns all have a type is a table: is_table = True"
        return
    for row in rows:
        assert fits(exporter.columns, dict(row.values)), row.values
        assert list(row.values) == [name for name in exporter.columns if name in row.values]


UNREAD = {"answer": None, "steps": (), "spec": {}, "assessments": {}, "archive": {}}
UNTOLD = {"label": None, "original": None, "compared": {}, "trace_hash": "", "meta": {}}
"""Fields that are read for formats with `Reads.EVERYTHING` alone, and those that `Reads.ASSESSMENTS` has besides."""


def as_read(item, reads):
    """What of an item is read for a format (selectors.export_items)."""
    if reads is Reads.EVERYTHING:
        return item
    original = None if item.original is None else replace(item.original, **UNREAD)
    return replace(item, **UNREAD, **(UNTOLD if reads is Reads.TEXTS else {"original": original}))


def test_what_a_row_is_made_of_is_read(exporter):
    """A format that needs more of an item than its texts says so in `reads`: else it is not there in a release."""
    read = [as_read(item, exporter.reads) for item in problem_items()]
    whole = [dict(row.values) for row in rows_of(exporter, problem_items())]
    assert [dict(row.values) for row in rows_of(exporter, read)] == whole


def test_the_same_items_are_the_same_bytes(exporter):
    for thoughts in Thoughts:
        for arguments in Arguments:
            ways = Ways(thoughts, arguments, with_meta=True)
            once, again = (
                [encode_line(row.values) for row in rows_of(exporter, problem_items(), ways)] for _ in (1, 2)
            )
            assert once == again


def test_every_row_is_a_line_that_reads_back(exporter):
    for row in rows_of(exporter, problem_items()):
        line = encode_line(row.values)
        assert line.count(b"\n") == 1
        assert line.endswith(b"\n")
        assert b"\r" not in line
        assert json.loads(line) == json.loads(json.dumps(row.values))


def test_no_items_have_no_rows(exporter):
    assert rows_of(exporter, []) == []


def test_an_item_of_which_little_is_known_is_taken_or_left(exporter):
    """No key is made up for it, and what it lacks raises nothing."""
    poor = problem_items()[-1]
    for row in rows_of(exporter, [poor]):
        json.dumps(row.values, allow_nan=False)


def test_problems_of_any_kind_are_written(exporter):
    """But for tasks, whose format is what `rich_item` has."""
    for kind in set(ProblemKind) - {ProblemKind.ARC}:
        items = [
            rich_item(problem_kind=kind, spec={}, reference="yes", answer="yes"),
            rich_item(problem_kind=kind, spec={}, reference="yes", answer="no", reasoning="Nein.", label=False),
        ]
        for row in rows_of(exporter, items):
            assert encode_line(row.values)


def test_meta_is_there_when_asked_for_and_last(exporter):
    for row in rows_of(exporter, problem_items(), Ways(with_meta=True)):
        if Container.JSON in exporter.containers:
            assert "meta" not in row.values
            continue
        assert list(row.values)[-1] == "meta"
        assert row.values["meta"]["problem_id"] == "p"
    assert all("meta" not in row.values for row in rows_of(exporter, problem_items()))


WITHOUT_TEXTS = (
    "prompt-only",
    "verl",
    "rft-openai",
    "arc-programs",
    "arc-submission",
    "stepwise",
    "prm800k",
    "step-values",
)
"""The formats without what models said, or with its labelled steps alone: a new one that has no text of the trace is
named here too."""


def test_odd_text_is_kept_to_the_letter(exporter):
    told = "".join(json.dumps(row.values, ensure_ascii=False) for row in rows_of(exporter, problem_items()))
    assert (json.dumps(ODD, ensure_ascii=False)[1:-1] in told) == (exporter.name not in WITHOUT_TEXTS), (
        "a format has the text of the trace to the letter, or it is named in WITHOUT_TEXTS"
    )


def test_numbers_and_nulls_stay(exporter):
    """What is null is null, a number a number, and a text that looks like one a text."""
    row, *_ = rows_of(exporter, [rich_item(reference="007", answer=8), *problem_items()[1:]])
    values = json.loads(encode_line(row.values))
    rewarded = values.get("reward_model", {}).get("ground_truth")
    for place in (values.get("answer"), values.get("reference_answer"), rewarded):
        assert place in (None, "007", 8, "8"), "the reference or the trace's answer, as they are"


def test_a_container_is_recommended_and_can_be_named(exporter):
    assert exporter.containers
    assert set(exporter.containers) <= set(Container) == set(SUFFIXES) == set(CONTAINER_WORDS)
    tables = {Container.PARQUET, Container.FOLDER} & set(exporter.containers)
    assert not tables or exporter.is_table
    assert exporter.title
    assert exporter.read_by
    assert exporter.needs or rows_of(exporter, [bare_item(problem_kind=ProblemKind.TEXT, reference=None)])


def test_declared_types_hold_meta_too(exporter):
    if exporter.is_table:
        assert is_typed(declared_columns(exporter.columns, with_meta=True))
