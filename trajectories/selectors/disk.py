"""Whether there is room on the disk for what this installation writes."""

from pathlib import Path

from django.conf import settings

from trajectories.adapters.disk import free_bytes

NO_SPACE = "No space left on the disk; goes on by itself once there is space."
MEGABYTE = 1024 * 1024


def disk_trouble() -> str:
    """One sentence where the disk is as good as full (less than DISK_RESERVE_BYTES free), else nothing."""
    free = free_bytes(Path(settings.VAR_DIR))
    if free >= settings.DISK_RESERVE_BYTES:
        return ""
    least = f"{settings.DISK_RESERVE_BYTES // MEGABYTE:,} MB"
    return f"No space left on the disk: {free // MEGABYTE:,} MB are free, expected at least {least}."
