"""Commands for one project: `manage.py --project NAME`."""

import pytest

from minicolumn import command
from tests import factories
from tests.projects import another_project
from trajectories.adapters.acting import acting_in

COUNT = "from trajectories.models import Run; print([run.title for run in Run.objects.all()])"


def run(monkeypatch, *arguments):
    monkeypatch.setattr("django.setup", lambda: None)  # it would write its log to where this test's words go
    monkeypatch.setattr("sys.argv", ["manage.py", *arguments])
    command.main()


@pytest.fixture
def project(transactional_db):  # a command closes its connection at the end
    found = another_project()
    factories.make_run(title="Mine")
    with acting_in(found.pk):
        factories.make_run(title="Theirs")
    return found


def test_a_command_acts_in_the_project_that_is_named(project, monkeypatch, capsys):
    for option in (["--project", "other"], ["--project=other"], []):
        run(monkeypatch, "shell", "--no-imports", *option, "-c", COUNT)
    assert capsys.readouterr().out.splitlines() == ["['Theirs']", "['Theirs']", "['Mine']"]


@pytest.mark.django_db
def test_a_name_that_is_none_stops_it(monkeypatch):
    for option in (["--project", "nowhere"], ["--project"], ["--project="]):
        with pytest.raises(SystemExit, match="Found no open project called"):
            run(monkeypatch, "shell", "-c", COUNT, *option)


def test_what_is_for_all_projects_is_not_for_one(monkeypatch):
    with pytest.raises(SystemExit, match="backup is for all projects"):
        run(monkeypatch, "backup", "--project", "other", "somewhere")
