"""A restoring that is killed: its jobs never go on beside their original, and nothing starts on half of it."""

import pytest
from django.core.management import CommandError

from tests import factories
from tests.dumps import own_database
from tests.installed import FILES, files_in, silent, use_folder
from trajectories.management import preparation
from trajectories.models import Run
from trajectories.services.installation import backups
from trajectories.services.installation.backups import make_backup, restore_backup
from trajectories.services.installation.restore_marks import MARKER, finish_restoring


class KilledError(BaseException):
    """What ends a process without a word."""


def kill_before_pausing(folder, monkeypatch, **options) -> None:
    """Restore up to the last row, and no further."""

    def die(*_):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(backups, "end_restoring", die)
        with pytest.raises(KilledError):
            restore_backup(folder=folder, say=silent, **options)


@pytest.mark.parametrize("ended_by", ["the next start", "another try", "another try that goes on"])
def test_what_was_killed_before_its_jobs_were_paused_is_ended(var, tmp_path, settings, monkeypatch, ended_by):
    run = factories.make_run(state="running")
    make_backup(folder=tmp_path / "backup", say=silent)
    use_folder(settings, tmp_path / "new")
    with own_database("test_restored"):
        kill_before_pausing(tmp_path / "backup", monkeypatch)
        assert Run.objects.get(pk=run.pk).state == "running"
        assert (tmp_path / "new" / MARKER).exists()
        said: list[str] = []
        if ended_by == "the next start":
            finish_restoring(said.append)
        else:
            restore_backup(folder=tmp_path / "backup", say=said.append, goes_on="goes on" in ended_by)
        assert Run.objects.get(pk=run.pk).state == ("running" if "goes on" in ended_by else "paused")
        assert any(line.startswith("Paused 1 job that was under way") for line in said) is ("goes on" not in ended_by)
        assert not (tmp_path / "new" / MARKER).exists()
        assert files_in(tmp_path / "new") == FILES
        said.clear()
        finish_restoring(said.append)
        assert said == [], "it is done once"


def test_a_killed_restoring_whose_jobs_go_on_pauses_none_at_the_next_start(var, tmp_path, settings, monkeypatch):
    run = factories.make_run(state="running")
    make_backup(folder=tmp_path / "backup", say=silent)
    use_folder(settings, tmp_path / "new")
    with own_database("test_restored"):
        kill_before_pausing(tmp_path / "backup", monkeypatch, goes_on=True)
        finish_restoring(silent)
        assert Run.objects.get(pk=run.pk).state == "running"
        assert not (tmp_path / "new" / MARKER).exists()


def test_nothing_starts_where_a_restoring_was_killed_before_its_rows_came_in(backup, tmp_path):
    (tmp_path / "new" / "imports").mkdir(parents=True)
    (tmp_path / "new" / MARKER).touch()
    with pytest.raises(
        CommandError, match="found a restoring that was cut short, expected a whole one or none: repeat"
    ):
        preparation.prepare(silent)
    assert backups._tables() == []
    restore_backup(folder=backup, say=silent)
    finish_restoring(silent)
    assert files_in(tmp_path / "new") == FILES
