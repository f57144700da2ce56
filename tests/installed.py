"""Files of an installation that is backed up, and where a process keeps its own."""

FILES = {
    "exports/release-1.jsonl": b'{"a": 1}\n' * 1000,
    "artefacts/artefact-a.json": b"{}",
    "uploads/0123.data": bytes(range(256)),
    "imports/import-1.rows": b"",
}


def files_in(var) -> dict[str, bytes]:
    return {
        path.relative_to(var).as_posix(): path.read_bytes()
        for area in ("exports", "artefacts", "uploads", "imports")
        for path in (var / area).rglob("*")
        if path.is_file()
    }


def use_folder(settings, var) -> None:
    """Have this process keep its files there."""
    settings.VAR_DIR, settings.EXPORT_DIR, settings.ARTEFACT_DIR = var, var / "exports", var / "artefacts"


def silent(_: str) -> None:
    """Say nothing."""
