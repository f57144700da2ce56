"""The pages of procedural problems: who may, what is shown, what is imported."""

import json
import re
from dataclasses import replace

import pytest
from django.test import Client

from tests.imports import finish, latest
from tests.pages import Page, squeezed
from trajectories.adapters import procedural
from trajectories.adapters.procedural import is_installed
from trajectories.core.problems.arithmetic import Sum, examine
from trajectories.core.problems.procedural import Example, Family, Knob, KnobKind
from trajectories.models import Problem
from trajectories.services.problems import procedural as services
from trajectories.views import procedural as pages

pytestmark = pytest.mark.django_db
needs_package = pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
LIST = "/problems/procedural/"
SUMS = Family(
    "chain_sum",
    "arithmetic",
    "Chains of sums",
    knobs=(
        Knob("min_terms", KnobKind.INTEGER, 2),
        Knob("max_terms", KnobKind.INTEGER, 6, help="Most terms"),
        Knob("allow_negation", KnobKind.FLAG, False),
    ),
    levels=({"max_terms": 3}, {"max_terms": 5}),
    example=Example("1 + <b> =", "3", {}),
)
MIX = Family("composite", "other", "", unavailable="Must specify at least one dataset")
VALUES = {"seed": "1", "size": "5", "set_title": "Sums", "split": "train", "knob-min_terms": "2", "knob-max_terms": "6"}


@pytest.fixture
def families(monkeypatch) -> list[Family]:
    """Two families as the file holds them."""
    found = [SUMS, MIX]
    monkeypatch.setattr(pages, "stored_families", lambda: found)
    monkeypatch.setattr(pages, "procedural_installed", lambda: True)
    monkeypatch.setattr(pages, "get_family", lambda name: next((each for each in found if each.name == name), None))
    return found


def test_families_are_listed_with_an_example_or_a_reason(as_lead, families):
    text = as_lead.get(LIST).content.decode()
    assert "1 + &lt;b&gt; =" in text
    assert "Must specify at least one dataset" in text
    assert "3 of 3 families" in text


@pytest.mark.parametrize(
    ("name", "badge", "words"),
    [
        ("coin_flip", "not scored", "Answers are not scored."),
        ("countdown", "needs the sandbox", "Scoring needs the sandbox."),
        ("gsm_symbolic", "", "Right is the reference answer, word for word."),
        ("chain_sum", "", ""),
    ],
)
def test_pages_say_how_far_a_family_s_scorer_is_trusted(as_lead, families, monkeypatch, name, badge, words):
    families[:] = [replace(SUMS, name=name, summary="")]
    monkeypatch.setattr(pages, "preview_procedural", lambda draw: [])
    listed, page = (as_lead.get(address).content.decode() for address in (LIST, f"{LIST}{name}/"))
    badges = [each for each in ("not scored", "needs the sandbox") if f">{each}</span>" in listed]
    assert badges == [badge] * bool(badge)
    said = ("Answers are not scored.", "Scoring needs the sandbox.", "Right is the reference answer, word for word.")
    assert [each for each in said if each in page] == [words] * bool(words)
    if name == "coin_flip":
        assert "its scorer takes the answer 0 for right, whatever the probability" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?q=sum", ["addition", "chain_sum"]),
        ("?q=CHAIN SUM", ["chain_sum"]),
        ("?category=other", ["composite"]),
        ("?q=zebra", []),
    ],
)
def test_the_list_is_searched(as_lead, families, query, shown):
    page = as_lead.get(LIST + query, headers={"HX-Request": "true"})
    assert [family.name for family in page.context["families"]] == shown
    assert b"<html" not in page.content


def test_the_first_look_lets_a_worker_describe_the_families_and_waits(as_lead, monkeypatch):
    rung = []
    monkeypatch.setattr(pages, "procedural_installed", lambda: True)
    monkeypatch.setattr(pages, "stored_families", lambda: None)
    monkeypatch.setattr(pages, "ring", rung.append)
    page = as_lead.get(LIST).content.decode()
    assert "about half a minute" in page
    assert "waited=1" in page
    assert rung == ["families"]
    as_lead.get(f"{LIST}?waited=1", headers={"HX-Request": "true"})
    assert rung == ["families"], "who waits already rings no more"


@pytest.mark.parametrize("address", [LIST, f"{LIST}chain_sum/"])
def test_without_the_package_the_page_says_what_to_install(as_lead, monkeypatch, address):
    monkeypatch.setattr(pages, "procedural_installed", lambda: False)
    page = as_lead.get(address)
    assert page.status_code == 200
    assert b"make procedural" in page.content
    assert b"gcc" in page.content


