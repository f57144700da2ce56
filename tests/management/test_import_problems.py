"""`manage.py import_problems` as an operator meets it."""

import io
import json
import os
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.management.commands.import_problems import Command
from trajectories.models import Problem, ProblemSet, Trace

pytestmark = pytest.mark.django_db
TASK = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]], "output": [[4]]}]}
BAD = {**TASK, "test": [{"input": [[1, 2], [3]]}]}


@pytest.fixture
def folder(tmp_path):
    def write(**contents):
        for name, content in contents.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def run(*arguments) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_problems", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_folder(folder, tmp_path):
    out, err = run(folder(a=TASK, b={**TASK, "id": "same as a"}), "--set", "mine", "--title", "My tasks")
    assert out == "mine: 1 new, 1 known already, 0 bad\n"
    assert err.count("\n") == 1
    assert f"{tmp_path}/a.json and another file: nothing says whether these problems are for training" in err
    assert ProblemSet.objects.get(name="mine").title == "My tasks"
    assert Problem.objects.get().reference == [[[4]]]


def test_the_set_is_named_by_the_path_unless_said(folder):
    path = folder(a=TASK) / "a.json"
    path.rename(path.with_name("My Tasks.json"))
    run(path.with_name("My Tasks.json"))
    assert ProblemSet.objects.get().name == "my-tasks"


def test_bad_input_imports_nothing_and_fails(folder):
    path = folder(a=TASK, b=BAD)
    err = io.StringIO()
    with pytest.raises(CommandError) as fault:
        call_command("import_problems", str(path), "--set", "mine", stderr=err)
    assert str(fault.value) == "mine: 1 bad, so nothing was imported; --skip-bad imports the rest"
    assert fault.value.returncode == 1
    assert err.getvalue() == f"{path}/b.json: test[0].input[1]: found 1 cells, expected 2 as in row 0\n"
    assert not Problem.objects.exists()


def test_skip_bad_imports_the_rest(folder):
    out, err = run(folder(a=TASK, b=BAD), "--set", "mine", "--skip-bad")
    assert out == "mine: 1 new, 0 known already, 1 bad\n"
    assert "b.json: test[0].input[1]" in err


def test_more_than_a_hundred_faults_are_counted(folder):
    path = folder(many={f"t{number}": BAD for number in range(130)}, good=TASK)
    _, err = run(path, "--set", "mine", "--skip-bad", "--split", "eval")
    assert len(err.splitlines()) == 101
    assert err.endswith("... and 30 more\n")


@pytest.mark.parametrize("arguments", [[], ["missing.json"], ["missing.json", "--skip-bad"]])
def test_nothing_to_import_fails(arguments):
    with pytest.raises(CommandError):
        run(*arguments)


def test_a_set_name_that_is_no_slug_fails(folder):
    with pytest.raises(CommandError, match="problem set 'two words': name: Enter a valid"):
        run(folder(a=TASK), "--set", "two words")


def test_solutions_and_split(folder):
    task = {**TASK, "test": [{"input": [[3]]}]}
    path = folder(challenges={"t": task}, key={"t": [[[9]]]})
    run(path / "challenges.json", "--solutions", path / "key.json", "--split", "eval", "--set", "mine")
    problem = Problem.objects.get()
    assert (problem.name, problem.reference, problem.split) == ("t", [[[9]]], "eval")


def test_arc_agi_1_twice():
    assert run("--arc-agi-1")[0].endswith(": 799 new, 1 known already, 0 bad\n")
    assert run("--arc-agi-1")[0].endswith(": 0 new, 799 known already, 0 bad\n")


