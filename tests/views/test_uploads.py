"""The import page: who may, what it says, and what it survives."""

import html
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.adapters.test_uploads import make_zip
from tests.imports import finish, latest
from trajectories.models import AuditEvent, Problem, ProblemSet

pytestmark = pytest.mark.django_db
ADDRESS = "/problems/import/"
TASK = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]], "output": [[4]]}]}
RAGGED = {**TASK, "test": [{"input": [[1, 2], [3]]}]}


def file(name: str, content) -> SimpleUploadedFile:
    if isinstance(content, io.BytesIO):
        content = content.getvalue()
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else json.dumps(content).encode())


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def post(client, *files, **values):
    return client.post(ADDRESS, {"tasks": list(files), "set_title": "My tasks", "split": "train", **values})


def test_the_form_is_shown(as_lead):
    ProblemSet.objects.create(name="old", title="An old set")
    page = as_lead.get(ADDRESS)
    assert page.status_code == 200
    assert b'enctype="multipart/form-data"' in page.content
    assert b'<option value="An old set">' in page.content
    assert b"64.0" in page.content


@pytest.mark.parametrize("role", ["curator", "engineer", "nobody"])
def test_only_who_may_add_problems(client, role, request):
    client.force_login(request.getfixturevalue(role))
    assert client.get(ADDRESS).status_code == 403
    assert post(client, file("a.json", TASK)).status_code == 403
    assert not Problem.objects.exists()


def test_strangers_are_asked_to_log_in(client):
    assert post(client, file("a.json", TASK)).url.startswith("/login/")


def test_other_methods_are_refused(as_lead):
    assert as_lead.put(ADDRESS).status_code == 405


def test_the_csrf_token_is_checked(lead):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(lead)
    assert post(strict, file("a.json", TASK)).status_code == 403
    token = strict.get(ADDRESS).context["csrf_token"]
    assert post(strict, file("a.json", TASK), csrfmiddlewaretoken=token).status_code == 302


def test_import(as_lead, lead):
    packed = make_zip({"evaluation/b.json": json.dumps({**TASK, "test": [{"input": [[9]]}]})})
    files = [file("train a.json", TASK), file("train a copy.json", TASK), file("more.zip", packed)]
    page = finish(as_lead, post(as_lead, *files, split=""))
    assert page.status_code == 200
    assert dict(Problem.objects.values_list("name", "split")) == {"train a": "train", "b": "eval"}
    problem_set = ProblemSet.objects.get()
    assert (problem_set.name, problem_set.title, problem_set.problem_count) == ("my-tasks", "My tasks", 2)
    assert problem_set.source == "train a.json, train a copy.json, more.zip"
    assert AuditEvent.objects.get(verb="import").actor == lead
    job = latest()
    assert (job.inserted, job.duplicates, job.fault_count) == (2, 1, 0)
    assert b"?set=my-tasks" in page.content


def test_a_known_title_adds_to_its_set(as_lead):
    known = ProblemSet.objects.create(name="elsewhere", title="My tasks")
    finish(as_lead, post(as_lead, file("a.json", TASK)))
    assert Problem.objects.get().problem_set == known


def test_bad_tasks_keep_everything_out_and_are_shown(as_lead):
    page = finish(as_lead, post(as_lead, file("a.json", TASK), file("<b>.json", RAGGED)))
    assert latest().state == "refused"
    assert not Problem.objects.exists()
    text = page.content.decode()
    assert "Nothing was imported" in text
    assert "&lt;b&gt;.json" in text
    assert "test[0].input[1]" in text
    assert "found 1 cells, expected 2 as in row 0" in text


def test_bad_tasks_can_be_skipped(as_lead):
    page = finish(as_lead, post(as_lead, file("a.json", TASK), file("b.json", RAGGED), skip_bad="on"))
    assert Problem.objects.get().name == "a"
    assert b"found 1 cells" in page.content


def test_nothing_good_is_an_error_even_when_skipping(as_lead):
    page = finish(as_lead, post(as_lead, file("b.json", RAGGED), skip_bad="on"))
    assert latest().state == "refused"
    assert "There was nothing good to import" in page.content.decode()


