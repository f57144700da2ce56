"""Serve a fake endpoint, so that chat sampling can be tried without any model."""

import signal
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.stand_ins.fake_endpoint import (
    FAILURES,
    TAKES,
    Adder,
    Behaviour,
    Converser,
    FakeEndpoint,
    Judge,
    Versatile,
    canned,
    learner,
)
from trajectories.stand_ins.fake_endpoint.answers import Answerer
from trajectories.stand_ins.fake_endpoint.behaviour import WAYS_OF_BATCHES, WAYS_OF_N

WORDS = "; ".join(f"{word}: {what}" for word, what in FAILURES.items())
BATCHES = "; ".join(f"{word}: {what}" for word, what in WAYS_OF_BATCHES.items())
MANNERS = "; ".join(f"{word}: {what}" for word, what in TAKES.items())

ANSWERERS: Mapping[str, Callable[[], Answerer | Converser]] = {"symbolic": Versatile, "learner": learner, "sums": Adder}


class Command(BaseCommand):
    help = (
        "Serve an OpenAI-compatible endpoint on this machine. It answers ARC prompts with programs that the symbolic "
        "search finds, tries them first where it is offered a Python tool, writes and solves small problems, judges "
        f"traces where it is asked to, and fails as told. Failures: {WORDS}."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8800)
        parser.add_argument("--latency", type=float, default=0.5, metavar="S", help="seconds before each answer")
        parser.add_argument(
            "--pace", type=float, default=0.0, metavar="S", help="seconds between two pieces of a streamed answer"
        )
        parser.add_argument(
            "--fail", nargs="+", default=[], metavar="WORD=SHARE", help="such as 429=0.1 500=0.05 truncated=0.1"
        )
        parser.add_argument("--retry-after", default="2", metavar="S", help="what a 429 asks for")
        parser.add_argument("--in-flight", type=int, metavar="N", help="more calls at once than this get a 429")
        parser.add_argument(
            "--n", choices=WAYS_OF_N, default="given", help="what becomes of a call for several samples"
        )
        parser.add_argument(
            "--takes", nargs="+", choices=TAKES, default=[], metavar="WORD", help=f"what the model takes. {MANNERS}"
        )
        parser.add_argument(
            "--batch-seconds", type=float, default=20.0, metavar="S", help="seconds until a batch is over"
        )
        parser.add_argument(
            "--batch-answers", type=float, default=1.0, metavar="SHARE", help="of its requests answered by then"
        )
        parser.add_argument(
            "--batches", choices=WAYS_OF_BATCHES, default="taken", help=f"what becomes of batches. {BATCHES}"
        )
        parser.add_argument("--key", default="", help="calls without this key get a 401")
        parser.add_argument("--models", nargs="+", default=[], metavar="NAME", help="other models get a 404")
        parser.add_argument(
            "--answers",
            choices=ANSWERERS,
            default="symbolic",
            help="symbolic: programs that the search finds; learner: those only once it is told what went wrong; sums: "
            "the numbers of a question added step by step, with slips",
        )
        parser.add_argument(
            "--judge-bias", type=float, default=0.0, metavar="B", help="as a judge, add so much to what is shown first"
        )
        parser.add_argument("--text", help="answer every prompt with this text instead of a search")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            behaviour = Behaviour(
                latency=options["latency"],
                pace=options["pace"],
                failures=dict(_share(given) for given in options["fail"]),
                retry_after=options["retry_after"],
                in_flight=options["in_flight"],
                key=options["key"],
                models=tuple(options["models"]),
                n=options["n"],
                takes=tuple(options["takes"]),
                batch_seconds=options["batch_seconds"],
                batch_answers=options["batch_answers"],
                batch_way=options["batches"],
            )
        except ValueError as fault:
            raise CommandError(f"--fail: {fault}") from fault
        judge = Judge(ANSWERERS[options["answers"]](), bias=options["judge_bias"])
        answerer = judge if options["text"] is None else canned(options["text"])
        endpoint = FakeEndpoint(behaviour, answerer, port=options["port"])
        # Threads that come later inherit this: only sigwait below sees the signals.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        with endpoint:
            self.stdout.write(f"Serving at {endpoint.url} for any model. Stop with Ctrl-C.")
            signal.sigwait((signal.SIGINT, signal.SIGTERM))
        self.stdout.write(f"{len(endpoint.calls):,} calls, {endpoint.answered:,} answered.")


def _share(given: str) -> tuple[str, float]:
    word, _, share = given.partition("=")
    try:
        return word, float(share)
    except ValueError as fault:
        raise ValueError(f"found {given!r}, expected a word and a share such as 429=0.1.") from fault