def test_questions_with_a_preview_first(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"q": "2 + 2?", "answer": 4}\n{"q": "", "answer": 5}\n')
    out, _ = run(path, "--map", "question=q", "--preview")
    assert out.splitlines() == [
        str(path),
        "  Nothing says whether these problems are for training or for evaluation, so they go to train; "
        "say --split train or --split eval",
        "  question <- q",
        "  answer <- answer",
        "  sums-1 (numeric, train): 2 + 2? answer '4'",
        f"  {path}: line 2 q: found nothing, expected a question",
    ]
    assert not Problem.objects.exists()
    out, err = run(path, "--map", "question=q", "--skip-bad", "--split", "train")
    assert out == "sums: 1 new, 0 known already, 1 bad\n"
    assert err == f"{path}: line 2 q: found nothing, expected a question\n"
    problem = Problem.objects.get()
    assert (problem.kind, problem.statement, problem.reference, problem.name) == ("numeric", "2 + 2?", "4", "sums-1")


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("", [], "found no questions"),
        ("text\nhello\n", [], "found no column for the question"),
        ("question\nWhy?\n", ["--map", "answer=gold"], "gold: found no such column, expected one of question"),
        ("question\n" + "\xff", [], "byte 9: found the byte 0xff, expected UTF-8 text"),
    ],
)
def test_files_of_questions_that_cannot_be_read(tmp_path, content, arguments, message):
    path = tmp_path / "q.csv"
    path.write_bytes(content.encode("latin-1"))
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_problems", str(path), *arguments, stderr=err)
    assert message in err.getvalue()


@pytest.mark.django_db
def test_questions_that_nothing_can_be_verified_against_are_refused_with_the_reason(tmp_path):
    path = tmp_path / "q.jsonl"
    rows = [
        {"question": "A word?", "answer": "[a-z", "match": "regex"},
        {"question": "Double it.", "answer": "def f(n): return n", "function": "f", "tests": [{"arguments": [1]}]},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    err = io.StringIO()
    with pytest.raises(CommandError, match="2 bad"):
        call_command("import_problems", str(path), stderr=err)
    pattern, tests = err.getvalue().splitlines()
    assert "line 1 answer: the pattern '[a-z' cannot be used: raised" in pattern
    assert "line 2 tests: tests: expected stdin and stdout, or arguments and expected, in every test" in tests


def test_a_mapping_without_a_column_fails(tmp_path):
    with pytest.raises(CommandError, match="expected FIELD=COLUMN"):
        run(tmp_path, "--map", "question")


needs_package = pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")


@pytest.fixture
def _one_family(settings, tmp_path, monkeypatch):
    """Families as they are stored, without half a minute of making them."""
    settings.VAR_DIR = tmp_path
    source = shared_source()
    ask = source._ask
    monkeypatch.setattr(
        source, "_ask", lambda do, *rest, **more: ["chain_sum"] if do == "names" else ask(do, *rest, **more)
    )


@pytest.mark.django_db
def test_sums_need_no_package_and_their_worked_solutions_are_traces_to_import(capsys, tmp_path):
    worked = tmp_path / "worked.jsonl"
    knobs = ("--set-knob", "max_digits=2", "--set-knob", "part=training")
    call_command("import_problems", "--procedural", "addition", "--size", "12", *knobs, "--worked", str(worked))
    assert "Procedural addition: 12 new, 0 known already, 0 bad" in capsys.readouterr().out
    call_command("import_traces", str(worked))
    assert Trace.objects.filter(sampler__title="worked solutions").count() == 12
    with pytest.raises(CommandError, match="found 101 problems, expected at most 100"):
        call_command(
            "import_problems", "--procedural", "addition", "--size", "101", "--set-knob", "max_digits=1",
            "--worked", str(worked),
        )  # fmt: skip


@needs_package
@pytest.mark.usefixtures("_one_family")
def test_problems_of_a_family(capsys):
    arguments = ("--procedural", "chain_sum", "--size", "12", "--seed", "4", "--set-knob", "max_terms=3")
    call_command("import_problems", *arguments)
    assert "Procedural chain sum: 12 new, 0 known already, 0 bad" in capsys.readouterr().out
    assert Problem.objects.get(name="chain_sum-4-11").spec["config"] == {"max_terms": 3}
    call_command("import_problems", *arguments, "--split", "eval")
    assert "0 new, 12 known already" in capsys.readouterr().out


@needs_package
@pytest.mark.usefixtures("_one_family")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "--procedural nothing: there is no such family"),
        (["chain_sum", "--size", "0"], "--size 0: expected a number from 1 to 10,000"),
        (["chain_sum", "--seed", "-1"], "--seed -1: expected a number from 0"),
        (["chain_sum", "--set-knob", "max_terms"], "--set-knob max_terms: expected KNOB=VALUE"),
        (["chain_sum", "--set-knob", "terms=3"], "terms: is no knob of chain_sum, expected one of min_terms"),
        (["chain_sum", "--set-knob", "max_terms=x"], "max_terms: found the text 'x', expected a whole number"),
        (["chain_sum", "--set-knob", "max_terms=1"], "Procedural chain sum: 1 bad, so nothing was imported"),
    ],
)
def test_what_a_family_cannot_do_is_said(arguments, message):
    with pytest.raises(CommandError, match=re.escape(message)):
        call_command("import_problems", "--procedural", *arguments)
    assert not Problem.objects.exists()


