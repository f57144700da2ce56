"""Commands that load a file with `datasets`, and scripts that take a step of training on it with trl.

`datasets` guesses the types of JSON Lines from the first ten megabytes (huggingface/datasets#7222, #5531): a column
that is null there, or a key that comes later, ends loading. And it reads a column whose every text looks like a date as
times, also where `features` say that it is text: "2024-01-02" comes back as "2024-01-02 00:00:00". So the command reads
the rows as JSON itself and states every type. Parquet has its types in the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.exporters.columns import JSON_VALUE, MIXED, UNKNOWN, Columns, is_typed
from trajectories.core.records import JSON

TRL = "1.16.0"
"""The version of trl that the scripts were tried with."""

MODEL = "Qwen/Qwen3-0.6B"
"""What a script trains where nothing else is named."""

_USUAL = 'output_dir="trained", max_steps=1, per_device_train_batch_size=2, bf16=torch.cuda.is_available()'
_SFT = ("sft", "SFT", f"{_USUAL}, max_length=None", ())
_DPO = ("dpo", "DPO", f"{_USUAL}, max_length=None", ())
_REWARD = ("reward", "Reward", _USUAL, ())
_KTO = ("kto", "KTO", f"{_USUAL}, max_length=None", ())
_GRPO = (
    "grpo",
    "GRPO",
    f"{_USUAL}, num_generations=2, max_completion_length=256",
    (
        "def correct(completions, answer, **_):  # a reward: whether the reference answer is in what was said",
        '    return [float(bool(text) and text in said[-1]["content"]) for said, text in zip(completions, answer)]',
    ),
)
_TRAINERS: Mapping[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]] = {
    "sft-messages": (_SFT,),
    "sft-prompt-completion": (_SFT,),
    "preference": (_DPO, _REWARD),
    "preference-repairs": (_DPO, _REWARD),
    "unpaired": (_KTO,),
    "prompt-only": (_GRPO,),
}
"""By format, for each trainer that reads it: a name for its script, its class, its settings, and what they need."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How a file is loaded: `expression` is the Python expression of all of it, `rows` that of the rows of its first
    split; `modules` and `statements` come before these, `before` are commands that come before Python.
    """

    expression: str
    rows: str = ""
    modules: tuple[str, ...] = ("datasets",)
    statements: tuple[str, ...] = ()
    before: str = ""

    @property
    def command(self) -> str:
        """Commands that load the file and show what was loaded."""
        opening, shown = f"import {', '.join(self.modules)}", f"print({self.expression})'"
        lines = [f"python3 -c '{opening}", *self.statements, shown]
        python = "\n".join(lines) if self.statements else f"python3 -c '{opening}; {shown}"
        return f"{self.before}\n{python}" if self.before else python

    def scripts(self, export_format: str) -> dict[str, str]:
        """For each trainer of trl that reads the format, by the name of its file: a script that takes one step."""
        found = {}
        for name, trainer, settings, needs in _TRAINERS.get(export_format, ()):
            given = "correct, " if needs else ""
            lines = [
                f"import {', '.join(sorted({*self.modules, 'os', 'torch', 'trl'}))}",
                *self.statements,
                *needs,
                f"data = {self.rows or self.expression}",
                f'model = os.environ.get("MODEL", "{MODEL}")',
                f"config = trl.{trainer}Config({settings})",
                f"trl.{trainer}Trainer(model, {given}args=config, train_dataset=data).train()",
            ]
            found[f"train_{name}.py"] = "\n".join(lines) + "\n"
        return found


def load_lines(columns: Columns, *, file: str, sha256: str) -> Loading | None:
    """How JSON Lines are loaded, every text as it is; None where no typed column holds them.

    The hash of the file is an argument, so that another file of the same name is not taken from the cache.
    """
    if not isinstance(columns, Mapping) or not is_typed(columns) or not _names_are_plain(columns):
        return None
    modules, opening = (("gzip", "json"), "gzip.open") if file.endswith(".gz") else (("json",), "open")
    statements = (
        "def rows(file, sha256):",
        f'    with {opening}(file, "rt", encoding="utf-8") as lines:',
        "        yield from map(json.loads, lines)",
        "def of(name): return datasets.Value(name)",
        f"features = datasets.Features({_code(columns)})",
        f'kwargs = {{"file": "{file}", "sha256": "{sha256}"}}',
    )
    expression = "datasets.Dataset.from_generator(rows, features=features, gen_kwargs=kwargs)"
    return Loading(expression, modules=("datasets", *modules), statements=statements)


def load_table(file: str) -> Loading:
    """The code that loads a Parquet file, which holds the types of its columns itself."""
    return Loading(f'datasets.Dataset.from_parquet("{file}")')


def load_folder(file: str) -> Loading:
    """How an archive of a folder is unpacked and loaded, by the splits that it has."""
    folder = file.removesuffix(".zip")
    expression = f'datasets.load_dataset("./{folder}")'
    return Loading(expression, f"next(iter({expression}.values()))", before=f"python3 -m zipfile -e {file} {folder}")


def training_commands(scripts: Mapping[str, str]) -> str:
    """Commands that install trl, write the scripts and run each of them; "" for none."""
    if not scripts:
        return ""
    written = "".join(f"cat > {name} <<'END'\n{text}END\n" for name, text in scripts.items())
    run = "\n".join(f"MODEL={MODEL} python3 {name}" for name in scripts)
    return f"pip install trl=={TRL}\n{written}{run}"


def calls_as_text(columns: JSON) -> bool:
    """Whether the rows have calls of tools with their arguments as text, which most chat templates write wrongly."""
    if isinstance(columns, Mapping):
        function = columns.get("function")
        told = isinstance(function, Mapping) and function.get("arguments") == "string"
        return told or any(map(calls_as_text, columns.values()))
    return isinstance(columns, list) and calls_as_text(columns[0])


def _code(columns: Columns) -> str:
    if isinstance(columns, Mapping):
        return "{" + ", ".join(f'"{key}": {_code(inner)}' for key, inner in columns.items()) + "}"
    if isinstance(columns, list):
        return f"[{_code(columns[0])}]"
    if columns == JSON_VALUE:
        return "datasets.Json()"
    return f'of("{"string" if columns in (UNKNOWN, MIXED) else columns}")'


def _names_are_plain(columns: Columns) -> bool:
    """Whether every key can stand in the command as it is."""
    if isinstance(columns, Mapping):
        are_plain = all(key.isidentifier() and key.isascii() for key in columns)
        return are_plain and all(map(_names_are_plain, columns.values()))
    return _names_are_plain(columns[0]) if isinstance(columns, list) else True
