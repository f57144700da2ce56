"""Every field that takes a file and every command that reads one, given what no file of its kind holds.

Upload fields come from the forms that the pages show, commands from their arguments: a new one is tried by itself.
Whatever the file is: no error of the server, one clear sentence, nothing changed and nothing left where it was refused,
and where it came in, pages that show it. `CRAWL=deep` spoils every part of every kind with every odd value.
"""

import argparse
import io
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.crawl.contents import Content, as_json, encode
from tests.crawl.crawler import LONGEST_CPU_SECONDS, Crawler, form_identity, undone
from tests.crawl.seeds import CELLS, HASH, PROBLEM, QUESTIONS, TASK, TRACES, VALID, hostile_contents
from tests.crawl.values import encoded
from tests.crawl.walks import DEEP, look_around
from tests.crawl.world import World, make_person
from tests.pages import Form
from tests.reads import fingerprint
from trajectories.models import Import, Problem, Trace
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.imports import jobs
from trajectories.services.problems.uploads import sweep_uploads
from trajectories.services.prompts.instructions import ensure_symbolic_views

pytestmark = pytest.mark.django_db
EACH = 6 if DEEP else 1
EXAMPLES = 3_000 if DEEP else 40
PAGES = 40 if DEEP else 3
"""Of what came in, the newest: their pages are looked at."""
SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".gz", ".zip")
NOT_OURS = {"django_session", "trajectories_import", "trajectories_auditevent"}
"""Tables in which an import that was refused leaves what it should: itself, and who asked for it."""
PYTHON = re.compile(
    r"Traceback|\w+Error\b|Exception|object at 0x|NoneType|<class|__\w+__|invalid literal|codec can|Errno|DETAIL:|"
    r"has no attribute|not subscriptable|unhashable|expected str|psycopg|list index"
)
CLEAR = re.compile(
    "expected|found no |is no |cannot be |import it first|but the trace has|does not pass its tests|"
    "belongs|larger than|Choose |required|Found "
)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # so that larger ones go through a file, as they do in a browser
    asked = {"kind": "numeric", "statement": "What is 2 + 2?", "spec": {}, "reference": "4"}
    factories.make_problem(name=PROBLEM, content_hash=HASH, **asked)
    # What is shipped is there from the first page on, whoever opens it.
    ensure_symbolic()
    ensure_symbolic_views()
    return tmp_path


@dataclass
class Sender(Crawler):
    """A visitor who knows what was `there` before anything was sent; all that is sent is taken back."""

    there: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def crawler(folder: Path) -> Sender:
    sender = Sender(make_person("admin"))
    sender.there = fingerprint(NOT_OURS)
    return sender


