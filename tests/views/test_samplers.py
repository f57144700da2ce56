import pytest
from django.urls import reverse

from tests.endpoint import KEY, bind_keys, flip_endpoint, sampler_for
from tests.factories import make_sampler, make_trace
from tests.pages import squeezed
from trajectories.models import Sampler
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.stand_ins.fake_endpoint import Behaviour, Play

FIELDS = {
    "title": "Local model",
    "name": "local",
    "base_url": "http://localhost:8000/v1",
    "model": "m-1",
    "api": "chat_completions",
    "key_variable": "LOCAL_KEY",
    "concurrency": "4",
    "max_output_tokens": "1000",
    "output_limit_field": "max_tokens",
    "timeout_seconds": "60",
    "tries": "3",
    "samples_per_call": "1",
    "sends_seed": "on",
    "sends_temperature": "on",
    "system_role": "system",
    "thoughts_back": "never",
    "continues": "never",
    "input_price": "0.15",
    "output_price": "0.6",
    "extra_body": '{"top_p": 0.9}',
}


@pytest.fixture(autouse=True)
def _bound(settings):
    bind_keys(settings, "LOCAL_KEY=http://localhost:8000/v1, OPENAI_API_KEY=https://api.openai.com/v1")


def post(client, **values):
    return client.post(reverse("sampler_new"), {**FIELDS, **values})


def test_a_lead_adds_a_language_model(client, lead):
    client.force_login(lead)
    response = post(client)
    sampler = Sampler.objects.get(name="local")
    assert response["Location"] == reverse("sampler_detail", args=[sampler.pk])
    assert sampler.parameters["key_variable"] == "LOCAL_KEY"
    assert sampler.parameters["extra_body"] == {"top_p": 0.9}
    assert sampler.parameters["input_price"] == "0.15"
    page = squeezed(client.get(response["Location"]))
    assert "LOCAL_KEY" in page
    assert "0.15 in" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_url", "localhost:8000", "expected an address such as"),
        ("base_url", "http://me:secret@localhost/v1", "keys belong in a variable"),
        ("base_url", "http://[::1", "expected an address such as"),
        ("key_variable", KEY, "looks like a key"),
        ("key_variable", "my key", "name of a variable"),
        ("key_variable", "HOME", "Found HOME, which the settings do not bind to http://localhost:8000/v1; expected no"),
        ("key_variable", "SECRET_KEY", "expected no key or LOCAL_KEY. An admin binds variables to addresses in MODEL_"),
        ("key_variable", "OPENAI_API_KEY", "Found OPENAI_API_KEY, which the settings do not bind to http://localhost"),
        (
            "base_url",
            "http://localhost:8001/v1",
            "Found LOCAL_KEY, which the settings do not bind to http://localhost:8",
        ),
        (
            "base_url",
            "http://10.0.0.1/v1",
            "10.0.0.1 is not a public address or leads to one that is not; an admin",
        ),
        ("base_url", "http://169.254.169.254/v1", "an admin can allow it in MODEL_ADDRESSES"),
        ("base_url", "http://2130706433/v1", "expected an address written as 127.0.0.1"),
        ("base_url", "http://localhost:8000/v1/../x", "Found a path with . or .. in it"),
        ("extra_body", "[1]", "Found a list of 1, expected an object"),
        ("extra_body", '{"messages": []}', "set by the engine"),
        (
            "extra_body",
            '{"max_tokens": null}',
            "Found max_tokens taken out, expected it kept: budgets count on the limit",
        ),
        ("reasoning_effort", "utmost", "Found &#x27;utmost&#x27;, expected none, minimal, low"),
        ("system_role", "user", "Found &#x27;user&#x27;, expected system or developer."),
        ("thoughts_back", "always", "Found &#x27;always&#x27;, expected never, same, reasoning or reasoning_details."),
        ("extra_body", "{", "Found the end of the file, expected JSON"),
        ("extra_body", '{"top_p": NaN}', "Found NaN, expected a finite number (line 1 column 11)."),
        ("extra_body", '{"top_p": -Infinity}', "expected a finite number"),
        ("extra_body", '{"top_p": 1e999}', "Found the number 1e999, expected one that fits a 64-bit float."),
        ("extra_body", '{"top_p": %s}' % ("9" * 5_000), "Found a number of thousands of digits, expected fewer."),
        ("extra_body", "[" * 9_000, "Found lists and objects nested deeper than 64, expected fewer levels."),
        ("extra_body", '{"a":' * 3_000, "nested deeper than 64"),
        ("extra_body", '{"a": "\\ud800"}', "Found a NUL character or half of a surrogate pair, expected text."),
        ("extra_body", '{"\\u0000": 1}', "Found a NUL character or half of a surrogate pair, expected text."),
        ("extra_body", '{"a": 1, "a": 2}', "twice in one object, expected it once."),
        ("extra_body", '{"a": "%s"}' % ("x" * 20_000), "Found 20,009 characters, expected at most 20,000."),
        ("samples_per_call", "129", "Found 129, expected a whole number from 1 to 128."),
        ("concurrency", "0", "Found 0, expected a whole number from 1 to 1,000."),
        ("output_price", "", "Expected both prices"),
        ("name", "two words", "Found &#x27;two words&#x27;, expected letters from a to z, digits, hyphens and"),
    ],
)
def test_a_wrong_field_is_said_plainly_and_nothing_is_added(client, lead, field, value, words):
    client.force_login(lead)
    response = post(client, **{field: value})
    assert response.status_code == 422
    assert words in squeezed(response)
    assert not Sampler.objects.filter(name="local").exists()


