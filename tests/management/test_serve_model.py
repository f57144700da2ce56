import pytest
from django.core.management import CommandError, call_command

from tests.local_models import make_folder
from trajectories.models import Sampler

pytestmark = pytest.mark.django_db


def test_a_folder_of_models_becomes_a_sampler(settings, tmp_path, capsys):
    settings.MODELS_DIR, settings.TRAINING_PYTHON = tmp_path, tmp_path / "nothing"
    make_folder(tmp_path, "Small-1.0")
    call_command("serve_model", "Small-1.0", batch=2)
    sampler = Sampler.objects.get(kind="local")
    assert (sampler.name, sampler.title, sampler.parameters["batch"]) == ("small-1-0", "Small-1.0", 2)
    assert "run “make training”" in capsys.readouterr().out
    with pytest.raises(CommandError, match="a name of its own"):
        call_command("serve_model", "Small-1.0")
    with pytest.raises(CommandError, match="expected the name of a folder"):
        call_command("serve_model", "../Small-1.0")
    with pytest.raises(CommandError, match="below 1"):
        call_command("serve_model", "Small-1.0", batch=0)
    assert Sampler.objects.filter(kind="local").count() == 1