def left_in(folder: Path) -> list[str]:
    """Names of files below a folder, but for the lock of an installation that something is done to."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "up.lock"
    )


def fault_of(sentence: str) -> str:
    """What is unclear in a sentence for people, "" where it is clear. What an imported program raised is its own."""
    sentence = re.sub(r"raised \w+: .*", "raised", sentence)
    if found := PYTHON.search(sentence):
        return f"the words {found[0]!r}"
    if len(sentence) > 700 or "\n" in sentence or not all(each.isprintable() for each in sentence):
        return "no line that can be read"
    return "" if CLEAR.search(sentence) else "nothing of what was found and what was expected"


def multipart(form: Form, changes: dict[str, list[str]], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """The body that a browser sends of a form with files, and its type."""
    mark = uuid.uuid4().hex
    fields = {name: values for name, values in form.filled_in().items() if form.fields[name].kind != "file"} | changes
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, values in fields.items()
        for value in values
    ]
    parts += [
        f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n'.encode()
        + b"Content-Type: application/octet-stream\r\n\r\n"
        + data
        for field, (name, data) in files.items()
    ]
    body = b"".join(b"--%s\r\n%s\r\n" % (mark.encode(), part) for part in parts) + b"--%s--\r\n" % mark.encode()
    return body, f"multipart/form-data; boundary={mark}"


@contextmanager
def told(crawler: Crawler, where: str, content: Content) -> Iterator[None]:
    """Turn whatever goes wrong with a file into a fault that names it."""
    started, before = time.thread_time(), len(crawler.faults)
    label = f"{where}, {content.what} ({content.name}, {content.data[:60]!r})"
    try:
        yield
    except Exception as error:  # whatever it is, it is what is looked for
        crawler.found(f"{label}: {error!r}"[:900])
    took = time.thread_time() - started
    if took > LONGEST_CPU_SECONDS * 2:
        crawler.found(f"{label}: took {took:.1f} s")
    crawler.faults[before:] = [
        fault if fault.startswith(label) else f"{label}: {fault}" for fault in crawler.faults[before:]
    ]


@dataclass(frozen=True)
class Upload:
    """A field that takes files, and the form that has it."""

    form: Form
    field: str

    @property
    def endings(self) -> list[str]:
        """What a browser lets one choose there."""
        return self.form.fields[self.field].accept or list(SUFFIXES)

    def suits(self, content: Content) -> bool:
        return any(content.name.endswith(ending) for ending in self.endings)


_uploads: list[Upload] = []


def upload_fields(crawler: Crawler) -> list[Upload]:
    """Every field that takes files in any form of any page; looked for once."""
    if not _uploads:
        _uploads.extend(_found_uploads(crawler))
    return _uploads


def _found_uploads(crawler: Crawler) -> list[Upload]:
    forms = [form for admin in (False, True) for form in look_around(crawler, World({}), admin=admin).forms]
    found = {(form_identity(form), name): Upload(form, name) for form in forms for name in form.fields}
    return [each for each in found.values() if each.form.fields[each.field].kind == "file"]


def filled(form: Form) -> dict[str, list[str]]:
    """What somebody types who cares only for the file."""
    return {name: ["A set"] for name, each in form.fields.items() if each.kind == "text" and not each.value}


def send(crawler: Sender, upload: Upload, content: Content, folder: Path, *, skip: bool) -> None:
    """Send a file as a person would, follow it to its end, and look at what came of it."""
    with told(crawler, f"{upload.form.address} {upload.field}{' skipping' if skip else ''}", content), undone():
        first = newest()
        changes = filled(upload.form) | ({"skip_bad": ["on"]} if skip else {})
        body, kind = multipart(upload.form, changes, {upload.field: (content.name, content.data)})
        answer = crawler.post(upload.form.address, body, kind, kept=True)
        came_in = follow(crawler, answer, skip=skip)
        if came_in:
            show(crawler, first)
        else:
            assert fingerprint(NOT_OURS) == crawler.there, "something changed"
    sweep_uploads(in_use=())
    assert [name for name in left_in(folder) if not name.startswith("var/uploads")] == []
    drop_kept(folder)


def drop_kept(folder: Path) -> None:
    """What waits for its sender is swept after two hours; here at once."""
    for path in (folder / "var" / "uploads").glob("*"):
        path.unlink()


def follow(crawler: Crawler, answer: Any, *, skip: bool) -> bool:
    """Go where a posted file leads, to the end of its import; whether something came in."""
    if answer.status_code == 422:
        check(errors_of(answer))
        return False
    if answer.status_code == 200:  # a fragment: it says something of the form, and does nothing
        return False
    assert answer.status_code == 302, f"answered {answer.status_code}"
    if "/imports/" not in answer["Location"]:
        page = crawler.page(answer["Location"])
        if page is None:
            raise AssertionError(f"no page at {answer['Location'][:80]}")
        form = next((form for form in page.forms if form.method == "post" and "set_title" in form.fields), None)
        if form is None:
            return False
        changes = {name: [value.encode() for value in values] for name, values in form.filled_in().items()}
        changes |= {"set_title": [b"A set"]} | ({"skip_bad": [b"on"]} if skip else {})
        answer = crawler.post(form.address, encoded(changes), kept=True)
        return follow(crawler, answer, skip=skip)
    job = Import.objects.latest("pk")
    while jobs.import_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    assert crawler.client.get(answer["Location"]).status_code == 200
    assert job.state in ("finished", "refused"), f"{job.state}: {job.reason}"
    for file, path, detail in job.faults:
        assert file, "no file is named"
        check([f"{file}: {path}: {detail}"])
    assert job.state == "finished" or job.fault_count, "refused without a reason"
    return bool(job.inserted)


def errors_of(answer: Any) -> list[str]:
    """The sentences beside the fields of a form."""
    text = answer.content.decode()
    return [re.sub(r"<[^>]+>", "", each).strip() for each in re.findall(r'class="error[^>]*>(.*?)</', text, re.DOTALL)]


def check(sentences: list[str]) -> None:
    assert sentences, "refused without a word"
    for sentence in sentences:
        unclear = fault_of(sentence)
        assert not unclear, f"{unclear} in {sentence[:400]!r}"


def newest() -> tuple[int, int]:
    return tuple(model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0 for model in (Problem, Trace))


def show(crawler: Crawler, first: tuple[int, int]) -> None:
    """Look at the pages of what came in."""
    crawler.get(reverse("problem_list"))
    crawler.get(reverse("trace_list"))
    for model, name, least in ((Problem, "problem_detail", first[0]), (Trace, "trace_detail", first[1])):
        for key in model.objects.filter(pk__gt=least).order_by("-pk").values_list("pk", flat=True)[:PAGES]:
            crawler.get(reverse(name, args=[key]))


@pytest.mark.long
def test_every_field_that_takes_a_file_takes_any(crawler, folder):
    uploads = upload_fields(crawler)
    assert {upload.field for upload in uploads} >= {"tasks", "folder", "traces"}
    for content in VALID:
        for upload in uploads:
            send(crawler, upload, content, folder, skip=False)
    for number, content in enumerate(hostile_contents(seed=1, each=EACH)):
        suiting = [upload for upload in uploads if upload.suits(content)]
        for upload in suiting if DEEP else suiting[number % len(suiting) :][:1] if suiting else ():
            send(crawler, upload, content, folder, skip=number % 2 == 0)
            if DEEP:
                send(crawler, upload, content, folder, skip=number % 2 == 1)
    assert crawler.faults == []


def test_a_valid_file_of_each_kind_comes_in(crawler, folder):
    """What is spoiled is a file that comes in as it is; else all of it would be refused for the same fault."""
    by_field = {upload.field: upload for upload in upload_fields(crawler) if upload.form.address.endswith("/import/")}
    for content in VALID:
        field = "traces" if content.what == "traces" else "tasks"
        before = newest()
        if content.what == "solutions":  # of use beside its challenges only
            continue
        with undone():
            body, kind = multipart(
                by_field[field].form, {"set_title": ["A set"]}, {field: (content.name, content.data)}
            )
            assert follow(crawler, crawler.post(by_field[field].form.address, body, kind, kept=True), skip=False)
            assert Import.objects.latest("pk").fault_count == 0, (content.what, Import.objects.latest("pk").faults)
            assert newest() != before
    assert crawler.faults == []


KEYS = sorted({key for row in (*TRACES, *QUESTIONS, *CELLS, TASK) for key in row})
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(KEYS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_rows_of_anything_are_read_or_refused(crawler, folder):
    uploads = [upload for upload in upload_fields(crawler) if upload.suits(VALID[-1])]

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None, derandomize=not DEEP)
    @given(st.data())
    def read(data: st.DataObject) -> None:
        rows = data.draw(st.lists(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6), min_size=1, max_size=8))
        text = "\n".join(as_json(row) for row in rows)
        content = Content("anything", "rows.jsonl", encode(text))
        send(crawler, data.draw(st.sampled_from(uploads)), content, folder, skip=data.draw(st.booleans()))
        assert crawler.faults == []

    read()


@dataclass(frozen=True)
class Reading:
    """An argument of a command that takes a file."""

    command: str
    argument: argparse.Action
    stands_alone: bool
    skips: bool

    def words(self, path: Path, valid: Path) -> list[str]:
        """What somebody types who wants that file read; an option stands beside a valid file."""
        if not self.argument.option_strings:
            return [str(path)]
        option = f"{self.argument.option_strings[0]}={path}"
        return [option] if self.stands_alone else [str(valid), option]


def reading_commands() -> list[Reading]:
    """Every argument of our own commands that is a path."""
    found = []
    for name in (name for name, app in get_commands().items() if app == "trajectories"):
        parser = load_command_class("trajectories", name).create_parser("manage.py", name)
        paths = [action for action in parser._actions if action.type is Path]
        alone = all(action.option_strings for action in paths)
        skips = any("--skip-bad" in action.option_strings for action in parser._actions)
        found += [Reading(name, action, alone, skips) for action in paths]
    return found


def call(crawler: Sender, reading: Reading, words: list[str], content: Content, folder: Path) -> None:
    """Let a command read a file, and look at what it says and leaves."""
    said, warned = io.StringIO(), io.StringIO()
    with told(crawler, f"{reading.command} {reading.argument.dest}", content), undone():
        refused = ""
        try:
            with redirect_stdout(said), redirect_stderr(warned):
                call_command(reading.command, *words, stdout=said, stderr=warned)
        except CommandError as fault:
            refused = str(fault)
        for line in warned.getvalue().splitlines():
            assert not PYTHON.search(re.sub(r"raised \w+: .*", "raised", line)), line[:300]
        if refused:
            assert not PYTHON.search(refused), refused[:300]
            assert fingerprint(NOT_OURS) == crawler.there, "something changed"
            assert warned.getvalue() or CLEAR.search(refused), f"no reason: {refused[:300]}"
            # An import that was refused may be tried again for a while: a note says where its files lie.
            for note in (folder / "var" / "uploads").glob("*.json"):
                note.unlink()
    assert left_in(folder / "var") == []


def test_every_command_that_reads_a_file_reads_any(crawler, folder):
    readings = reading_commands()
    assert {(each.command, each.argument.dest) for each in readings} >= {
        ("import_problems", "paths"),
        ("import_problems", "solutions"),
        ("import_traces", "paths"),
    }
    valid, given_files = folder / VALID[1].name, folder / "given"
    valid.write_bytes(VALID[1].data)
    given_files.mkdir()
    for number, content in enumerate(hostile_contents(seed=2, each=EACH)):
        path = given_files / content.name
        path.write_bytes(content.data)
        for reading in readings if DEEP else readings[number % len(readings) :][:1]:
            words = reading.words(path, valid)
            call(crawler, reading, words, content, folder)
            if reading.skips and (DEEP or number % 3 == 0):
                call(crawler, reading, [*words, "--skip-bad"], content, folder)
        path.unlink()
    assert crawler.faults == []
