"""Messages of webhooks on their way out: the address they may go to, the signature, and the one call."""

from trajectories.adapters.webhooks.addresses import Receiver, read_receiver
from trajectories.adapters.webhooks.posting import Answer, post
from trajectories.adapters.webhooks.signing import signed_headers

__all__ = ["Answer", "Receiver", "post", "read_receiver", "signed_headers"]
