#!/bin/sh
# llamafactory 0.9.5 writes "detailed thinking off" into the system message of every row that is formatted as `openai`.
#
# A guess from memory: a row of messages is trained on as it is, whichever of the formattings of dataset_info.json reads
# it. Seen, for rows of role and content, by the converters themselves (nothing else of the package is loaded):
#   - `openai` gives a row without a system message the system text "detailed thinking off", and appends it to the one
#     that another row has, also where the answers hold thoughts; `sharegpt` with the same tags leaves both as they are;
#   - what an assistant says beside its calls of tools is dropped by `openai`.
# What follows for a program that writes files to train on: its dataset_info.json says `sharegpt` for rows of messages,
# and calls of tools are written as turns of their own.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps llamafactory==0.9.5
cd "$folder"
venv/bin/python - <<'PROGRAM'
import importlib
import sys
import sysconfig
from importlib.metadata import version
from logging import getLogger
from pathlib import Path
from types import ModuleType, SimpleNamespace

home = Path(sysconfig.get_paths()["purelib"]) / "llamafactory"
for name in ("llamafactory", "llamafactory.data", "llamafactory.extras"):  # without what they would import: torch
    module = sys.modules[name] = ModuleType(name)
    module.__path__ = [str(home.joinpath(*name.split(".")[1:]))]
quiet = getLogger("quiet")
sys.modules["llamafactory.extras.logging"] = sys.modules["llamafactory.extras"].logging = ModuleType("logging")
sys.modules["llamafactory.extras.logging"].get_logger = lambda name: quiet
roles = sys.modules["llamafactory.data.data_utils"] = ModuleType("data_utils")
roles.Role = SimpleNamespace(
    **{name.upper(): SimpleNamespace(value=name) for name in ("user", "assistant", "system", "function", "observation")}
)
converters = importlib.import_module("llamafactory.data.converter").DATASET_CONVERTERS

names = ("images", "videos", "audios", "system", "tools", "kto_tag", "function_tag", "chosen", "rejected")
told = SimpleNamespace(
    **dict.fromkeys(names), ranking=False, messages="messages", role_tag="role", content_tag="content",
    user_tag="user", assistant_tag="assistant", observation_tag="tool", system_tag="system",
)  # fmt: skip
user = {"role": "user", "content": "What is 84 / 2?"}
said = {"role": "assistant", "content": "<think>\nHalf of 84.\n</think>\n\n42"}
call = {"function": {"name": "python", "arguments": "{}"}}
rows = {
    "without a system message": [user, said],
    "with one": [{"role": "system", "content": "Be exact."}, user, said],
    "with a call": [user, {"role": "assistant", "content": "Let me run it.", "tool_calls": [call]},
                    {"role": "tool", "content": "42"}, said],
}  # fmt: skip
print("llamafactory", version("llamafactory"))
seen = {}
for formatting in ("openai", "sharegpt"):
    for name, messages in rows.items():
        if formatting == "openai" or name != "with a call":
            read = converters[formatting](told, SimpleNamespace(media_dir=""))({"messages": messages})
            seen[formatting, name] = read["_system"]
            print(f"{formatting}, a row {name}: system {read['_system']!r}")
read = converters["openai"](told, SimpleNamespace(media_dir=""))({"messages": rows["with a call"]})
called = read["_prompt"][1]["content"]
print("openai, what is read of the call:", called)
off = "detailed thinking off"
sys.exit(
    [seen["openai", "without a system message"], seen["openai", "with one"]] != [off, f"Be exact.\n{off}"]
    or [seen["sharegpt", "without a system message"], seen["sharegpt", "with one"]] != ["", "Be exact."]
    or "Let me run it." in called
)
PROGRAM
