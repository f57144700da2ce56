def test_health_is_told_to_anyone(client, db):
    answer = client.get("/health/")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


def test_health_is_only_read(client, db):
    assert client.post("/health/").status_code == 405
