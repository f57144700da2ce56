"""What holds for every trainer there is."""

import pytest

from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import ParameterKind, read_parameters
from trajectories.core.faults import Fault
from trajectories.models import Sampler

EVERY = pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS)


@EVERY
def test_a_trainer_says_what_it_is_and_what_this_machine_lacks(trainer):
    assert TRAINERS[trainer.key] is trainer
    assert trainer.key.isascii()
    assert trainer.label
    assert trainer.summary.endswith(".")
    assert set(trainer.base_kinds) <= set(Sampler.Kind.values)
    lacking = trainer.missing()
    assert lacking == "" or lacking.endswith(".")


@EVERY
def test_its_defaults_are_values_that_it_takes(trainer):
    names = [parameter.name for parameter in trainer.parameters]
    assert len(set(names)) == len(names)
    read = read_parameters(trainer.parameters, {})
    assert list(read) == names
    assert read_parameters(trainer.parameters, read) == read, "what was stored is read as it is"
    for parameter in trainer.parameters:
        assert parameter.label
        if parameter.kind is ParameterKind.CHOICE:
            assert parameter.default in dict(parameter.choices)


@EVERY
def test_a_wrong_parameter_is_one_sentence_with_its_name(trainer):
    for parameter in trainer.parameters:
        for wrong in (["list"], float("nan"), {"a": 1}):
            with pytest.raises(Fault) as fault:
                read_parameters(trainer.parameters, {parameter.name: wrong})
            assert fault.value.field == parameter.name
            assert "expected" in str(fault.value)
        for bound, step in ((parameter.least, -1), (parameter.most, 1)):
            if bound is not None:
                with pytest.raises(Fault, match="expected"):
                    read_parameters(trainer.parameters, {parameter.name: bound + step})
    with pytest.raises(Fault, match="Found the parameter 'strange'"):
        read_parameters(trainer.parameters, {"strange": 1})