def test_many_faults_show_a_hundred(as_lead):
    page = finish(as_lead, post(as_lead, file("many.json", {f"t{number}": RAGGED for number in range(150)})))
    assert page.content.count(b"test[0].input[1]") == 100
    assert b"50 more like these" in page.content


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tasks": []}, "Choose at least one .json or .zip file, or a file of questions."),
        ({"set_title": ""}, "Found nothing, expected a text."),
        ({"set_title": "???"}, "Use at least one letter from a to z or one digit."),
        ({"set_title": "x" * 81}, "Found 81 characters, expected at most 80."),
        ({"split": "test"}, "Found &#x27;test&#x27;, expected train or eval."),
    ],
)
def test_form_errors(as_lead, values, message):
    page = post(as_lead, file("a.json", TASK), **values)
    assert page.status_code == 422
    assert message in page.content.decode()
    assert not Problem.objects.exists()


def test_a_folder_brings_its_tasks_only(as_lead):
    finish(as_lead, post(as_lead, tasks=[], folder=[file("a.json", TASK), file("README.md", b"# Tasks")]))
    assert Problem.objects.get().name == "a"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("deep.json", b"[" * 10_000, "nested deeper than 64"),
        ("empty.json", b"", "found nothing, expected JSON"),
        ("text.json", b"hello", "line 1 column 1"),
        ("latin.json", b'{"train": "\xe9"}', "byte 11"),
        ("nul.json", b"\0", "line 1 column 1"),
        ("none.zip", b"PK", "is no whole zip"),
        ("bomb.zip", make_zip({"a.json": bytes(40 << 20)}), "expand past 32 MB"),
        ("slip.zip", make_zip({"../../x.json": "1"}), "../../x.json"),
        ("twice.json", b'{"train": [], "train": []}', "twice in one object"),
        ("odd.json", {"\ud800": TASK}, "half of a surrogate pair"),
        ("odd.json", {"a\0": TASK}, "found a NUL character"),
        ("some.zip", make_zip({"a.jsonl": '{"question": "Why?"}'}), "found questions, expected ARC tasks"),
    ],
)
def test_hostile_files_are_faults(as_lead, name, content, message):
    page = finish(as_lead, post(as_lead, file(name, content)))
    assert latest().state == "refused"
    assert message in html.unescape(page.content.decode())
    assert not ProblemSet.objects.exists()


def test_an_upload_past_the_limit_is_not_stored(as_lead, settings):
    settings.UPLOAD_LIMIT_BYTES = 1 << 20
    page = post(as_lead, file("big.json", b" " * (2 << 20)))
    assert page.status_code == 422
    assert b"The upload is larger than 1 MB." in page.content
    assert not page.wsgi_request.FILES


def test_files_that_unpack_past_the_limit_are_faults(as_lead, settings):
    settings.UPLOAD_LIMIT_BYTES = 1 << 20
    packed = make_zip({f"{number}.json": bytes(700_000) for number in range(2)})
    page = finish(as_lead, post(as_lead, file("big.zip", packed)))
    assert b"expand past 1 MB" in page.content


