"""Uploads nobody came back to are deleted."""

import io
import os
import time

import pytest

from trajectories.services.problems.uploads import KEPT_SECONDS, find_upload, keep_upload
from trajectories.tasks.uploads import sweep_uploads


@pytest.mark.django_db
def test_old_uploads_go_and_new_ones_stay(settings, tmp_path, lead):
    settings.VAR_DIR = tmp_path
    old = keep_upload(owner=lead, name="old.csv", stream=io.BytesIO(b"1"))
    new = keep_upload(owner=lead, name="new.csv", stream=io.BytesIO(b"2"))
    past = time.time() - KEPT_SECONDS - 60
    for path in old.path.parent.glob(f"{old.token}.*"):
        os.utime(path, (past, past))
    sweep_uploads()
    assert find_upload(owner=lead, token=old.token) is None
    assert find_upload(owner=lead, token=new.token) == new
    assert len(list(old.path.parent.iterdir())) == 2
