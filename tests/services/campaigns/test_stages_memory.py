"""A campaign of a language model with a memory and a curriculum: what is shown, what opens, and what never appears."""

import random
import re
from decimal import Decimal

import pytest

from tests import factories
from tests.campaigns import begin
from tests.endpoint import sampler_for
from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import TrainingResult
from trajectories.core.campaigns.gates import GateTest
from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.core.strategies.memories import Memory, MemorySource
from trajectories.models import Attempt, Campaign, ReleaseItem, Run, SpendDay, Trace
from trajectories.selectors.campaigns import list_generations
from trajectories.services.campaigns.advancing import campaign_next
from trajectories.services.campaigns.steering import resume_campaign
from trajectories.services.releases.freezing import freeze_next
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.training.work import train_next
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint
from trajectories.views.shown.campaigns import plan_words
from trajectories.views.shown.clones import show_relatives
from trajectories.views.shown.curricula import show_curriculum

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = re.compile(r"(\d+) plus (\d+)")


def adder(prompt: str, _: int) -> Answer:
    """Right where it is shown two sums that are solved, and else of every third sum alone."""
    sums = ASKED.findall(prompt)
    first, second = map(int, sums[-1])
    is_right = len(sums) > 2 or (first + second) % 3 == 0
    return Answer(f"It is \\boxed{{{first + second if is_right else 0}}}, after a while.")


class Copier:
    """A trainer of language models that writes down what it was given, and gives the same model back."""

    key, label, summary = "copier", "Copier", "Writes down what it is given."
    parameters: tuple = ()
    base_kinds = ("chat",)

    def __init__(self) -> None:
        self.written: list[str] = []

    def missing(self) -> str:
        return ""

    def check(self, parameters, base) -> None:
        pass

    def train(self, task, report) -> TrainingResult:
        told = [f"{lesson.item.prompt} {lesson.item.reasoning} {lesson.item.problem_name}" for lesson in task.lessons]
        file = task.folder / "rows.txt"
        file.write_text("\n".join(told))
        self.written.append(file.read_text())
        return TrainingResult(file, "txt", "chat", dict(task.base.parameters))


@pytest.fixture
def copier(monkeypatch):
    trainer = Copier()
    monkeypatch.setitem(TRAINERS, trainer.key, trainer)
    return trainer


WORDS = (
    *("river", "stone", "lamp", "winter", "paper", "window", "garden"),
    *("bridge", "music", "cloud", "table", "horse", "village", "summer"),
)


def sums(problem_set, family, count, *, of, split="train", canary=""):
    """Sums that are worded differently, so that none is a near duplicate of another; `canary` is in all of them."""
    for number in range(count):
        lots = random.Random(derive_seed(of, family, number) % 2**32)
        first, second = lots.randrange(1_000, 9_999), lots.randrange(1_000, 9_999)
        said = " ".join(lots.choice(WORDS) for _ in range(12))
        factories.make_problem(
            problem_set=problem_set, kind="numeric", spec={}, reference=str(first + second), family=family, split=split,
            name=f"{canary or 'sum'}-{family}-{number}",
            statement=f"{canary} {said}: what is {first} plus {second}?".strip(),
        )  # fmt: skip


def two_sets(families=("one-digit", "two-digits"), count=4):
    training, held_out = factories.make_problem_set(title="Training"), factories.make_problem_set(title="Held out")
    for family in families:
        sums(training, family, count, of="training")
        sums(held_out, family, count, of="held out", split="eval", canary="zwkanarie")
    return training, held_out


def plan(lead, endpoint, **values):
    sampler = values.pop("sampler", None) or sampler_for(endpoint, concurrency=2)
    return begin(
        lead,
        **{
            "sets": values.pop("sets", None) or two_sets(),
            "sampler": sampler,
            "instructions": [factories.make_instruction(problem_kind="numeric", suits="chat", view="", style="")],
            "trainer": Copier.key,
            "test": GateTest.NONE,
            "samples_each": 2,
            "held_out_samples": 2,
            "control": False,
            **values,
        },
    )


