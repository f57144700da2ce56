"""Pushes: a file of a release, put into a repository of a hub of data sets under a key that is stored nowhere."""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.conf import settings

from trajectories.adapters.hub import REPOSITORY, HubError, HubTarget, Pushed, is_installed, push_files
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.models import Delivery, Export
from trajectories.services.releases.exports import export_filename, stored_name
from trajectories.services.releases.stores import open_file

ZIP = ".zip"
MOST_FILES = 10_000
LONGEST_KEY = 500


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub that the settings know: its address, and the name of the variable with its key, and whether that is set."""

    endpoint: str
    key_name: str
    is_set: bool


def known_hubs() -> list[Hub]:
    """The hubs of the setting HUB_KEYS, in its order; none where the library is not installed."""
    if not is_installed():
        return []
    pairs = settings.HUB_KEYS.pairs
    return [Hub(str(url), name, bool(os.environ.get(name, "").strip())) for name, url in pairs]


def read_target(*, key_name: str, repository: str, private: bool) -> dict[str, JSON]:
    """What a push is told: where to, and under whose key. Raises Fault with the field that is wrong."""
    hub = next((hub for hub in known_hubs() if hub.key_name == key_name), None)
    if hub is None:
        raise Fault(f"Hub: found {key_name[:40]!r}, expected one that the setting HUB_KEYS names.", field="hub")
    if not hub.is_set:
        raise Fault(f"Hub: the variable {key_name} is not set where the server and the workers run.", field="hub")
    if not REPOSITORY.fullmatch(repository):
        raise Fault(f"Repository: found {repository[:80]!r}, expected owner/name.", field="repository")
    return {"endpoint": hub.endpoint, "repo": repository, "private": private, "key_variable": key_name}


def push_export(delivery: Delivery) -> Pushed:
    """Put the file of an export into the repository that a push names. Raises HubError."""
    export, told = delivery.export, delivery.target
    assert export is not None
    if export.state != Export.State.READY or export.dropped_at is not None:
        raise HubError("The file is not there any more; ask for it again, and push it then.")
    named = told["key_variable"], told["endpoint"]
    hub = next((hub for hub in known_hubs() if (hub.key_name, hub.endpoint) == named), None)
    if hub is None:
        raise HubError(f"The setting HUB_KEYS does not send {told['key_variable']} to {told['endpoint']} any more.")
    key = os.environ.get(hub.key_name, "").strip()
    if not key or not key.isascii() or not key.isprintable() or len(key) > LONGEST_KEY:
        raise HubError(f"The variable {hub.key_name} holds no key where the workers run.")
    target = HubTarget(hub.endpoint, told["repo"], bool(told["private"]), hub.key_name)
    message = f"{delivery.release.title}, release {delivery.release.content_hash[:10]}"
    with _files_of(export) as files:
        return push_files(target=target, key=key, files=files, message=message)


@contextmanager
def _files_of(export: Export) -> Iterator[list[tuple[str, IO[bytes]]]]:
    """What goes to the hub, open: what a folder holds, or else the file with a card and its manifest."""
    name = export_filename(export)
    with ExitStack() as stack:
        file = stack.enter_context(open_file(stored_name(export), export.byte_size or 0))
        if not name.endswith(ZIP):
            yield [
                (f"data/{name}", file),
                ("README.md", BytesIO(card_of(export, name).encode())),
                ("manifest.json", BytesIO(_manifest_of(export).encode())),
            ]
            return
        archive = stack.enter_context(zipfile.ZipFile(file))
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_FILES:
            raise HubError(f"Found {len(members):,} files, expected at most {MOST_FILES:,} in one push.")
        yield [(member.filename, stack.enter_context(archive.open(member))) for member in members]


def card_of(export: Export, name: str) -> str:
    """The card of a repository that holds one file of a release."""
    release = export.release
    counts: Mapping[str, Any] = release.manifest.get("counts", {})
    title = json.dumps(release.title, ensure_ascii=False)
    return "\n".join(
        [
            "---",
            f"pretty_name: {title}",
            "tags:",
            "- minicolumn",
            "- reasoning",
            "configs:",
            "- config_name: default",
            f"  data_files: {json.dumps(f'data/{name}')}",
            "---",
            "",
            f"# {release.title}",
            "",
            f"{counts.get('traces', release.item_count):,} traces of {counts.get('problems', 0):,} problems, as "
            f"`{export.format}`. Release `{release.content_hash}`; `manifest.json` says what it was made of.",
            "",
        ]
    )


def _manifest_of(export: Export) -> str:
    release = export.release
    told = {"sha256": release.content_hash, "title": release.title, "notes": release.notes}
    return json.dumps({**told, "manifest": release.manifest}, ensure_ascii=False, indent=2) + "\n"
