"""The rows of files of questions: tables of spreadsheets, lists as JSON."""

import json

import pytest

from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_files import holds_questions, is_questions, read_rows, row_word, suffix_of


def rows(data: bytes, file: str) -> list:
    return [(number, str(row) if isinstance(row, ProblemError) else row) for number, row in read_rows(data, file)]


@pytest.mark.parametrize(
    ("content", "file"),
    [
        ("question,answer\nWhy?,4\n", "a.csv"),
        ("question;answer\nWhy?;4\n", "a.csv"),
        ("question\tanswer\nWhy?\t4\n", "a.csv"),
        ("question\tanswer\r\nWhy?\t4\r\n", "a.TSV"),
        (" question , answer \nWhy?,4\n", "a.csv"),
        ("question,answer,\nWhy?,4,\n", "a.csv"),
        ("question,answer,,\nWhy?,4,,\n", "a.csv"),
        ("question,answer\nWhy?,4,,\n,\n,,\n", "a.csv.gz"),
    ],
)
def test_tables_as_spreadsheets_write_them(content, file):
    assert rows(content.encode(), file) == [(2, {"question": "Why?", "answer": "4"})]


def test_a_column_without_a_name_is_one_where_something_is_in_it():
    found = rows(b",question,answer\n0,Why?,4\n", "a.csv")
    assert found == [(2, {"column 1": "0", "question": "Why?", "answer": "4"})]
    assert rows(b"question\nWhy?,4\n", "a.csv") == [(2, "found 2 cells, expected 1 as in the header")]
    assert rows(b"question,answer,question\n", "a.csv") == [
        (1, "found a column name twice in the header, expected different names")
    ]


ROW = {"question": "Why?"}


@pytest.mark.parametrize(
    "value",
    [
        [ROW],
        {"data": [ROW]},
        {"version": "1", "n": 1, "questions": [ROW]},
        {"sources": [{"name": "x"}], "data": [ROW]},
        {"whatever": [ROW]},
        {"features": [{"name": "question"}], "rows": [{"row_idx": 0, "row": ROW, "truncated_cells": []}]},
    ],
)
def test_a_list_of_objects_alone_or_in_an_object(value):
    data = json.dumps(value).encode()
    assert holds_questions("a.json", data)
    assert rows(data, "a.json") == [(1, ROW)]


@pytest.mark.parametrize(
    "value",
    [
        {"train": [{"input": [[1]], "output": [[1]]}], "test": []},
        {"id": "a", "test": [{"input": [[1]]}]},
        {"a1": {"train": [{"input": [[1]]}]}},
        {"k1": [[[3, 3]]]},
        {"k1": [{"attempt_1": [[3]]}]},
        [{"input": [[1]], "output": [[2]]}],
        [{"output": [[1]], "input": [[2]]}],
        [[1]],
        [],
        {},
        7,
    ],
)
def test_tasks_solutions_and_submissions_are_no_questions(value):
    assert not holds_questions("a.json", json.dumps(value, indent=2).encode())
    assert not holds_questions("a.json", json.dumps(value).encode())


def test_a_list_that_cannot_be_told_is_a_fault():
    with pytest.raises(ProblemError, match="found 2 lists of objects, expected one list of questions"):
        read_rows(json.dumps({"a": [ROW], "b": [ROW]}).encode(), "a.json")
    with pytest.raises(ProblemError, match="found an object with 1 keys, expected one list"):
        read_rows(b'{"a": 1}', "a.json")
    assert rows(b'[{"question": "a"}, 7]', "a.json") == [(1, {"question": "a"}), (2, "found 7, expected an object")]


@pytest.mark.parametrize(
    ("name", "suffix", "questions", "word"),
    [
        ("x/A.JSONL.gz", ".jsonl", True, "line"),
        ("a.tsv", ".tsv", True, "line"),
        ("a.ndjson", ".ndjson", True, "line"),
        ("a.json", ".json", False, "item"),
        ("a.gz", "", False, "line"),
    ],
)
def test_names(name, suffix, questions, word):
    assert (suffix_of(name), is_questions(name), row_word(name)) == (suffix, questions, word)


def test_how_a_document_begins_is_looked_at_in_no_time():
    assert not holds_questions("a.json", b'{"a": "' + b"\\" * 4000)
    assert not holds_questions("a.json", b'{"a":1,' * 580)


def test_a_json_file_with_an_object_to_a_line():
    data = b'{"question": "a", "n": {"b": 1}}\r\n\n{"question": "b"}\n'
    assert holds_questions("a.json", data)
    assert rows(data, "a.json") == [(1, {"question": "a", "n": {"b": 1}}), (3, {"question": "b"})]


def test_a_list_where_lines_are_expected_says_so():
    for data in (b'[{"question": "a"}]', b'[\n  {"question": "a"},\n  {"question": "b"}\n]\n'):
        with pytest.raises(ProblemError, match="found one list, expected one object to a line"):
            read_rows(data, "a.jsonl")
    assert rows(b'[1]\n{"question": "a"}', "a.jsonl") == [
        (1, "found a list of 1, expected an object"),
        (2, {"question": "a"}),
    ]


def test_a_lone_question_and_a_file_of_parquet():
    lone = json.dumps({"level": "Level 3", "problem": "x?", "type": "Algebra", "solution": "4"}).encode()
    assert holds_questions("1.json", lone)
    assert rows(lone, "1.json") == [(1, json.loads(lone))]
    task = json.dumps({"name": "t", "train": [{"input": [[1]]}], "test": []}).encode()
    assert not holds_questions("1.json", task)
    assert (is_questions("test-00000-of-00001.parquet"), row_word("a.parquet")) == (True, "row")
