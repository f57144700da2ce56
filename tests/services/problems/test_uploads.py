"""From files to records."""

import io
import json

from tests.adapters.test_uploads import make_zip
from trajectories.adapters.uploads import OpenFiles
from trajectories.core.problems import ImportFault
from trajectories.services.problems.uploads import read_arc_documents

PAIR = {"input": [[1]], "output": [[2]]}
TASK = {"train": [PAIR], "test": [{"input": [[3]]}]}


def read(contents: dict, split=None) -> list:
    with OpenFiles() as files:
        documents = [
            document
            for name, content in contents.items()
            for document in files.add_stream(
                content if isinstance(content, io.BytesIO) else io.BytesIO(json.dumps(content).encode()), name
            )
        ]
        return list(read_arc_documents(documents, split=split))


def test_solutions_are_found_in_whatever_order():
    for names in (["a_challenges.json", "a_solutions.json"], ["a_solutions.json", "a_challenges.json"]):
        contents = {"a_challenges.json": {"t": TASK}, "a_solutions.json": {"t": [[[4]]]}}
        [record] = read({name: contents[name] for name in names})
        assert (record.name, record.reference) == ("t", [[[4]]])


def test_a_kaggle_pair_in_a_zip():
    packed = make_zip({"evaluation_challenges.json": json.dumps({"t": TASK}), "x_solutions.json": '{"t": [[[4]]]}'})
    [record] = read({"kaggle.zip": packed})
    assert (record.reference, record.split) == ([[[4]]], "eval")


def test_split_can_be_said():
    [record] = read({"evaluation.json": TASK}, split="train")
    assert record.split == "train"


def test_bad_documents_are_faults_beside_good_ones():
    packed = make_zip({"a.json": b"\xff", "b.json": json.dumps(TASK), "../c.json": "1"})
    faults = [item for item in read({"up.zip": packed}) if isinstance(item, ImportFault)]
    assert [(fault.file, fault.path) for fault in faults] == [("up.zip", "../c.json"), ("up.zip/a.json", "byte 0")]
    assert len(read({"one.json": TASK})) == 1


def test_solutions_that_contradict_or_have_no_task():
    items = read(
        {"c.json": {"t": TASK}, "1_solutions.json": {"t": [[[4]]], "u": []}, "2_solutions.json": {"t": [[[5]]]}}
    )
    assert [str(item) for item in items if isinstance(item, ImportFault)] == [
        "2_solutions.json: t: found another solution than an earlier file has",
        "1_solutions.json, 2_solutions.json: u: found a solution without its task, expected both in one import",
    ]


def test_bad_solutions_are_faults():
    [fault, record] = read({"s_solutions.json": [1], "t.json": TASK})
    assert str(fault).startswith("s_solutions.json: found a list of 1, expected an object")
    assert record.name == "t"


def test_solutions_of_any_name_can_be_handed_in_apart():
    with OpenFiles() as files:
        tasks = files.add_stream(io.BytesIO(json.dumps({"t": TASK}).encode()), "tasks.json")
        answers = files.add_stream(io.BytesIO(b'{"t": [[[4]]]}'), "answers.json")
        [record] = read_arc_documents(tasks, solutions=answers)
    assert record.reference == [[[4]]]
