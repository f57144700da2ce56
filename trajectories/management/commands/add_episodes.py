"""`manage.py add_episodes`: the episodes of a world that changes, as a set of problems."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from trajectories.core.faults import Fault
from trajectories.core.worlds import PREFIX, WORLDS, world_type
from trajectories.core.worlds.schedules import WorldPlan, read_changes
from trajectories.management.arguments import title
from trajectories.models import Problem
from trajectories.services.problems.episodes import add_episodes


class Command(BaseCommand):
    help = "Make a set of the episodes of a world; see docs/worlds.md for worlds, their settings and schedules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("world", help=f"one of {', '.join(WORLDS)}, or {PREFIX}NAME for one of Gymnasium")
        parser.add_argument("--title", type=title, help="of the set; by default it says which world")
        parser.add_argument("--episodes", type=int, default=100, metavar="N", help="by default 100")
        parser.add_argument("--steps", type=int, metavar="N", help="of an episode at the most; by default the world's")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides all that is drawn in the world")
        parser.add_argument(
            "--set", dest="world_settings", nargs="+", default=[], metavar="NAME=VALUE", help="settings of the world"
        )
        parser.add_argument(
            "--changes",
            metavar="JSON",
            help='the schedule, as [{"episode": 50, "step": 0, "set": {...}}]; by default the world\'s, [] for none',
        )
        parser.add_argument("--split", choices=Problem.Split.values, default=Problem.Split.TRAIN.value)

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            plan = _plan(options)
            report = add_episodes(
                actor=None,
                plan=plan,
                episodes=options["episodes"],
                set_title=options["title"] or f"{plan.world}, seed {plan.seed}",
                split=options["split"],
            )
        except (Fault, ValueError) as fault:
            raise CommandError(str(fault)) from fault
        except ValidationError as fault:
            raise CommandError(f"--title: found {options['title']!r}, expected one with letters or digits.") from fault
        if report.refused:
            raise CommandError(f"{report.faults[0]}; nothing was made.")
        where = f" in the set {report.problem_set.name}" if report.problem_set else ""
        self.stdout.write(f"{report.inserted:,} new, {report.duplicates:,} known already{where}")


def _plan(options: dict[str, Any]) -> WorldPlan:
    """The plan that the options describe. Raises Fault or ValueError."""
    world = options["world"]
    kind = world_type(world)
    text = options["changes"]
    try:
        changes = list(kind.usual_changes) if text is None else json.loads(text)
    except ValueError as fault:
        raise Fault(f"--changes: found no JSON ({fault}), expected a list of changes.") from fault
    return WorldPlan.from_json(
        {
            "world": world,
            "settings": dict(map(_setting, options["world_settings"])),
            "changes": [change.to_json() for change in read_changes(changes)],
            "seed": options["seed"],
            "steps": options["steps"] or kind.usual_steps,
        }
    )


def _setting(word: str) -> tuple[str, Any]:
    """NAME=VALUE, where the value is JSON or else a text. Raises Fault."""
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise Fault(f"--set: found {word!r}, expected NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
