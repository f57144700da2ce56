"""Samplers and instructions that programs make, change and try."""

import pytest

from tests.api.programs import Program
from tests.endpoint import flip_endpoint, settings_for
from trajectories.models import AuditEvent, Instruction, Sampler

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint():
    with flip_endpoint() as served:
        yield served


def test_a_language_model_is_added_once_for_a_key_changed_and_tried(lead, endpoint):
    program, url = Program(lead), settings_for(endpoint).base_url
    wish = {"name": "mine", "title": "Mine", "settings": {"base_url": url, "model": "fake", "max_output_tokens": 200}}
    made = program.post("/samplers", wish, key="k")
    assert made.status_code == 201, made.content
    assert program.post("/samplers", wish, key="k").json() == made.json()
    told = made.json()
    assert (told["kind"], told["version"], told["has_key"], told["settings"]["max_output_tokens"]) == (
        *("chat", 1, False),
        200,
    )
    changed = {"settings": {"concurrency": 3, "extra_body": {"top_p": 0.9}, "logprobs": True}}
    newest = program.post(f"/samplers/{told['id']}/versions", changed).json()
    assert (newest["version"], newest["title"], newest["settings"]["concurrency"]) == (2, "Mine", 3)
    assert (newest["settings"]["extra_body"], newest["settings"]["max_output_tokens"]) == ({"top_p": 0.9}, 200)
    assert newest["settings"]["logprobs"] is True
    late = program.post(f"/samplers/{told['id']}/versions", {"settings": {"concurrency": 5}})
    assert (late.status_code, "version 2" in late.json()["detail"]) == (422, True)
    again = program.post(f"/samplers/{newest['id']}/versions", {"settings": {"logprobs": False}}).json()
    assert again["settings"]["logprobs"] is False
    trial = program.post(f"/samplers/{newest['id']}/test").json()
    assert (trial["fault"], bool(trial["text"]), trial["calls"] > 0) == ("", True, True)
    assert AuditEvent.objects.filter(object_type="sampler", actor=lead).count() == 3


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"settings": {"colour": "red"}}, "settings"),
        ({"settings": {"model": "m", "base_url": "http://10.0.0.1/v1"}}, "base_url"),
        ({"settings": {"model": "", "base_url": "http://127.0.0.1:1/v1"}}, "model"),
        ({"settings": {"model": "m", "base_url": "http://127.0.0.1:1/v1", "concurrency": 0}}, "concurrency"),
        (
            {"settings": {"model": "m", "base_url": "http://127.0.0.1:1/v1", "extra_body": {"model": "other"}}},
            "extra_body",
        ),
        ({"preset": "nobody's"}, "preset"),
    ],
)
def test_what_no_language_model_can_be_is_refused_by_its_field(lead, changed, field):
    before = Sampler.objects.count()
    answer = Program(lead).post("/samplers", {"name": "mine", "title": "Mine", **changed})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.content
    assert Sampler.objects.count() == before


def test_an_instruction_is_written_read_and_revised(lead, curator):
    program = Program(lead)
    wish = {"title": "Plain", "problem_kind": "numeric", "style": "direct", "template": "{problem}\n{answer_format}"}
    made = program.post("/instructions", wish)
    assert made.status_code == 201, made.content
    told = program.get(f"/instructions/{made.json()['id']}").json()
    assert (told["name"], told["version"], told["style"], told["template"]) == ("plain", 1, "direct", wish["template"])
    newest = program.post(f"/instructions/{told['id']}/versions", {"template": "{problem}\n\n{answer_format}"}).json()
    assert (newest["version"], newest["title"], newest["problem_kind"]) == (2, "Plain", "numeric")
    wrong = program.post("/instructions", {**wish, "title": "Other", "template": "No slot."})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "template"), wrong.content
    assert Program(curator).post("/instructions", wish).status_code == 403
    assert Instruction.objects.filter(name="plain").count() == 2
