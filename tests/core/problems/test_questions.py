"""Questions from JSONL and CSV: which column is what, and what each kind's answer may be."""

import json
import time
import tracemalloc
from collections import deque

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.problems.strategies import json_values
from tests.mutations import mutations
from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_columns import COLUMNS, choose_columns
from trajectories.core.problems.question_files import MAX_COLUMNS, MAX_ROWS, is_questions, read_rows
from trajectories.core.problems.questions import Told, read_question
from trajectories.core.records import ProblemKind, ProblemRecord

SAME = {field: field for field in COLUMNS}


def rows(data: bytes, file: str = "a.jsonl") -> list:
    return [(line, str(row) if isinstance(row, ProblemError) else row) for line, row in read_rows(data, file)]


def question(said="", file="a.jsonl", **row) -> ProblemRecord:
    """The row as read where `said` is the split that the import was told."""
    return read_question({"question": "Why?", **row}, SAME, "a-1", Told(said, otherwise="train"), file)


def test_jsonl_rows():
    data = b'\xef\xbb\xbf{"question": "a"}\r\n\r\n{"question": "b" 2}\r\n[1]\r\n{"question": "c"}'
    assert rows(data) == [
        (1, {"question": "a"}),
        (3, "column 18: found the text '2}\\r', expected JSON (Expecting ',' delimiter)"),
        (4, "found a list of 1, expected an object"),
        (5, {"question": "c"}),
    ]


def test_csv_rows():
    data = 'question,answer\r\n"What, ""then""?\nSay.",4\r\nshort\r\n\r\nlast,ü\r\n'.encode()
    assert rows(data, "A.CSV") == [
        (3, {"question": 'What, "then"?\nSay.', "answer": "4"}),
        (4, "found 1 cells, expected 2 as in the header"),
        (6, {"question": "last", "answer": "ü"}),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,a\n1,2\n", "found a column name twice in the header"),
        (b'a\n"never ends', "is no CSV from here on"),
        (b"a\n" + b"x" * 200_000, "is no CSV from here on (field larger than field limit"),
    ],
)
def test_bad_csv(data, message):
    assert message in rows(data, "a.csv")[0][1]


def test_bad_encoding_is_of_the_whole_file():
    with pytest.raises(ProblemError, match="byte 2"):
        read_rows(b"a\n\xff", "a.csv")


@pytest.mark.parametrize(
    ("columns", "chosen", "mapping"),
    [
        (["Problem", "answer"], {}, {"question": "Problem", "answer": "answer"}),
        (["prompt", "question", "id"], {}, {"question": "question", "name": "id"}),
        (["q", "a", "answer"], {"question": "q", "answer": "a"}, {"question": "q", "answer": "a"}),
        (["input", "output"], {"answer": "input", "question": "output"}, {"answer": "input", "question": "output"}),
    ],
)
def test_columns_are_found_by_their_usual_names_unless_chosen(columns, chosen, mapping):
    assert choose_columns(columns, chosen) == mapping


@pytest.mark.parametrize(
    ("columns", "chosen", "message"),
    [
        (["text"], {}, "found no column for the question, expected one of question, problem"),
        (["question"], {"reply": "question"}, "reply: is no field of a question, expected one of question, answer"),
        (["question"], {"answer": "gold"}, "gold: found no such column, expected one of question"),
    ],
)
def test_columns_that_are_missing(columns, chosen, message):
    with pytest.raises(ProblemError) as fault:
        choose_columns(columns, chosen)
    assert str(fault.value).startswith(message)


