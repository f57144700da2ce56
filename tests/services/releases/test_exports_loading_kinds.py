"""Files of every kind of release as `datasets` loads them, by what the page prints: in every format and container the
same rows.

Point MINICOLUMN_DATASETS at a Python that has `datasets` (5.2.0 and 3.6.0 were tried).
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.services.releases.releases_to_train_on import KINDS, release_of_kind
from tests.services.releases.test_exports_loading import PYTHON, is_new_enough, without_nulls, written
from trajectories.core.exporters import EXPORTERS, Arguments, Container
from trajectories.services.releases.exports import export_filename, export_loading, export_path

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not PYTHON, reason="MINICOLUMN_DATASETS names no Python that has datasets"),
]
LOAD = """
import json, sys, traceback
for script in sys.argv[1:]:
    found = {}
    try:
        exec(open(script).read(), found)
    except Exception:
        sys.exit(script + traceback.format_exc())
    splits = found["data"].values() if isinstance(found["data"], dict) else [found["data"]]
    json.dump([row for split in splits for row in split], open(script + ".rows", "w"))
"""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def write_script(export, folder: Path) -> Path:
    """A script that loads the file of an export as its page says."""
    loading = export_loading(export)
    (folder / export_filename(export)).symlink_to(export_path(export))
    if loading.before:
        subprocess.run(loading.before, shell=True, cwd=folder, check=True)
    script = folder / f"{export_filename(export)}.py"
    opening = f"import {', '.join(loading.modules)}"
    script.write_text("\n".join([opening, *loading.statements, f"data = {loading.expression}"]))
    return script


def told(rows) -> list[str]:
    """What rows say, in an order of their own, since a folder has them by split."""
    plain = [
        {**row, "tools": json.loads(row["tools"])} if isinstance(row.get("tools"), str) and row["tools"] else row
        for row in rows
    ]
    return sorted(json.dumps(without_nulls(row), sort_keys=True) for row in plain)


@pytest.mark.parametrize("arguments", [*Arguments])
@pytest.mark.parametrize("kind", KINDS)
def test_every_table_is_loaded_with_the_same_rows(kind, arguments, lead, tmp_path):
    release = release_of_kind(kind, lead, tmp_path)
    scripts, lines = {}, {}
    for name, exporter in EXPORTERS.items():
        if not exporter.is_table:
            continue
        for container in exporter.containers:
            if container not in (Container.JSONL, Container.JSONL_GZ) and (kind, arguments) == ("mixed", "objects"):
                continue  # agents of two kinds call tools with other keys, which no typed column takes
            export = written(lead, release, name, container=container, arguments=arguments, with_meta=True)
            assert (export_loading(export) is None) == (not export.rows_written)
            if not export.rows_written or (export_loading(export).oldest and not is_new_enough()):
                continue
            scripts[name, container] = write_script(export, tmp_path)
            if container == Container.JSONL:
                lines[name] = [json.loads(line) for line in export_path(export).read_text().splitlines()]
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [PYTHON, "-c", LOAD, *map(str, scripts.values())],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    rows = {key: told(json.loads(Path(f"{script}.rows").read_text())) for key, script in scripts.items()}
    for (name, container), found in rows.items():
        wanted = told(lines[name]) if name in lines else rows[name, Container.PARQUET]
        assert found == wanted, (name, container)
    assert any(map(len, rows.values()))