def test_what_a_model_takes_is_set_and_shown(client, lead):
    client.force_login(lead)
    values = {"reasoning_effort": "low", "system_role": "developer", "thoughts_back": "same", "sends_temperature": ""}
    page = squeezed(client.get(post(client, **values)["Location"]))
    parameters = Sampler.objects.get(name="local").parameters
    assert (parameters["sends_temperature"], parameters["reasoning_effort"]) == (False, "low")
    assert (parameters["system_role"], parameters["thoughts_back"]) == ("developer", "same")
    assert "Temperatures are not sent: the sampler&#x27;s switch for them is off." in page
    assert "<dd>developer</dd>" in page
    assert "as they came" in page


def test_an_effort_given_twice_is_refused(client, lead):
    client.force_login(lead)
    response = post(client, reasoning_effort="low", extra_body='{"reasoning": {"effort": "high"}}')
    assert response.status_code == 422
    assert "Found &#x27;reasoning&#x27; here and a reasoning effort above" in squeezed(response)


def test_a_sampler_from_before_goes_on_sending_its_temperature(client, lead):
    """A version stored without the newer settings: its form shows what it does, and saving it changes nothing."""
    client.force_login(lead)
    post(client)
    sampler = Sampler.objects.get(name="local")
    for name in ("sends_temperature", "reasoning_effort", "system_role", "thoughts_back"):
        del sampler.parameters[name]
    sampler.save()
    address = reverse("sampler_edit", args=[sampler.pk])
    form = client.get(address).context["form"]
    assert form["sends_temperature"].value() is True
    assert not form.opens_advanced or form["extra_body"].value()
    assert client.post(address, FIELDS)["Location"] == reverse("sampler_detail", args=[sampler.pk])
    assert Sampler.objects.filter(name="local").count() == 1
    assert "<dt>Temperature</dt><dd>sent</dd>" in squeezed(client.get(reverse("sampler_detail", args=[sampler.pk])))


def test_what_is_folded_away_opens_where_it_is_wrong_or_set(client, lead):
    client.force_login(lead)
    folded = '<details class="disclosure" id="sampler-advanced" data-keep-open>'
    opened = '<details class="disclosure" id="sampler-advanced" data-keep-open open>'
    assert folded in squeezed(client.get(reverse("sampler_new"), {"preset": "fake"}))
    assert opened in squeezed(client.get(reverse("sampler_new"), {"preset": "openai"}))
    assert opened in squeezed(post(client, extra_body="[1]"))


