"""The pages that ask for one answer."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests import factories
from tests.pages import text_of
from tests.queues import queue_of
from tests.services.problems.test_asked import TASK
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.curation.schemas import Blinding
from trajectories.core.selections import Selection
from trajectories.models import Problem, Queue, Run
from trajectories.services.prompts.instructions import ensure_shipped_instructions

pytestmark = pytest.mark.django_db


@pytest.fixture
def asker(client, lead):
    client.force_login(lead)
    return client


def form(asker, **values):
    page = asker.get(reverse("ask_new"))
    sampler = page.context["form"].fields["sampler"].queryset.get(kind="symbolic").pk
    return {"sampler": sampler, "samples": "6", "strategy": "parallel", **values}


def asked_run(**values) -> Run:
    problem = values.pop("problem", None) or factories.make_problem(name="flip")
    fields = {"plan": {"problem_ids": [problem.pk], "asked": "majority"}, "state": "finished", **values}
    return factories.make_run(problem_set=problem.problem_set, **fields)


def test_a_problem_that_is_here_becomes_a_run(asker):
    problem = factories.make_problem(name="flip")
    answer = asker.post(reverse("ask_new"), form(asker, problem="flip", way="two-guesses"))
    run = Run.objects.get()
    assert answer["Location"] == reverse("ask_detail", args=[run.pk])
    assert (run.kept_plan.problem_ids, run.kept_plan.asked) == ([problem.pk], "two-guesses")
    assert run.planned_count == 6
    page = asker.get(answer["Location"])
    assert "No sample is verified yet." in text_of(page)
    assert f'hx-get="/ask/{run.pk}/?part=live' in page.content.decode()
    assert "flip" in text_of(asker.get(reverse("ask_new"))).partition("Asked before")[2]


def test_a_file_with_a_task_and_a_typed_question_become_problems(asker):
    file = SimpleUploadedFile("mine.json", json.dumps(TASK).encode())
    asker.post(reverse("ask_new"), form(asker, task=file, strategy="beam"))
    assert Run.objects.get().kept_plan.problem_ids == [Problem.objects.get(name="mine").pk]
    ensure_shipped_instructions()
    chat = factories.make_sampler(
        kind="chat", parameters=ChatSettings(base_url="http://127.0.0.1:9/v1", model="none").as_parameters()
    )
    asker.post(
        reverse("ask_new"),
        form(asker, question="Is 7 prime?", kind="text", sampler=chat.pk, samples="3", tokens="9000"),
    )
    run = Run.objects.latest("pk")
    assert Problem.objects.get(pk=run.kept_plan.problem_ids[0]).statement == "Is 7 prime?"
    assert (run.planned_count, run.budget_tokens) == (3, 9000)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Found none of them, expected one of a problem, a question and an ARC task."),
        ({"problem": "flip", "question": "Why?"}, "Found a problem that is here and a question, expected one of"),
        ({"problem": "nonesuch"}, "Found no problem with the name or number"),
        ({"question": "Why?"}, "a question needs a language model"),
        ({"problem": "flip", "samples": "0"}, "Found 0, expected"),
        ({"problem": "flip", "strategy": "revise"}, "needs a language model"),
    ],
)
def test_what_cannot_be_asked_stays_on_the_page_with_the_reason(asker, values, said):
    factories.make_problem(name="flip")
    answer = asker.post(reverse("ask_new"), form(asker, **values))
    assert answer.status_code == 422
    assert said in text_of(answer).replace("&#x27;", "'")
    assert not Run.objects.exists()
    assert Problem.objects.count() == 1


def test_the_answer_its_share_and_the_traces_behind_it(asker):
    run = asked_run()
    problem = Problem.objects.get()
    for answer in ([[[9, 8, 7]]], [[[9, 8, 7]]], [[[1]]]):
        factories.make_trace(problem=problem, run=run, answer=answer, correctness="unscored")
    other = factories.make_trace(problem=problem, answer=[[[5]]], correctness="fail")
    shown = text_of(page := asker.get(reverse("ask_detail", args=[run.pk])))
    assert "67% of the votes" in shown
    assert "Votes for the commonest answer 67%" in shown
    assert "agreed to that degree on no problem with a reference" in shown
    assert "3 samples, 2 distinct outputs" in shown, "the board is of this run alone"
    assert f"/traces/{other.pk}/" not in page.content.decode()
    by_other = asker.get(reverse("ask_detail", args=[run.pk]), {"way": "weighted-certainty"})
    assert "no sample has what it goes by" in text_of(by_other)
    part = asker.get(
        reverse("ask_detail", args=[run.pk]), {"part": "live", "seen": "99"}, headers={"HX-Request": "true"}
    )
    assert part.content.decode().lstrip().startswith('<section id="asked"')
    assert 'hx-target="#board"' in part.content.decode(), "what has changed is fetched"


def test_a_run_of_several_problems_has_no_one_answer(asker):
    run = factories.plan(problems=[factories.make_problem(), factories.make_problem()])
    assert asker.get(reverse("ask_detail", args=[run.pk])).status_code == 404


def test_who_may_only_look_asks_nothing_and_whoever_may_not_add_problems_types_none(client, curator, lead):
    run = asked_run()
    client.force_login(curator)
    assert client.get(reverse("ask_new")).status_code == 403
    assert client.get(reverse("ask_detail", args=[run.pk])).status_code == 200


def test_what_a_queue_hides_is_not_told_by_the_answer(client, curator, lead):
    run = asked_run()
    trace = factories.make_trace(problem=Problem.objects.get(), run=run, correctness="pass")
    only = Selection(run=run.pk, problem=trace.problem_id)
    queue = queue_of(lead, [trace], selection=only)
    Queue.objects.filter(pk=queue.pk).update(blinding=Blinding(verdicts=True).to_json())
    client.force_login(curator)
    assert client.get(reverse("ask_detail", args=[run.pk])).status_code == 403