def test_the_family_that_is_shipped_needs_no_package(as_lead, monkeypatch):
    monkeypatch.setattr(pages, "procedural_installed", lambda: False)
    monkeypatch.setattr(services, "procedural_installed", lambda: False)
    assert "624 + 259" in squeezed(as_lead.get(LIST))
    page = squeezed(as_lead.get(f"{LIST}addition/"))
    assert "Worked solution" in page
    assert "&lt;scratch&gt;" in page
    assert "addition-1-digit before addition-2-digits" in page
    values = {"seed": "1", "size": "40", "set_title": "Sums", "split": "train", "knob-min_digits": "1"}
    values |= {"knob-max_digits": "2", "knob-part": "training"}
    finish(as_lead, as_lead.post(f"{LIST}addition/", values))
    assert Problem.objects.filter(problem_set__title="Sums", problem_set__source="Minicolumn").count() == 40
    assert set(Problem.objects.values_list("kind", "family")) == {
        ("numeric", "addition-1-digit"),
        ("numeric", "addition-2-digits"),
    }
    worked = b"".join(as_lead.post(f"{LIST}addition/", {**values, "worked": "1"}).streaming_content).splitlines()
    rows = [json.loads(row) for row in worked]
    assert {row["question"] for row in rows} == set(Problem.objects.values_list("statement", flat=True))
    assert all(examine(Sum(*map(int, re.findall(r"\d+", row["question"]))), row["response"]).right for row in rows)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"knob-min_digits": "3"}, "found 3 to 2 digits, expected 1 to 5, the least first"),
        ({"knob-max_digits": "9"}, "found 1 to 9 digits, expected 1 to 5, the least first"),
        ({"knob-max_digits": "1", "size": "101"}, "found 101 problems, expected at most 100: there are no more"),
    ],
)
def test_sums_that_are_not_there_are_told_in_the_preview_and_never_made(as_lead, knobs, message):
    values = {"seed": "1", "size": "40", "set_title": "Sums", "split": "train", "knob-min_digits": "1"}
    values |= {"knob-max_digits": "2", "knob-part": "any", **knobs}
    assert message in squeezed(as_lead.get(f"{LIST}addition/", values, headers={"HX-Request": "true"}))
    told = as_lead.post(f"{LIST}addition/", {**values, "worked": "1"})
    assert (told.status_code, message in told.content.decode()) == (422, True)
    finish(as_lead, as_lead.post(f"{LIST}addition/", values))
    assert not Problem.objects.exists()


def test_while_the_package_is_installed_the_page_says_so_and_looks_again(as_lead, monkeypatch, tmp_path):
    monkeypatch.setattr(procedural, "INSTALLING", tmp_path / "mark")
    (tmp_path / "mark").touch()
    page = as_lead.get(LIST).content.decode()
    assert "are being installed" in page
    assert 'http-equiv="refresh"' in page
    assert "make procedural" not in page


def test_an_unknown_family_is_not_found(as_lead, families):
    assert as_lead.get(f"{LIST}nothing/").status_code == 404


def test_an_unavailable_family_says_why(as_lead, families):
    text = as_lead.get(f"{LIST}composite/").content.decode()
    assert "Must specify at least one dataset" in text
    assert "knob-" not in text
    assert "set_title" not in text


@pytest.mark.parametrize("role", ["curator", "engineer"])
def test_readers_look_but_import_nothing(client, role, request, families):
    client.force_login(request.getfixturevalue(role))
    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}chain_sum/", VALUES).status_code == 403


def test_people_without_a_role_see_nothing(client, nobody, families):
    client.force_login(nobody)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}chain_sum/").status_code == 403


def test_the_csrf_token_is_checked(lead, families):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(lead)
    assert strict.post(f"{LIST}chain_sum/", VALUES).status_code == 403


KNOBS = (
    Knob("whole", KnobKind.INTEGER, 2),
    Knob("real", KnobKind.NUMBER, 0.5),
    Knob("switch", KnobKind.FLAG, True),
    Knob("off", KnobKind.FLAG, False),
    Knob("word", KnobKind.TEXT, "a b"),
    Knob("free", KnobKind.TEXT, None),
    Knob("pick", KnobKind.CHOICE, "b", choices=("a", "b")),
    Knob("many", KnobKind.LIST, ["+", 'say "x"', 3, 0.5, True]),
    Knob("maybe", KnobKind.INTEGER, None),
)


