"""What the page of a file prints: commands that load it, and scripts that train on it."""

import pytest

from trajectories.core.exporters import EXPORTERS
from trajectories.core.exporters.loading import calls_as_text, load_folder, load_lines, load_table, training_commands

COLUMNS = {"messages": [{"role": "string", "content": "string"}]}


@pytest.mark.parametrize("export_format", EXPORTERS)
def test_scripts_are_python_and_load_the_file_by_its_name(export_format):
    for loading in (load_table("a.parquet"), load_folder("a.zip"), load_lines(COLUMNS, file="a.jsonl.gz", sha256="0")):
        scripts = loading.scripts(export_format)
        for name, text in scripts.items():
            compile(text, name, "exec")
            assert "./a" in text or '"a.' in text
        commands = training_commands(scripts)
        assert bool(commands) == bool(scripts)
        assert commands.count("<<'END'") == commands.count("python3 train_") == len(scripts)


def test_a_folder_is_unpacked_first_and_its_first_split_trained_on():
    loading = load_folder("a.zip")
    assert loading.command.startswith("python3 -m zipfile -e a.zip a\npython3 -c 'import datasets; print(")
    assert 'next(iter(datasets.load_dataset("./a").values()))' in loading.scripts("sft-messages")["train_sft.py"]


def test_calls_with_arguments_as_text_are_seen_wherever_they_are():
    call = {"id": "string", "function": {"name": "string", "arguments": "string"}}
    assert calls_as_text({"messages": [{"role": "string", "tool_calls": [call]}]})
    objects = {**call, "function": {"name": "string", "arguments": "json"}}
    assert not calls_as_text({"messages": [{"role": "string", "tool_calls": [objects]}]})
    # The schema of a tool is no call of it.
    assert not calls_as_text({**COLUMNS, "tools": [{"function": {"parameters": {"arguments": "string"}}}]})
