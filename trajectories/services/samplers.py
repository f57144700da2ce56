"""Samplers: the embedded ones register themselves."""

from trajectories.models import Sampler

SYMBOLIC = "symbolic"


def ensure_symbolic() -> Sampler:
    """The embedded symbolic sampler, made on first use."""
    sampler, _ = Sampler.objects.get_or_create(
        name=SYMBOLIC, defaults={"title": "Symbolic program search", "kind": Sampler.Kind.SYMBOLIC}
    )
    return sampler