@pytest.mark.parametrize(
    ("row", "kind", "reference"),
    [
        ({"answer": "1,234.5"}, "numeric", "1,234.5"),
        ({"answer": 42}, "numeric", "42"),
        ({"answer": "(A)"}, "text", "(A)"),
        ({"answer": -0.5}, "numeric", "-0.5"),
        ({"answer": "12 apples"}, "text", "12 apples"),
        ({"answer": r"\frac{3}{4}"}, "numeric", r"\frac{3}{4}"),
        ({"answer": "$42$"}, "numeric", "$42$"),
        ({"answer": r"So it is \boxed{42}."}, "numeric", "42"),
        ({"answer": "8 x 9 = <<8*9=72>>72 nuts.\n#### 72"}, "numeric", "72"),
        ({"solution": r"Count. So $\boxed{17}$."}, "numeric", "17"),
        ({"solution": "no box"}, "text", None),
        ({"answer": "1/2"}, "numeric", "1/2"),
        ({"answer": ".5"}, "numeric", ".5"),
        ({"answer": "$1,000"}, "numeric", "$1,000"),
        ({"answer": "[0, 2)"}, "numeric", "[0, 2)"),
        ({"answer": "x = 3"}, "numeric", "x = 3"),
        ({"answer": "42 km"}, "numeric", "42 km"),
        ({"answer": "2024-01-05"}, "text", "2024-01-05"),
        ({"answer": "H2O"}, "text", "H2O"),
        ({"answer": "three"}, "text", "three"),
        ({"answer": True}, "text", ["yes", "true"]),
        ({"answer": ["A. Smith", "Alice Smith"]}, "text", ["A. Smith", "Alice Smith"]),
        ({"answer": {"value": "Smith", "aliases": ["A. Smith", "Smith"]}}, "text", ["Smith", "A. Smith"]),
        ({"answer": ["Paris"]}, "text", "Paris"),
        ({"answer": "1,23"}, "text", "1,23"),
        ({"answer": "1/2", "kind": "Numeric"}, "numeric", "1/2"),
        ({"answer": "7", "kind": "text"}, "text", "7"),
        ({}, "text", None),
        ({"answer": "  "}, "text", None),
        ({"answer": "b", "choices": ["x", "y"]}, "choice", "B"),
        ({"answer": "y", "choices": ["x", "y"]}, "choice", "B"),
        ({"answer": 1, "choices": ["x", "y"]}, "choice", "B"),
        ({"answer": 10, "choices": [10, 20]}, "choice", "A"),
        ({"answer": 1, "choices": ["1", "2", "3"]}, "choice", "B"),
        ({"answer": "y", "choices": '["x", "y"]'}, "choice", "B"),
        ({"answer": "y", "choices": "x | y"}, "choice", "B"),
        ({"answer": "A", "choices": {"A": "x", "B": "y"}}, "choice", "A"),
        ({"choices": ["x", "y"]}, "choice", None),
    ],
)
def test_kind_and_reference(row, kind, reference):
    record = question(**row)
    assert (record.kind, record.reference) == (ProblemKind(kind), reference)
    assert record.spec == ({"choices": record.spec["choices"]} if kind == "choice" else {})


@pytest.mark.parametrize("answer", [["A", "C"], "A, C", "C and A", ["2", "4"]])
def test_several_right_choices_are_letters(answer):
    record = question(answer=answer, choices=["2", "3", "4"])
    assert (record.reference, record.spec["many"]) == (["A", "C"], True)


def test_columns_of_mathematics_files():
    mapping = choose_columns(["problem", "solution", "answer", "subject", "level", "unique_id"], {})
    row = {"problem": "?", "solution": "", "answer": "1", "subject": "Algebra", "level": "Level 5", "unique_id": "u-1"}
    record = read_question(row, mapping, "a-1", Told("train"))
    assert (record.family, record.difficulty, record.name) == ("Algebra", {"level": 5.0}, "u-1")
    assert read_question({**row, "level": "high"}, mapping, "a-1", Told("train")).difficulty == {}
    assert question(difficulty="Competition").difficulty == {}


def test_everything_a_row_may_have():
    record = question(
        answer="4", name=17, family="sums", difficulty={"digits": 2}, split="Validation", question=" 2 + 2? "
    )
    assert record == ProblemRecord(
        ProblemKind.NUMERIC, "17", "2 + 2?", {}, "4", "eval", family="sums", difficulty={"digits": 2.0}
    )


