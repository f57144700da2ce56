"""The Python client and the loop, releases and the installation, against the application itself."""

from tests.api.programs import one_connection  # noqa: F401 - a fixture
from tests.api.test_releases import accepted
from tests.campaigns import learnt_campaign, two_sets
from tests.test_client import connect  # noqa: F401 - a fixture
from tests.trainings import make_release, make_training
from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.models import Campaign, Mind, TrainingPoint, Webhook
from trajectories.services.releases.deliveries import deliver_next


def test_a_campaign_is_estimated_launched_cloned_and_read(connect, lead, curator):  # noqa: F811
    client, sets = connect(lead), two_sets()
    small = {"training_set": sets[0].pk, "held_out_set": sets[1].pk, "samples_each": 2}
    assert client.campaign_templates()[0]["name"] == "embedded-arc"
    assert client.estimate_campaign(**small)["training_problems"] == 4
    first = client.launch_campaign(**small, key="mine")
    assert client.launch_campaign(**small, key="mine")["id"] == first["id"]
    clone = client.clone_campaign(first["id"], title="Again", generations=1)
    assert [row["id"] for row in client.campaigns()] == [clone["id"], first["id"]]
    assert (clone["cloned_from"], clone["generations"]) == (first["id"], 1)
    assert client.wait_for_generation(first["id"], 0, seconds=0)["state"] == "queued"
    done = learnt_campaign(lead, curator)
    assert client.wait_for_generation(done.pk, 1)["state"] == "finished"
    assert len(client.campaign_figure(done.pk)["rows"]) == 3
    assert client.overrule(done.pk, 1, "It is worse.")["rows"][1]["decision"]["overruled"]
    assert Campaign.objects.count() == 3


def test_a_training_its_curves_and_a_memory(connect, lead):  # noqa: F811
    client, release = connect(lead), make_release()
    made = client.launch_training(release.pk, parameters={"method": "choose"})
    assert client.wait_for_training(made["id"], seconds=0)["state"] == "queued"
    training = make_training(release)
    for step in (1, 2):
        TrainingPoint.objects.create(training=training, step=step, values={"loss": 1.0})
    assert [point["step"] for point in client.curves(training.pk)] == [1, 2]
    assert [row["id"] for row in client.trainings()] == [training.pk, made["id"]]
    assert "embedded" in [row["key"] for row in client.trainers()]
    play_all(plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=10), 1)))
    (mind,) = client.minds(run=Mind.objects.get().run_id)
    kept = list(client.memory(mind["id"]))
    assert client.put_memory(mind["id"], kept)["remembered"] == len(kept) == mind["remembered"]


def test_a_rule_is_stored_and_frozen_by_and_its_release_is_packed(connect, lead, settings, tmp_path):  # noqa: F811
    settings.EXPORT_DIR = tmp_path / "exports"
    accepted(lead)
    client = connect(lead)
    rule = client.store_rule("Careful", {"reviews": {"accepted_by": 1}, "hinted": "only"})
    assert (client.preview_rule({})["left"], client.preview_rule(stored_rule=rule["id"])["left"]) == (1, 0)
    wider = client.store_rule("Careful", {"reviews": {"accepted_by": 1}}, version_of=rule["id"])
    assert client.freeze("By it", stored_rule=wider["id"], trial=True)["state"] == "queued"
    assert [row["version"] for row in client.rules()] == [2, 1]
    package = client.request_package(make_release(2).pk)
    deliver_next(job_id=package["id"])
    assert client.wait_for_delivery(package["id"])["state"] == "ready"
    assert client.pin("delivery", package["id"])["pinned"]


def test_an_installation_is_looked_after(connect, chief, curator):  # noqa: F811
    client = connect(chief)
    hook = client.add_webhook("Team", "https://8.8.8.8/hook", events=["run.ended"])
    assert hook["secret"] != client.renew_secret(hook["id"])["secret"]
    client.steer_webhook(hook["id"], "test")
    (message,) = client.webhook_messages(hook["id"])
    assert client.send_again(message["id"])["state"] == "waiting"
    assert client.steer_webhook(hook["id"], "remove")["state"] == "removed"
    assert (list(client.webhooks()), Webhook.objects.count()) == ([], 1)
    assert {row["username"] for row in client.people()} == {"chief", "carl"}
    assert not client.steer_person(curator.pk, "close")["is_open"]
    assert client.invite("viewer", days=1)["link"]
    made = client.add_project("Others", "others")
    assert [row["name"] for row in client.projects()] == ["first", "others"]
    client.steer_person(curator.pk, "open")
    assert client.set_member(made["id"], "carl", "lead")[0]["role"] == client.members(made["id"])[0]["role"] == "lead"
    assert client.set_limit("all", 5)[0]["amount"] == 5
