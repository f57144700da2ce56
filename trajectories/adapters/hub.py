"""Putting files into a repository of data sets on a hub that speaks the Hugging Face Hub's language.

The library is optional (`make cloud`) and imported where it is needed. Files go by the hub's plain HTTP protocol, from
open files: nothing of them is kept anywhere on the way.
"""

import importlib.util
import io
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import httpx2

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
MISSING = "What talks to the hub is not installed: “make cloud” does it."
STATUS_WORDS = {
    401: "it does not accept the key in {key}",
    403: "the key in {key} may not write there",
    404: "there is no such repository, or the key in {key} may not see it",
    409: "somebody else has written there at the same time; try again",
    413: "a file is too large for it",
    429: "it asks to try again later: too many requests",
}

logger = logging.getLogger(__name__)


class HubError(Exception):
    """What a hub did not do; the message says why, without any key."""


@dataclass(frozen=True, slots=True)
class HubTarget:
    """Where files go: the hub's address, a repository ("owner/name"), whether it is private where it is made, and the
    name of the variable that holds the key, which messages name in the key's place."""

    endpoint: str
    repository: str
    private: bool
    key_name: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """The outcome of a push: the commit it made, and the repository's address on the hub."""

    commit: str
    address: str


def is_installed() -> bool:
    """Whether the optional library is here."""
    return importlib.util.find_spec("huggingface_hub") is not None


def push_files(*, target: HubTarget, key: str, files: Sequence[tuple[str, IO[bytes]]], message: str) -> Pushed:
    """Make the repository if it is new and put files (path, open content) into it, in one commit: all or none.

    Raises HubError.
    """
    if not is_installed():
        raise HubError(MISSING)
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi(endpoint=target.endpoint, token=key, library_name="minicolumn")
    operations: list[Any] = [
        # A buffered stream is what the library reads by itself; a file by its name would go by another protocol.
        CommitOperationAdd(path_in_repo=path, path_or_fileobj=_buffered(content))
        for path, content in files
    ]
    try:
        api.create_repo(target.repository, repo_type="dataset", private=target.private, exist_ok=True)
        made = api.create_commit(
            repo_id=target.repository, repo_type="dataset", operations=operations, commit_message=message
        )
    except HfHubHTTPError as fault:
        raise HubError(_told(target, fault.response.status_code)) from None
    except HFValidationError as fault:
        raise HubError(f"The hub's library refuses {target.repository}: {str(fault)[:200]}") from None
    except (httpx2.HTTPError, OSError) as fault:
        raise HubError(f"The hub at {target.endpoint} could not be reached: {type(fault).__name__}.") from None
    except (ValueError, RuntimeError, KeyError) as fault:
        # What the hub answered is not what its language has; its own words may hold addresses that are signed.
        logger.warning("A hub gave an odd answer: %s", type(fault).__name__)
        raise HubError(f"The hub at {target.endpoint} gave an answer that makes no sense.") from None
    return Pushed(commit=str(made.oid), address=f"{target.endpoint}/datasets/{target.repository}")


def _buffered(content: IO[bytes]) -> Any:
    return content if isinstance(content, io.BufferedIOBase) else io.BufferedReader(content)


def _told(target: HubTarget, status: int) -> str:
    why = STATUS_WORDS.get(status, f"it answered {status}" + (", a fault of its own" if status >= 500 else ""))
    return f"The hub at {target.endpoint} did not take the files: {why.format(key=target.key_name)}."