def test_name_and_split_when_the_row_has_none():
    assert question().name == "a-1"
    assert question(file="x/evaluation.csv").split == "eval"
    assert question(said="train", split="eval", file="evaluation.csv").split == "train"
    assert question(difficulty="3").difficulty == {"level": 3.0}
    assert question(difficulty='{"a": 1}').difficulty == {"a": 1.0}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "  "}, "question: found nothing, expected a question"),
        ({"question": ["a"]}, "question: found a list of 1, expected text or a number"),
        ({"question": "a\0"}, "question: found a NUL character"),
        ({"answer": [1, 2]}, "answer: found a list of 2, expected text, a number or a list of accepted texts"),
        ({"answer": True, "choices": ["x", "y"]}, "answer: found true, expected one letter from A to B"),
        ({"answer": ["A", "E"], "choices": ["x", "y"]}, "answer: found the text 'E', expected one letter from A to B"),
        ({"kind": "arc"}, "kind: found the text 'arc', expected one of numeric, choice, text"),
        ({"kind": "choice"}, "choices: found nothing, expected a list of choices"),
        ({"choices": ["x"]}, "choices: found a list of 1, expected 2 to 26 choices"),
        ({"choices": ["x", "x"], "answer": "A"}, "answer: found the right choice 'x' among the wrong ones too"),
        ({"choices": ["x", None]}, "choices: found an empty choice, expected a text in each"),
        ({"choices": "[1, "}, "choices: found the end of the file, expected JSON"),
        ({"choices": ["x", "y"], "answer": "C"}, "answer: found the text 'C', expected one letter from A to B"),
        ({"choices": ["B", "A"], "answer": "A"}, "answer: found the text 'A', expected one letter from A to B"),
        (
            {"choices": [1, 2], "answer": 1},
            "answer: found 1, expected one letter from A to B or a choice's text; it may mean A or B",
        ),
        ({"choices": ["x", "y"], "answer": 2}, "answer: found 2, expected one letter from A to B"),
        ({"split": "latest"}, "split: found the text 'latest', expected train or eval"),
        ({"difficulty": True}, "difficulty: found true, expected a number"),
        ({"difficulty": 10**400}, "difficulty: found a very large number, expected a number"),
        ({"family": "x" * 101}, "family: found 101 characters, expected at most 100"),
        ({"name": "x" * 201}, "name: found 201 characters, expected at most 200"),
    ],
)
def test_faults_name_the_column(row, message):
    with pytest.raises(ProblemError) as fault:
        question(**row)
    assert str(fault.value).startswith(message)


@given(st.dictionaries(st.sampled_from(list(COLUMNS)), json_values))
def test_reading_a_question_is_total(row):
    try:
        record = read_question(row, SAME, "n", Told(otherwise="train"))
    except ProblemError:
        return
    assert record.statement
    assert json.dumps(record.reference)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@example(b"\0", "a.csv")
@given(st.binary() | st.text(alphabet='a,"\n\r{}:1').map(str.encode), st.sampled_from(["a.csv", "a.jsonl"]))
def test_reading_rows_is_total(data, file):
    try:
        found = list(read_rows(data, file))
    except ProblemError:
        assert b"\0" in data or not is_utf8(data)
        return
    assert all(isinstance(row, dict | ProblemError) for _, row in found)


@pytest.mark.parametrize(
    ("name", "expected"), [("a.jsonl", True), ("x/B.CSV", True), ("a.json", False), ("csv", False)]
)
def test_files_of_questions_are_known_by_name(name, expected):
    assert is_questions(name) is expected


def test_a_pattern_keeps_its_examples():
    found = question(answer="[a-z]+", match="Regex", examples='["ab"]')
    assert (found.kind, found.spec, found.reference) == ("text", {"match": "regex", "examples": ["ab"]}, "[a-z]+")


def test_json_answers_are_values():
    assert question(answer='{"a": [1]}', match="json").reference == {"a": [1]}
    assert question(answer={"a": [1]}, match="json").reference == {"a": [1]}


def test_tests_make_a_problem_of_programs():
    tests = [{"arguments": [1], "expected": 2}]
    found = question(answer="def f(n): return 2 * n", tests=tests, function="f", choices=["a", "b"])
    assert (found.kind, found.spec) == ("text", {"tests": tests, "function": "f"})
    assert found.reference == "def f(n): return 2 * n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"match": "fuzzy"}, "match: found the text 'fuzzy', expected one of normalised, exact, regex, json"),
        ({"tests": "f(1) == 2"}, "tests: found the text 'f(1) == 2', expected JSON"),
        ({"tests": []}, "tests: found an empty list, expected a list of at least one entry"),
        ({"tests": [{}], "kind": "numeric"}, "kind: found the text 'numeric', expected text beside a match or tests"),
        ({"match": "json", "answer": "{"}, "answer"),
    ],
)
def test_bad_ways_to_verify(row, message):
    with pytest.raises(ProblemError) as fault:
        question(**row)
    assert str(fault.value).startswith(message)


QUESTION = {
    "question": "What is 2 + 2?",
    "answer": "4",
    "choices": ["4", "5"],
    "kind": "choice",
    "family": "sums",
    "difficulty": {"level": 1},
    "split": "train",
    "name": "q-1",
}
TESTED = {
    "question": "Add them.",
    "answer": "4",
    "match": "regex",
    "examples": ["4"],
    "tests": [{"input": "1 1", "output": "2"}],
    "function": "add",
    "kind": "text",
}


