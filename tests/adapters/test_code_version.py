import subprocess

import pytest

from trajectories.adapters.code_version import ROOT, code_version


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_in_a_checkout_it_is_a_commit():
    commit = code_version().removesuffix("-dirty").rpartition("-g")[2]
    kind = subprocess.run(["git", "cat-file", "-t", commit], cwd=ROOT, capture_output=True, text=True, check=True)
    assert kind.stdout.strip() == "commit"
