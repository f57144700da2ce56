"""The pages of trainings: asking, watching, and what came of it."""

import pytest
from django.urls import reverse

from tests import factories
from tests.trainings import ToldTrainer, make_release, make_training, write_outcome
from trajectories.models import Sampler, Training, Worker
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.training.work import train_next


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    settings.TRAINING_DIR = tmp_path / "trainings"


@pytest.fixture
def told(monkeypatch):
    def act(task, report):
        report.point(1, loss=0.5)
        report.point(2, loss=0.25)
        return write_outcome(task, facts={"told": {"Rows": 3}})

    return ToldTrainer(act).install(monkeypatch)


def asked(release, **values):
    given = {"release": release.pk, "take": "correct", "parameter_steps": "5", "seed": "3"}
    return given | values


def test_its_settings_are_said_in_words(as_lead):
    values = {"release": make_release(1).pk, "take": "uniform", "parameter_method": "counts", "seed": "3"}
    answer = as_lead.post(f"{reverse('training_new')}?trainer=embedded", values | {"base": ensure_symbolic().pk})
    page = as_lead.get(answer.url).content.decode()
    assert "<dt>Wrong programs too</dt><dd>no</dd>" in page
    assert "<dt>Which traces</dt><dd>whatever the release holds, drawn evenly</dd>" in page


def test_only_settings_that_mean_something_are_shown(as_lead):
    training = make_training(make_release(1), trainer="trl", parameters={"method": "sft", "steps": 3})
    page = as_lead.get(reverse("training_detail", args=[training.pk])).content.decode()
    for label in ("Steps", "Layers", "Learning rate"):
        assert f"<dt>{label}</dt>" in page, label
    for label in ("Epochs", "Beta", "Answers to each prompt", "Begin from"):
        assert f"<dt>{label}</dt>" not in page, label
    assert "<dt>Model</dt><dd>a small new one</dd>" in page
    form = as_lead.get(f"{reverse('training_new')}?trainer=trl").content.decode()
    assert "Needs “make training”" in form
    for heading in ("answers-that-grpo-samples", "a-new-model", "limits"):
        assert f'data-group="{heading}"' in form


def test_one_like_another_begins_with_its_settings(as_lead):
    rule = {"take": "uniform", "per_problem": 2}
    training = make_training(
        make_release(1), trainer="trl", parameters={"method": "kto", "steps": 7}, rule=rule, seed=9
    )
    address = f"{reverse('training_new')}?like={training.pk}"
    assert address in as_lead.get(reverse("training_detail", args=[training.pk])).content.decode()
    form = as_lead.get(address).context["form"]
    names = ("release", "base", "take", "per_problem", "seed", "parameter_method", "parameter_steps")
    assert [form[name].value() for name in names] == [training.release_id, None, "uniform", 2, 9, "kto", 7]
    assert as_lead.get(f"{reverse('training_new')}?like=999999").status_code == 404


def test_losses_and_rewards_are_drawn_and_all_else_is_in_the_table(as_lead, monkeypatch):
    def act(task, report):
        report.point(1, **{"loss": 0.5, "rewards/margins": 0.1, "grad_norm": 20.0, "kl": 0.0})
        return write_outcome(task)

    ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    train_next(job_id=training.pk)
    figure = as_lead.get(reverse("training_curves", args=[training.pk])).context["figure"]
    assert [each.name for each in figure.series] == ["Loss", "Rewards, margins"]
    assert [column.title for column in figure.columns] == ["Step", "Gradient norm", "KL", "Loss", "Rewards, margins"]


