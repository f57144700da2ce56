#!/bin/sh
# standardwebhooks 1.1.0 signs another moment than the one it is given, where that is not stated in UTC.
#
# A guess from memory: `Webhook.sign(id, timestamp, body)` takes an aware `datetime`, so that the same moment gives the same
# signature in every time zone, and `verify` accepts what was signed with the header of that moment.
# Seen: the time zone is replaced by UTC, not converted to it: noon in Kolkata is signed as noon in UTC, 5.5 hours away. The
# signature differs from that of the same moment in UTC, and the library's own `verify` refuses it with a header that holds
# the seconds of the moment.
# What follows for who sends webhooks: hand over `datetime.now(UTC)`, never a time of a time zone (a framework's local time,
# a value of a database), or the receiver refuses every message.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
"$folder/venv/bin/python" - <<'PROGRAM'
import base64
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from standardwebhooks import Webhook, WebhookVerificationError

print("standardwebhooks", version("standardwebhooks"))
hook = Webhook("whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode())
body, kolkata = '{"type": "run.ended"}', timezone(timedelta(hours=5, minutes=30))
in_utc = datetime.now(timezone.utc).replace(microsecond=0)
there = in_utc.astimezone(kolkata)


def accepted(signature: str) -> bool:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(in_utc.timestamp())), "webhook-signature": signature}
    try:
        hook.verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


signed, signed_there = hook.sign("msg_1", in_utc, body), hook.sign("msg_1", there, body)
print("the same moment:", in_utc == there, "| the same signature:", signed == signed_there)
seen = {
    "the moment is the same": in_utc == there,
    "its signatures differ": signed != signed_there,
    "what was signed in UTC is accepted": accepted(signed),
    "what was signed elsewhere is refused": not accepted(signed_there),
    "it was signed for noon in UTC where noon was elsewhere": signed_there
    == hook.sign("msg_1", there.replace(tzinfo=timezone.utc), body),
}
for what, holds in seen.items():
    print("as seen" if holds else "CHANGED", "-", what)
sys.exit(0 if all(seen.values()) else 1)
PROGRAM
