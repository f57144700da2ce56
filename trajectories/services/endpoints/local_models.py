"""Models of this machine as samplers: added by people from the folder of models, made by trainings, and served."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.chat_api import CallError, ChatSettings
from trajectories.adapters.local_models.environment import NoEnvironmentError, find_environment, lacking
from trajectories.adapters.local_models.folders import ModelFolderError, list_models, model_folder, unpacked_model
from trajectories.adapters.local_models.sampler import LocalSampler, chat_settings, model_of
from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.models import AuditEvent, Sampler
from trajectories.selectors.workers import is_served
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.endpoints.samplers import SamplerError

MODELS = "models"
"""The queue of samples of models that live on a machine of ours: served where somebody has what they need."""

NOT_SERVED = "No worker that is alive can serve a local model: runs of one wait, or pause, until a worker can."


def offered_models() -> list[str]:
    """The names of the models in this machine's folder of models."""
    return list_models(settings.MODELS_DIR)


def models_folder() -> Path:
    """The folder of this machine that people put models into."""
    return Path(settings.MODELS_DIR)


def lacking_here() -> str:
    """What this machine lacks to serve a model, in one sentence; "" where nothing is lacking."""
    return lacking(settings.TRAINING_PYTHON)


def serving_note() -> str:
    """Why a run of a local model would not go on now, in one or two sentences; "" where a worker that is alive can
    serve one."""
    if is_served():
        return ""
    return " ".join(filter(None, (lacking_here(), NOT_SERVED)))


def counted_settings(sampler: Sampler) -> ChatSettings:
    """How a run of a language model counts what its samples take. Raises ValueError for parameters that are none."""
    if not sampler.is_local:
        return ChatSettings.from_parameters(sampler.parameters)
    return chat_settings(LocalSettings.from_parameters(sampler.parameters), sampler.name)


def open_local(sampler: Sampler) -> LocalSampler:
    """A local model ready to be asked; its child starts with the first call.

    Raises ValueError for parameters that are none, and CallError where this machine lacks the model or the environment.
    """
    local = LocalSettings.from_parameters(sampler.parameters)
    try:
        environment = find_environment(settings.TRAINING_PYTHON)
        folder = local_folder(sampler, local)
    except NoEnvironmentError as fault:
        raise CallError("no_environment", str(fault), stops=True) from fault
    except (ModelFolderError, ArtefactError, OSError) as fault:
        raise CallError("no_model", f"The model of {sampler.title} is not here: {fault}", stops=True) from fault
    return LocalSampler(local, model_of(folder, environment, local, settings.TRAINING_THREADS), sampler.name)


def local_folder(sampler: Sampler, local: LocalSettings) -> Path:
    """Where the model of a sampler is on this machine. Raises ModelFolderError, ArtefactError and OSError."""
    if sampler.artefact is None:
        return model_folder(settings.MODELS_DIR, local.folder)
    return unpacked_model(settings.MODELS_DIR, artefact_file(sampler.artefact), sampler.artefact.sha256)


@transaction.atomic
def add_local_sampler(*, actor: User | None, name: str, title: str, local: LocalSettings) -> Sampler:
    """A sampler for a model in this machine's folder of models. Raises SamplerError where the name is taken, or there
    is no such model."""
    _check(local)
    if Sampler.objects.filter(name=name).exists():
        raise SamplerError(f"There is a sampler named {name!r}; expected a name of its own.", field="name")
    return _add(actor, name, title, local, version=1, last=None)


@transaction.atomic
def revise_local_sampler(*, actor: User | None, sampler: Sampler, title: str, local: LocalSettings) -> Sampler:
    """The next version, of the same model. Raises SamplerError where it is not the newest one any more."""
    newest = Sampler.objects.select_for_update(of=("self",)).filter(name=sampler.name).order_by("-version").first()
    if newest is None or newest.pk != sampler.pk:
        raise SamplerError("Somebody has made another version of it in the meantime; begin from that one.")
    if newest.artefact is None:
        _check(local)
    if newest.title == title and LocalSettings.from_parameters(newest.parameters) == local:
        return newest
    return _add(actor, newest.name, title, local, version=newest.version + 1, last=newest)


def _check(local: LocalSettings) -> None:
    try:
        model_folder(settings.MODELS_DIR, local.folder)
    except ModelFolderError as fault:
        raise SamplerError(str(fault), field="folder") from fault


def _add(
    actor: User | None, name: str, title: str, local: LocalSettings, *, version: int, last: Sampler | None
) -> Sampler:
    sampler = Sampler.objects.create(
        name=name,
        title=title,
        kind=Sampler.Kind.LOCAL,
        version=version,
        parameters=local.as_parameters(),
        parent=None if last is None else last.parent,
        artefact=None if last is None else last.artefact,
    )
    data = {"name": name, "version": version}
    AuditEvent.objects.create(actor=actor, verb="added", object_type="sampler", object_id=sampler.pk, data=data)
    return sampler
