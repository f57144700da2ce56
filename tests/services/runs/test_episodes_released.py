"""A world that nobody here wrote, from its name to the file that a trainer reads."""

import json
import uuid

from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Export, Trace
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted

ICE = {"desc": ["SFF", "FFF", "FFG"], "is_slippery": False}


def lines(release, lead, export_format):
    job = request_export(actor=lead, release=release, export_format=export_format)
    write_export(job_id=job.pk)
    path = export_path(Export.objects.get(pk=job.pk))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_gymnasium_environment_is_played_accepted_and_exported(lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    plan = world_plan("gymnasium:FrozenLake-v1", ICE, [], steps=40)
    run = play_all(plan_episodes(make_world_set(plan, 5, "Frozen lake"), sampler=agent("fast-slow")))
    trace = Trace.objects.filter(run=run, correctness="pass").order_by("pk").first()
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="Walks on ice", key=uuid.uuid4())
    [row] = lines(release, lead, "sft-messages")
    asked, *turns, last = row["messages"]
    assert asked["role"] == "user"
    assert "FrozenLake-v1" in asked["content"]
    assert [turn["role"] for turn in turns] == ["assistant", "tool"] * len(trace.answer)
    called = [json.loads(turn["tool_calls"][0]["function"]["arguments"])["action"] for turn in turns[::2]]
    assert called == trace.answer
    assert last == {"role": "assistant", "content": f"The goal is reached after {len(called)} steps."}
    [tool] = row["tools"]
    assert (tool["function"]["name"], tool["function"]["parameters"]["required"]) == ("act", ["action"])
    assert asked["content"].endswith("Actions: left, down, right, up.")
    [full] = lines(release, lead, "full")
    assert (full["problem"]["kind"], full["trace"]["answer"]) == ("environment", trace.answer)
    assert full["problem"]["spec"]["world"] == "gymnasium:FrozenLake-v1"
    assert {verdict["verifier"]: verdict["outcome"] for verdict in full["verdicts"]} == {"episode": "pass"}
