"""Which project acts: in threads, in what is kept, in folders, and for rows that are made later."""

import re
import threading
from pathlib import Path

import pytest

from trajectories.adapters.acting import (
    FIRST,
    act_in,
    acting_in,
    acting_project,
    cache_key,
    carried,
    carried_rows,
    chosen_project,
    folder_of,
    kept_by_project,
    name_of,
    schema_of,
)

ROOT = Path(__file__).resolve().parents[2] / "trajectories"
STARTS_THREADS = re.compile(r"threading\.Thread\(|ThreadPoolExecutor\(|run_in_executor\(|asyncio\.to_thread\(")
THREADS = {
    # What they are given is carried into the project of whoever gives it.
    "adapters/chat_api/calls/caller.py",
    "adapters/chat_api/calls/session.py",
    "management/commands/import_traces.py",
    "services/jobs/heartbeats.py",
    # Reads on the connection of the thread that began, which faces its project already.
    "adapters/rows_ahead.py",
    # Programs, models, files and hashes: no database, no folder of a project.
    "adapters/behind.py",
    "adapters/chat_api/samples/agents.py",
    "adapters/environments/nemo_gym.py",
    "adapters/environments/package.py",
    "adapters/local_models/inside/lines.py",
    "adapters/local_models/sampler.py",
    "adapters/local_models/serving.py",
    "adapters/sandbox/bubblewrap.py",
    "adapters/sandbox/enclosed.py",
    "adapters/tables.py",
    "services/verification/ahead.py",
    "stand_ins/fake_endpoint/server.py",
    # The tables of workers, which all projects share, and what is said once the server is up.
    "management/commands/up.py",
    "management/working.py",
}
"""Every module that starts threads, and why none of them works in the wrong project."""


def test_every_module_with_threads_says_in_which_project_they_work():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if STARTS_THREADS.search(path.read_text(encoding="utf-8"))
    }
    assert found == THREADS


def in_thread(call):
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def test_nobody_has_said_so_and_the_first_acts():
    assert (chosen_project(), acting_project()) == (None, FIRST)
    with acting_in(7):
        assert (chosen_project(), acting_project()) == (7, 7)
        with acting_in(None):
            assert acting_project() == FIRST
            act_in(8)
            assert acting_project() == 8
        assert acting_project() == 7
    assert chosen_project() is None


def test_a_thread_begins_in_the_first_project_unless_it_is_carried():
    with acting_in(7):
        assert in_thread(acting_project) == FIRST
        assert in_thread(carried(acting_project)) == 7
        carry = carried(acting_project)
    assert carry() == 7
    assert acting_project() == FIRST


def test_rows_are_made_in_the_project_that_asked_for_them():
    closed = []

    def rows():
        try:
            for _ in range(3):
                yield acting_project()
        finally:
            closed.append(acting_project())

    with acting_in(7):
        made = carried_rows(rows())
    assert next(made) == 7
    with acting_in(9):
        assert next(made) == 7
        assert acting_project() == 9
    made.close()
    assert closed == [7]
    with acting_in(7):
        made = carried_rows(rows())
    assert list(made) == [7, 7, 7]


def test_what_is_found_by_ids_is_kept_apart():
    asked = []

    @kept_by_project(maxsize=8)
    def find(number):
        asked.append((acting_project(), number))
        return f"{acting_project()}-{number}"

    assert (find(1), find(1)) == ("1-1", "1-1")
    with acting_in(7):
        assert (find(1), find(1)) == ("7-1", "7-1")
        assert cache_key("a", "", 1) != "::1:1:a"
        theirs = cache_key("a", "", 1)
    assert asked == [(1, 1), (7, 1)]
    assert cache_key("a", "", 1) != theirs
    find.cache_clear()
    assert find(1) == "1-1"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("project", "folder", "name"), [(FIRST, "x", "a.json"), (7, "x/project_7", "project_7/a.json")]
)
def test_files_of_a_project_are_in_its_own_folder(project, folder, name):
    with acting_in(project):
        assert folder_of(Path("x")) == Path(folder)
        assert name_of("a.json") == name
    assert schema_of(project) == ("public" if project == FIRST else "project_7")
