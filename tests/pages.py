"""Pages as a browser reads them: their forms with every field, and every address that htmx posts to."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

from django.http import HttpResponse

FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
POSTED = re.compile(r'\bhx-post="([^"]*)"')
BLOCKS = "dd|dt|td|th|tr|li|p|div|section|small|h[1-6]"
TEXTS = {"text", "search", "number", "hidden", "password", "email", "url", "datetime-local", "date"}


@dataclass
class Field:
    """A field of a form. `value` is what the page fills in, None for nothing; `choices` what it offers.

    `accept` has the endings of the files that a browser lets one choose, none where it is any.
    """

    name: str
    kind: str
    value: str | None = None
    values: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    is_multiple: bool = False
    accept: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form of a page, or an element that asks htmx to send one. `address` is where it goes, with its query."""

    address: str
    method: str
    name: str = ""
    fields: dict[str, Field] = field(default_factory=dict)

    def filled_in(self) -> dict[str, list[str]]:
        """What a browser would send of the form as it is shown."""
        sent = {
            name: each.values or ([each.value] if each.value is not None else []) for name, each in self.fields.items()
        }
        return {name: values for name, values in sent.items() if values}


class Page:
    """A page (or a fragment) at an address. Its forms alone are read letter by letter: all of it would take longer than
    to make it."""

    def __init__(self, text: str, address: str) -> None:
        parts = FORM.findall(text)
        assert len(parts) == len(re.findall(r"<form\b", text)), f"a form at {address} does not end"
        reader = _FormReader(address)
        for part in parts:
            reader.feed(part)
        reader.close()
        self.forms = reader.forms
        self.posted = {urljoin(address, unescape(found)) for found in POSTED.findall(text)}


class _FormReader(HTMLParser):
    """Reads the forms of a page, one after another."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._field: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").lower()
            self._form = Form(urljoin(self.address, given.get("action", "")), method, given.get("id", ""))
            self.forms.append(self._form)
        elif self._form is not None and tag in {"input", "select", "textarea", "button"} and given.get("name"):
            self._read_field(tag, given)
        elif tag == "option" and self._field is not None and self._field.kind == "select":
            self._read_option(given)

    def _read_field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "text") if tag == "input" else tag
        found = self._form.fields.setdefault(given["name"], Field(given["name"], kind, is_multiple="multiple" in given))
        found.accept = [ending.strip() for ending in given.get("accept", "").split(",") if ending.strip()]
        self._field = found if tag in {"select", "textarea"} else None
        if kind in {"checkbox", "radio", "button"}:
            value = given.get("value", "on")
            found.choices.append(value)
            if "checked" in given:
                found.values.append(value)
        elif kind == "textarea":
            found.value = ""
        elif kind != "select":
            found.value = given.get("value", "" if kind != "file" else None)

    def _read_option(self, given: dict[str, str]) -> None:
        assert self._field is not None
        value = given.get("value", "")
        self._field.choices.append(value)
        if "selected" in given:
            self._field.values.append(value)

    def handle_data(self, data: str) -> None:
        if self._field is not None and self._field.kind == "textarea":
            self._field.value = (self._field.value or "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag in {"select", "textarea"} and self._field is not None:
            if tag == "textarea":  # the line break after the opening tag is not part of the text
                self._field.value = (self._field.value or "").removeprefix("\n")
            elif not self._field.values and self._field.choices and not self._field.is_multiple:
                self._field.values = self._field.choices[:1]
            self._field = None


def squeezed(response: HttpResponse) -> str:
    """A page without the white space that means nothing: where its template breaks lines is nobody's business."""
    text = re.sub(r"\s+", " ", response.content.decode()).replace(" >", ">").replace("> <", "><")
    return re.sub(rf"(</?(?:{BLOCKS})\b[^>]*>) ", r"\1", re.sub(rf" (</?(?:{BLOCKS})\b)", r"\1", text)).strip()


def text_of(response: HttpResponse) -> str:
    """A page's text without its tags, each run of white space as one space."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
