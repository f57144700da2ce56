"""Samplers that several projects use: each has its own row of it, with versions, records and spending of its own, which
knows what it was copied from."""

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.adapters.acting import acting_in, acting_project
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.faults import Fault
from trajectories.models import Project, Sampler
from trajectories.services.endpoints.samplers import SamplerError, add_chat_sampler, revise_chat_sampler


@transaction.atomic
def copy_sampler(*, actor: User, sampler: Sampler, project: Project) -> Sampler:
    """The same language model of the acting project in another one: a new sampler there, or the next version of the one
    of its name. It is written down what it was copied from.

    What was learnt here is not copied. Raises Fault for a sampler without an endpoint, which every project has for
    itself, and where its address or key is not allowed or the name is another kind of sampler's there.
    """
    if not sampler.has_endpoint:
        raise Fault(f"Found “{sampler.title}”, which is built in or lives here; expected a model with an endpoint.")
    settings, source = ChatSettings.from_parameters(sampler.parameters), acting_project()
    with acting_in(project.pk):
        known = Sampler.objects.filter(name=sampler.name).order_by("-version").first()
        try:
            if known is None:
                copied = add_chat_sampler(actor=actor, name=sampler.name, title=sampler.title, settings=settings)
            else:
                copied = revise_chat_sampler(actor=actor, sampler=known, title=sampler.title, settings=settings)
        except SamplerError as fault:
            raise Fault(str(fault)) from fault
        copied.origin_project, copied.origin_sampler = source, sampler.pk
        copied.save(update_fields=["origin_project", "origin_sampler"])
    return copied


def renew_sampler(*, actor: User, sampler: Sampler, origin: Project) -> Sampler:
    """The next version of a copied sampler: what it was copied from, as that is now in the project of its `origin`.

    Raises Fault as copy_sampler does, and where what it was copied from is not there.
    """
    here = Project.objects.get(pk=acting_project())
    with acting_in(origin.pk):
        first = Sampler.objects.filter(pk=sampler.origin_sampler or 0).first()
        if sampler.origin_project != origin.pk or first is None:
            raise Fault(f"Found “{sampler.title}”, which was copied from nothing that is there; expected a copy.")
        newest = Sampler.objects.filter(name=first.name).order_by("-version")[0]
        return copy_sampler(actor=actor, sampler=newest, project=here)
