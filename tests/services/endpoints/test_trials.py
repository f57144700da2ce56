"""What the Test button finds out, at models that take this and not that."""

import pytest

from tests.endpoint import flip_endpoint, sampler_for
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import Sampler
from trajectories.services.endpoints import trials
from trajectories.services.endpoints.samplers import SamplerError, adopt_remedies, ensure_symbolic
from trajectories.services.endpoints.trials import try_sampler
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, Play, tool_call

pytestmark = pytest.mark.django_db


def look(*takes, answerer=None, n="given", script=(), abandoned=0, **values):
    """The trial of a model that takes what the words say. Calls that are `abandoned` may not have reached it."""
    behaviour = Behaviour(takes=takes, n=n)
    with FakeEndpoint(behaviour, answerer, script) if answerer else flip_endpoint(behaviour, script=script) as endpoint:
        trial = try_sampler(sampler=sampler_for(endpoint, **values))
    assert 0 <= trial.calls - len(endpoint.calls) <= abandoned
    return trial


class Thinker:
    """Thinks and calls its tool, once; says something else each time."""

    def converse(self, messages, tools, asked_before):
        ran = any(message.get("role") == "tool" or "output" in message for message in messages)
        if not tools or ran:
            return Answer(f"Answer {asked_before}.", reasoning="I think.")
        return Answer("", reasoning="I compute it.", tool_calls=[tool_call("print(6 * 7)")])


def test_a_model_that_takes_everything_has_no_findings():
    trial = look()
    assert (trial.fault, trial.findings, trial.calls) == ("", (), 7)
    thinking = look(answerer=Thinker())
    assert (thinking.fault, thinking.findings, thinking.calls) == ("", (), 8)


class Continuer:
    """Goes on with an unfinished message; another begins anew."""

    def converse(self, messages, tools, asked_before):
        goes_on = messages[-1]["role"] == "assistant"
        return Answer("is, of course." if goes_on else f"The Dawn sails north ({len(messages)}, {asked_before}).")


def test_whether_it_goes_on_with_an_unfinished_message_is_found_and_can_be_set(lead):
    with FakeEndpoint(answerer=Continuer()) as endpoint:
        sampler = sampler_for(endpoint)
        trial = try_sampler(sampler=sampler)
        assert trial.remedies == ["continues"]
        assert "It goes on with an unfinished message of the model's own." in trial.findings[-1].text
        mended = adopt_remedies(actor=lead, sampler=sampler, remedies=trial.remedies)
        assert mended.parameters["continues"] == "prefix"
        assert try_sampler(sampler=mended).findings == ()
    assert look(continues="prefix").remedies == ["continues_never"]


def test_whether_it_sees_pictures_is_found_and_can_be_set(lead):
    with flip_endpoint(Behaviour(takes=("pictures",))) as endpoint:
        sampler = sampler_for(endpoint)
        trial = try_sampler(sampler=sampler)
        assert trial.remedies == ["sees"]
        assert 'It sees pictures. Switch on "Sees pictures".' in trial.findings[-1].text
        mended = adopt_remedies(actor=lead, sampler=sampler, remedies=trial.remedies)
        assert mended.parameters["sees_pictures"] is True
        assert try_sampler(sampler=mended).findings == ()
        (counted,) = look("pictures", sees_pictures=True, picture_tokens=400).findings
        assert counted.text == 'It counts a picture as 255 tokens. Set "Tokens a picture" to that.'


def test_a_model_that_does_not_see_is_found_where_it_is_said_to(lead):
    assert look().remedies == []
    assert look(sees_pictures=True).remedies == ["blind"]
    # It takes them, and says something else.
    assert look("blind", sees_pictures=True).remedies == ["blind"]
    assert look("blind").remedies == []


