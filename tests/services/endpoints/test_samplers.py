import pytest

from tests.endpoint import KEY, bind_keys, flip_endpoint, sampler_for, settings_for
from trajectories.models import AuditEvent, Sampler
from trajectories.services.endpoints.samplers import (
    SamplerError,
    add_chat_sampler,
    ensure_symbolic,
    revise_chat_sampler,
)
from trajectories.services.endpoints.trials import try_sampler
from trajectories.stand_ins.fake_endpoint import Behaviour, Play


def test_a_change_makes_a_version_and_leaves_the_old_one_as_it_was(lead):
    endpoint = flip_endpoint()
    first = sampler_for(endpoint)
    second = revise_chat_sampler(
        actor=lead, sampler=first, title="Faster", settings=settings_for(endpoint, concurrency=99)
    )
    assert (second.name, second.version, second.parameters["concurrency"]) == (first.name, 2, 99)
    first.refresh_from_db()
    assert (first.version, first.title, first.parameters["concurrency"]) == (1, "Fake", 8)
    assert AuditEvent.objects.filter(object_type="sampler", object_id=second.pk, actor=lead, verb="added").exists()


def test_a_change_that_changes_nothing_makes_no_version(lead):
    endpoint = flip_endpoint()
    first = sampler_for(endpoint)
    again = revise_chat_sampler(actor=lead, sampler=first, title="Fake", settings=settings_for(endpoint))
    assert again.pk == first.pk
    assert Sampler.objects.count() == 1


def test_an_old_version_and_a_built_in_sampler_cannot_be_changed(lead):
    endpoint = flip_endpoint()
    first = sampler_for(endpoint)
    revise_chat_sampler(actor=lead, sampler=first, title="New", settings=settings_for(endpoint))
    with pytest.raises(SamplerError, match="version 2"):
        revise_chat_sampler(actor=lead, sampler=first, title="Newer", settings=settings_for(endpoint))
    with pytest.raises(SamplerError, match="built in"):
        revise_chat_sampler(actor=lead, sampler=ensure_symbolic(), title="Mine", settings=settings_for(endpoint))


def test_a_name_is_taken_once(lead):
    settings = settings_for(flip_endpoint())
    add_chat_sampler(actor=lead, name="one", title="One", settings=settings)
    with pytest.raises(SamplerError, match="'one'"):
        add_chat_sampler(actor=lead, name="one", title="Another", settings=settings)


def test_a_trial_shows_latency_model_and_usage(db):
    with flip_endpoint(Behaviour(latency=0.05)) as endpoint:
        trial = try_sampler(sampler=sampler_for(endpoint))
    assert (trial.fault, trial.model, trial.finish_reason) == ("", "fake", "stop")
    assert trial.seconds >= 0.05
    assert trial.usage.output_tokens > 0
    assert "transform" in trial.text


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("401", "does not accept the key"),
        ("404", "does not know the model 'fake'"),
        ("html", "The answer is not JSON."),
        ("500", "failed (500)"),
        ("no_choices", "without choices[0].message"),
    ],
)
def test_a_trial_that_fails_says_why_after_one_call(db, word, words):
    with flip_endpoint(script=[Play(word)]) as endpoint:
        trial = try_sampler(sampler=sampler_for(endpoint))
    assert words in trial.fault
    assert len(endpoint.calls) == 1


def test_a_trial_without_anybody_listening_says_so(db):
    with flip_endpoint() as endpoint:
        gone = endpoint.url
    trial = try_sampler(sampler=sampler_for(endpoint, base_url=gone))
    assert trial.fault.startswith(f"No answer from {gone}")


def test_a_trial_reads_the_key_from_its_variable(db, monkeypatch, settings):
    monkeypatch.setenv("TEST_ENDPOINT_KEY", KEY)
    with flip_endpoint(Behaviour(key=KEY)) as endpoint:
        bind_keys(settings, f"TEST_ENDPOINT_KEY={endpoint.url}")
        assert try_sampler(sampler=sampler_for(endpoint, key_variable="TEST_ENDPOINT_KEY")).fault == ""
        monkeypatch.delenv("TEST_ENDPOINT_KEY")
        missing = try_sampler(sampler=sampler_for(endpoint, key_variable="TEST_ENDPOINT_KEY"))
    assert missing.kind == "no_key"
    assert "TEST_ENDPOINT_KEY is not set" in missing.detail
    assert "TEST_ENDPOINT_KEY" not in missing.fault