def test_a_key_typed_into_the_wrong_field_is_not_shown_again(client, lead):
    client.force_login(lead)
    assert KEY not in squeezed(post(client, key_variable=KEY))


def test_a_preset_fills_in_a_title_and_a_name_that_are_free(client, lead):
    client.force_login(lead)
    for title, name in (("Fake endpoint", "fake"), ("Fake endpoint 2", "fake-2")):
        form = client.get(reverse("sampler_new"), {"preset": "fake"}).context["form"]
        assert (form["title"].value(), form["name"].value()) == (title, name)
        make_sampler(kind="chat", name=name, title=title)


@pytest.mark.parametrize("preset", ["openai", "vllm", "llama-cpp", "ollama", "openrouter", "fake", "unknown"])
def test_presets_fill_in_an_endpoint(client, lead, preset):
    client.force_login(lead)
    page = squeezed(client.get(reverse("sampler_new"), {"preset": preset}))
    assert ('value="http' in page) == (preset != "unknown")


def test_a_change_makes_a_version_and_the_old_page_says_so(client, lead):
    client.force_login(lead)
    post(client)
    sampler = Sampler.objects.get(name="local")
    address = reverse("sampler_edit", args=[sampler.pk])
    assert 'value="m-1"' in squeezed(client.get(address))
    client.post(address, {**FIELDS, "model": "m-2"})
    newest = Sampler.objects.get(name="local", version=2)
    assert newest.parameters["model"] == "m-2"
    assert "The newest is version 2" in squeezed(client.get(reverse("sampler_detail", args=[sampler.pk])))
    stale = client.post(address, {**FIELDS, "model": "m-3"})
    assert stale.status_code == 422
    assert "version 2" in squeezed(stale)


def test_samples_from_elsewhere_have_a_sampler_that_draws_none(client, lead):
    client.force_login(lead)
    here, elsewhere = make_sampler(), make_sampler(kind=Sampler.Kind.IMPORTED)
    page = client.get(reverse("sampler_list")).content.decode()
    for sampler, runs in ((here, True), (elsewhere, False)):
        row = page[page.index(f'id="sampler-{sampler.pk}"') :]
        assert ("runs here" in row[: row.index("</tr>")]) is runs
        detail = client.get(reverse("sampler_detail", args=[sampler.pk])).content.decode()
        assert (f'{reverse("run_new")}?sampler={sampler.pk}"' in detail) is runs


def test_the_list_shows_the_newest_version_of_each(client, curator, django_assert_max_num_queries):
    sampler_for(flip_endpoint())
    ensure_symbolic()
    client.force_login(curator)
    with django_assert_max_num_queries(8):
        page = squeezed(client.get(reverse("sampler_list")))
    assert "Fake" in page
    assert "Symbolic program search" in page
    assert reverse("sampler_new") not in page


@pytest.mark.parametrize("fragment", [True, False])
def test_the_test_button_says_how_the_calls_went(client, lead, fragment):
    client.force_login(lead)
    headers = {"HX-Request": "true"} if fragment else {}
    with flip_endpoint(script=[*[Play()] * 7, Play("401")]) as endpoint:
        address = reverse("sampler_test", args=[sampler_for(endpoint).pk])
        good = squeezed(client.post(address, headers=headers))
        bad = squeezed(client.post(address, headers=headers))
    assert "It answers." in good
    assert "does not accept the key" in bad
    assert ("<html" in good) != fragment


@pytest.mark.parametrize("name", ["sampler_edit", "sampler_test"])
def test_a_curator_may_look_but_not_touch(client, curator, name):
    sampler = sampler_for(flip_endpoint())
    client.force_login(curator)
    assert client.get(reverse("sampler_detail", args=[sampler.pk])).status_code == 200
    assert client.post(reverse(name, args=[sampler.pk])).status_code == 403
    assert client.get(reverse("sampler_new")).status_code == 403


