"""One message to one receiver: signed, to a checked address, without redirects."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.endpoint import access_to
from tests.receiver import receiving
from trajectories.adapters.endpoints import AccessError
from trajectories.adapters.webhooks import post, read_receiver, signed_headers

SECRET, OLD = "whsec_" + "A" * 43 + "=", "whsec_" + "B" * 43 + "="
BODY = '{"type":"webhook.test","data":{"title":"Grüße"}}'


def headers(**changes):
    return signed_headers("msg_1", BODY, **{"at": datetime.now(UTC), "secrets": [SECRET], **changes})


def test_a_message_arrives_signed_by_every_secret_that_holds():
    with receiving() as receiver:
        # A time in another zone is the same moment.
        elsewhere = datetime.now(timezone(timedelta(hours=9)))
        answer = post(f"{receiver.url}/", BODY, headers(at=elsewhere, secrets=[SECRET, OLD]), access_to())
    assert (answer.status, answer.fault, answer.ends) == (204, "", False)
    (received,) = receiver.received
    assert received.path == "/hook/"
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["webhook-id"] == "msg_1"
    for secret in (SECRET, OLD):
        assert received.verified(secret)["data"] == {"title": "Grüße"}


@pytest.mark.parametrize(
    ("status", "sent", "said", "ends", "wait"),
    [
        (302, {"Location": "/elsewhere"}, "a redirect, expected 200 to 299: no redirect is followed.", False, 0),
        (410, {}, "gone for good", True, 0),
        (500, {}, "The receiver answered 500, expected 200 to 299.", False, 0),
        (503, {"Retry-After": "120"}, "503", False, 120),
        (429, {"Retry-After": "999999999"}, "429", False, 86_400),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "429", False, 0),
    ],
)
def test_what_does_not_arrive_is_told_in_a_sentence(status, sent, said, ends, wait):
    with receiving() as receiver:
        receiver.answers.append((status, sent))
        answer = post(receiver.url, BODY, headers(), access_to())
    assert len(receiver.received) == 1
    assert (answer.status, answer.ends, answer.retry_after) == (status, ends, wait)
    assert said in answer.fault


def test_nothing_goes_to_an_address_that_no_setting_allows():
    with receiving() as receiver:
        for address in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
            answer = post(address, BODY, headers(), access_to(addresses=""))
            assert (answer.status, answer.ends) == (None, True)
            assert "not a public address" in answer.fault
    assert receiver.received == []
    answer = post(receiver.url, BODY, headers(), access_to())
    assert (answer.status, answer.ends) == (None, False)
    assert answer.fault.startswith("The receiver could not be reached")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (" https://Hooks.example.org/a ", "https://hooks.example.org/a"),
        ("https://hooks.example.org/a/", "https://hooks.example.org/a/"),
        ("https://hooks.example.org", "https://hooks.example.org/"),
    ],
)
def test_an_address_is_kept_with_the_slash_that_receivers_go_by(address, shown):
    assert str(read_receiver(address, access_to())) == shown


@pytest.mark.parametrize(
    "address", ["https://a.org/x?key=1", "https://u:p@a.org/", "ftp://a.org/", "http://10.0.0.1/x"]
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(AccessError):
        read_receiver(address, access_to())
