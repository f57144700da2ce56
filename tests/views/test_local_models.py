import pytest
from django.urls import reverse

from tests.factories import make_sampler
from tests.local_models import make_environment, make_folder
from trajectories.models import AuditEvent, Sampler

FIELDS = {
    "title": "Small model",
    "name": "small-model",
    "folder": "small",
    "batch": "4",
    "max_output_tokens": "100",
    "top_p": "0.9",
    "seconds": "60",
    "memory_gib": "2",
    "precision": "float32",
    "logprobs": "on",
}


@pytest.fixture(autouse=True)
def _machine(settings, tmp_path):
    settings.TRAINING_PYTHON = make_environment(tmp_path / "python")
    settings.MODELS_DIR = tmp_path / "models"
    make_folder(settings.MODELS_DIR, "small")


def test_a_lead_adds_a_local_model_and_changes_how_it_is_served(client, lead):
    client.force_login(lead)
    page = client.get(reverse("sampler_list")).content.decode()
    assert reverse("local_model_new") in page
    made = client.post(reverse("local_model_new"), FIELDS)
    sampler = Sampler.objects.get(name="small-model")
    assert made["Location"] == reverse("sampler_detail", args=[sampler.pk])
    assert {"folder": "small", "batch": 4, "top_p": 0.9, "logprobs": True}.items() <= sampler.parameters.items()
    assert AuditEvent.objects.filter(verb="added", object_type="sampler", object_id=sampler.pk).exists()
    page = client.get(made["Location"]).content.decode()
    assert "in the folder of models" in page
    assert reverse("local_model_edit", args=[sampler.pk]) in page
    changed = client.post(reverse("local_model_edit", args=[sampler.pk]), {**FIELDS, "batch": "16"})
    newest = Sampler.objects.get(name="small-model", version=2)
    assert changed["Location"] == reverse("sampler_detail", args=[newest.pk])
    assert (newest.parameters["batch"], sampler.parameters["batch"]) == (16, 4)
    stale = client.post(reverse("local_model_edit", args=[sampler.pk]), FIELDS)
    assert stale.status_code == 422
    assert "another version" in stale.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("folder", "../small", "../small"),
        ("batch", "0", "Found 0"),
        ("top_p", "2", "Found 2"),
        ("name", "taken", "a name of its own"),
    ],
)
def test_wrong_values_change_nothing(client, lead, field, value, words):
    make_sampler(name="taken")
    client.force_login(lead)
    response = client.post(reverse("local_model_new"), {**FIELDS, field: value})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Sampler.objects.filter(kind="local").exists()


def test_a_machine_without_models_or_environment_says_what_to_do(client, lead, settings, tmp_path):
    settings.TRAINING_PYTHON, settings.MODELS_DIR = tmp_path / "nothing", tmp_path / "nowhere"
    client.force_login(lead)
    page = client.get(reverse("local_model_new")).content.decode()
    assert "run “make training”" in page
    assert "There is no model in" in page


def test_who_may_not_add_samplers_may_not_add_local_ones(client, curator):
    client.force_login(curator)
    assert client.post(reverse("local_model_new"), FIELDS).status_code == 403
    assert not Sampler.objects.filter(kind="local").exists()
