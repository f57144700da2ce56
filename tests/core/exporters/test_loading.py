"""What the page of a file prints: commands that load it, and scripts that train on it."""

import pytest

from trajectories.core.exporters import EXPORTERS
from trajectories.core.exporters.loading import calls_as_text, load_folder, load_lines, load_table
from trajectories.core.exporters.scripts import environment_commands, is_trained_on, training_scripts

COLUMNS = {"messages": [{"role": "string", "content": "string"}]}


@pytest.mark.parametrize("export_format", EXPORTERS)
def test_scripts_are_python_and_load_the_file_by_its_name(export_format):
    for loading in (load_table("a.parquet"), load_folder("a.zip"), load_lines(COLUMNS, file="a.jsonl.gz", sha256="0")):
        scripts = training_scripts(export_format, loading)
        assert bool(scripts) == is_trained_on(export_format) == bool(environment_commands(scripts))
        assert len({script.file for script in scripts}) == len(scripts)
        assert len({script.trl for script in scripts}) <= 1, "one environment takes all of them"
        for script in scripts:
            compile(script.text, script.file, "exec")
            assert "./a" in script.text or '"a.' in script.text
            assert script.commands.startswith(f"cat > {script.file} <<'END'\n")
            assert script.commands.endswith(f"END\n{script.variables} python3 {script.file}")
            # What is longer than a limit would be cut off or left out without a word.
            assert "max_length=None" in script.text or "max_completion_length=256" in script.text


def test_a_folder_is_unpacked_first_and_its_first_split_trained_on():
    loading = load_folder("a.zip")
    assert loading.command.startswith("python3 -m zipfile -e a.zip a\npython3 -c 'import datasets; print(")
    assert 'next(iter(datasets.load_dataset("./a").values()))' in training_scripts("sft-messages", loading)[0].text


def test_calls_with_arguments_as_text_are_seen_wherever_they_are():
    call = {"id": "string", "function": {"name": "string", "arguments": "string"}}
    assert calls_as_text({"messages": [{"role": "string", "tool_calls": [call]}]})
    objects = {**call, "function": {"name": "string", "arguments": "json"}}
    assert not calls_as_text({"messages": [{"role": "string", "tool_calls": [objects]}]})
    # The schema of a tool is no call of it.
    assert not calls_as_text({**COLUMNS, "tools": [{"function": {"parameters": {"arguments": "string"}}}]})
