"""Run by a Python that has trl: what each of its chat templates makes of the rows of an exported file.

    python rendering_by_trl.py LOAD.py FILE.jsonl

LOAD.py makes `data` of the file as the page of a release says. Prints one line of JSON: the versions, and by template
what is wrong, "" for nothing. Rows as they are loaded have to give the very texts of the lines, which have no nulls.
"""

import json
import os
import runpy
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import transformers
import trl
from tiny_model import TEMPLATES, tokenizer

LOAD, LINES = map(Path, sys.argv[1:])


def fault_of(template: Path, loaded: list, plain: list) -> str:
    """What is wrong with how a template renders the rows of both."""
    renders = tokenizer(template).apply_chat_template
    for place, (row, line) in enumerate(zip(loaded, plain, strict=True)):
        tools = row.get("tools")
        tools = json.loads(tools) if isinstance(tools, str) else tools  # as trl reads them
        try:
            text = renders(row["messages"], tools=tools, tokenize=False)
        except Exception as fault:
            return f"row {place}: {type(fault).__name__}: {fault}"
        if text != renders(line["messages"], tools=line.get("tools"), tokenize=False):
            return f"row {place}: it is loaded as another text"
        if '\\"code\\"' in text or '\\"action\\"' in text:
            return f"row {place}: arguments are written twice"
        if str(line["messages"][-1]["content"]).strip() not in text:
            return f"row {place}: the answer is missing"
    return ""


rows = runpy.run_path(str(LOAD))["data"].to_list()
lines = [json.loads(line) for line in LINES.read_text().splitlines()]
found = {file.stem: fault_of(file, rows, lines) for file in sorted(TEMPLATES.glob("*.jinja"))}
versions = {each.__name__: each.__version__ for each in (trl, datasets, transformers)}
sys.stdout.write("TOLD " + json.dumps({"versions": versions, "rendered": found}) + "\n")
