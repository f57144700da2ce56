"""Nobody sees what others decided before their own review: every page, whole and in part, with every filter."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format

from tests.factories import make_review, make_verdict
from tests.reads import changed, fingerprint
from tests.visits import admin_visits, uncovered, visits
from tests.walker import Answer, Visit, Walker, settled, undone
from tests.world import World, make_world
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import (
    CandidateReview,
    Comparison,
    ImportedReview,
    ImportedVerdict,
    JudgeJobItem,
    Tag,
    Trace,
    TraceTag,
)
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.templatetags.listing import moment

PLANTED = ("quokkas", "zenobia", "numbats", "wombats", "bilbies", "possums", "dunnarts", "quoll-like")
"""A comment, a reviewer, an imported one, a model's reason and message, a candidate's comment, a release, a tag."""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def world(lead) -> World:
    return make_world(lead)


@pytest.fixture
def other(db) -> User:
    person = User.objects.create_user("zenobia", password="a long enough password")
    person.groups.add(Group.objects.get(name="curator"))
    return person


@contextmanager
def said(world: World, other: User, lead: User, decision: Decision) -> Iterator[None]:
    """For a while: another person, a model judge and people elsewhere have decided on all three traces."""
    accepts = decision is Decision.ACCEPT
    with undone():
        for trace in world.traces:
            word = ReviewDraft(
                decision,
                score=4 if accepts else 2,
                reason="" if accepts else "lucky",
                comment="quokkas" if accepts else "quokkas!",
                step_labels={"0": "good" if accepts else "bad"},
            )
            submit_review(reviewer=other, trace=trace, draft=word, key=uuid.uuid4())
            outcome = "pass" if accepts else "fail"
            make_verdict(
                trace=trace,
                verifier="model_judge:correctness",
                outcome=outcome,
                previous_outcome="unscored",
                message="bilbies",
                evidence={"reason": "wombats", "answers": ["wombats"]},
                judge_job=world.judge_job,
            )
            Trace.objects.filter(pk=trace.pk).update(model_judged=outcome)
            tag, _ = Tag.objects.get_or_create(
                name="quoll-like" if accepts else "quolls", defaults={"created_by": other}
            )
            TraceTag.objects.create(tag=tag, trace=trace, author=other)
            JudgeJobItem.objects.filter(trace=trace).update(outcome=outcome, score=0.71, message="bilbies")
        one, two = sorted(trace.pk for trace in world.traces)[:2]
        Comparison.objects.create(
            problem=world.problem,
            first_id=one,
            second_id=two,
            swapped=False,
            reviewer=other,
            verdict="first" if accepts else "second",
            key=uuid.uuid4(),
        )
        ImportedReview.objects.create(trace=world.imported, pseudonym="numbats", decision=decision, score=4)
        ImportedVerdict.objects.create(
            trace=world.imported, verifier="model_preference:correctness", version=1, outcome="pass", message="bilbies"
        )
        first = CandidateReview.objects.create(
            candidate=world.candidate, reviewer=other, decision=decision, comment="possums", key=uuid.uuid4()
        )
        CandidateReview.objects.create(
            candidate=world.candidate, reviewer=other, decision="withdraw", supersedes=first, key=uuid.uuid4()
        )
        if accepts:
            # All of this is one transaction, which the freezing would refuse to read in.
            with patch("trajectories.services.releases.freezing.one_snapshot", nullcontext):
                freeze_accepted(actor=lead, title="dunnarts", key=uuid.uuid4())
        yield


def everything(
    walker: Walker, visited: list[Visit], *, in_part: bool = True, known: Mapping[str, Answer] | None = None
) -> dict[str, tuple[Visit, Answer]]:
    return {asked: (visit, answer) for asked, visit, answer in walker.walk(visited, in_part=in_part, known=known)}


def untouched(pages: dict[str, tuple[Visit, Answer]], tables: frozenset[str]) -> dict[str, Answer]:
    """The answers that were made of none of the tables: they need not be asked for again where only those changed."""
    return {asked: answer for asked, (_, answer) in pages.items() if not answer.read & tables}


def test_every_address_is_visited(world):
    assert uncovered(visits(world)) == set()


def test_how_slowly_pages_are_walked_makes_no_difference():
    ages = [timedelta(seconds=each) for each in (0, 30, 61, 240, 3_700, 8_000)]
    lists = {settled(moment(timezone.now() - age)).partition(">")[2] for age in ages}
    assert lists == {"LATELY</time>"}
    assert {settled(str(naturaltime(timezone.now() - age))) for age in ages} == {"LATELY"}
    assert settled("<dt>Pace</dt><dd>45 an hour</dd>") == settled("")
    # A walk may begin before midnight and end after it.
    evening = datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC)
    for shown in (
        moment,
        datetime.isoformat,
        lambda when: date_format(when, "Y-m-d"),
        lambda when: date_format(when, "j M Y, H:i"),
    ):
        assert settled(shown(evening)) == settled(shown(evening + timedelta(seconds=2)))


def without_what_comes_next(answer: Answer) -> tuple[int, str, list[str]]:
    return answer.status, answer.goes_to, [line for line in answer.text.splitlines() if "data-following" not in line]


@pytest.mark.long
def test_before_their_own_review_a_curator_sees_no_trace_of_what_others_said(world, curator, other, lead):
    walker, visited, before = Walker(curator), visits(world), fingerprint()
    silent = everything(walker, visited, in_part=False)
    with said(world, other, lead, Decision.ACCEPT):
        now = fingerprint()
        accepted = everything(walker, visited, known=untouched(silent, changed(before, now)))
    with said(world, other, lead, Decision.REJECT):
        differing = changed(now, fingerprint())
        rejected = everything(walker, visited, known=untouched(accepted, differing))
    assert differing >= {"trajectories_review", "trajectories_verdict", "trajectories_trace"}
    assert len(accepted) > 400
    for asked, (_, answer) in (*accepted.items(), *rejected.items()):
        # 503 is what this address says where no worker is alive, as here.
        assert answer.status < 500 or "/health/workers/" in asked, asked
        assert [word for word in PLANTED if word in answer.text] == [], asked
    # What was decided makes no difference at all: no count, order, best trace, next trace, length of a page.
    assert [asked for asked, found in accepted.items() if found[1] != rejected[asked][1]] == []
    # That something was decided makes one: what nobody has decided comes first.
    differ = [
        asked
        for asked, (visit, answer) in silent.items()
        if visit.name not in ("trace_next", "review_submit", "review_undo")
        and not visit.name.startswith("comparison_")
        and without_what_comes_next(answer) != without_what_comes_next(accepted[asked][1])
    ]
    assert differ == []


def test_staff_who_review_see_no_trace_of_it_in_the_administration(world, curator, other, lead):
    curator.is_staff = True
    curator.save()
    curator.user_permissions.set(Permission.objects.filter(content_type__app_label="trajectories").exclude(
        codename="see_reviews"
    ))  # fmt: skip
    walker = Walker(User.objects.get(pk=curator.pk))
    with said(world, other, lead, Decision.ACCEPT):
        visited = admin_visits()
        pages = everything(walker, [Visit("admin:index", reverse("admin:index")), *visited], in_part=False)
        found = {asked: [word for word in PLANTED if word in answer.text] for asked, (_, answer) in pages.items()}
        chief = everything(Walker(User.objects.create_superuser("chief")), visited, in_part=False)
    assert {asked: words for asked, words in found.items() if words} == {}
    opened = {visit.name for visit, answer in pages.values() if answer.status == 200}
    assert "admin:trajectories_run" in opened
    assert not {f"admin:trajectories_{name}" for name in ("review", "trace", "auditevent", "releaseitem")} & opened
    # The words were there to be found.
    seen = {word for word in PLANTED for _, answer in chief.values() if word in answer.text}
    assert seen >= set(PLANTED) - {"wombats"}


def test_after_it_everything_shows_where_it_belongs(world, curator, other, lead):
    trace, walker = world.traces[0], Walker(curator)
    page = Visit("trace_detail", reverse("trace_detail", args=[trace.pk]))
    job = Visit("judge_job_detail", reverse("judge_job_detail", args=[world.judge_job.pk]))
    board = Visit("problem_detail", reverse("problem_detail", args=[world.problem.pk]))
    rejected = Visit("trace_list", reverse("trace_list") + "?decision=rejected")
    by_model = Visit("trace_list", reverse("trace_list") + "?model_judged=fail")
    with said(world, other, lead, Decision.REJECT):
        assert "row-target" not in walker.answer(rejected).text
        submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
        shown = walker.answer(page).text
        for word in ("quokkas!", "zenobia", "wombats", "bilbies", "Lucky fit", "2 of 5", "Rejected"):
            assert word in shown
        for visit in (rejected, by_model):
            listed = walker.answer(visit).text
            assert f"trace {trace.pk}<" in listed
            assert f"trace {world.traces[1].pk}<" not in listed
        assert "bilbies" in walker.answer(job).text
        assert "correctness" in walker.answer(board).text
        # Whoever takes their word back is blind again.
        undo_last_review(reviewer=curator, key=uuid.uuid4())
        assert "quokkas" not in walker.answer(page).text


def test_who_works_with_decisions_sees_them_in_lists_and_where_a_trace_is_reviewed_by_asking(
    world, lead, engineer, other
):
    trace = world.traces[0]
    page = Visit("trace_detail", reverse("trace_detail", args=[trace.pk]))
    asked = Visit("trace_detail", page.address + "?reviews=all")
    listed = Visit("trace_list", reverse("trace_list") + f"?decision=accepted&problem={world.problem.pk}")
    with said(world, other, lead, Decision.ACCEPT):
        assert f"trace {trace.pk}<" in Walker(lead).answer(listed).text
        blind = Walker(lead).answer(page).text
        assert not [word for word in PLANTED if word in blind]
        assert "?reviews=all" in blind
        for answer in (Walker(lead).answer(asked), Walker(engineer).answer(page)):
            for word in ("quokkas", "zenobia", "wombats", "bilbies"):
                assert word in answer.text


def test_a_curator_cannot_ask_to_be_shown_it(world, curator, other, lead):
    address = reverse("trace_detail", args=[world.traces[0].pk])
    with said(world, other, lead, Decision.ACCEPT):
        for query in ("?reviews=all", ""):
            text = Walker(curator).answer(Visit("trace_detail", address + query)).text
            assert "shows up once your own decision is in" in text
            assert "Show it" not in text


def test_what_nobody_has_decided_comes_first_and_then_the_rest_for_a_second_opinion(world, curator, other, lead):
    def following() -> str:
        visit = Visit("trace_next", reverse("trace_next") + f"?problem={world.problem.pk}&correctness=pass")
        return Walker(curator).answer(visit).goes_to.partition("?")[0]

    first, second, third = (trace for trace in reversed(world.traces))
    with undone():
        submit_review(reviewer=other, trace=first, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
        assert following() == reverse("trace_detail", args=[second.pk])
        for trace in (second, third):
            submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
        assert following() == reverse("trace_detail", args=[first.pk])
        submit_review(reviewer=curator, trace=first, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
        assert following() == ""


def test_a_job_over_a_selection_by_decision_is_for_who_may_see_decisions(client, curator, world):
    names = ("add_judgejob", "add_reverification")
    curator.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(curator)
    for name in ("judge_job_new", "judge_job_estimate", "reverification_new"):
        assert client.get(reverse(name) + f"?run={world.run.pk}").status_code == 200
        for query in ("decision=accepted", "model_judged=fail", "decision=unreviewed"):
            refused = client.get(f"{reverse(name)}?{query}")
            assert refused.status_code == 403
            assert "see_reviews" in refused.content.decode()


def test_which_traces_were_examples_is_told_to_who_may_see_decisions(world, curator, lead):
    page = Visit("trace_detail", reverse("trace_detail", args=[world.old.pk]))
    assert "<dt>Examples</dt>" in Walker(lead).answer(page).text
    assert "<dt>Examples</dt>" not in Walker(curator).answer(page).text


@pytest.mark.long
def test_someone_who_may_neither_review_nor_see_reviews_sees_none(world, nobody, other, lead):
    nobody.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    with said(world, other, lead, Decision.ACCEPT):
        visited = [visit for visit in visits(world) if visit.data is None and "?" not in visit.address]
        pages = everything(Walker(nobody), visited)
    for asked, (_, answer) in pages.items():
        assert [word for word in PLANTED if word in answer.text] == [], asked


def test_the_permission_is_the_roles_of_who_works_with_decisions(curator, lead, engineer):
    assert [person.has_perm(SEE_REVIEWS) for person in (curator, lead, engineer)] == [False, True, True]


def test_a_review_of_another_trace_opens_nothing_here(world, curator, other, lead):
    make_review(trace=world.old, reviewer=curator)
    with said(world, other, lead, Decision.ACCEPT):
        page = Visit("trace_detail", reverse("trace_detail", args=[world.traces[0].pk]))
        assert "quokkas" not in Walker(curator).answer(page).text
