"""A client for tests that ask for thousands of pages: it keeps what was answered and nothing of how it was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from django.http.request import HttpHeaders
from django.template import Context
from django.template.base import Template
from django.test import Client
from django.test.utils import ContextList, _TestState


class PlainClient(Client):
    """Django's client copies the context of every template, of every part that is included too, which takes a third of
    the time of a page with lists to choose from. Answers to this one have no `context` and no `templates`.

    `looked_for_htmx` says of the last request whether anything looked for a header of htmx, present or not: where
    nothing did, htmx would have been answered the same.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._names: set[str] = set()

    @property
    def looked_for_htmx(self) -> bool:
        return any(name.startswith("HTTP_HX_") for name in self._names)

    def request(self, **request: Any) -> Any:
        self._names = set()
        with plain_templates(), noting_headers(self._names):
            return super().request(**request)

    def _base_environ(self, **request: Any) -> "Environ":
        return Environ(super()._base_environ(**request), self._names)


class Environ(dict[str, Any]):
    """What a request came with; the names that are looked for in it are written down."""

    def __init__(self, given: dict[str, Any], names: set[str]) -> None:
        super().__init__(given)
        self._names = names

    def __getitem__(self, name: str) -> Any:
        self._names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._names.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._names.add(str(name))
        return super().__contains__(name)


def keep_outermost(
    store: dict[str, Any], signal: Any, sender: Any, template: Template, context: Context, **_: Any
) -> None:
    """What Django's client keeps of a template for `response.context`, in place of `store_rendered_templates`: the
    contexts of pages, and not one more for each part that a page includes, which hold the same and a loop's variables.
    """
    store.setdefault("templates", []).append(template)
    store.setdefault("context", ContextList())
    if context.template is template:
        store["context"].append(copy(context))


@contextmanager
def plain_templates() -> Iterator[None]:
    """Templates are rendered as they are outside of tests."""
    instrumented = Template._render
    Template._render = _TestState.saved_data.template_render
    try:
        yield
    finally:
        Template._render = instrumented


_NOTED_IN: list[set[str]] = []
"""The names that the requests under way look for are written in these."""


@contextmanager
def noting_headers(names: set[str]) -> Iterator[None]:
    """Write down the names of the headers that are looked for, as WSGI has them."""
    _NOTED_IN.append(names)
    try:
        yield
    finally:
        _NOTED_IN.pop()


def _noted(self: HttpHeaders, name: str) -> str:
    for names in _NOTED_IN:
        names.add(HttpHeaders.to_wsgi_name(name))
    return _getitem(self, name)


# Once for all requests: from 3.12 on Python forgets only so many times that a method of a class has become another.
_getitem, HttpHeaders.__getitem__ = HttpHeaders.__getitem__, _noted
