"""No way of calling a model carries out a variable that the settings do not bind to its address."""

import json

import pytest

from tests.adapters.endpoints.test_network import AMBIENT, CANARY
from tests.endpoint import bind_keys, flip_endpoint, settings_for
from tests.factories import make_instruction, make_problem, make_sampler, plan
from tests.generation import check_with, run_through, writing_plan
from tests.judging import job_over, works
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import Attempt, AuditEvent, EndpointFault, Sampler
from trajectories.services.endpoints.access import sampler_fault
from trajectories.services.endpoints.faults import KEPT, MAX_CHARACTERS, keep_fault
from trajectories.services.endpoints.samplers import SamplerError, add_chat_sampler, revise_chat_sampler
from trajectories.services.endpoints.trials import try_sampler
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.judging.work import judge_next
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.stand_ins.fake_endpoint import Play

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _canaries(monkeypatch):
    for name, value in {**AMBIENT, "CANARY": CANARY, "SECRET_KEY": CANARY}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def endpoint():
    """Anybody's machine that keeps what it is sent."""
    with flip_endpoint() as running:
        yield running
        assert CANARY not in repr([(call.path, dict(call.headers), call.body) for call in running.calls])


def old_sampler(endpoint, key_variable: str, **values) -> Sampler:
    """A row as an earlier version has written it, by hand here: no service makes it."""
    parameters = settings_for(endpoint, key_variable=key_variable, **values).as_parameters()
    return make_sampler(kind=Sampler.Kind.CHAT, parameters=parameters)


def by_trial(sampler: Sampler) -> str:
    return try_sampler(sampler=sampler).fault


def by_run(sampler: Sampler) -> str:
    view = make_instruction(style="program", suits="chat")
    run = plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=2)
    sample_session(run_id=run.pk, on_traces=list)
    run.refresh_from_db()
    assert (run.state == "paused") == bool(run.state_reason)
    return run.state_reason


def by_judge(sampler: Sampler) -> str:
    job = job_over(works("this is right"), sampler)
    while judge_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job.state_reason


def by_generation(sampler: Sampler) -> str:
    job = plan_generation(actor=None, plan=writing_plan(sampler, check=check_with(sampler)))
    run_through(job)
    return job.state_reason


WAYS = [by_trial, by_run, by_judge, by_generation]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["CANARY", "SECRET_KEY", "OPENAI_API_KEY"])
def test_an_old_sampler_with_a_key_that_is_not_bound_is_refused_whoever_asks(endpoint, way, name):
    reason = way(old_sampler(endpoint, name))
    assert "an admin can do that in MODEL_KEYS" in reason
    assert name not in reason
    assert endpoint.calls == []


@pytest.mark.parametrize("way", WAYS)
def test_an_old_sampler_at_an_address_that_is_not_allowed_is_refused_whoever_asks(endpoint, way, settings):
    settings.MODEL_ENDPOINTS = type(settings.MODEL_ENDPOINTS)(
        settings.MODEL_ENDPOINTS.keys, type(settings.MODEL_ENDPOINTS.addresses)()
    )
    reason = way(old_sampler(endpoint, ""))
    assert "an admin can allow it in MODEL_ADDRESSES" in reason
    assert endpoint.calls == []


@pytest.mark.parametrize("way", WAYS)
def test_a_sampler_without_a_key_sends_nothing_of_the_environment(endpoint, way):
    way(old_sampler(endpoint, ""))
    assert endpoint.calls
    assert "authorization" not in {name.lower() for call in endpoint.calls for name in call.headers}


def test_a_key_that_is_bound_is_sent_and_nothing_beside_it(endpoint, settings, monkeypatch):
    monkeypatch.setenv("LOCAL_KEY", "local-0123456789")
    bind_keys(settings, f"LOCAL_KEY={endpoint.url}")
    assert by_trial(old_sampler(endpoint, "LOCAL_KEY")) == ""
    assert endpoint.calls[0].headers["authorization"] == "Bearer local-0123456789"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key_variable": "CANARY"}, "key_variable"),
        ({"key_variable": "OPENAI_API_KEY"}, "key_variable"),
        ({"key_variable": "OPENAI_API_KEY", "base_url": "https://api.openai.com.evil.example/v1"}, "key_variable"),
        ({"key_variable": "OPENAI_API_KEY", "base_url": "http://api.openai.com/v1"}, "key_variable"),
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"base_url": "http://10.0.0.1/v1"}, "base_url"),
        ({"base_url": "https://me:pw@models.example/v1"}, "base_url"),
    ],
)
def test_no_service_saves_a_sampler_that_is_not_allowed(lead, values, field):
    given = ChatSettings(base_url="http://localhost:8000/v1", model="m")
    first = add_chat_sampler(actor=lead, name="first", title="First", settings=given)
    wrong = ChatSettings(**{"base_url": given.base_url, "model": "m", **values})
    for save in (
        lambda: add_chat_sampler(actor=lead, name="second", title="Second", settings=wrong),
        lambda: revise_chat_sampler(actor=lead, sampler=first, title="First", settings=wrong),
    ):
        with pytest.raises(SamplerError) as caught:
            save()
        assert caught.value.field == field
    assert Sampler.objects.filter(kind="chat").count() == 1


def test_a_sampler_is_saved_with_its_address_in_one_form(lead):
    given = ChatSettings("HTTPS://API.OpenAI.com:443/v1/", "m", key_variable="OPENAI_API_KEY")
    sampler = add_chat_sampler(actor=lead, name="one", title="One", settings=given)
    assert sampler.parameters["base_url"] == "https://api.openai.com/v1"
    assert sampler_fault(sampler) is None


@pytest.mark.parametrize("word", ["400", "401", "404", "429", "500", "context", "malformed", "html", "quota"])
def test_what_an_endpoint_says_is_stored_for_admins_and_nowhere_else(word):
    with flip_endpoint(script=[Play(word)] * 9) as endpoint:
        sampler = old_sampler(endpoint, "", tries=1, concurrency=1)
        view = make_instruction(style="program", suits="chat")
        run = plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=2)
        sample_session(run_id=run.pk, on_traces=list)
    run.refresh_from_db()
    said = EndpointFault.objects.get(sampler=sampler).detail
    assert len(said) > 5
    stored = [run.state_reason, *Attempt.objects.values_list("error_message", flat=True)]
    stored += map(json.dumps, AuditEvent.objects.values_list("data", flat=True))
    assert any(stored)
    assert not any(said[:30] in text for text in stored)


def test_a_sampler_keeps_its_newest_faults_only():
    mine, other = (make_sampler(kind="chat", parameters={}) for _ in range(2))
    keep_fault(sampler=other, kind="server", detail="stays")
    for number in range(KEPT + 5):
        keep_fault(sampler=mine, kind="server", detail=f"{number} " + "x" * (2 * MAX_CHARACTERS))
    keep_fault(sampler=mine, kind="server", detail="")
    kept = [fault.detail.split()[0] for fault in mine.endpoint_faults.order_by("-pk")]
    assert kept == [str(number) for number in reversed(range(5, KEPT + 5))]
    assert max(len(fault.detail) for fault in mine.endpoint_faults.all()) == MAX_CHARACTERS
    assert other.endpoint_faults.count() == 1


def test_what_cannot_be_stored_as_text_is_kept_all_the_same():
    sampler = make_sampler(kind="chat", parameters={})
    keep_fault(sampler=sampler, kind="k" * 60, detail="a\x00b\ud800")
    assert sampler.endpoint_faults.get().kind == "k" * 40
