"""Workers that are killed while they freeze or write: nothing is there before it is whole, and later it is the same."""

import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from tests import factories
from tests.worker import ROOT, database_url
from trajectories.models import Export, Freezing, Release, ReleaseItem
from trajectories.services.releases.exports import (
    Wanted,
    export_path,
    lost_exports,
    request_file,
    write_export,
)
from trajectories.services.releases.freezing import (
    Order,
    freeze_accepted,
    freeze_next,
    lost_freezings,
    plan_freezing,
)
from trajectories.services.releases.stores import sweep_leftovers

pytestmark = pytest.mark.django_db(transaction=True)
CONTAINERS = ("parquet", "folder", "jsonl", "jsonl.gz")
MOMENTS = ("0", "1", "end", "stored")
"""In front of the first chunk of a file and of the second, behind the last, and once the file has its name."""

# A worker of its own for each file, which a signal ends that nothing can catch.
KILLED = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
import django
django.setup()
from django.db import connections
from trajectories.adapters import tables
from trajectories.services.releases import exports, writing
from trajectories.services.releases.exports import write_export
tables.PIECE_BYTES = writing.CHUNK_BYTES = 256
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
for key, after in (each.split(":") for each in sys.argv[1:]):
    connections.close_all()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print(key, after, os.WTERMSIG(status), flush=True)
        continue
    whole = writing.ExportWriter.chunks
    def chunks(self, after=after):
        for place, chunk in enumerate(whole(self)):
            if str(place) == after:
                kill()
            yield chunk
        if after == "end":
            kill()
    writing.ExportWriter.chunks = chunks
    if after == "stored":
        exports._Writer.finish = kill
    write_export(job_id=int(key))
    os._exit(0)
"""

# The same in the middle of freezing: where the named function would be called.
KILLED_FREEZING = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
import django
django.setup()
from django.db import connections
from trajectories.models import Freezing
from trajectories.services.releases import contents, freezing
for place in sys.argv[2:]:
    connections.close_all()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print(place, os.WTERMSIG(status), flush=True)
        continue
    Freezing.objects.filter(state="running").update(lease_expires_at="2020-01-01T00:00:00Z")
    held = contents.Contents if hasattr(contents.Contents, place) else freezing
    setattr(held, place, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    freezing.freeze_next(job_id=int(sys.argv[1]))
    os._exit(0)
"""
PLACES = ("add", "manifest", "copy_lines", "tell_parent")
"""Before a trace is read, once all are, before the items are stored, and before the transaction with them ends."""


@pytest.fixture
def release(settings, tmp_path, lead):
    settings.EXPORT_DIR = tmp_path / "var" / "exports"
    for number in range(6):
        problem = factories.make_problem(split="eval" if number % 2 else "train")
        trace = factories.make_trace(problem=problem, reasoning=f"It is {number}.", correctness="pass")
        factories.make_review(trace=trace, reviewer=lead)
        type(trace).objects.filter(pk=trace.pk).update(decision="accepted")
    return freeze_accepted(actor=lead, title="All", key=uuid.uuid4())


def kill_workers(tmp_path, *places: str, script: str = KILLED) -> list[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(connection.settings_dict),
        "MINICOLUMN_VAR": str(tmp_path / "var"),
        "SECRET_KEY": django_settings.SECRET_KEY,
    }
    told = subprocess.run(
        [sys.executable, "-c", script, *places], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return told.stdout.splitlines()


def test_a_killed_worker_leaves_no_file_and_the_same_bytes_come_later(release, lead, tmp_path):
    whole = {}
    for container in CONTAINERS:
        export = request_file(actor=lead, release=release, wanted=Wanted("sft-messages", container=container))
        write_export(job_id=export.pk)
        whole[container] = export_path(export).read_bytes()
        export_path(export).unlink()
    # Asked for again, since the files are gone.
    again = [Wanted("sft-messages", container=each) for each in whole]
    exports = {each.container: request_file(actor=lead, release=release, wanted=each) for each in again}
    for after in MOMENTS:
        # What is compressed is so short that it is one chunk.
        killed = [export for name, export in exports.items() if (name, after) != ("jsonl.gz", "1")]
        places = [f"{export.pk}:{after}" for export in killed]
        told = kill_workers(tmp_path, *places)
        assert told == [f"{place.replace(':', ' ')} {int(signal.SIGKILL)}" for place in places]
        there = {name: export_path(export).read_bytes() for name, export in exports.items() if after == "stored"}
        assert there == (whole if after == "stored" else {})
        assert after == "stored" or not any(export_path(export).exists() for export in exports.values())
        assert set(Export.objects.values_list("state", flat=True)) == {"running"}
        # Nobody is at them: the lease runs out, and the sweep rings again.
        Export.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1), rung_at="2020-01-01T00:00:00Z")
        assert sorted(lost_exports()) == sorted(export.pk for export in exports.values())
    left = list(export_path(exports["parquet"]).parent.iterdir())
    assert left, "a killed worker cannot clean up after itself"
    for each in left:
        os.utime(each, (0, 0))
    for container, export in exports.items():
        write_export(job_id=export.pk)
        export.refresh_from_db()
        assert (export.state, export_path(export).read_bytes() == whole[container]) == ("ready", True)
    sweep_leftovers()
    assert sorted(path.name for path in export_path(export).parent.iterdir()) == sorted(
        export_path(each).name for each in exports.values()
    )


def test_a_worker_killed_while_it_freezes_leaves_nothing_and_the_same_release_comes_later(release, lead, tmp_path):
    job = plan_freezing(actor=lead, order=Order("Again"), key=uuid.uuid4())
    told = kill_workers(tmp_path, str(job.pk), *PLACES, script=KILLED_FREEZING)
    assert told == [f"{place} {int(signal.SIGKILL)}" for place in PLACES]
    job.refresh_from_db()
    assert (job.state, job.release) == ("running", None)
    assert list(Release.objects.all()) == [release]
    assert not ReleaseItem.objects.exclude(release=release).exists()
    left = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]
    assert left == [], "what a worker sets aside has no name"
    Freezing.objects.filter(pk=job.pk).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1), rung_at="2020-01-01T00:00:00Z"
    )
    assert lost_freezings() == [job.pk]
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.release.content_hash) == ("finished", release.content_hash)
