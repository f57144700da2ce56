"""A release as a folder in the layout of the Hugging Face Hub, in one zip archive."""

import hashlib
import json
import zipfile
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trajectories.adapters.tables import Blocks, Sink, parquet_chunks
from trajectories.core.exporters import EXPORTERS
from trajectories.core.exporters.cards import Card, Part, dataset_card
from trajectories.core.exporters.croissant import FILE, DataFile, croissant_json
from trajectories.core.exporters.trainers import beside
from trajectories.core.records import JSON
from trajectories.models import Export

SHARD_BYTES = 512 * 1024 * 1024
"""A split of more is cut into files of about so much, as Arrow has it in memory."""

SPLITS: Mapping[str, str] = {"train": "train", "validation": "validation", "eval": "test"}
"""The splits of a release, in the order and by the names that `datasets` has."""

BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the same rows are the same bytes."""


class Folder:
    """The rows of each split, set aside until all are there."""

    def __init__(self, folder: Path, export: Export) -> None:
        self._folder, self._export = folder, export
        self._blocks: dict[str, Blocks] = {}
        self._files: list[DataFile] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for blocks in self._blocks.values():
            blocks.__exit__(kind, error, trace)

    def blocks_of(self, split: str) -> Blocks:
        """Where the rows of a split of the release go."""
        name = SPLITS[split]
        if name not in self._blocks:
            self._blocks[name] = Blocks(self._folder)
        return self._blocks[name]

    def chunks(self, columns: Mapping[str, JSON]) -> Iterator[bytes]:
        """The archive: the data first, then the card, the manifest and what trainers are told."""
        sink = Sink()
        names = [name for name in SPLITS.values() if name in self._blocks] or ["train"]
        for name in names:
            self.blocks_of(next(split for split, known in SPLITS.items() if known == name))
        with zipfile.ZipFile(sink, "w") as archive:
            parts = []
            for name in names:
                part = yield from self._data(archive, sink, name, columns)
                parts.append(part)
            for file, text in self._texts(columns, parts).items():
                archive.writestr(_entry(file), text)
            yield sink.take()
        yield sink.take()

    def _data(
        self, archive: zipfile.ZipFile, sink: Sink, name: str, columns: Mapping[str, JSON]
    ) -> Generator[bytes, None, Part]:
        """The files of one split; returns what the card says of it."""
        blocks = self._blocks[name]
        count, packed = max(1, -(-blocks.bytes // SHARD_BYTES)), 0
        batches = _Cut(blocks.read(columns))
        files = tuple(f"data/{name}-{shard:05d}-of-{count:05d}.parquet" for shard in range(count))
        for shard, file_name in enumerate(files):
            until = None if shard == count - 1 else blocks.bytes * (shard + 1) // count
            digest, size = hashlib.sha256(), 0
            whole = blocks.whole(columns) if count == 1 else None
            with archive.open(_entry(file_name), "w", force_zip64=True) as file:
                for chunk in whole or parquet_chunks(columns, batches.until(until)):
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    yield sink.take()
            self._files.append(DataFile(file_name, name, size, digest.hexdigest()))
            packed += size
        return Part(name, blocks.rows, blocks.bytes, packed, files)

    def _texts(self, columns: Mapping[str, JSON], parts: list[Part]) -> dict[str, str]:
        export, release = self._export, self._export.release
        exporter = EXPORTERS[export.format]
        card = Card(
            title=release.title,
            format=export.format,
            about=exporter.title,
            read_by=exporter.read_by,
            release_sha256=release.content_hash,
            frozen_on=release.created_at.astimezone(UTC).date().isoformat(),
            notes=release.notes,
            parts=tuple(parts),
            counts=release.manifest.get("counts", {}),
        )
        manifest = {"sha256": release.content_hash, "manifest": release.manifest}
        return {
            "README.md": dataset_card(card, columns),
            FILE: croissant_json(card, columns, tuple(self._files)),
            "manifest.json": json.dumps(manifest, ensure_ascii=False, indent=2) + "\n",
            **beside(export.format, export.thoughts, {part.name: part.files for part in parts}, columns),
        }


class _Cut:
    """Batches in order, cut where so many bytes were given out."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches, self.bytes = batches, 0

    def until(self, end: int | None) -> Iterator[Any]:
        """The next batches, until so many bytes were given out in all; the rest for None."""
        while end is None or self.bytes < end:
            batch = next(self._batches, None)
            if batch is None:
                return
            self.bytes += batch.nbytes
            yield batch


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, BEGINNING)
    entry.external_attr = 0o644 << 16
    return entry
