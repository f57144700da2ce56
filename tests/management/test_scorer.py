"""Training a scorer from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.scorers import make_works
from trajectories.core.scorers import fitting
from trajectories.models import Scorer, Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings, tmp_path, monkeypatch):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    monkeypatch.setattr(fitting, "METHODS", {fitting.NUMBERS: fitting.METHODS[fitting.NUMBERS]})


def run(*arguments):
    out = StringIO()
    call_command("scorer", *arguments, stdout=out)
    return out.getvalue()


def test_a_scorer_is_trained_and_scores_at_once():
    works = make_works()
    said = run("told", "--traces", f"problem_set={works.pk}", "--score")
    scorer = Scorer.objects.get()
    assert f"Scorer {scorer.pk}: told, version 1" in said
    for words in ("36 right and 36 wrong, 12 problems", "AUC within problems", "72 traces scored, 72 new scores"):
        assert words in said, words
    assert scorer.artefact.sha256 in said
    assert Verdict.objects.filter(verifier="scorer:told").count() == 72
    assert "version 2" in run("told", "--queue")
    assert Scorer.objects.get(version=2).state == "queued"


def test_what_is_wrong_is_said():
    works = make_works(3)
    for arguments, message in (
        (("No Name",), "Found the name 'No Name'"),
        (("told", "--queue", "--score"), "expected one of them"),
        (("told", "--traces", "correctness=red"), "correctness"),
        (("told", "--traces", f"problem_set={works.pk}"), "expected at least 20 right"),
    ):
        with pytest.raises(CommandError, match=message):
            run(*arguments)