def test_too_many_files_are_refused(as_lead, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    page = post(as_lead, *[file(f"{number}.json", TASK) for number in range(3)])
    assert page.status_code == 422
    assert b"Found more than 2 files. Put them into one zip." in page.content


def test_the_number_of_queries_does_not_grow_with_the_tasks(as_lead, django_assert_max_num_queries):
    tasks = {f"t{number}": {**TASK, "test": [{"input": [[number % 10, number // 10]]}]} for number in range(90)}
    with django_assert_max_num_queries(14):
        sent = post(as_lead, file("many.json", tasks))
    with django_assert_max_num_queries(30):
        finish(as_lead, sent)
    assert latest().inserted == 90


def test_tasks_known_on_the_other_side_are_counted_and_named(as_lead):
    finish(as_lead, post(as_lead, file("known<b>.json", TASK), split="eval", set_title="Held back"))
    moved = {"train": TASK["test"], "test": TASK["train"]}
    others = {f"o{number}": {**TASK, "test": [{"input": [[3, number % 10]]}]} for number in range(3)}
    page = finish(as_lead, post(as_lead, file("again.json", moved), file("others.json", others), split="train"))
    job = latest()
    assert (job.inserted, job.duplicates, job.crossing_count) == (3, 1, 1)
    assert job.crossings == [["again", "train", "known<b>", "Held back", "eval"]]
    text = " ".join(page.content.decode().split())
    assert "1 of the file's problems is known on the other side of the line between training and evaluation" in text
    assert 'known&lt;b&gt;</a> <span class="muted small">eval</span></td> <td>Held back</td>' in text
    assert "more like these" not in text


def test_many_tasks_of_the_other_side_are_counted_and_ten_are_named(as_lead):
    tasks = {f"t{number}": {**TASK, "test": [{"input": [[3] * (number + 1)]}]} for number in range(13)}
    finish(as_lead, post(as_lead, file("tasks.json", tasks), split="train"))
    page = finish(as_lead, post(as_lead, file("test.json", tasks), split=""))
    text = " ".join(page.content.decode().split())
    assert "13 of the file's problems are known on the other side" in text
    assert "3 more like these" in text
    assert set(Problem.objects.values_list("split", flat=True)) == {"train"}


def test_an_import_that_crosses_nothing_says_nothing_of_it(as_lead):
    page = finish(as_lead, post(as_lead, file("a.json", TASK)))
    assert b"on the other side" not in page.content


@pytest.mark.parametrize("side", ["training", "evaluation"])
def test_the_folders_of_a_folder_say_the_side_where_they_are_sent(as_lead, side):
    folder = [file("a.json", TASK), file("README.md", b"# Tasks")]
    paths = json.dumps([f"ARC/{side}/a.json", "ARC/README.md"])
    finish(as_lead, post(as_lead, tasks=[], folder=folder, folder_paths=paths, split=""))
    problem = Problem.objects.get()
    found = (problem.name, problem.split, problem.problem_set.source)
    assert found == ("a", {"training": "train", "evaluation": "eval"}[side], f"ARC/{side}/a.json")


@pytest.mark.parametrize(
    "paths",
    [
        '["ARC/evaluation/b.json", "ARC/README.md"]',
        '["evaluation/a.json"]',
        '["evaluation/\\u0000/a.json", "README.md"]',
        '{"evaluation/a.json": 1, "b": 2}',
        '[7, "README.md"]',
        "[" * 5000,
        "",
    ],
)
def test_paths_that_are_none_of_a_folder_say_no_side(as_lead, paths):
    folder = [file("a.json", TASK), file("README.md", b"# Tasks")]
    page = post(as_lead, tasks=[], folder=folder, folder_paths=paths, split="")
    assert page.status_code == 422
    assert "1 file says nothing of training or evaluation in the name (a.json)" in page.content.decode()


def test_files_that_say_nothing_of_their_side_are_asked_for_it(as_lead):
    packed = make_zip({"b.json": json.dumps({**TASK, "test": [{"input": [[9]]}]}), "test/c.json": json.dumps(TASK)})
    files = [file("a.json", TASK), file("solutions.json", {}), file("more.zip", packed)]
    page = post(as_lead, *files, split="")
    assert page.status_code == 422
    said = "2 files say nothing of training or evaluation in the name (a.json). Choose a split."
    assert said in page.content.decode()
    assert not Problem.objects.exists()
    alone = post(as_lead, file("more.zip", packed), split="")
    assert "1 file says nothing of training or evaluation in the name (more.zip/b.json)." in alone.content.decode()
    finish(as_lead, post(as_lead, file("a.json", TASK), file("more.zip", packed), split="eval"))
    assert set(Problem.objects.values_list("name", "split")) == {("a", "eval"), ("b", "eval")}


SIDES = "/problems/import/sides/"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["ARC/evaluation/a.json", "test.jsonl", "train/b.json"], ["By their names: 1 training, 2 evaluation."]),
        (["<a>.json"], ["The name &lt;a&gt;.json says nothing of training or evaluation: choose a split"]),
        (
            ["a.json", "b.json", "test.json"],
            ["names (a.json, …) say nothing", "By their names: 0 training, 1 evaluation."],
        ),
        (["ARC/README.md", "solutions.json", "train.json"], ["By their names: 1 training, 0 evaluation."]),
        (["tasks.zip"], ["What is in a zip goes by its name in there, too."]),
    ],
)
def test_the_sides_of_chosen_files_are_told_before_they_are_sent(as_lead, names, said):
    page = as_lead.post(SIDES, {"names": json.dumps(names)})
    text = " ".join(page.content.decode().split())
    assert [each for each in said if each not in text] == []
    assert text.count("name") == sum(each.count("name") for each in said)


@pytest.mark.parametrize("names", ["", "{", "[1]", "7", "[]", '["' + "x" * 5000 + '"'])
def test_sides_of_nothing_are_nothing(as_lead, names):
    page = as_lead.post(SIDES, {"names": names})
    assert (page.status_code, page.content.strip()) == (200, b"")


def test_sides_are_told_to_who_may_import(client, curator):
    client.force_login(curator)
    assert client.post(SIDES, {"names": "[]"}).status_code == 403
    assert client.get(SIDES).status_code in (403, 405)
