"""The parts of the Python client beside runs, queues and releases, against the application itself."""

from tests import factories
from tests.queues import make_traces, queue_of
from tests.test_client import connect, one_connection  # noqa: F401 - fixtures
from trajectories.models import Comparison, Import, Problem, Review
from trajectories.services.imports.jobs import import_next


def test_traces_are_tagged_talked_about_compared_and_decided_finally(connect, lead, curator):  # noqa: F811
    first, _ = traces = make_traces(2)
    client, leading = connect(curator), connect(lead)
    event = client.tag("odd", traces=[trace.pk for trace in traces])["event"]
    assert [tag["name"] for tag in client.tags()] == ["odd"]
    assert client.undo_tagging(event)["traces"] == 2
    thread = client.begin_thread(first.pk, f"@{lead.username} Why?")
    (mention,) = leading.mentions()
    assert leading.read_mention(mention["id"]) == {"read": True}
    leading.add_remark(thread["id"], kind="resolve")
    assert [each["is_open"] for each in leading.threads(first.pk)] == [False]
    client.compare(client.next_pair(problem=first.problem_id), "tie", seconds=2)
    assert Comparison.objects.get().verdict == "tie"
    client.review(first.pk, "accept")
    leading.review(first.pk, "reject", reason="lucky")
    case = leading.adjudication(next(leading.adjudications())["trace"])
    assert leading.decide_finally(case, "accept")["decision"] == "accepted"
    assert leading.quality()["totals"]["shared"] == 1


def test_a_queue_is_led_and_decided_by_problem(connect, lead, curator):  # noqa: F811
    problem = factories.make_problem(kind="numeric", spec={}, reference="4")
    queue = queue_of(lead, make_traces(2, problem=problem, answer="4", program=""), by_problem=True)
    leading, client = connect(lead), connect(curator)
    assert leading.write_guidelines(queue.pk, "Keep one.")["text"] == "Keep one."
    group = client.next_problem(queue.pk)
    assert (group["guidelines"], len(group["answers"][0]["samples"])) == ("Keep one.", 2)
    assert client.submit_problem(queue.pk, group, all_rejected=True, reason="lucky")["decided"] == 2
    assert leading.queue_people(queue.pk)["people"][0]["done"] == 2
    assert client.undo_in_queue(queue.pk)["problem"] == problem.pk
    assert Review.objects.filter(decision="withdraw").count() == 2
    assert leading.change_queue(queue.pk, title="Other")["title"] == "Other"


def test_problems_are_made_and_figures_read(connect, lead):  # noqa: F811
    client = connect(lead)
    assert "addition" in [family["name"] for family in client.families(limit=1)]
    job = client.make_procedural("addition", size=3, set_title="Sums", key="sums")
    assert client.make_procedural("addition", size=3, set_title="Sums", key="sums")["id"] == job["id"]
    while import_next(job_id=job["id"]):
        pass
    assert (Problem.objects.count(), Import.objects.count()) == (3, 1)
    make_traces(2, correctness="fail", train_passed=2, train_total=2)
    assert {audit["name"]: audit["traces"] for audit in client.audits()}["train_not_test"] == 2
    assert len(list(client.audited("train_not_test"))) == 2
    assert client.audit_queue("train_not_test")["items"] == 2
    assert client.figure("errors")["columns"]
    assert client.budget()["title"]
    assert client.add_rubric(name="brevity", title="Brevity", text="Short.")["version"] == 1
