import shutil
from pathlib import Path

import pytest
from django.core.management import call_command


def test_every_probe_of_both_engines_is_printed(capsys: pytest.CaptureFixture[str], settings) -> None:
    settings.PROGRAM_ENVIRONMENT = Path("/missing")
    call_command("check_sandbox", engine="monty")
    shown = capsys.readouterr().out
    assert "bubblewrap" in shown
    assert "monty 1." in shown
    assert "ok    no files of the host: " in shown
    assert "families whose scorers evaluate answers are unscored: binary_matrix, countdown, " in shown
    assert shown.rstrip().endswith("PROGRAM_ENGINE=monty uses monty, which keeps programs in on this machine.")


def test_without_bubblewrap_auto_is_safe_and_bubblewrap_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    call_command("check_sandbox", engine="auto")
    shown = capsys.readouterr().out
    assert shown.count("cannot be used: bwrap is not installed") == 2
    assert "Answers are scored and compared in child processes without a sandbox." in shown
    with pytest.raises(SystemExit) as stopped:
        call_command("check_sandbox", engine="bubblewrap")
    assert stopped.value.code == 1


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_with_bubblewrap_answers_are_kept_in(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_sandbox", engine="auto")
    shown = capsys.readouterr().out
    assert "answers, in bubblewrap\n  ok    no files of the host: none" in shown
    assert "Answers are scored and compared in bubblewrap." in shown


def test_an_unknown_engine_is_named(capsys: pytest.CaptureFixture[str], settings) -> None:
    settings.PROGRAM_ENGINE = "docker"
    with pytest.raises(SystemExit) as stopped:
        call_command("check_sandbox")
    assert stopped.value.code == 1
    assert "PROGRAM_ENGINE: found 'docker', expected one of auto, bubblewrap, monty" in capsys.readouterr().err
