from tests import factories


def test_health_is_told_to_anyone(client, db):
    answer = client.get("/health/")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


def test_health_is_only_read(client, db):
    assert client.post("/health/").status_code == 405


def test_a_full_disk_is_told_here_and_on_every_page(client, lead, settings):
    settings.DISK_RESERVE_BYTES = 2**62
    answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.content.startswith(b"degraded\nNo space left on the disk: ")
    assert b"No space left" not in client.get("/login/").content
    client.force_login(lead)
    assert b"No space left on the disk: " in client.get("/releases/").content


def test_a_run_under_way_says_that_the_disk_is_full(client, lead, settings):
    client.force_login(lead)
    address = f"/runs/{factories.plan().pk}/"
    assert b"No space left" not in client.get(address).content
    settings.DISK_RESERVE_BYTES = 2**62
    part = client.get(address + "?part=live", headers={"HX-Request": "true"}).content
    assert b"It goes on by itself once there is space." in part
