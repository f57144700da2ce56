"""A module for tests of the enclosure: what requests ask of it here is done by texts elsewhere."""

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any

_seen: list[str] = []


def warm_up() -> None:
    _seen.append("warm")


def prepare(shared: dict[str, Any]) -> None:
    _seen.append("prepared")
    _seen.remove("prepared")


def answer(_prepared: None, rest: dict[str, Any]) -> dict[str, Any]:
    do, text = rest["do"], rest.get("text", "")
    if do == "remember":
        _seen.append(text)
    if do == "sleep":
        time.sleep(60)
    if do == "grow":
        _seen.extend([text] * 10**10)
    if do == "die":
        os.abort()
    if do == "leave":
        Path("/tmp/left").touch()
    if do == "shout":
        return {"text": "x" * 10**6}
    if do == "forge":
        os.write(3, (17).to_bytes(4, "big") + b'{"value": 1, "a"}')
    if do == "search":
        return {"found": count_in_memory(text)}
    return {"seen": list(_seen), "files": os.listdir("/tmp"), "path": sys.path[0]}


def count_in_memory(backwards: str) -> int:
    """How often this process's memory holds a text, whose letters come in reverse order so that it is not counted."""
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again, so that the kernel lets it look at itself
    count = 0
    with open("/proc/self/maps", encoding="ascii") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.readlines():
            span, rights = line.split()[:2]
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                memory.seek(start)
                try:
                    count += bytes(reversed(memory.read(end - start))).count(backwards.encode())
                except OSError:
                    continue
    # What is counted are texts in reverse: the one asked for, as it came, is none of them.
    return count