@pytest.mark.parametrize("row", [QUESTION, TESTED], ids=["choice", "tested"])
def test_a_value_of_a_wrong_type_is_a_fault(row):
    mapping = choose_columns(tuple(row), {})
    faults = []
    for _, _, changed in mutations(row):
        try:
            read_question(changed, mapping, "name", Told(otherwise="train"), "rows.jsonl")
        except ProblemError as fault:
            faults.append(str(fault))
    assert len(faults) > 50
    assert all(0 < len(fault) < 400 for fault in faults)


WIDE = [f"c{number}" for number in range(MAX_COLUMNS + 1)]
TOO_WIDE = f"found {MAX_COLUMNS + 1} columns, expected at most {MAX_COLUMNS}; leave out the others"


def test_a_table_with_more_columns_than_anyone_can_choose_from_is_refused():
    with pytest.raises(ProblemError, match="leave out the others"):
        rows(f"{','.join(WIDE)}\n{','.join(WIDE)}\n".encode(), "a.csv")
    assert rows(json.dumps(dict.fromkeys(WIDE, 1)).encode(), "a.jsonl") == [(1, TOO_WIDE)]
    narrow = [json.dumps({WIDE[number]: 1}) for number in range(MAX_COLUMNS + 1)]
    with pytest.raises(ProblemError, match="columns in all rows so far, expected at most"):
        rows("\n".join(narrow).encode(), "a.jsonl")
    assert len(rows("\n".join(narrow[:-1]).encode(), "a.jsonl")) == MAX_COLUMNS


def test_a_million_columns_are_refused_at_once():
    header = ",".join(f"c{number}" for number in range(1_000_000)).encode()
    started = time.thread_time()
    with pytest.raises(ProblemError, match="found 1,000,000 columns, expected at most 256"):
        rows(header + b"\n", "a.csv")
    assert time.thread_time() - started < 5


@pytest.mark.parametrize(
    ("data", "file", "message"),
    [
        (b'{"a\\u0000": 1}', "a.jsonl", r"the column a\x00: found a NUL character, expected text"),
        (b'{"a\\ud800": 1}', "a.jsonl", r"the column a\ud800: found half of a surrogate pair, expected text"),
    ],
)
def test_a_column_that_no_page_can_name_is_a_fault(data, file, message):
    good = b'{"a": 1}\n'
    [first, (line, fault)] = rows(good + data, file)
    assert first == (1, {"a": 1})
    assert (line, fault) == (2, message)


def test_a_table_with_a_column_that_no_page_can_name_is_refused():
    with pytest.raises(ProblemError, match=r"the column .*question: found a NUL character"):
        rows(b"\0question,answer\n1,2\n", "a.csv")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_more_rows_than_there_is_time_for_are_refused_at_once(name, end):
    started = time.thread_time()
    with pytest.raises(ProblemError, match=r"found \d{3},\d{3} lines in one file, expected at most 500,000"):
        rows(b"a" + end * (MAX_ROWS + 1), name)
    assert time.thread_time() - started < 5


@pytest.mark.parametrize(("name", "line"), [("a.jsonl", b'{"a": 1}\n'), ("a.csv", b"1\n"), ("a.jsonl", b"x\n")])
def test_many_small_rows_take_no_more_memory_than_the_file(name, line):
    """Each is a dictionary of some 300 bytes, or a fault of as many: they may not all be there at once."""
    data = b"question\n" + line * 20_000
    tracemalloc.start()
    try:
        deque(read_rows(data, name), maxlen=0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * len(data) + 200_000


NUL, HALF = "found a NUL character, expected text", "found half of a surrogate pair, expected text"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"answer": {"a": ["b\0"]}, "match": "json"}, f"answer: {NUL}"),
        ({"answer": {"a\0": 1}, "match": "json"}, f"answer: {NUL}"),
        ({"answer": '{"a": "\\ud800"}', "match": "json"}, f"answer: {HALF}"),
        ({"answer": "b", "match": "regex", "examples": ["b", "\ud800"]}, f"examples: {HALF}"),
        ({"answer": "x", "tests": [{"stdin": "\0", "stdout": ""}]}, f"tests: {NUL}"),
        ({"answer": "x", "tests": [{"arguments": [{"\ud800": 1}], "expected": 1}]}, f"tests: {HALF}"),
    ],
)
def test_json_that_no_database_holds_is_a_fault(row, message):
    with pytest.raises(ProblemError) as raised:
        question(question="Which?", **row)
    assert str(raised.value) == message
