from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests import factories
from tests.campaigns import begin, learnt_campaign, two_sets
from trajectories.adapters.training import TRAINERS
from trajectories.management.commands import campaign as campaign_command
from trajectories.models import AuditEvent, Campaign
from trajectories.services.jobs import outages

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("campaign", *arguments, stdout=out)
    return out.getvalue()


def test_a_campaign_is_begun_by_a_template_with_other_values_for_its_fields():
    two_sets()
    said = run("--set", "generations=1", "control=", "search_seconds=0.1", "samples_each=3")
    campaign = Campaign.objects.get()
    assert f"Campaign {campaign.pk}: Embedded ARC learner" in said
    plan = campaign.kept_plan
    assert (plan.generations, plan.control, plan.samples_each, plan.from_first) == (1, False, 3, True)
    assert campaign.first_sampler.parameters == {"work": 600_000}
    again = run("--like", str(campaign.pk), "--set", "generations=2")
    clone = Campaign.objects.latest("pk")
    assert "3 runs" in said
    assert "2 generations" not in again
    assert (clone.cloned_from, clone.kept_plan.generations, clone.kept_plan.control) == (campaign, 2, False)
    assert clone.seed != campaign.seed


def test_a_dry_run_says_what_it_takes_and_begins_nothing():
    two_sets()
    assert "7 runs, 4 trainings" in run("--dry-run")
    assert not Campaign.objects.exists()


def test_who_follows_a_campaign_waits_for_a_database_that_is_away(monkeypatch):
    two_sets()
    values = ("--set", "generations=1", "control=", "search_seconds=0.1")
    run(*values)
    Campaign.objects.update(state="finished")
    campaign = Campaign.objects.get()
    real, away = Campaign.refresh_from_db, [OperationalError("server closed the connection unexpectedly")]

    def refresh(self, *args, **kwargs):
        if away:
            raise away.pop()
        real(self, *args, **kwargs)

    monkeypatch.setattr(Campaign, "refresh_from_db", refresh)
    monkeypatch.setattr(campaign_command, "plan_campaign", lambda **_: campaign)
    # The test's own transaction ends with its connection.
    monkeypatch.setattr(outages.connection, "close", lambda: None)
    assert f"finished. Champion: {campaign.champion}." in run(*values, "--wait")


def test_the_templates_are_listed_with_what_they_lack():
    said = run("--templates")
    assert said.startswith("embedded-arc: ")
    assert said.count("Needs a language model among the samplers; add one.") == 5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--set", "colour=red"], "--set: found 'colour=red', expected FIELD=VALUE with a field of the page."),
        (["--set", "generations=0"], "generations: Found 0, expected a whole number from 1 to 40."),
        (["--like", "99"], "--like: found 99, expected the id of a campaign that is there."),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(arguments, text):
    two_sets()
    with pytest.raises(CommandError, match="ound") as refusal:
        run(*arguments)
    assert text in str(refusal.value)
    assert not Campaign.objects.exists()


def test_a_campaign_with_people_is_begun_in_somebodys_name_or_not_at_all(lead, curator):
    two_sets()
    values = ("--set", "people=on", "search_seconds=0.1")
    with pytest.raises(
        CommandError, match="people: People review first: found a campaign that nobody begins, expected"
    ):
        run(*values)
    for name in ("nobody", curator.get_username()):
        with pytest.raises(CommandError, match=f"--as: found '{name}', expected the name of an account"):
            run(*values, "--as", name)
    assert not Campaign.objects.exists()
    run(*values, "--as", lead.get_username())
    assert Campaign.objects.get().created_by == lead


def test_a_clone_has_the_zeros_of_its_plan(monkeypatch):
    sets = two_sets()
    monkeypatch.setattr(TRAINERS["trl"], "missing", lambda: "")
    given = {"method": "dpo", "evaluation_share": 0, "beta": 0.0}
    sampler = factories.make_sampler(kind="local", parameters={"folder": "small"}, title="Small")
    instruction = factories.make_instruction(problem_kind="arc", suits="chat", view="", style="program")
    monkeypatch.setattr("trajectories.services.campaigns.plans.check_base", lambda *_: None)
    monkeypatch.setattr(TRAINERS["trl"], "check", lambda *_: None)
    first = begin(
        sets=sets, sampler=sampler, instructions=[instruction], trainer="trl", parameters=given, take="uniform",
        replay="share", replay_percent=0.0,
    )  # fmt: skip
    assert first.kept_plan.parameters["evaluation_share"] == 0
    run("--like", str(first.pk))
    clone = Campaign.objects.latest("pk")
    assert clone.cloned_from == first
    assert clone.kept_plan == first.kept_plan
    assert (clone.kept_plan.parameters["beta"], clone.kept_plan.replay_percent) == (0, 0)


def test_a_campaign_is_paused_resumed_and_its_gate_overruled_in_the_name_of_an_account(lead, curator):
    campaign = learnt_campaign(lead, curator)
    challenger = campaign.generations.get(number=1, arm="champion").sampler
    Campaign.objects.filter(pk=campaign.pk).update(champion=campaign.first_sampler)
    with pytest.raises(CommandError, match="Reason: found 0 characters"):
        run("--overrule", str(campaign.pk), "--as", lead.username)
    said = run("--overrule", str(campaign.pk), "--reason", "Shorter programs.", "--as", lead.username)
    assert said.strip() == f"Campaign {campaign.pk}: The campaign. Champion: {challenger}."
    campaign.refresh_from_db()
    assert campaign.champion == challenger
    event = AuditEvent.objects.get(verb="campaign.overruled")
    assert (event.actor, event.data["reason"]) == (lead, "Shorter programs.")
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    for verb, state in (("--pause", "paused"), ("--resume", "queued")):
        assert f"It is {state}." in run(verb, str(campaign.pk), "--as", lead.username)
    for arguments, text in (
        (["--pause", str(campaign.pk)], "--pause: found no --as NAME"),
        (["--pause", str(campaign.pk), "--as", curator.username], "an account that may begin campaigns"),
        (["--resume", "999", "--as", lead.username], "--resume: found 999, expected the id of a campaign"),
        (["--resume", str(campaign.pk), "--as", lead.username], "only a paused one can be resumed"),
        (["--overrule", str(campaign.pk), "--reason", "Once more.", "--as", lead.username], "was overruled before"),
    ):
        with pytest.raises(CommandError, match=text):
            run(*arguments)
