#!/bin/sh
# httptools 0.9.0 answers `should_keep_alive()` truly only while it calls `on_message_complete`, and refuses an answer that
# states one and the same Content-Length twice, whatever leniencies it is given.
#
# A guess from memory: whoever reads an answer asks the parser afterwards whether the connection can have another call, as
# with h11, whose state stays until the next cycle begins; and two equal lengths are one (RFC 9110, 8.6, lets a recipient
# take them so; h11 does). Seen, of an answer of HTTP/1.1 with a Content-Length and nothing about its connection:
#   - within `on_message_complete` the method returns True, after `feed_data` has returned False;
#   - of an answer with two equal lengths `feed_data` raises HttpParserError, with the leniencies for headers and lengths too.
# What follows for a client: it keeps what the parser says in the callback; asked later, every connection would be closed
# after one call, which nothing but its speed tells.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httptools==0.9.0 h11==0.16.0
cd "$folder"
venv/bin/python - <<'PROGRAM'
import sys
from importlib.metadata import version

import h11
import httptools

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TWICE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"


class Reader:
    def __init__(self, **leniencies):
        self.parser, self.within = httptools.HttpResponseParser(self), None
        if leniencies:
            self.parser.set_dangerous_leniencies(**leniencies)

    def on_message_complete(self):
        self.within = self.parser.should_keep_alive()


def fault_of(data, **leniencies):
    try:
        Reader(**leniencies).parser.feed_data(data)
    except httptools.HttpParserError as fault:
        return str(fault)
    return ""


def read_by_h11(data):
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "here")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    while connection.next_event() is not h11.NEED_DATA and connection.their_state is not h11.DONE:
        pass
    return connection.their_state is h11.DONE


print("httptools", version("httptools"), "h11", version("h11"))
reader = Reader()
reader.parser.feed_data(ANSWER)
after = reader.parser.should_keep_alive()
print("may stay open: within on_message_complete", reader.within, "and afterwards", after)
strict, lenient = fault_of(TWICE), fault_of(TWICE, lenient_headers=True, lenient_chunked_length=True)
print("one length twice:", strict, "- with leniencies:", lenient, "- read by h11:", read_by_h11(TWICE))
sys.exit(not (reader.within and not after and strict and lenient and read_by_h11(TWICE)))
PROGRAM
