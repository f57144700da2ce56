"""The rules for calls to models, as the settings of this installation have them."""

from django.conf import settings as django_settings

from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.endpoints import AccessError, EndpointAccess, EndpointUrl
from trajectories.models import Sampler


def endpoint_access() -> EndpointAccess:
    """The rules that the environment has set."""
    return django_settings.MODEL_ENDPOINTS


def check_access(settings: ChatSettings) -> EndpointUrl:
    """The sampler's base URL in its one form. Raises AccessError for an address or a key that is not allowed."""
    access = endpoint_access()
    url = access.url(settings.base_url)
    access.check_key(settings.key_variable, url)
    return url


def sampler_fault(sampler: Sampler) -> AccessError | None:
    """Why no call of the sampler would be made from here; None where one would, or where it makes none."""
    if not sampler.has_endpoint:
        return None
    access = endpoint_access()
    try:
        url = access.url(str(sampler.parameters.get("base_url", "")))
        access.key(str(sampler.parameters.get("key_variable", "")), url)
    except AccessError as fault:
        return fault
    return None