CASES = Path(__file__).parents[1] / "data" / "cases"
SIDES = {
    "eval": [
        *("gsm8k/test.jsonl", "gsm8k/validation.jsonl", "gsm8k/dev.jsonl", "data/test-00000.jsonl", "heldout.jsonl"),
        *(
            "contest_test.jsonl",
            "evaluation.jsonl",
            "arc-agi_test_challenges.json",
            "arc-agi_evaluation_challenges.json",
        ),
    ],
    "train": ["gsm8k/train.jsonl", "latest.jsonl", "arc-agi_training_challenges.json"],
}


@pytest.mark.parametrize(("side", "name"), [(side, name) for side, names in SIDES.items() for name in names])
def test_the_side_goes_by_the_name_unless_said(side, name):
    path = CASES / "b11-sides" / name
    run(path, "--set", "one")
    assert Problem.objects.get().split == side
    Problem.objects.all().delete()
    run(path, "--set", "two", "--split", "train")
    assert Problem.objects.get().split == "train"


def test_every_file_of_the_case_is_told():
    files = {str(path.relative_to(CASES / "b11-sides")) for path in (CASES / "b11-sides").rglob("*.json*")}
    assert files == {name for names in SIDES.values() for name in names}


def test_a_preview_shows_the_side_it_was_told(tmp_path):
    path = tmp_path / "sums.jsonl"
    path.write_text('{"question": "2 + 2?", "answer": 4}\n')
    assert "(numeric, train)" in run(path, "--preview")[0]
    assert "(numeric, eval)" in run(path, "--preview", "--split", "eval")[0]


def test_arc_agi_2_by_its_folders():
    run(CASES / "arc-agi-2", "--set", "two")
    sides = {"abc12345": "train", "def12345": "eval", "fed12345": "eval"}
    assert dict(Problem.objects.values_list("name", "split")) == sides


def test_evaluation_tasks_that_come_again_as_training_tasks_in_another_order(tmp_path):
    task = json.loads((CASES / "arc-agi-2" / "training" / "abc12345.json").read_text())
    pairs = [*task["test"], *task["train"]]
    (tmp_path / "training").mkdir()
    again, new = tmp_path / "training" / "again.json", tmp_path / "training" / "new.json"
    again.write_text(json.dumps({"train": pairs[:2], "test": pairs[2:]}))
    new.write_text(json.dumps(TASK))
    run(CASES / "arc-agi-2" / "training" / "abc12345.json", "--set", "one", "--title", "First", "--split", "eval")
    out, err = run(tmp_path / "training", "--set", "two")
    assert out == "two: 1 new, 1 known already, 0 bad\n"
    assert err.splitlines() == [
        "warning: 1 problem is known on the other side (train/eval):",
        "  again (train) is known as abc12345 of First (eval)",
    ]
    assert dict(Problem.objects.values_list("name", "split")) == {"abc12345": "eval", "new": "train"}


