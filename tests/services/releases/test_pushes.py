import io
import json
import uuid
import zipfile

import pytest
from django.urls import reverse

from tests import factories
from tests.hub import COMMIT, KEY, running_hub
from trajectories.adapters.endpoints import KeyBindings
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Delivery, Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases import pushes
from trajectories.services.releases.deliveries import deliver_next, request_push, retry_delivery
from trajectories.services.releases.exports import export_filename, export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def release(lead, curator):
    trace = factories.make_trace()
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title='A "first" one', key=uuid.uuid4())


@pytest.fixture
def export(release, engineer):
    made = request_export(actor=engineer, release=release, export_format="sft-messages")
    assert write_export(job_id=made.pk)
    return Export.objects.get(pk=made.pk)


@pytest.fixture
def hub(settings, monkeypatch):
    with running_hub() as running:
        settings.HUB_KEYS = KeyBindings.read(f"A_HUB_TOKEN={running.url}, B_TOKEN=http://127.0.0.1:9", "HUB_KEYS")
        monkeypatch.setenv("A_HUB_TOKEN", KEY)
        monkeypatch.delenv("B_TOKEN", raising=False)
        yield running


def ask(actor, export, **values):
    asked = {"key_name": "A_HUB_TOKEN", "repository": "us/data", "private": True, **values}
    return request_push(actor=actor, export=export, **asked)


def done(delivery):
    deliver_next(job_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_the_file_its_card_and_its_manifest_are_on_the_hub(export, engineer, hub, release):
    delivery = done(ask(engineer, export))
    assert (delivery.state, delivery.reason) == ("ready", "")
    assert delivery.outcome == {"commit": COMMIT, "address": f"{hub.url}/datasets/us/data"}
    files = hub.repositories["us/data"]
    assert files[f"data/{export_filename(export)}"] == export_path(export).read_bytes()
    assert json.loads(files["manifest.json"])["sha256"] == release.content_hash
    card = files["README.md"].decode()
    assert 'pretty_name: "A \\"first\\" one"' in card
    assert f'data_files: "data/{export_filename(export)}"' in card
    assert hub.messages == [f'A "first" one, release {release.content_hash[:10]}']
    event = AuditEvent.objects.get(verb="delivery.push")
    assert (event.actor, event.data["repo"], event.data["commit"]) == (engineer, "us/data", COMMIT)
    assert all(KEY not in json.dumps(each.data) for each in AuditEvent.objects.all())
    assert KEY not in json.dumps(Delivery.objects.values_list("target", "outcome", "reason").get())


def test_what_a_folder_holds_goes_file_by_file(export, engineer, hub, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("README.md", "# The folder's own card\n")
        archive.writestr("data/train-00000-of-00001.parquet", b"PAR1" * 1000)
    export_path(export).write_bytes(packed.getvalue())
    Export.objects.update(byte_size=len(packed.getvalue()))
    monkeypatch.setattr(pushes, "export_filename", lambda _: "release.zip")
    assert done(ask(engineer, export)).state == "ready"
    assert hub.repositories["us/data"] == {
        "README.md": b"# The folder's own card\n",
        "data/train-00000-of-00001.parquet": b"PAR1" * 1000,
    }


def test_what_the_hub_refuses_is_its_reason_and_can_be_tried_again(export, engineer, hub):
    hub.faults["create"] = 403
    delivery = done(ask(engineer, export))
    assert delivery.state == "failed"
    assert "the key in A_HUB_TOKEN may not write there" in delivery.reason
    assert KEY not in delivery.reason
    hub.faults.clear()
    assert done(retry_delivery(actor=engineer, job_id=delivery.pk)).state == "ready"


def test_a_key_that_the_settings_bind_elsewhere_by_now_is_not_sent(export, engineer, hub, settings):
    delivery = ask(engineer, export)
    settings.HUB_KEYS = KeyBindings.read("A_HUB_TOKEN=http://127.0.0.1:9", "HUB_KEYS")
    assert "does not send A_HUB_TOKEN" in done(delivery).reason
    assert hub.asked == []


def test_a_file_that_is_gone_by_then_is_told(export, engineer, hub):
    delivery = ask(engineer, export)
    export_path(export).unlink()
    assert done(delivery).state == "failed"
    Export.objects.update(dropped_at="2026-01-01T00:00Z")
    assert "ask for it again" in done(retry_delivery(actor=engineer, job_id=delivery.pk)).reason
    assert hub.repositories == {}


def test_asked_for_twice_at_once_it_is_one_push(export, engineer, hub):
    first, second = ask(engineer, export), ask(engineer, export)
    assert first.pk == second.pk
    done(first)
    assert ask(engineer, export).pk != first.pk


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"key_name": "SECRET_KEY"}, "expected one that the setting HUB_KEYS names"),
        ({"key_name": "B_TOKEN"}, "the variable B_TOKEN is not set"),
        ({"repository": "data"}, "expected owner/name"),
        ({"repository": "../../x/y"}, "expected owner/name"),
        ({"repository": "us/data?x=1"}, "expected owner/name"),
    ],
)
def test_what_makes_no_push_is_told(export, engineer, hub, values, said):
    with pytest.raises(Fault, match=said):
        ask(engineer, export, **values)
    assert not Delivery.objects.exists()


class TestPage:
    def test_it_pushes_and_says_how_it_went(self, client, export, engineer, hub, release):
        client.force_login(engineer)
        detail = reverse("release_detail", args=[release.pk])
        page = client.get(detail).content.decode()
        assert f"{hub.url} (A_HUB_TOKEN)" in page
        assert "(B_TOKEN, not set)" in page
        asked = {"export": export.pk, "hub": "A_HUB_TOKEN", "repository": "us/data", "private": "on"}
        answer = client.post(reverse("push_create", args=[release.pk]), asked)
        delivery = Delivery.objects.get()
        assert answer["Location"].endswith(f"#delivery-{delivery.pk}")
        row = client.get(reverse("delivery_detail", args=[delivery.pk]), headers={"HX-Request": "true"})
        assert "on its way to" in row.content.decode()
        done(delivery)
        page = client.get(detail).content.decode()
        assert f'href="{hub.url}/datasets/us/data"' in page
        assert KEY not in page

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"repository": "data"}, "expected owner/name"),
            ({"hub": "SECRET_KEY"}, "SECRET_KEY"),
            ({"hub": "B_TOKEN"}, "is not set"),
            ({"export": "99999"}, "99999"),
        ],
    )
    def test_a_wrong_field_is_one_sentence_and_nothing_more(self, client, export, engineer, hub, release, change, said):
        client.force_login(engineer)
        asked = {"export": export.pk, "hub": "A_HUB_TOKEN", "repository": "us/data", **change}
        answer = client.post(reverse("push_create", args=[release.pk]), asked, follow=True)
        assert said in answer.content.decode()
        assert not Delivery.objects.exists()

    def test_who_may_not_cannot(self, client, export, curator, hub, release):
        client.force_login(curator)
        asked = {"export": export.pk, "hub": "A_HUB_TOKEN", "repository": "us/data"}
        assert client.post(reverse("push_create", args=[release.pk]), asked).status_code == 403
        assert not Delivery.objects.exists()
