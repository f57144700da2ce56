"""Files of questions as public data sets lay them out, imported by the command: each as its `expected.txt` says."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command

from tests.management.test_import_problems import run
from trajectories.models import Problem

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "data" / "cases"


def brought(case: str, file: str, *arguments: str) -> list[tuple]:
    """(kind, reference, split) of each problem of a file, in its order."""
    run(CASES / case / file, *arguments)
    return list(Problem.objects.order_by("pk").values_list("kind", "reference", "split"))


@pytest.fixture
def plain(tmp_path_factory) -> Path:
    """A folder whose name, unlike that of tmp_path, says nothing of any side."""
    return tmp_path_factory.mktemp("plain")


def choice_texts(problem: Problem) -> list[str]:
    return problem.spec["choices"]


def test_arc_challenge_by_label():
    found = brought("arc-challenge", "test.jsonl")
    assert found == [("choice", "A", "eval"), ("choice", "A", "eval"), ("choice", "B", "eval")]
    assert choice_texts(Problem.objects.get(name="ac0")) == ["heat", "dark", "wind"]


def test_commonsense_qa_flat_and_nested():
    found = brought("commonsense-qa", "dev.jsonl")
    assert found == [("choice", "A", "eval"), ("choice", "A", "eval"), ("choice", "B", "eval")]
    nested = Problem.objects.get(name="cs2")
    assert (nested.statement, choice_texts(nested)) == ("[cs 2] Where do you cook?", ["bed", "kitchen"])


def test_gpqa_has_its_choices_in_an_order_of_each_question():
    run(CASES / "gpqa" / "gpqa.csv")
    problems = list(Problem.objects.order_by("pk"))
    assert [(problem.kind, problem.name, problem.family) for problem in problems] == [
        ("choice", f"rec{number}", "Physics") for number in range(3)
    ]
    for problem in problems:
        texts = choice_texts(problem)
        assert sorted(texts) == ["electron", "muon", "neutron", "proton"]
        assert texts["ABCD".index(problem.reference)] == "neutron"
    assert Problem.objects.values("reference").distinct().count() > 1
    orders = [choice_texts(problem) for problem in problems]
    Problem.objects.all().delete()
    run(CASES / "gpqa" / "gpqa.csv", "--split", "eval")
    assert [choice_texts(problem) for problem in Problem.objects.order_by("pk")] == orders


def test_mmlu_pro_may_repeat_a_wrong_option():
    assert brought("mmlu-pro", "test.jsonl") == [("choice", "C", "eval"), ("choice", "B", "eval")]
    assert list(Problem.objects.order_by("pk").values_list("name", "family")) == [("1", "logic"), ("2", "maths")]


def test_verl_rows():
    found = brought("verl-rows", "train.jsonl")
    assert found == [("numeric", answer, "eval") for answer in ("42", "17", "15")]
    assert Problem.objects.first().statement == "[ve] Six times seven?"


def test_rows_with_columns_of_their_own():
    found = brought("mixed-columns", "q.jsonl", "--split", "train")
    assert found == [("choice", "B", "train"), ("choice", "B", "train"), ("numeric", "3", "train")]


@pytest.mark.parametrize("file", ["questions.json", "data.json"])
def test_a_list_of_objects(file):
    found = brought("json-array", file, "--split", "eval")
    assert found == [("numeric", answer, "eval") for answer in ("42", "17", "15")]
    names = set(Problem.objects.values_list("name", flat=True))
    assert names == {f"{Path(file).stem}-{number}" for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("case", "file", "name"),
    [
        ("tsv", "questions.tsv", "questions-2"),
        ("jsonl-gz", "questions.jsonl.gz", "questions-1"),
        ("csv-trailing", "questions.csv", "questions-2"),
    ],
)
def test_tables_and_packed_files(case, file, name):
    assert brought(case, file, "--split", "train") == [("numeric", "42", "train")]
    assert Problem.objects.get().name == name


def test_a_folder_has_its_packed_files_read():
    assert brought("jsonl-gz", "", "--split", "train") == [("numeric", "42", "train")]


@pytest.mark.parametrize(
    ("case", "file", "said"),
    [
        ("csv-latin1", "questions.csv", "byte 34: found the byte 0xe9, expected UTF-8 text"),
        ("csv-utf16", "questions.csv", "byte 0: found the byte order mark of UTF-16, expected UTF-8 text"),
        (
            "arc-agi-3",
            "game.recording.jsonl",
            "found a recording of an ARC-AGI-3 game, expected questions",
        ),
        ("arc-kaggle", "submission.json", "found a submission (attempt_1, attempt_2), expected tasks"),
        ("re-arc", "metadata.json", "found the metadata of re-arc, expected tasks"),
    ],
)
def test_files_that_are_no_questions_say_what_they_are(case, file, said, capsys):
    with pytest.raises(CommandError, match="nothing was imported"):
        call_command("import_problems", CASES / case / file)
    assert said in capsys.readouterr().err
    assert not Problem.objects.exists()


def test_pairs_of_re_arc_say_what_they_are_and_figures_beside_them_are_passed_over(capsys):
    with pytest.raises(CommandError, match="1 bad, so nothing was imported"):
        call_command("import_problems", CASES / "re-arc")
    said = "tasks/00aa11bb.json: found a list of 3 pairs, as re-arc has them; expected a task"
    assert said in capsys.readouterr().err


def test_a_kaggle_pair():
    run(CASES / "arc-kaggle" / "x_challenges.json", "--solutions", CASES / "arc-kaggle" / "x_solutions.json")
    assert dict(Problem.objects.values_list("name", "reference")) == {
        "k1": [[[3, 3]], [[4, 4, 4]]],
        "k2": [[[5, 5]]],
    }


def written(folder: Path, name: str, *rows: dict) -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


SILENT = "nothing says whether these problems are for training or for evaluation, so they go to train"


def test_nothing_goes_to_the_training_side_without_a_word(plain):
    path = written(plain, "sums.jsonl", {"question": "1 + 1?", "answer": 2})
    assert f"warning: {path}: {SILENT}; say --split train or --split eval" in run(path)[1]
    for name, arguments in (("more.jsonl", ["--split", "eval"]), ("train.jsonl", []), ("test.jsonl", [])):
        assert SILENT not in run(written(plain, name, {"question": f"{name}?", "answer": 2}), *arguments)[1]
    said = written(plain, "said.jsonl", {"question": "A?", "answer": 2, "split": "test"})
    assert SILENT not in run(said)[1]
    partly = written(plain, "partly.jsonl", {"question": "B?", "answer": 2, "split": "test"}, {"question": "C?"})
    assert SILENT in run(partly)[1]
    assert dict(Problem.objects.filter(problem_set__name="partly").values_list("statement", "split")) == {
        "B?": "eval",
        "C?": "train",
    }


def test_tasks_go_to_the_training_side_with_a_word_too(plain):
    for number in range(3):
        pairs = [{"input": [[number]], "output": [[5]]}]
        (plain / f"t{number}.json").write_text(json.dumps({"train": pairs, "test": pairs}))
    assert f"warning: {plain}/t0.json and 2 other files: {SILENT}" in run(plain, "--set", "mine")[1]


def test_what_is_compared_as_text_is_told(plain):
    rows = [{"question": f"{number}?", "answer": f"{number} apples" if number % 2 else number} for number in range(6)]
    path = written(plain, "train.jsonl", *rows, {"question": "Who?"})
    expected = [
        "1 of 7 questions has no answer.",
        "3 of 6 answers would be compared as text, letter for letter but for case, spaces and marks: “1 apples”, "
        "“3 apples”, “5 apples”.",
    ]
    preview = run(path, "--preview")[0].splitlines()
    assert [line.strip() for line in preview[1:3]] == expected
    assert run(path)[1].splitlines() == [f"note: {path}: {note}" for note in expected]
    assert Problem.objects.count() == 7


def test_a_file_without_answers_says_so(plain):
    path = written(plain, "train.jsonl", {"question": "A?"}, {"question": "B?", "answer": " "})
    said = "No column has an answer in any row: what models say to these questions cannot be verified."
    assert said in run(path, "--preview")[0]
    assert said in run(path)[1]


def test_the_layout_is_told_and_can_be_changed(plain):
    case = CASES / "b10-gsm8k" / "train.jsonl"
    says = "Read as GSM8K: the answer is what stands behind the last #### of the worked solution."
    assert says in run(case, "--preview")[0]
    assert "Read as" not in run(case, "--preview", "--read-as", "plain")[0]
    assert "Read as AIME" in run(case, "--preview", "--read-as", "aime")[0]
    run(case)
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [
        ("numeric", "72"),
        ("numeric", "2,000"),
    ]


def test_a_kind_for_the_whole_file(plain):
    path = written(plain, "train.jsonl", {"question": "A?", "answer": "7"}, {"question": "B?", "answer": "1/2"})
    run(path, "--kind", "text")
    assert list(Problem.objects.order_by("pk").values_list("kind", "reference")) == [("text", "7"), ("text", "1/2")]
    other = written(plain, "test.jsonl", {"question": "C?", "answer": "a few"})
    with pytest.raises(CommandError, match="1 bad"):
        run(other, "--kind", "numeric")
    with pytest.raises(CommandError, match="invalid choice: 'number'"):
        run(other, "--kind", "number")
    with pytest.raises(CommandError, match="invalid choice: 'squad'"):
        run(other, "--read-as", "squad")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("questions.xlsx", "found a spreadsheet, expected it as .csv"),
        ("log.eval", "found a log of inspect, expected problems"),
        ("data.arrow", "found a table of Arrow, expected Parquet or JSON"),
        ("tasks.tar.gz", "found an archive, expected its files, or a zip of them"),
    ],
)
def test_what_is_no_file_of_problems_is_refused_by_its_name(tmp_path, capsys, name, said):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(CommandError):
        call_command("import_problems", tmp_path / name, "--split", "eval")
    assert said in "".join(capsys.readouterr())
    assert not Problem.objects.exists()


def test_parquet_and_a_file_for_each_question(tmp_path):
    pyarrow.parquet.write_table(
        pyarrow.table({"question": ["[pq] 6 x 7?"], "answer": ["Six sevens.\n#### 42"]}), tmp_path / "test-0.parquet"
    )
    folder = tmp_path / "MATH" / "test" / "algebra"
    folder.mkdir(parents=True)
    row = {"problem": "[pq] 9 + 8?", "level": "Level 1", "type": "Algebra", "solution": "So $\\boxed{17}$."}
    (folder / "1.json").write_text(json.dumps(row))
    call_command("import_problems", tmp_path / "test-0.parquet", "--set", "parquet")
    call_command("import_problems", tmp_path / "MATH", "--set", "maths")
    made = Problem.objects.order_by("pk").values_list("statement", "kind", "split", "family")
    assert list(made) == [
        ("[pq] 6 x 7?", "numeric", "eval", ""),
        ("[pq] 9 + 8?", "numeric", "eval", "Algebra"),
    ]
