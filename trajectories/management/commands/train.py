"""Train a sampler of a release from the command line."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters.training import TRAINERS
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import TAKES
from trajectories.management.arguments import title
from trajectories.models import Release, Sampler, Training
from trajectories.services.training.abilities import standing_of
from trajectories.services.training.planning import start_training
from trajectories.services.training.work import train_next

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Train a sampler of a release, here and now; with --queue a worker does it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("release", type=int, metavar="RELEASE", help="the release's number")
        parser.add_argument("--trainer", choices=list(TRAINERS), default=next(iter(TRAINERS)))
        parser.add_argument("--base", metavar="SAMPLER", help="the sampler to begin from, by name")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one of its parameters")
        parser.add_argument("--take", choices=TAKES, default=TAKES[0], help="which traces enter")
        parser.add_argument("--per-problem", type=int, metavar="N", help="at most so many of one problem")
        parser.add_argument("--relabel", type=int, default=0, metavar="N", help="wrong ones of a problem, relabelled")
        parser.add_argument("--replay", type=float, default=0.0, metavar="PERCENT", help="share of earlier releases")
        parser.add_argument("--replay-of", type=int, action="append", default=[], metavar="RELEASE")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--title", type=title, default="")
        parser.add_argument("--queue", action="store_true", help="leave it to a worker, and only say its number")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for whatever is wrong, and where the training comes to nothing."""
        training = self._start(options)
        self.stdout.write(f"Training {training.pk}: {training.title}")
        if options["queue"]:
            if note := standing_of(TRAINERS[training.trainer]).note:
                self.stdout.write(note)
            return
        while not train_next(job_id=training.pk):
            training.refresh_from_db()
            if training.state not in Training.ACTIVE_STATES:
                break
            time.sleep(LOOK_SECONDS)  # a worker has heard the bell before: it is at it
        training.refresh_from_db()
        for line in training.funnel:
            self.stdout.write(f"{line['clause']:<24}{-line['removed'] + line['added']:>12,}{line['left']:>12,}")
        if training.artefact is None:
            raise CommandError(training.reason or f"The training is {training.state}.")
        self.stdout.write(f"SHA-256 {training.artefact.sha256}")
        self.stdout.write(f"Sampler {training.sampler.name}" if training.sampler else "It waits for its sampler.")

    def _start(self, options: dict[str, Any]) -> Training:
        release = Release.objects.filter(pk=options["release"]).first()
        if release is None:
            raise CommandError(f"There is no release {options['release']}.")
        base = Sampler.objects.filter(name=options["base"] or "").order_by("-version").first()
        if options["base"] and base is None:
            raise CommandError(f"There is no sampler named {options['base'][:80]!r}.")
        rule = {name: options[name] for name in ("take", "per_problem", "relabel", "replay", "replay_of")}
        try:
            return start_training(
                by=None,
                release=release,
                trainer=options["trainer"],
                parameters=_pairs(options["set"]),
                base=base,
                rule=rule,
                seed=options["seed"],
                title=options["title"],
            )
        except Fault as fault:
            raise CommandError(str(fault)) from fault


def _pairs(texts: list[str]) -> dict[str, str]:
    """The values of --set by name. Raises CommandError."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"--set: found {text[:40]!r}, expected NAME=VALUE.")
        found[name.strip()] = value
    return found
