"""Scripts that take a step of training on a file with trl, one for each of its trainers that reads the format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.exporters.loading import DATASETS, Loading

TRL, LAST_WITH_PRM = "1.16.0", "1.13.0"
"""The version of trl that the scripts were tried with, and the last one that has PRMTrainer, tried as well."""

TRANSFORMERS = "5.24.0"
"""The version of transformers that both were tried with; a newer one need not fit them."""

MODEL, TEACHER = "Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"
"""What a script trains where nothing else is named, and the teacher of a trainer that takes one."""

_USUAL = 'output_dir="trained", max_steps=1, per_device_train_batch_size=2, bf16=torch.cuda.is_available()'
_REWARD_FUNCTION = (
    "def correct(completions, answer, **_):  # a reward: whether the reference answer is in what was said",
    '    return [float(bool(text) and text in said[-1]["content"]) for said, text in zip(completions, answer)]',
)


@dataclass(frozen=True, slots=True)
class _Trainer:
    """One trainer of trl. `name` stands before "Trainer" and "Config" in the module `where`, which `trl` is the version
    of.

    `settings` are those of its configuration, beside the usual ones; `given` is what it takes behind the model. `needs`
    are statements before the rows are loaded, `made` those behind the name of the model; `modules` are imported for
    them, and `variables` name models to the script.
    """

    name: str
    settings: str = "max_length=None"
    given: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    variables: str = f"MODEL={MODEL}"
    where: str = "trl"
    trl: str = TRL

    def script(self, loading: Loading) -> "Script":
        """The script that takes one step on a file."""
        given = "".join(f"{each}, " for each in self.given)
        lines = [
            f"import {', '.join(sorted({*loading.modules, *self.modules, 'os', 'torch', self.where}))}",
            *loading.statements,
            *self.needs,
            f"data = {loading.rows or loading.expression}",
            f'model = os.environ.get("MODEL", "{MODEL}")',
            *self.made,
            f"config = {self.where}.{self.name}Config({_USUAL}, {self.settings})",
            f"{self.where}.{self.name}Trainer(model, {given}args=config, train_dataset=data).train()",
        ]
        text = "\n".join(lines) + "\n"
        return Script(f"{self.name}Trainer", f"train_{self.name.lower()}.py", text, self.variables, self.trl)


@dataclass(frozen=True, slots=True)
class Script:
    """One step with one trainer: the class of the trainer, the name of the file, what is in it, the variables that name
    models to it, and the version of trl that has the trainer.
    """

    trainer: str
    file: str
    text: str
    variables: str
    trl: str

    @property
    def commands(self) -> str:
        """Commands that write the script and run it."""
        return f"cat > {self.file} <<'END'\n{self.text}END\n{self.variables} python3 {self.file}"


_SFT = _Trainer("SFT")
_PAIRS = (_Trainer("DPO"), _Trainer("Reward"))
_PRM = _Trainer(
    "PRM",
    settings="max_length=None, max_completion_length=None",
    given=("processing_class=tokenizer",),
    made=(
        "tokenizer = transformers.AutoTokenizer.from_pretrained(model)",
        "model = transformers.AutoModelForTokenClassification.from_pretrained(model, num_labels=2)",
    ),
    modules=("transformers",),
    where="trl.experimental.prm",
    trl=LAST_WITH_PRM,
)
_DRAWN = "num_generations=2, max_completion_length=256"
_TRAINERS: Mapping[str, tuple[_Trainer, ...]] = {
    "sft-messages": (_SFT,),
    "sft-prompt-completion": (_SFT,),
    "preference": _PAIRS,
    "preference-repairs": _PAIRS,
    "unpaired": (_Trainer("KTO"),),
    "prompt-only": (
        _Trainer("GRPO", settings=_DRAWN, given=("correct",), needs=_REWARD_FUNCTION),
        _Trainer("RLOO", settings=_DRAWN, given=("correct",), needs=_REWARD_FUNCTION),
        _Trainer(
            "Distillation",
            settings="max_completion_length=256",
            given=("teacher",),
            made=(f'teacher = os.environ.get("TEACHER", "{TEACHER}")',),
            variables=f"MODEL={MODEL} TEACHER={TEACHER}",
        ),
    ),
    "stepwise": (_PRM,),
    "step-values": (_PRM,),
}
"""By format: the trainers that read it as it is. All of one format are in one version of trl."""


def training_scripts(export_format: str, loading: Loading) -> tuple[Script, ...]:
    """A script for each trainer of trl that reads the format; none for other formats."""
    return tuple(trainer.script(loading) for trainer in _TRAINERS.get(export_format, ()))


def is_trained_on(export_format: str) -> bool:
    """Whether a trainer of trl reads the format."""
    return export_format in _TRAINERS


def environment_commands(scripts: Sequence[Script]) -> str:
    """Commands that make an environment in which all of these scripts of one format run, and enter it; "" for none."""
    if not scripts:
        return ""
    trl = scripts[0].trl
    installed = f"trl=={trl} transformers=={TRANSFORMERS} datasets=={DATASETS}"
    return f"python3 -m venv trl-{trl}\n. trl-{trl}/bin/activate\npip install {installed}"
