"""Where the files made of releases are: in a folder, or in a bucket of S3 or of whatever speaks its language."""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MEMORY_BYTES = 8 * 1024 * 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def export_storage(folder: Path) -> dict[str, Any]:
    """The entry of STORAGES for the files made of releases.

    Without EXPORT_BUCKET it is the folder. Keys are read by the library itself, from AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY or from the machine's role. Raises ImproperlyConfigured with one sentence.
    """
    bucket = os.environ.get("EXPORT_BUCKET", "").strip()
    if not bucket:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    if not _BUCKET.fullmatch(bucket):
        raise ImproperlyConfigured(f"EXPORT_BUCKET: found {bucket[:63]!r}, expected the name of a bucket.")
    if importlib.util.find_spec("storages") is None or importlib.util.find_spec("boto3") is None:
        raise ImproperlyConfigured("EXPORT_BUCKET is set, but what talks to S3 is not installed: `make cloud` does it.")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "location": os.environ.get("EXPORT_PREFIX", "").strip().strip("/"),
            "endpoint_url": _address("EXPORT_ENDPOINT"),
            "region_name": os.environ.get("EXPORT_REGION", "").strip() or None,
            "default_acl": None,  # whatever the bucket says: these files are nobody's to read without a signed link
            "file_overwrite": True,
            "max_memory_size": MEMORY_BYTES,
            "querystring_auth": True,
        },
    }


def _address(name: str) -> str | None:
    text = os.environ.get(name, "").strip()
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise ImproperlyConfigured(f"{name}: found no address, expected one such as https://s3.example.org.")
    return text or None