def finish(campaign: Campaign) -> Campaign:
    """Work as workers do until the campaign goes on no more."""
    for _ in range(40):
        campaign_next(job_id=campaign.pk)
        for run in Run.objects.filter(state__in=Run.ACTIVE_STATES):
            while sample_session(run_id=run.pk, on_traces=lambda keys: verify_traces(trace_ids=keys)).more:
                pass
            verify_traces(trace_ids=list(Trace.objects.filter(run=run).values_list("pk", flat=True)))
        for row in campaign.generations.all():
            for job, act in ((row.freezing_id, freeze_next), (row.training_id, train_next)):
                if job is not None:
                    act(job_id=job)
        campaign.refresh_from_db()
        if not campaign.is_active:
            return campaign
    raise AssertionError(f"still {campaign.state}: {list(campaign.generations.values('number', 'stage'))}")


def prompts_of(run):
    rows = Trace.objects.filter(run=run).select_related("prompt", "problem").order_by("pk")
    return [(trace, trace.prompt.body) for trace in rows]


def test_memory_goes_by_embeddings_where_a_campaign_is_asked_to(lead, copier):
    with FakeEndpoint(answerer=adder) as endpoint:
        embedder = sampler_for(endpoint, input_price=Decimal(1), output_price=Decimal(1))
        memory = Memory(count=1, source=MemorySource.VERIFIERS, embedder=embedder.pk)
        campaign = finish(plan(lead, endpoint, memory=memory, generations=1))
        asked = {text for call in endpoint.calls if call.path == "/v1/embeddings" for text in call.body["input"]}
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    evaluation = campaign.generations.order_by("number", "arm")[1].evaluation
    shown = Trace.objects.filter(pk__in={key for trace, _ in prompts_of(evaluation) for key in trace.facts["memory"]})
    assert shown
    assert {trace.problem.statement for trace in shown} <= asked
    assert SpendDay.objects.get(sampler=embedder).cost > 0


def test_memory_fills_as_a_campaign_samples_and_no_held_out_problem_is_ever_in_it(lead, copier):
    """Canaries: a word that stands in every held-out problem, and copies of such problems among the training ones."""
    sets = two_sets()
    for number, problem in enumerate(sets[1].problems.all()[:3]):
        factories.make_problem(
            problem_set=sets[0], kind="numeric", spec={}, reference=problem.reference, family="two-digits",
            name=f"copy-{number}", statement=problem.statement.upper() if number else f"{problem.statement} ",
        )  # fmt: skip
    with FakeEndpoint(answerer=adder) as endpoint:
        memory = Memory(count=2, source=MemorySource.VERIFIERS)
        campaign = finish(plan(lead, endpoint, sets=sets, memory=memory, generations=2))
        assert (campaign.state, campaign.state_reason) == ("finished", "")
        assert len(campaign.left_out) == 3
        rows = list(campaign.generations.order_by("number"))
        kept = [
            trace.facts["memory"]
            for row in rows
            for run in (row.run, row.evaluation)
            if run
            for trace, _ in prompts_of(run)
        ]
        assert all(prompt_memory == [] for prompt_memory in kept[:16]), "before anything is drawn it is empty"
        shown = {key for keys in kept for key in keys}
        assert shown, "what was right is shown at once"
        own = set(Trace.objects.filter(run__in=[row.run_id for row in rows if row.run_id]).values_list("pk", flat=True))
        assert shown <= own
        for row in rows[1:]:
            assert not any("zwkanarie" in prompt.casefold() for _, prompt in prompts_of(row.run))
            told = [prompt.casefold().count("zwkanarie") for _, prompt in prompts_of(row.evaluation)]
            assert told == [1] * 16, "the problem itself, and no other"
        assert copier.written
        assert not any("zwkanarie" in text.casefold() for text in copier.written)
        held = ReleaseItem.objects.filter(trace__problem__problem_set=sets[1])
        assert not held.exists()
        before, after = (row.measured["passed"]["mean"] for row in (rows[0], rows[-1]))
        assert after > before
        assert after == 1.0, "two solved sums are always there by then"
        without = finish(
            plan(lead, endpoint, sets=sets, generations=2, sampler=campaign.first_sampler, cloned_from=campaign)
        )
    (relative,) = show_relatives(without, list_generations(without))
    assert relative.campaign == campaign
    assert relative.differs.startswith("memory")
    assert [each.mine.samples.value for each in relative.rows] == [
        each.theirs.samples.value for each in relative.rows
    ], "equal samples"
    assert relative.rows[-1].theirs.share > relative.rows[-1].mine.share
    assert "the one there" in relative.apart


