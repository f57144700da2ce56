"""Importing what families make: counts, repeats, what goes wrong, and what samplers may see of it."""

import json

import pytest
from django.core.exceptions import ValidationError

from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.core.problems.procedural import Draw, ProceduralError
from trajectories.models import AuditEvent, Problem, ProblemSet
from trajectories.selectors.problems import to_public
from trajectories.services.problems import procedural
from trajectories.services.problems.procedural import (
    describe_families,
    get_family,
    import_procedural,
    preview_procedural,
    stored_families,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)"),
]


def sums(**values) -> Draw:
    return Draw(**{"family": "chain_sum", "knobs": {}, "seed": 1, "size": 30, **values})


def run(draw: Draw, **values):
    return import_procedural(**{"actor": None, "draw": draw, "set_title": "Sums", "split": "train", **values})


def test_import(lead):
    report = run(sums(knobs={"max_terms": 3}), actor=lead)
    assert (report.inserted, report.duplicates, report.fault_count) == (30, 0, 0)
    problem = Problem.objects.get(name="chain_sum-1-4")
    assert (problem.kind, problem.family, problem.split) == ("procedural", "chain_sum", "train")
    assert str(problem.reference) == problem.reference
    assert problem.spec["config"] == {"max_terms": 3}
    assert problem.difficulty["num_terms"] in (2.0, 3.0)
    assert problem.problem_set.source == shared_source().source_name()
    assert AuditEvent.objects.get().actor == lead


def test_the_same_import_again_changes_nothing():
    run(sums())
    again = run(sums(), set_title="Others", split="eval")
    assert (again.inserted, again.duplicates) == (0, 30)
    more = run(sums(size=40))
    assert (more.inserted, more.duplicates) == (10, 30)


def test_one_question_is_one_problem_whatever_seed_drew_it():
    tiny = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    report = run(sums(knobs=tiny, size=300))
    assert report.inserted == Problem.objects.values("statement").distinct().count() < 300
    other = run(sums(knobs=tiny, size=300, seed=1000))
    assert other.duplicates > 0
    assert Problem.objects.count() == Problem.objects.values("statement").distinct().count()


def test_samplers_see_neither_entry_nor_seed():
    run(sums(size=1))
    shown = to_public(Problem.objects.get())
    assert shown.spec == {"family": "chain_sum", "config": {}}
    assert "Calculate" in shown.statement or "arithmetic" in shown.statement


def test_a_family_that_refuses_keeps_everything_out():
    report = run(sums(knobs={"max_terms": 1}))
    assert report.refused
    assert str(report.faults[0]) == "chain_sum: near problem 0: max_terms must be >= min_terms"
    assert not ProblemSet.objects.exists()


def test_a_title_without_letters_is_refused():
    with pytest.raises(ValidationError):
        run(sums(), set_title="???")


def test_the_preview_is_what_the_import_brings():
    shown = preview_procedural(sums())
    run(sums())
    assert [example.question for example in shown] == [
        Problem.objects.get(name=f"chain_sum-1-{index}").statement for index in range(3)
    ]


def test_families_are_described_once(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    names = iter([["chain_sum", "composite"]])
    source = shared_source()
    ask = source._ask
    monkeypatch.setattr(
        source, "_ask", lambda do, *rest, **more: next(names) if do == "names" else ask(do, *rest, **more)
    )
    assert stored_families() is None
    made = describe_families()
    assert [family.name for family in made] == ["chain_sum", "composite"]
    assert made[1].unavailable == "Must specify at least one dataset"
    assert describe_families() == stored_families() == made
    assert get_family("chain_sum") == made[0]
    assert get_family("nothing") is None


def test_a_damaged_file_is_made_again(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    path = procedural._catalogue_path()
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([])[:-1])
    assert stored_families() is None


def test_a_preview_of_nonsense_says_why():
    with pytest.raises(ProceduralError, match="there is no family none"):
        preview_procedural(sums(family="none"))
