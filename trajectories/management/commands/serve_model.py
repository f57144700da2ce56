"""Make a sampler of a model in this machine's folder of models."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.management.arguments import title
from trajectories.services.endpoints.local_models import add_local_sampler, serving_note
from trajectories.services.endpoints.samplers import SamplerError


class Command(BaseCommand):
    help = "Make a sampler of a folder of models, which workers serve themselves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = LocalSettings()
        parser.add_argument("folder", help="its name in the folder of models (MODELS_DIR)")
        parser.add_argument("--name", metavar="NAME", help="of the sampler; by itself the folder's, in lower case")
        parser.add_argument("--title", type=title, help="by itself the folder's name")
        parser.add_argument("--batch", type=int, default=usual.batch, help="answers made together")
        parser.add_argument("--max-output-tokens", type=int, default=usual.max_output_tokens, metavar="TOKENS")
        parser.add_argument("--logprobs", action="store_true", help="keep log-probabilities")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for a folder that holds no model, and for a name that is taken."""
        folder = options["folder"]
        if options["batch"] < 1 or options["max_output_tokens"] < 1:
            raise CommandError("Found a number below 1, expected at least one answer of one token.")
        local = LocalSettings(
            folder=folder,
            batch=options["batch"],
            max_output_tokens=options["max_output_tokens"],
            logprobs=options["logprobs"],
        )
        name = options["name"] or folder.lower().replace(".", "-")
        try:
            sampler = add_local_sampler(actor=None, name=name, title=options["title"] or folder, local=local)
        except SamplerError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Sampler {sampler.pk}: {sampler.name}, version {sampler.version}.")
        if note := serving_note():
            self.stdout.write(note)
