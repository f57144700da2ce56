"""`manage.py split_traces`: tell thoughts and answers apart in the traces that are older than parts, now."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from trajectories.services.completions.splitting import count_unsplit, split_all

SAID_EVERY = 10.0


class Command(BaseCommand):
    help = "Split traces stored before an upgrade into thoughts and content. Workers do it too; this waits for the end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--left", action="store_true", help="only say how many traces are left")

    def handle(self, *, left: bool, **_: Any) -> None:
        if left:
            self.stdout.write(_left(count_unsplit()))
            return
        done, said = 0, time.monotonic()
        for done in split_all():
            if time.monotonic() - said > SAID_EVERY:
                said = time.monotonic()
                self.stdout.write(f"Split {done:,} traces so far, {_left(count_unsplit())}")
        self.stdout.write(f"Split {done:,} {'trace' if done == 1 else 'traces'}, {_left(count_unsplit())}")


def _left(count: int) -> str:
    return f"{count:,} left." if count else "none is left."