@pytest.mark.parametrize(
    ("word", "values", "text", "remedy"),
    [
        ("temperature_1", {}, "It does not take the temperature.", "no_temperature"),
        ("no_temperature", {}, "It does not take the temperature.", "no_temperature"),
        ("no_temperature", {"api": "responses"}, "It does not take the temperature.", "no_temperature"),
        ("long_limit", {}, "It does not take max_tokens.", "max_completion_tokens"),
        ("short_limit", {"output_limit_field": "max_completion_tokens"}, "It does not take max_c", "max_tokens"),
        ("no_effort", {"reasoning_effort": "high"}, "It does not take this reasoning effort.", "no_effort"),
        ("no_seed", {}, "It does not take a seed.", "no_seed"),
        ("no_logprobs", {"logprobs": True}, "It does not give log-probabilities.", "no_logprobs"),
        ("ignores_logprobs", {"logprobs": True}, "it ignores logprobs.", "no_logprobs"),
        ("developer", {}, "It does not take the role system.", "developer"),
        ("system", {"system_role": "developer"}, "It does not take the role developer.", "system"),
        ("ignores_seed", {}, "Two calls with the same seed gave different texts", ""),
        ("ignores_temperature", {}, "Calls with different seeds gave the same text", ""),
    ],
)
def test_what_a_model_does_not_take_is_found_and_can_be_set(lead, word, values, text, remedy):
    behaviour = Behaviour(takes=(word,))
    with flip_endpoint(behaviour) as endpoint:
        sampler = sampler_for(endpoint, **values)
        trial = try_sampler(sampler=sampler)
        assert trial.fault == ""
        assert trial.text
        (finding,) = trial.findings
        assert text in finding.text
        assert finding.remedy == remedy
        assert Sampler.objects.count() == 1, "a trial changes nothing"
        if remedy:
            again = try_sampler(sampler=adopt_remedies(actor=lead, sampler=sampler, remedies=trial.remedies))
            assert (again.fault, again.findings) == ("", ())


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
@pytest.mark.parametrize(
    ("word", "back", "remedy"),
    [("thoughts_back", "never", "thoughts_same"), ("no_thoughts_back", "same", "thoughts_never")],
)
def test_a_model_that_wants_or_refuses_its_thoughts_is_found(word, back, remedy, api):
    trial = look(word, answerer=Thinker(), thoughts_back=back, api=api)
    assert trial.remedies == [remedy]
    assert (
        look(word, answerer=Thinker(), thoughts_back={"never": "same", "same": "never"}[back], api=api).findings == ()
    )


@pytest.mark.parametrize(
    ("n", "words"),
    [
        ("ignored", "Asked for 2 samples in one call, it gave 1: it ignores n."),
        ("refused", 'It does not take n. Set "Samples a call" to 1.'),
    ],
)
def test_samples_that_are_not_given_together_are_said(n, words):
    trial = look(n=n, samples_per_call=4)
    assert [(finding.text, finding.remedy) for finding in trial.findings] == [(words, "one_a_call")]
    assert look(n="given", samples_per_call=4).findings == ()
    assert look(n=n).findings == (), "what is not asked for is not missed"


def test_a_model_of_many_refusals_is_understood_in_one_trial():
    trial = look("no_temperature", "long_limit", "no_seed", "developer", "thoughts_back", answerer=Thinker())
    assert trial.remedies == ["no_temperature", "max_completion_tokens", "no_seed", "developer", "thoughts_same"]
    assert trial.calls <= trials.MOST_CALLS


def test_no_role_and_no_tools_are_said_without_a_setting_that_would_help():
    trial = look("developer", "system")
    assert [(finding.text, finding.remedy) for finding in trial.findings] == [(trials.NO_INSTRUCTIONS, "")]
    trial = look(script=[Play(), Play(), Play(), Play("no_tools")])
    assert [finding.text for finding in trial.findings] == [trials.NO_TOOLS]


def test_a_fault_on_the_way_keeps_what_was_found_before():
    trial = look("no_temperature", script=[Play(), Play(), Play("500")])
    assert trial.fault == ""
    assert [finding.remedy for finding in trial.findings] == ["no_temperature", ""]
    assert "was not looked at to the end. The endpoint failed (500)." in trial.findings[1].text


def test_a_slow_endpoint_is_not_waited_for_once_it_has_answered(monkeypatch):
    monkeypatch.setattr(trials, "LOOK_SECONDS", 0.2)
    trial = look(script=[Play(), Play("hang")], abandoned=1)
    assert trial.fault == ""
    assert [finding.text for finding in trial.findings] == [trials.TOO_SLOW]


def test_a_refusal_that_names_nothing_is_the_end():
    trial = look(script=[Play("400")])
    assert (trial.calls, trial.findings) == (1, ())
    assert trial.fault == "The endpoint does not accept the request (400)."


def test_only_known_changes_of_a_language_model_can_be_adopted(lead):
    sampler = sampler_for(flip_endpoint())
    with pytest.raises(SamplerError, match="Found 'base_url', expected some of no_temperature"):
        adopt_remedies(actor=lead, sampler=sampler, remedies=["base_url"])
    with pytest.raises(SamplerError, match="'base_url'"):
        adopt_remedies(actor=lead, sampler=ensure_symbolic(), remedies=["no_seed"])
    second = adopt_remedies(actor=lead, sampler=sampler, remedies=["no_seed", "thoughts_same"])
    assert (second.version, second.parameters["sends_seed"], second.parameters["thoughts_back"]) == (2, False, "same")
    assert ChatSettings.from_parameters(second.parameters).sends_temperature
    with pytest.raises(SamplerError, match="version 2"):
        adopt_remedies(actor=lead, sampler=sampler, remedies=["no_temperature"])
