"""Which trainers there are here and with workers that are alive: a web server may have none of what a worker has."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Trainer
from trajectories.models import Worker
from trajectories.selectors.workers import living_trainers
from trajectories.services.endpoints.local_models import MODELS, lacking_here
from trajectories.services.jobs.workers import Abilities

NO_OTHER = "No worker that is alive can do it either."
WAITS = "No worker that is alive can do “{label}”: its trainings wait until one that can has started."


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a trainer, each in one sentence or "": `lacks` says why neither this process nor any worker that is alive has
    it, `waits` why a training would wait though this process has it."""

    lacks: str = ""
    waits: str = ""

    @property
    def note(self) -> str:
        """What is to be said of either."""
        return self.lacks or self.waits


def abilities_of(queues: Collection[str]) -> Abilities:
    """What this process can do as a worker of the queues: looked up anew each time, since an environment may come to a
    machine while its workers run."""
    trains = any(queue in settings.TRAINING_QUEUES for queue in queues)
    return Abilities(
        trainers=tuple(key for key, trainer in TRAINERS.items() if trains and not trainer.missing()),
        serves_models=MODELS in queues and not lacking_here(),
    )


def ability_words(worker: Worker) -> str:
    """What a worker has told that it can do beside the common work, in words; "" for nothing."""
    trained = [TRAINERS[key].label if key in TRAINERS else key for key in worker.trainers.split()]
    serves = ["samples of local models"] if worker.serves_models else []
    return ", ".join([*trained, *serves])


def standing_of(trainer: Trainer, living: Collection[str] | None = None) -> Standing:
    """Who has a trainer; `living` are the keys of those that workers have, read where they are not given."""
    if trainer.key in (living_trainers() if living is None else living):
        return Standing()
    if lacks := trainer.missing():
        return Standing(lacks=f"{lacks} {NO_OTHER}")
    return Standing(waits=WAITS.format(label=trainer.label))
