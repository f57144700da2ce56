from dataclasses import replace

import pytest

from tests.factories import FLIP_SPEC, make_problem, make_problem_set
from tests.generation import augmenting_plan, plan_job, waiting_candidate
from trajectories.core.problems import problem_hash
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.models import ProblemSketch
from trajectories.selectors.problems import to_record
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.generation.neighbours import Neighbourhood, sketch_record

pytestmark = pytest.mark.django_db
STORY = "A baker sells 12 rolls in the morning and 9 rolls in the afternoon. How many rolls are sold that day?"


def record(statement=STORY, **values):
    return replace(ProblemRecord(ProblemKind.NUMERIC, "new", statement, {}, "21", "train"), **values)


def known(**values):
    fields = {"kind": "numeric", "statement": STORY, "spec": {}, "reference": "21", **values}
    problem = make_problem(**fields)
    problem.content_hash = problem_hash(to_record(problem))
    problem.save()
    return problem


def find(statement=STORY, job=None, **values):
    new = record(statement, **values)
    return Neighbourhood(job=job or plan_job(), threshold=0.7).find(new, sketch_record(new))


def test_the_same_content_is_a_duplicate_wherever_it_is():
    problem = known()
    found = find()
    assert (found.problem_id, found.similarity) == (problem.pk, 1.0)
    assert found.why == "There is a problem with the same content."


def test_a_near_duplicate_counts_in_the_target_set_and_in_the_other_split_only():
    near = STORY.replace("9", "8")
    elsewhere = known()
    assert find(near) is None
    known(reference=None, split="eval")
    found = find(near)
    assert found.why.startswith("It is 7")
    assert found.problem_id != elsewhere.pk
    same_day = near.replace("that day", "on that day")
    target = known(statement=same_day, problem_set=make_problem_set(name="written", title="Written"))
    assert find(near).problem_id == target.pk


def test_what_is_less_alike_is_shown_as_the_nearest_and_is_no_duplicate():
    candidate = waiting_candidate(statement="A baker sells 12 rolls in the morning. How many are left of 40?")
    candidate.minhash = sketch_record(record(candidate.statement)).minhash
    candidate.save()
    found = find()
    assert (found.candidate_id, found.why) == (candidate.pk, "")
    assert 0 < found.similarity < 0.7


def test_whichever_of_two_comes_first_the_other_is_its_duplicate():
    first, second = record(), record(STORY.replace("rolls", "loaves", 1))
    shares = []
    for one, other in ((first, second), (second, first)):
        neighbourhood = Neighbourhood(job=plan_job(), threshold=0.5)
        neighbourhood.add(waiting_candidate(statement=one.statement).pk, sketch_record(one))
        shares.append(neighbourhood.find(other, sketch_record(other)).similarity)
    assert shares[0] == shares[1] >= 0.5


def test_sketches_are_made_once_and_kept():
    known(split="eval")
    find("Something else.")
    assert ProblemSketch.objects.count() == 1
    made = ProblemSketch.objects.get().minhash
    find("Something else.")
    assert ProblemSketch.objects.get().minhash == made


def test_an_arc_task_is_known_in_any_symmetry_on_the_other_side_only():
    task = ProblemRecord(ProblemKind.ARC, "new", "", FLIP_SPEC, [[[9, 8, 7]]], "train")
    source = make_problem(spec={**FLIP_SPEC, "test": [{"input": [[1, 2, 3]]}]})
    job = plan_generation(actor=None, plan=augmenting_plan(source.problem_set))
    neighbourhood = Neighbourhood(job=job, threshold=1.0)
    assert neighbourhood.find(task, sketch_record(task)) is None
    rows = [[row[::-1] for row in pair["input"]] for pair in FLIP_SPEC["train"]]
    turned = {
        "train": [{"input": grid, "output": [row[::-1] for row in grid]} for grid in rows],
        "test": [{"input": [[9, 8, 7]]}],
    }
    make_problem(spec=turned, reference=[[[7, 8, 9]]], split="eval")
    neighbourhood = Neighbourhood(job=job, threshold=1.0)
    assert "other side of the train/eval line" in neighbourhood.find(task, sketch_record(task)).why