def test_every_kind_of_knob_is_drawn_as_its_page_shows_it(as_lead, families, monkeypatch):
    """18 families answered 500: a default that is a list cannot be part of a key."""
    drawn = []
    monkeypatch.setattr(pages, "preview_procedural", lambda draw: drawn.append(draw) or [])
    families.append(Family("mixed", "other", "", knobs=KNOBS, levels=({"many": [1, 2], "whole": 3},)))
    address = f"{LIST}mixed/"
    first = as_lead.get(address)
    assert first.status_code == 200
    turned = as_lead.get(f"{address}?level=0")
    for page in (first, turned):
        form = next(form for form in Page(page.content.decode(), address).forms if "seed" in form.fields)
        sent = {**form.filled_in(), "preview": "1"}
        assert as_lead.post(address, sent).status_code == 200
    assert [draw.knobs for draw in drawn] == [{}, {"many": [1, 2], "whole": 3}, {}, {"many": [1, 2], "whole": 3}]


def test_before_the_families_are_described_a_family_leads_to_the_list(as_lead, monkeypatch):
    monkeypatch.setattr(pages, "procedural_installed", lambda: True)
    monkeypatch.setattr(pages, "stored_families", lambda: None)
    monkeypatch.setattr(pages, "get_family", lambda name: None)
    page = as_lead.get(f"{LIST}chain_sum/")
    assert (page.status_code, page["Location"]) == (302, LIST)


@needs_package
class TestWithPackage:
    def test_a_family_shows_its_knobs_and_three_problems(self, as_lead, families, django_assert_num_queries):
        as_lead.get(LIST)
        with django_assert_num_queries(4):
            page = as_lead.get(f"{LIST}chain_sum/")
        text = page.content.decode()
        assert 'name="knob-max_terms" value="6"' in text
        assert "Most terms" in text
        assert len(page.context["examples"]) == 3
        assert "State the final answer" in text

    def test_a_level_turns_the_knobs(self, as_lead, families):
        page = as_lead.get(f"{LIST}chain_sum/?level=0")
        assert 'name="knob-max_terms" value="3"' in page.content.decode()
        assert page.context["level"] == 0
        assert as_lead.get(f"{LIST}chain_sum/?level=99").context["level"] is None

    def test_the_preview_follows_the_knobs(self, as_lead, families):
        turned = {**VALUES, "knob-min_terms": "2", "knob-max_terms": "2"}
        page = as_lead.get(f"{LIST}chain_sum/", turned, headers={"HX-Request": "true"})
        examples = page.context["examples"]
        assert [example.entry["metadata"]["num_terms"] for example in examples] == [2, 2, 2]
        assert b"<html" not in page.content

    @pytest.mark.parametrize(
        ("values", "status", "message"),
        [
            ({"knob-max_terms": "1"}, 200, "max_terms must be &gt;= min_terms"),
            ({"knob-max_terms": "x"}, 422, "Max terms: Found &#x27;x&#x27;, expected a whole number"),
            ({"seed": "-1"}, 422, "Seed: Found -1, expected a whole number from 0 to"),
        ],
    )
    def test_what_cannot_be_made_is_said_in_the_preview(self, as_lead, families, values, status, message):
        page = as_lead.get(f"{LIST}chain_sum/", {**VALUES, **values}, headers={"HX-Request": "true"})
        assert page.status_code == status
        assert message in page.content.decode()

    def test_without_script_the_preview_is_a_button(self, as_lead, families):
        page = as_lead.post(f"{LIST}chain_sum/", {**VALUES, "knob-max_terms": "3", "preview": "1"})
        assert page.status_code == 200
        assert not Problem.objects.exists()
        assert 'name="knob-max_terms" value="3"' in page.content.decode()

    def test_import(self, as_lead, families, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            sent = as_lead.post(f"{LIST}chain_sum/", {**VALUES, "size": "60"})
        page = finish(as_lead, sent)
        assert latest().inserted == 60
        assert b"?set=sums" in page.content

    def test_a_family_that_refuses_its_knobs_imports_nothing(self, as_lead, families):
        page = finish(as_lead, as_lead.post(f"{LIST}chain_sum/", {**VALUES, "knob-max_terms": "1"}))
        assert latest().state == "refused"
        assert "max_terms must be &gt;= min_terms" in page.content.decode()
        assert not Problem.objects.exists()

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"size": "10001"}, "Found 10,001, expected a whole number from 1 to 10,000."),
            ({"set_title": "???"}, "Use at least one letter"),
            ({"split": "both"}, "Found &#x27;both&#x27;, expected train or eval."),
        ],
    )
    def test_what_is_wrong_imports_nothing(self, as_lead, families, values, message):
        page = as_lead.post(f"{LIST}chain_sum/", {**VALUES, **values})
        assert page.status_code == 422
        assert message in page.content.decode()
        assert not Problem.objects.exists()
