"""A model of this machine that answers: one child for each process, kept warm between sessions."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from trajectories.adapters.local_models.children import ChildLimits, ModelChild, ModelChildError, Program
from trajectories.adapters.local_models.enclosing import can_enclose
from trajectories.adapters.local_models.environment import ModelEnvironment
from trajectories.core.records import JSON

START_SECONDS, GRACE_SECONDS = 1_800.0, 60.0
TRIES = 2
"""A child that dies over a batch is replaced, and the batch tried once more."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What is served, and by what: `folder` holds the model; `memory_bytes` is the most it may hold, 0 for no limit."""

    environment: ModelEnvironment
    folder: Path
    precision: str = "auto"
    threads: int = 1
    memory_bytes: int = 0


class Listener(Protocol):
    """Hears what a batch of calls says while it is made."""

    def begin(self) -> None:
        """Forget what was heard: the batch is asked for again from its beginning."""

    def hear(self, place: int, text: str) -> None:
        """Take the next piece of the answer to the call at `place` in the batch, from 0."""


class Server:
    """Asks the child of a model, which starts with the first request, and dies with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # bubblewrap ends with the *thread* that started it: this one lives as long as the server.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="model-starter")
        self._model: ServedModel | None = None
        self._child: ModelChild | None = None
        self._work: Path | None = None

    @property
    def pid(self) -> int:
        """The process that answers, 0 where none runs."""
        return self._child.pid if self._child is not None else 0

    def answer(
        self,
        model: ServedModel,
        request: Mapping[str, JSON],
        seconds: float,
        wanted: Callable[[], bool],
        listener: Listener,
    ) -> Sequence[Mapping[str, Any]]:
        """The answers to a batch of calls, see inside.generate; the listener hears what they say meanwhile. Another
        model is let go of first.

        Raises ModelChildError; with the kind "unwanted" where `wanted` says so meanwhile.
        """
        with self._lock:
            for tries_left in reversed(range(TRIES)):
                try:
                    child = self._running(model, wanted)
                    listener.begin()
                    child.answer(dict(request))
                    told = self._wait(child, "answers", seconds + GRACE_SECONDS, wanted, listener)
                    return list(told["answers"])
                except ModelChildError as fault:
                    self._drop()
                    if not tries_left or fault.kind not in ("ended", "killed"):
                        raise
                except BaseException:
                    self._drop()
                    raise
        raise AssertionError

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._drop()

    def _running(self, model: ServedModel, wanted: Callable[[], bool]) -> ModelChild:
        if self._child is not None and self._model == model and self._child.alive:
            return self._child
        self._drop()
        self._model = model
        self._child = self._starter.submit(self._start, model).result()
        self._wait(self._child, "started", START_SECONDS, wanted)
        return self._child

    def _start(self, model: ServedModel) -> ModelChild:
        self._work = Path(tempfile.mkdtemp(prefix="minicolumn-model-"))
        plan = self._work / "plan.json"
        told = {
            "folder": str(model.folder),
            "precision": model.precision,
            "threads": model.threads,
            "enclosed": can_enclose(model.environment),
        }
        plan.write_text(json.dumps(told), encoding="utf-8")
        limits = ChildLimits(memory_bytes=model.memory_bytes)
        program = Program("generate", (str(plan),), (model.folder,), self._work, model.threads, limits)
        return ModelChild(model.environment, program)

    @staticmethod
    def _wait(
        child: ModelChild, kind: str, seconds: float, wanted: Callable[[], bool], listener: Listener | None = None
    ) -> dict[str, Any]:
        until = time.monotonic() + seconds
        for line in child.lines():
            if line is not None and line["kind"] == kind:
                return line
            if line is not None and line["kind"] == "words" and listener is not None:
                for place, text in line["words"]:
                    listener.hear(place, text)
            if not wanted():
                raise ModelChildError("unwanted", "Nobody wants the answers any more.")
            if time.monotonic() > until:
                raise ModelChildError("time", f"The model did not answer within {seconds:.0f} seconds.")
        raise ModelChildError("ended", "The model ended without an answer.")

    def _drop(self) -> None:
        if self._child is not None:
            self._child.close()
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
        self._child = self._work = self._model = None


@cache
def shared_server() -> Server:
    """The server of this process."""
    return Server()
