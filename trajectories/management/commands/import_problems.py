"""`manage.py import_problems`: problems from files, folders and zips, from ARC-AGI-1, or made by a family."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from trajectories.adapters.uploads import Document, OpenFiles, shown_path
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.arc_files import is_solutions
from trajectories.core.problems.kinds import QUESTIONS
from trajectories.core.problems.layouts import LAYOUTS, PLAIN
from trajectories.core.problems.procedural import MAX_SEED, MAX_SIZE, Draw, ProceduralError, read_knobs
from trajectories.core.problems.question_tally import QuestionTally
from trajectories.core.problems.sides import EVAL, TRAIN, said_side
from trajectories.management.arguments import title
from trajectories.management.crossings import warn_of_crossings
from trajectories.services.problems.imports import ImportReport, import_arc_agi_1, import_records
from trajectories.services.problems.procedural import (
    describe_families,
    get_family,
    import_procedural,
    worked_rows,
)
from trajectories.services.problems.questions import (
    QuestionOptions,
    describe_question,
    part_questions,
    preview_questions,
    read_question_documents,
)
from trajectories.services.problems.uploads import read_arc_documents

ASKED = "Are they for training or for evaluation? [train/eval] "
NOTHING_SAID = (
    "nothing says whether these problems are for training or for evaluation, so they go to train; "
    "say --split train or --split eval"
)


def _is_silent(name: str) -> bool:
    """Whether a file of tasks says nothing of its side."""
    return not is_solutions(name) and said_side(name) is None


def _one_and_others(names: Sequence[str]) -> str:
    more = {1: "", 2: " and another file"}.get(len(names), f" and {len(names) - 1:,} other files")
    return f"{names[0]}{more}"


class Command(BaseCommand):
    _called_from_command_line = False  # Django sets it, and its types do not say so
    help = "Import ARC tasks (.json) and questions (.jsonl, .csv, .tsv, .json lists) from files, folders and zips."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a .json file, a .zip file or a folder")
        parser.add_argument(
            "--set", dest="set_name", type=title, metavar="NAME", help="problem set (default: from the first PATH)"
        )
        parser.add_argument("--title", type=title, help="title of a new problem set (default: its name)")
        parser.add_argument("--solutions", type=Path, metavar="FILE", help="a Kaggle solutions file for the challenges")
        parser.add_argument(
            "--split",
            choices=["train", "eval"],
            help="on which side of the line all problems are (default: as each row, file or folder says)",
        )
        parser.add_argument("--skip-bad", action="store_true", help="import the good tasks even if some are bad")
        parser.add_argument(
            "--map",
            dest="columns",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="where a question's field is",
        )
        parser.add_argument(
            "--read-as",
            dest="layout",
            default="",
            choices=[PLAIN, *(layout.name for layout in LAYOUTS)],
            metavar="LAYOUT",
            help=f"whose columns questions have: {', '.join(layout.name for layout in LAYOUTS)}, or {PLAIN} for "
            "no known data set's (default: as their columns look)",
        )
        parser.add_argument(
            "--kind",
            default="",
            choices=[kind.value for kind in QUESTIONS],
            help="how all questions are compared (default: as each row or answer says)",
        )
        parser.add_argument("--preview", action="store_true", help="show how questions would be read; import nothing")
        parser.add_argument("--arc-agi-1", action="store_true", help="import both public ARC-AGI-1 sets")
        self._add_procedural(parser)

    def _add_procedural(self, parser: ArgumentParser) -> None:
        group = parser.add_argument_group("procedural problems (addition, and the families of reasoning-gym)")
        group.add_argument(
            "--procedural", metavar="FAMILY", help="make problems of a family, such as addition or chain_sum"
        )
        group.add_argument("--size", type=int, default=100, metavar="N", help="how many (default: 100)")
        group.add_argument("--seed", type=int, default=1, metavar="S", help="which ones (default: 1)")
        group.add_argument(
            "--set-knob",
            dest="knobs",
            action="append",
            default=[],
            metavar="KNOB=VALUE",
            help="a setting of the family; lists as JSON",
        )

        group.add_argument(
            "--worked",
            type=Path,
            metavar="FILE",
            help="write the worked solutions there besides, as traces to import; of addition",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["paths"] and not options["arc_agi_1"] and not options["procedural"]:
            raise CommandError("nothing to import: give a PATH, --arc-agi-1 or --procedural FAMILY")
        if options["arc_agi_1"]:
            self._say(import_arc_agi_1(), "arc-agi-1-training and arc-agi-1-evaluation")
        if options["paths"]:
            self._import_paths(options["paths"], options)
        if options["procedural"]:
            self._import_procedural(options["procedural"], options)

    def _import_procedural(self, name: str, options: dict[str, Any]) -> None:
        if not 1 <= options["size"] <= MAX_SIZE:
            raise CommandError(f"--size {options['size']}: expected a number from 1 to {MAX_SIZE:,}")
        if not 0 <= options["seed"] <= MAX_SEED:
            raise CommandError(f"--seed {options['seed']}: expected a number from 0 to {MAX_SEED:,}")
        title = options["title"] or options["set_name"] or f"Procedural {name.replace('_', ' ')}"
        try:
            # On the command line there is time to describe the families where no worker has done so yet.
            family = get_family(name)
            if family is None:
                describe_families()
                family = get_family(name)
            if family is None:
                raise CommandError(f"--procedural {name}: there is no such family; /problems/procedural/ lists them")
            knobs = read_knobs(family, self._pairs(options["knobs"], "--set-knob", "KNOB=VALUE"))
            draw = Draw(name, knobs, options["seed"], options["size"])
            split = options["split"] or "train"
            rows = None if options["worked"] is None else worked_rows(draw)
            report = import_procedural(actor=None, draw=draw, set_title=title, split=split)
        except (ProceduralError, ProblemError) as fault:
            raise CommandError(f"--procedural {name}: {fault}") from fault
        self._say(report, title)
        if rows is not None:
            options["worked"].write_bytes(b"".join(rows))

    def _import_paths(self, paths: list[Path], options: dict[str, Any]) -> None:
        set_name = options["set_name"] or slugify(paths[0].resolve().stem)
        with OpenFiles() as files:
            documents = [document for path in paths for document in files.add_path(path)]
            solutions = files.add_path(options["solutions"]) if options["solutions"] else []
            reading = self._reading(options)
            if options["preview"]:
                self._preview(documents, reading)
                return
            tasks, questions = part_questions(documents)
            tallies = {document.name: QuestionTally() for document in questions}
            side = self._ask_side(tasks, questions, reading)
            reading = replace(reading, otherwise=side or TRAIN)
            try:
                report = import_records(
                    actor=None,
                    set_name=set_name,
                    set_title=options["title"] or set_name,
                    source=", ".join(shown_path(Path(path.name)) for path in paths),
                    records=chain(
                        read_arc_documents(tasks, solutions=solutions, split=options["split"], otherwise=side or TRAIN),
                        read_question_documents(questions, options=reading, tallies=tallies),
                    ),
                    on_fault="skip" if options["skip_bad"] else "all_or_nothing",
                )
            except ValidationError as fault:
                messages = [f"{field}: {text}" for field, texts in fault.message_dict.items() for text in texts]
                raise CommandError(f"problem set {set_name!r}: {' '.join(messages)}") from fault
        if report.inserted and not options["split"] and not side:
            self._warn_of_sides(tasks, tallies)
        if not report.refused:
            for name, tally in tallies.items():
                for note in tally.notes():
                    self.stderr.write(f"note: {name}: {note}")
        self._say(report, set_name)

    def _reading(self, options: dict[str, Any]) -> QuestionOptions:
        """How the files of questions are to be read; a file that says nothing of its side is for training."""
        return QuestionOptions(
            columns=self._pairs(options["columns"], "--map", "FIELD=COLUMN"),
            layout=options["layout"],
            split=options["split"] or "",
            kind=options["kind"],
            otherwise=TRAIN,
        )

    def _ask_side(
        self, tasks: Sequence[Document | ImportFault], questions: Sequence[Document], reading: QuestionOptions
    ) -> str:
        """The side that whoever sits at the terminal says files are on that say nothing of it; "" where nobody can be
        asked, or nothing has to be. Raises CommandError where they do not say."""
        if reading.split or not self._called_from_command_line or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return ""
        silent = [document.name for document in tasks if isinstance(document, Document) and _is_silent(document.name)]
        looking = replace(reading, otherwise="")
        silent += [each.name for each in questions if preview_questions(each, options=looking, count=0).asks_side]
        if not silent:
            return ""
        self.stdout.write(f"{_one_and_others(silent)}: nothing says whether these problems are for training or not.")
        try:
            side = input(ASKED).strip().lower()
        except (EOFError, KeyboardInterrupt):
            side = ""
        if side not in (TRAIN, EVAL):
            raise CommandError(f"found {side or 'no answer'!r}, expected train or eval; nothing was imported")
        return side

    def _warn_of_sides(self, tasks: Sequence[Document | ImportFault], tallies: Mapping[str, QuestionTally]) -> None:
        """Say which files say nothing of their side: no problem is put on the training side unasked."""
        silent = [document.name for document in tasks if isinstance(document, Document) and _is_silent(document.name)]
        silent += [name for name, tally in tallies.items() if tally.no_side]
        if silent:
            self.stderr.write(f"warning: {_one_and_others(silent)}: {NOTHING_SAID}")

    def _pairs(self, arguments: list[str], option: str, form: str) -> dict[str, str]:
        if bad := [argument for argument in arguments if "=" not in argument]:
            raise CommandError(f"{option} {bad[0]}: expected {form}")
        return dict(argument.split("=", 1) for argument in arguments)

    def _preview(self, documents: list[Document | ImportFault], reading: QuestionOptions) -> None:
        """Print, for each file of questions, which column is read as what, and the first questions so read."""
        for document in part_questions(documents)[1]:
            self.stdout.write(document.name)
            preview = preview_questions(document, options=reading)
            if preview.layout is not None:
                self.stdout.write(f"  Read as {preview.layout.title}: {preview.layout.says}")
            for note in preview.notes:
                self.stdout.write(f"  {note}")
            if preview.asks_side:
                self.stdout.write(f"  {NOTHING_SAID[0].upper()}{NOTHING_SAID[1:]}")
            for field, column in preview.mapping.items():
                self.stdout.write(f"  {field} <- {column}")
            for item in preview.first:
                self.stdout.write(f"  {item if isinstance(item, ImportFault) else describe_question(item)}")

    def _say(self, report: ImportReport, where: str) -> None:
        """Print faults and counts. Raises CommandError, for exit code 1, where bad input kept things out."""
        for fault in report.faults:
            self.stderr.write(str(fault))
        if report.fault_count > len(report.faults):
            self.stderr.write(f"... and {report.fault_count - len(report.faults):,} more")
        if report.crossing_count:
            warn_of_crossings(self.stderr.write, report.crossing_count, report.crossings)
        bad = f"{report.fault_count:,} bad"
        if report.refused:
            raise CommandError(f"{where}: {bad}, so nothing was imported; --skip-bad imports the rest")
        if report.fault_count and not report.inserted + report.duplicates:
            raise CommandError(f"{where}: {bad}, and nothing good to import")
        self.stdout.write(f"{where}: {report.inserted:,} new, {report.duplicates:,} known already, {bad}")