def test_the_test_button_takes_posts_only(client, lead):
    client.force_login(lead)
    assert client.get(reverse("sampler_test", args=[1])).status_code == 405


def test_nobody_without_a_role_sees_samplers(client, nobody):
    client.force_login(nobody)
    assert client.get(reverse("sampler_list")).status_code == 403


def test_several_samples_a_call_are_refused_with_the_responses_api(client, lead):
    client.force_login(lead)
    response = post(client, api="responses", samples_per_call="8")
    assert response.status_code == 422
    assert "Found 8 with the Responses API, which gives one sample a call" in squeezed(response)
    assert not Sampler.objects.filter(name="local").exists()


def test_the_page_says_that_the_endpoint_ignores_n(client, lead):
    client.force_login(lead)
    with flip_endpoint() as endpoint:
        sampler = sampler_for(endpoint, samples_per_call=8)
    make_trace(sampler=sampler, facts={"n": "ignored"})
    page = squeezed(client.get(reverse("sampler_detail", args=[sampler.pk])))
    assert "The endpoint gave fewer samples in a call than were asked for, so 1 of the newest" in page


def test_what_the_test_finds_is_set_by_a_button(client, lead):
    client.force_login(lead)
    with flip_endpoint(Behaviour(takes=("no_temperature", "ignores_seed"))) as endpoint:
        sampler = sampler_for(endpoint)
        response = client.post(reverse("sampler_test", args=[sampler.pk]), headers={"HX-Request": "true"})
        page = squeezed(response)
        assert "It answers once its settings are changed." in page
        assert "It does not take the temperature. Switch off &quot;Send a temperature&quot;." in page
        assert "it ignores the seed" in page
        assert "Set this as version 2" in page
        assert 'name="remedy" value="no_temperature"' in page
        response = client.post(reverse("sampler_adopt", args=[sampler.pk]), {"remedy": ["no_temperature"]}, follow=True)
        assert "This is version 2, with what the test found." in squeezed(response)
        old = client.post(reverse("sampler_test", args=[sampler.pk]), headers={"HX-Request": "true"})
        assert "Set this as" not in squeezed(old), "an old version is not changed"
    newest = Sampler.objects.get(name=sampler.name, version=2)
    assert newest.parameters["sends_temperature"] is False


def test_a_change_that_is_not_known_is_refused_and_changes_nothing(client, lead):
    client.force_login(lead)
    sampler = sampler_for(flip_endpoint())
    response = client.post(reverse("sampler_adopt", args=[sampler.pk]), {"remedy": ["model"]}, follow=True)
    assert "Found &#x27;model&#x27;, expected some of" in squeezed(response)
    assert Sampler.objects.filter(name=sampler.name).count() == 1


def test_only_who_may_change_samplers_adopts_what_was_found(client, curator):
    sampler = sampler_for(flip_endpoint())
    address = reverse("sampler_adopt", args=[sampler.pk])
    client.force_login(curator)
    assert client.post(address, {"remedy": ["no_seed"]}).status_code == 403
    assert Sampler.objects.filter(name=sampler.name).count() == 1


def test_a_sampler_is_set_to_ask_in_batches_and_its_page_says_what_that_means(client, lead):
    client.force_login(lead)
    response = post(client, transport="batch", samples_per_call="8")
    assert "Found 8 with batches, whose every request is one sample; expected 1." in squeezed(response)
    response = post(client, transport="batch", batch_price="11")
    assert "Found 11, expected" in squeezed(response)
    response = post(client, transport="batch", batch_price="0.4", batch_tries="1", batch_then="live")
    parameters = Sampler.objects.get(name="local").parameters
    named = [parameters[name] for name in ("transport", "batch_price", "batch_tries", "batch_then")]
    assert named == ["batch", "0.4", 1, "live"]
    page = squeezed(client.get(response["Location"]))
    assert "asked for in batches, answered within 24 hours at 0.4 times the price" in page
    assert "one without an answer in its batch is asked for at once" in page
    post(client, name="plain")
    assert Sampler.objects.get(name="plain").parameters["batch_price"] == "0.5"
