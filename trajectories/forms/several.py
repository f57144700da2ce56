"""Filters that hold several values: ticked in a menu of their own, in an address repeated or with commas between."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.core.selections import GREATEST_ID, MOST_VALUES, as_text, one_or_several


def _words(given: Any) -> list[str]:
    """The values of a filter as an address or a stored selection has them, each by itself."""
    values = given if isinstance(given, list | tuple) else [] if given is None else [given]
    return [word.strip() for value in values for word in str(value).split(",") if word.strip()]


class SeveralMenu(forms.CheckboxSelectMultiple):
    """A menu of boxes to tick, closed: it is called what is ticked, or `empty_label`. Works without scripts."""

    empty_label = ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:  # noqa: ARG002 (Django's)
        """What is ticked, from an address or from what a form sent."""
        return _words(data.getlist(name) if hasattr(data, "getlist") else data.get(name))

    def format_value(self, value: Any) -> list[str]:
        """What is ticked, as texts."""
        return _words(value)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002
        """The menu as HTML: Django's templates take ten times as long, and a list has dozens of filters."""
        ticked = set(self.format_value(value))
        options = [(str(key), title) for key, title in self.choices if str(key)]
        label = (attrs or {}).get("aria-label") or self.attrs.get("aria-label") or name.replace("_", " ").capitalize()
        boxes = format_html_join(
            "",
            '<label><input type="checkbox" name="{}" value="{}"{}> <span>{}</span></label>',
            ((name, key, " checked" if key in ticked else "", title) for key, title in options),
        )
        titles = [str(title) for key, title in options if key in ticked]
        return format_html(
            '<details class="menu several" data-several><summary id="id_{}"><span class="visually-hidden">{}: </span>'
            '<span data-several-title data-empty="{}">{}</span></summary>'
            '<div class="menu-panel" role="group" aria-label="{}">{}</div></details>',
            name,
            label,
            self.empty_label,
            self._title(titles),
            label,
            boxes or format_html('<span class="muted">{}</span>', "Nothing to choose from"),
        )

    def _title(self, titles: list[str]) -> str:
        if not titles:
            return self.empty_label
        return titles[0] if len(titles) == 1 else f"{titles[0]} + {len(titles) - 1}"


class SeveralWords(forms.MultipleChoiceField):
    """One word of a list, or several of them; clean gives the field of a Selection."""

    widget = SeveralMenu

    def __init__(self, *, empty_label: str, choices: Any, **options: Any) -> None:
        super().__init__(required=False, choices=choices, **options)
        self.widget.empty_label = empty_label

    def clean(self, value: Any) -> Any:
        """The word, several as a tuple, or "" for none."""
        _check_count(value or [])
        return one_or_several(super().clean(value))


class _Rows(forms.models.ModelChoiceIterator):  # type: ignore[type-arg] # no generic when it runs
    """The rows to choose from, read at once: Django opens and closes a cursor of the server for them."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        return (self.choice(row) for row in self.queryset.all())


class SeveralRows(forms.ModelMultipleChoiceField):  # type: ignore[type-arg] # no generic when it runs
    """A row, or several; clean gives the field of a Selection: ids."""

    widget = SeveralMenu
    iterator = _Rows

    def __init__(self, queryset: QuerySet[Any], *, empty_label: str, **options: Any) -> None:
        super().__init__(queryset, required=False, **options)
        self.widget.empty_label = empty_label

    def clean(self, value: Any) -> Any:
        """The id, several as a tuple, or None for none."""
        words = _words(value)
        _check_count(words)
        wrong = next((word for word in words if not _is_id(word)), "")
        if wrong:
            raise forms.ValidationError(f"Found {wrong[:40]!r}, expected the number of a row.")
        return one_or_several((row.pk for row in super().clean(words)), empty=None)


class IdsInput(forms.HiddenInput):
    """Ids out of sight; those that an address repeats come together."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:  # noqa: ARG002 (Django's)
        """The ids with commas between."""
        return ",".join(data.getlist(name)) if hasattr(data, "getlist") else as_text(data.get(name) or "")


class SeveralIds(forms.CharField):
    """Ids with commas between, out of sight; clean gives a tuple of them, in order and each once."""

    widget = IdsInput

    def __init__(self, noun: str, *, most: int = MOST_VALUES) -> None:
        super().__init__(required=False, max_length=20 * most)
        self.noun, self.most = noun, most

    def prepare_value(self, value: Any) -> Any:
        """The text of what is stored."""
        return as_text(tuple(value)) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """The ids; what is no id, or too many, is refused."""
        words = [word for word in re.split(r"[\s,]+", super().clean(value).strip()) if word]
        wrong = next((word for word in words if not _is_id(word)), "")
        if wrong:
            raise forms.ValidationError(f"Found {wrong[:40]!r}, expected the numbers of {self.noun}s, as in 3,17.")
        found = tuple(sorted({int(word) for word in words}))
        if len(found) > self.most:
            raise forms.ValidationError(f"Found {len(found)} {self.noun}s, expected at most {self.most}.")
        return found


class OneOrSeveralIds(SeveralIds):
    """The same as a filter that holds one id or several: one by itself, None for none."""

    def clean(self, value: Any) -> Any:
        """The id, several as a tuple, or None for none."""
        return one_or_several(super().clean(value), empty=None)


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 20 and 1 <= int(word) <= GREATEST_ID


def _check_count(values: Iterable[Any]) -> None:
    if (count := len(list(values))) > MOST_VALUES:
        raise forms.ValidationError(f"Found {count} values, expected at most {MOST_VALUES}.")