def test_a_lead_asks_for_a_training_from_a_release_and_watches_it(as_lead, told):
    base = ensure_symbolic()
    release = make_release(2)
    page = as_lead.get(reverse("release_detail", args=[release.pk])).content.decode()
    address = f"{reverse('training_new')}?release={release.pk}"
    assert address in page
    form = as_lead.get(f"{address}&trainer=told").content.decode()
    assert f'<option value="{release.pk}" selected>' in form
    answer = as_lead.post(f"{reverse('training_new')}?trainer=told", asked(release, base=base.pk, per_problem="2"))
    training = Training.objects.get()
    assert answer.url == reverse("training_detail", args=[training.pk])
    assert (training.parameters, training.base, training.seed) == ({"steps": 5}, base, 3)
    assert training.rule == {"version": 1, "per_problem": 2, "bins": False}
    assert "Queued" in as_lead.get(answer.url).content.decode()
    train_next(job_id=training.pk)
    page = as_lead.get(answer.url).content.decode()
    training.refresh_from_db()
    for text in (training.artefact.sha256, training.sampler.title, "Not known to be wrong", "2 at most", "Rows"):
        assert text in page, text
    assert training.title in as_lead.get(reverse("training_list")).content.decode()
    curves = as_lead.get(reverse("training_curves", args=[training.pk])).content.decode()
    assert "0.25" in curves
    assert 'data-plot="spec-curves' in curves
    table = b"".join(as_lead.get(reverse("training_curves", args=[training.pk]), {"format": "csv"}).streaming_content)
    assert table.decode().splitlines() == ["Step,Loss", "1,0.5", "2,0.25"]
    file = as_lead.get(reverse("training_artefact", args=[training.pk]))
    assert b"".join(file.streaming_content) == b'{"lessons": 2}'


@pytest.mark.parametrize(
    ("values", "told_as"),
    [
        ({"parameter_steps": "0"}, "Found 0, expected"),
        ({"take": "best"}, "Found &#x27;best&#x27;, expected"),
        ({"replay": "50"}, "expected one or more to replay"),
        ({"release": "999999"}, "Found"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(as_lead, told, values, told_as):
    release = make_release(2)
    answer = as_lead.post(f"{reverse('training_new')}?trainer=told", asked(release) | values)
    assert answer.status_code == 422
    assert told_as in answer.content.decode()
    assert not Training.objects.exists()


def test_where_only_a_worker_has_the_trainer_nothing_is_missed(as_lead, told, monkeypatch):
    monkeypatch.setattr(told, "missing", lambda: "torch is not installed here.", raising=False)
    training = make_training(make_release(2), trainer="told")
    pages = [f"{reverse('training_new')}?trainer=told", reverse("training_detail", args=[training.pk])]
    for page in pages:
        assert "torch is not installed here. No worker that is alive can do it either." in (
            as_lead.get(page).content.decode()
        )
    factories.make_worker(trainers="told")
    for page in pages:
        text = as_lead.get(page).content.decode()
        assert "torch is not installed here" not in text
        assert "No worker that is alive" not in text
    Training.objects.update(state="running")
    Worker.objects.all().delete()
    assert "No worker that is alive" not in as_lead.get(pages[1]).content.decode(), "somebody is at it"


def test_a_trainer_or_a_training_that_is_not_there_is_not_found(as_lead):
    assert as_lead.get(f"{reverse('training_new')}?trainer=none").status_code == 404
    for name in ("training_detail", "training_curves", "training_artefact"):
        assert as_lead.get(reverse(name, args=[10**9])).status_code == 404


def test_a_curator_sees_none_of_it(client, curator, told):
    training = make_training(make_release(2), trainer="told")
    client.force_login(curator)
    for name, arguments in (("training_list", []), ("training_detail", [training.pk]), ("training_new", [])):
        assert client.get(reverse(name, args=arguments)).status_code == 403


def test_a_person_says_which_sampler_came_of_a_package(as_lead, monkeypatch):
    ToldTrainer(lambda task, report: write_outcome(task, sampler_kind="")).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    train_next(job_id=training.pk)
    sampler = ensure_symbolic()
    address = reverse("training_detail", args=[training.pk])
    elsewhere = factories.make_sampler(kind=Sampler.Kind.IMPORTED, title="Drawn elsewhere")
    page = as_lead.get(address).content.decode()
    assert "say which one it is" in page
    assert f'<option value="{sampler.pk}">' in page
    assert elsewhere.title not in page
    refused = as_lead.post(reverse("training_attach", args=[training.pk]), {"sampler": "0"}, follow=True)
    assert "Found" in refused.content.decode()
    as_lead.post(reverse("training_attach", args=[training.pk]), {"sampler": sampler.pk})
    training.refresh_from_db()
    assert (training.state, training.sampler) == ("finished", sampler)