def test_many_problems_of_the_other_side_are_counted_and_ten_are_named(tmp_path):
    rows = "".join(f'{{"question": "{number} + 1?", "answer": {number + 1}}}\n' for number in range(12))
    for name in ("train.jsonl", "test.jsonl"):
        (tmp_path / name).write_text(rows)
    assert run(tmp_path / "train.jsonl") == ("train: 12 new, 0 known already, 0 bad\n", "")
    out, err = run(tmp_path / "test.jsonl")
    assert out == "test: 0 new, 12 known already, 0 bad\n"
    assert err.splitlines()[0] == "warning: 12 problems are known on the other side (train/eval):"
    assert err.splitlines()[-2:] == ["  test-10 (eval) is known as train-10 of train (train)", "  ... and 2 more"]


def test_names_that_are_no_text_are_shown_as_far_as_they_can_be(folder):
    """File systems take any bytes for a name; no database does."""
    path = folder(a=TASK) / "a.json"
    odd = path.rename(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.json"))
    out, err = run(odd, "--set", "mine", "--split", "train")
    assert (out, err) == ("mine: 1 new, 0 known already, 0 bad\n", "")
    assert ProblemSet.objects.get(name="mine").source == "caf\ufffd.json"
    assert Problem.objects.get().name == "caf\ufffd"
    odd.write_bytes(b"no JSON")
    with pytest.raises(CommandError, match="1 bad"):
        run(odd.parent, "--set", "mine")
    with pytest.raises(CommandError, match="1 bad"):
        run(odd.with_suffix(".zip"), "--set", "mine")


class Terminal(io.StringIO):
    """A standard input or output that somebody sits at."""

    def isatty(self) -> bool:
        return True


def at_a_terminal(monkeypatch, answer: str, *arguments) -> str:
    """What the command prints there; `answer` is what is typed when it asks."""
    screen = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n" if answer else ""))
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setattr(Command, "_called_from_command_line", True)
    call_command("import_problems", *map(str, arguments), stdout=screen)
    return screen.getvalue()


@pytest.mark.parametrize("side", ["train", "eval"])
def test_whoever_sits_at_a_terminal_is_asked_for_the_side(folder, tmp_path, monkeypatch, side):
    (tmp_path / "sums.jsonl").write_text('{"question": "1 + 1?", "answer": 2}\n{"question": "2?", "split": "dev"}\n')
    (tmp_path / "training").mkdir()
    (folder(a=TASK) / "a.json").rename(tmp_path / "a.json")
    other = {"train": TASK["train"], "test": [{"input": [[7]], "output": [[8]]}]}
    (tmp_path / "training" / "b.json").write_text(json.dumps(other))
    said = at_a_terminal(monkeypatch, side, tmp_path, "--set", "mine")
    assert "a.json and another file: nothing says whether these problems are for training or not." in said
    assert "Are they for training or for evaluation? [train/eval]" in said
    assert dict(Problem.objects.values_list("name", "split")) == {
        "a": side,
        "sums-1": side,
        "sums-2": "eval",
        "b": "train",
    }


def test_nothing_is_asked_where_it_is_said(folder, monkeypatch):
    assert "Are they" not in at_a_terminal(monkeypatch, "", folder(a=TASK), "--set", "mine", "--split", "eval")


@pytest.mark.parametrize("answer", ["", "both"])
def test_no_answer_imports_nothing(folder, monkeypatch, answer):
    with pytest.raises(CommandError, match="expected train or eval; nothing was imported"):
        at_a_terminal(monkeypatch, answer, folder(a=TASK), "--set", "mine")
    assert not Problem.objects.exists()
