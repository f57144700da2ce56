"""An installation, and a backup of it with somewhere empty to restore it into."""

import pytest

from tests import factories
from tests.dumps import own_database
from tests.installed import FILES, silent, use_folder
from trajectories.models import Artefact
from trajectories.services.installation.backups import make_backup


@pytest.fixture
def var(transactional_db, tmp_path, settings):
    """An installation with traces and files."""
    var = tmp_path / "var"
    use_folder(settings, var)
    for number in range(3):
        factories.make_trace(reasoning=f"Line {number}\twith a tab, a \\ and an é.")
    for name, data in FILES.items():
        (var / name).parent.mkdir(parents=True, exist_ok=True)
        (var / name).write_bytes(data)
    (var / "exports" / "release-2.jsonl.x1.part").write_bytes(b"half a fi")
    (var / "secret_key").write_text("not to be copied")
    Artefact.objects.create(sha256="a" * 64, name="artefact-a.json", byte_size=2)
    return var


@pytest.fixture
def backup(var, tmp_path, settings):
    """A backup, and an empty installation to restore it into."""
    make_backup(folder=tmp_path / "backup", say=silent)
    use_folder(settings, tmp_path / "new")
    with own_database("test_restored"):
        yield tmp_path / "backup"
