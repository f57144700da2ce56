"""A machine with an environment for models, as far as tests need one: children are played by a stand-in."""

import json
import sys
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from tests import factories
from trajectories.adapters.local_models import children, serving
from trajectories.adapters.local_models.environment import lacking
from trajectories.core.identity import canonical_json
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Release
from trajectories.services.releases.freezing import freeze_accepted

_LACKING = lacking(settings.TRAINING_PYTHON)
WHERE_MODELS_ARE_TRAINED = pytest.mark.skipif(bool(_LACKING), reason=_LACKING or "nothing is lacking")
"""For tests of the real trainer, which need what `make training` installs."""

STAND_IN = Path(__file__).parent / "adapters" / "local_models" / "stand_in.py"
TOLD_AT_THE_START = {
    "kind": "started",
    "device": "CPU, 1 threads",
    "rows": 3,
    "rows_held_out": 0,
    "too_long": 1,
    "torn": 0,
    "longest": 40,
    "weights": 100,
    "trained_weights": 100,
    "versions": {"torch": "2", "transformers": "5", "trl": "1"},
}
MODEL = {"model": {"config.json": "{}", "model.safetensors": "weights"}}
FINISHED = {"tell": {"kind": "finished", "steps": 2, "last_loss": 0.5}}


def make_environment(folder: Path) -> Path:
    """What looks like the environment of `make training`."""
    package = folder / "lib" / "python3.11" / "site-packages" / "trl"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def make_folder(root: Path, name: str = "small") -> Path:
    """What looks like a model."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text("weights")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def let_play(monkeypatch, *acts) -> None:
    """Have every child do these acts, see stand_in."""

    def command(_environment, _module, arguments, _reads, _writes):
        plan = Path(arguments[0])
        played = {**json.loads(plan.read_text()), "play": list(acts)}
        plan.write_text(json.dumps(played))
        return [sys.executable, str(STAND_IN), str(plan)], False

    monkeypatch.setattr(children, "child_command", command)


def serve_by(monkeypatch, **given) -> serving.Server:
    """A server of this test whose child answers so; close it."""
    let_play(monkeypatch, {"answers": given})
    return serving.Server()


def make_sums(count: int = 4, *, wrong: bool = True, splits: tuple[str, ...] = ("train",)) -> Release:
    """A release of sums, each answered rightly and, where `wrong`, wrongly too; problems take the splits in turn."""
    reviewer = User.objects.get_or_create(username="sums-reviewer")[0]
    for number in range(count):
        problem = factories.make_problem(
            kind="numeric",
            name=f"sum-{uuid.uuid4().hex[:8]}",
            statement=f"What is {number} + 1?",
            spec={},
            reference=number + 1,
            split=splits[number % len(splits)],
        )
        for said, is_right in ((number + 1, True), (number + 2, False))[: 1 + wrong]:
            prompt = canonical_json([{"role": "user", "content": problem.statement}])
            trace = factories.make_trace(
                problem=problem,
                prompt=factories.make_text(prompt),
                reasoning=f"Answer: {said}",
                program="",
                steps=[],
                answer=str(said),
                correctness="pass" if is_right else "fail",
            )
            factories.make_verdict(trace=trace, verifier="numeric", outcome="pass" if is_right else "fail")
    rule = Rule(reviews=Reviews(accepted_by=0))
    return freeze_accepted(actor=reviewer, title=f"Sums {count}", rule=rule, key=uuid.uuid4())