def test_a_family_opens_when_those_that_it_builds_on_are_solved_and_as_many_samples_are_drawn(lead, copier):
    with FakeEndpoint(answerer=adder) as endpoint:
        memory = Memory(count=2, source=MemorySource.VERIFIERS)
        campaign = plan(
            lead, endpoint, memory=memory, generations=2, curriculum=True, opens_at=0.9,
            prerequisites={"two-digits": ["one-digit"]},
        )  # fmt: skip
        assert show_curriculum(campaign.kept_plan, []).words == "2 families, 0 open, 1 prerequisites."
        finish(campaign)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    rows = list(campaign.generations.order_by("number"))
    assert [row.families for row in rows] == [[], ["one-digit"], ["one-digit", "two-digits"]]
    assert [row.run.planned_count for row in rows[1:]] == [16, 16], "as many as of all problems"
    sampled = Attempt.objects.filter(run=rows[1].run).values_list("problem__family", flat=True)
    assert set(sampled) == {"one-digit"}
    first = next(trace for trace, _ in prompts_of(rows[2].run) if trace.problem.family == "two-digits")
    families = set(Trace.objects.filter(pk__in=first.facts["memory"]).values_list("problem__family", flat=True))
    assert families == {"one-digit"}, "what it builds on is shown before it has anything of its own"
    shown = show_curriculum(campaign.kept_plan, rows)
    assert [(each.family, each.since, each.waits) for each in shown.families] == [
        ("one-digit", 1, ""),
        ("two-digits", 2, ""),
    ]
    assert len(shown.paths) == 1


def test_prerequisites_that_make_no_curriculum_are_refused_in_one_sentence(lead, copier):
    sets = two_sets(("one", "two"), count=1)
    sums(sets[0], "three", 1, of="training")
    refused = (
        ({"two": ["one"], "one": ["two"]}, "Prerequisites: found the circle two → one → two, expected none."),
        (
            {"two": ["four"]},
            "Prerequisites: found the family 'four', expected one of the training set (one, three, two).",
        ),
        ({"two": ["three"]}, "Prerequisites: found 'three' without a held-out problem, expected one to measure it by."),
        ({}, "Prerequisites: found no family that builds on another, expected some for a curriculum."),
    )
    with FakeEndpoint() as endpoint:
        for needs, said in refused:
            with pytest.raises(Fault) as fault:
                plan(lead, endpoint, sets=sets, curriculum=True, prerequisites=needs)
            assert str(fault.value) == said
            assert fault.value.field == "prerequisites"
    assert not Campaign.objects.exists()


def test_where_a_gate_decides_held_out_problems_are_measured_without_memory(lead, copier):
    with FakeEndpoint(answerer=adder) as endpoint:
        memory = Memory(count=2, source=MemorySource.VERIFIERS)
        campaign = finish(plan(lead, endpoint, memory=memory, generations=2, test=GateTest.MCNEMAR))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    first, _, second = campaign.generations.order_by("number")
    assert any(trace.facts["memory"] for trace, _ in prompts_of(second.run))
    assert not any(trace.facts.get("memory") for trace, _ in prompts_of(second.evaluation))
    assert second.measured["passed"] == first.measured["passed"], "the copier has learnt nothing, and so it is measured"
    assert not second.decision["promotes"]
    assert "held-out problems are measured without it" in dict(plan_words(campaign, campaign.kept_plan))["Memory"]


def test_a_generation_without_anything_right_is_drawn_anew_once_resumed(lead, copier):
    wrong = True

    def answer(prompt, ordinal):
        return Answer("It is \\boxed{0}.") if wrong else adder("1 plus 2 3 plus 4 " + prompt, ordinal)

    with FakeEndpoint(answerer=answer) as endpoint:
        campaign = finish(plan(lead, endpoint, generations=1))
        assert campaign.state_reason == (
            "Generation 1: no sample that may be learnt from is right by its verifiers. Resume to draw new samples."
        )
        before, wrong = campaign.generations.get(number=1).run, False
        resume_campaign(actor=lead, job_id=campaign.pk)
        finish(campaign)
    row = campaign.generations.get(number=1)
    assert (campaign.state, row.replaced.get()) == ("finished", before)
    assert row.run.seed != before.seed
    assert {item.trace.run_id for item in row.release.items.all()} == {row.run_id}
