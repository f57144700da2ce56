"""Samplers that several projects use: each has its own row of it, with versions, records and spending of its own."""

from django.contrib.auth.models import User

from trajectories.adapters.acting import acting_in
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.faults import Fault
from trajectories.models import Project, Sampler
from trajectories.services.endpoints.samplers import SamplerError, add_chat_sampler, revise_chat_sampler


def copy_sampler(*, actor: User, sampler: Sampler, project: Project) -> Sampler:
    """The same language model in another project: a new sampler there, or the next version of the one of its name.

    What was learnt here is not copied. Raises Fault for a sampler without an endpoint, which every project has for
    itself, and where its address or key is not allowed or the name is another kind of sampler's there.
    """
    if not sampler.has_endpoint:
        raise Fault(f"Found “{sampler.title}”, which is built in or lives here; expected a model with an endpoint.")
    settings = ChatSettings.from_parameters(sampler.parameters)
    with acting_in(project.pk):
        known = Sampler.objects.filter(name=sampler.name).order_by("-version").first()
        try:
            if known is None:
                return add_chat_sampler(actor=actor, name=sampler.name, title=sampler.title, settings=settings)
            return revise_chat_sampler(actor=actor, sampler=known, title=sampler.title, settings=settings)
        except SamplerError as fault:
            raise Fault(str(fault)) from fault
