"""Train a scorer from the command line, here and now, and let it score."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import QueryDict

from trajectories.core.faults import Fault
from trajectories.core.scorers.metrics import Quality
from trajectories.core.selections import Selection
from trajectories.forms.traces import read_exactly
from trajectories.models import Scorer
from trajectories.services.scorers.planning import start_scorer, start_scoring
from trajectories.services.scorers.scoring import score_next
from trajectories.services.scorers.training import train_scorer_next

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Train a scorer here and now, with --score let it score the same traces; with --queue a worker trains it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="its name; one that is there gets its next version")
        parser.add_argument("--kind", choices=[str(kind) for kind in Scorer.Kind], default="outcome")
        parser.add_argument("--labels", choices=[str(word) for word in Scorer.Labels], default="verdicts")
        parser.add_argument("--traces", default="", metavar="QUERY", help="which, as in the address of the trace list")
        parser.add_argument("--most-each", type=int, default=64, metavar="N", help="most traces of one problem")
        parser.add_argument("--votes", action="store_true", help="look at the votes of the problem's samples")
        parser.add_argument("--follow", action="store_true", help="score all traces, also those to come")
        parser.add_argument("--score", action="store_true", help="score the traces that it learnt from, here and now")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--queue", action="store_true", help="leave it to a worker, and only say its number")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for whatever is wrong, and where the training fails."""
        if options["queue"] and options["score"]:
            raise CommandError("--score: found it with --queue, expected one of them.")
        try:
            scope = read_exactly(QueryDict(options["traces"]))
            scorer = start_scorer(
                by=None,
                name=options["name"],
                kind=options["kind"],
                labels=options["labels"],
                scope=scope,
                most_each=options["most_each"],
                uses_votes=options["votes"],
                follows=options["follow"],
                seed=options["seed"],
            )
        except Fault as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Scorer {scorer.pk}: {scorer.name}, version {scorer.version}")
        if options["queue"]:
            return
        self._train(scorer)
        if options["score"]:
            self._score(scorer, scope)

    def _train(self, scorer: Scorer) -> None:
        while not train_scorer_next(job_id=scorer.pk):
            scorer.refresh_from_db()
            if scorer.state not in Scorer.ACTIVE_STATES:
                break
            time.sleep(LOOK_SECONDS)  # a worker has heard the bell before: it is at it
        scorer.refresh_from_db()
        if scorer.artefact is None or not scorer.quality:
            raise CommandError(scorer.reason or f"The scorer is {scorer.state}.")
        quality = Quality.from_json(scorer.quality)
        counts = scorer.counts
        self.stdout.write(f"{counts['right']:,} right and {counts['wrong']:,} wrong, {counts['problems']:,} problems")
        for method, parts in scorer.learnt["methods"]:
            self.stdout.write(f"{method}, in {parts} of 5 models")
        band = "" if quality.auc_low is None else f" ({quality.auc_low:.3f} to {quality.auc_high:.3f})"
        values = (("AUC", quality.auc, band), ("AUC within problems", quality.auc_within, ""))
        more = (
            ("Brier score", quality.brier, ""),
            ("Calibration error", quality.ece, ""),
            ("Log loss", quality.log_loss, ""),
        )
        for title, value, beside in (*values, *more):
            self.stdout.write(f"{title:<22}{'none' if value is None else f'{value:.3f}'}{beside}")
        self.stdout.write(f"SHA-256 {scorer.artefact.sha256}")

    def _score(self, scorer: Scorer, scope: Selection) -> None:
        job = start_scoring(by=None, scorer=scorer, scope=scope)
        while True:
            if not score_next(job_id=job.pk):
                job.refresh_from_db()
                if job.state not in job.ACTIVE_STATES:
                    break
                time.sleep(LOOK_SECONDS)
        if job.state != job.State.FINISHED:
            raise CommandError(job.reason or f"The scoring is {job.state}.")
        self.stdout.write(f"{job.done_count:,} traces scored, {job.written_count:,} new scores")
