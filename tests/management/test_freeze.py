import json

import pytest
from django.core.management import CommandError, call_command

from tests import factories
from trajectories.core.releases.rules import Rule
from trajectories.models import Release, ReleaseTag
from trajectories.services.releases.rules import save_rule


@pytest.fixture
def accepted(curator):
    trace = factories.make_trace(decision="accepted")
    factories.make_review(trace=trace, reviewer=curator, score=4)
    return trace


def freeze(capsys, *arguments):
    call_command("freeze", *arguments)
    return capsys.readouterr().out


def test_a_stored_rule_freezes_in_its_newest_version_and_moves_tags(accepted, lead, capsys):
    first = save_rule(actor=lead, title="Clean", rule=Rule(whole=True))
    newest = save_rule(actor=lead, title="Clean", rule=Rule(per_problem=1), of=first)
    told = freeze(capsys, "--rule", "clean", "--tag", "latest", "--notes", "The first one")
    release = Release.objects.get()
    assert (release.named_rule, release.notes, release.title) == (newest, "The first one", "Clean")
    assert ReleaseTag.objects.get(name="latest").release == release
    assert release.content_hash in told
    assert "More than the most of one problem" in told
    freeze(capsys, "--rule", "clean", "--version-of-rule", "1")
    assert Release.objects.latest("pk").named_rule == first


def test_a_rule_of_a_file_is_tried_without_freezing(accepted, tmp_path, capsys):
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({"version": 1, "per_problem": 1}))
    assert "Not accepted by enough people" in freeze(capsys, "--file", str(path), "--try")
    assert not Release.objects.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "rule.json: "), ('{"version": 1, "per_problem": 0}', "per_problem: found 0"), ("[]", "found \\[\\]")],
)
def test_a_wrong_file_is_said_and_freezes_nothing(accepted, tmp_path, text, message):
    path = tmp_path / "rule.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=message):
        call_command("freeze", "--file", str(path))
    assert not Release.objects.exists()


def test_what_is_not_there_or_takes_nothing_is_said(lead):
    with pytest.raises(CommandError, match="found 'nowhere', expected the name of a stored rule"):
        call_command("freeze", "--rule", "nowhere")
    save_rule(actor=lead, title="Clean", rule=Rule())
    with pytest.raises(CommandError, match="No accepted trace matches"):
        call_command("freeze", "--rule", "clean")
    with pytest.raises(CommandError, match="Tag: found 'not a tag'"):
        call_command("freeze", "--rule", "clean", "--tag", "not a tag")
