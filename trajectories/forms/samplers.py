"""The form that describes a language model behind an endpoint."""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from trajectories.adapters.chat_api import CHAT_COMPLETIONS, RESPONSES, ChatSettings
from trajectories.adapters.chat_api.wire.settings import (
    BATCH,
    EFFORTS,
    FAIL,
    FINAL,
    LIVE,
    NEVER,
    PREFIX,
    SAME,
    SYSTEM_ROLES,
)
from trajectories.adapters.endpoints import AccessError, EndpointAccess
from trajectories.core.problems import describe
from trajectories.core.prompts.pictures import PICTURE_TOKENS
from trajectories.forms.json import StrictJSONField
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import Sampler
from trajectories.services.endpoints.access import endpoint_access

PRESETS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "openai": (
        "OpenAI",
        {
            "title": "OpenAI",
            "name": "openai",
            "base_url": "https://api.openai.com/v1",
            "key_variable": "OPENAI_API_KEY",
            "output_limit_field": "max_completion_tokens",
            "concurrency": 16,
        },
    ),
    "vllm": (
        "vLLM",
        {"title": "vLLM", "name": "vllm", "base_url": "http://localhost:8000/v1", "concurrency": 64},
    ),
    "llama-cpp": (
        "llama.cpp",
        {"title": "llama.cpp", "name": "llama-cpp", "base_url": "http://localhost:8080/v1", "concurrency": 4},
    ),
    "ollama": (
        "Ollama",
        {"title": "Ollama", "name": "ollama", "base_url": "http://localhost:11434/v1", "concurrency": 2},
    ),
    "openrouter": (
        "OpenRouter",
        {
            "title": "OpenRouter",
            "name": "openrouter",
            "base_url": "https://openrouter.ai/api/v1",
            "key_variable": "OPENROUTER_API_KEY",
            "concurrency": 16,
        },
    ),
    "fake": (
        "Fake endpoint",
        {
            "title": "Fake endpoint",
            "name": "fake",
            "base_url": "http://127.0.0.1:8800/v1",
            "model": "fake",
            "concurrency": 16,
        },
    ),
}
"""(title, first values of the form) by the word in the address."""

LOOKS_LIKE_A_KEY = re.compile(r"^(?:sk|gsk|hf|xai)[-_]|^.{65,}$", re.IGNORECASE)
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_BODY_CHARACTERS = 20_000
FIXED_FIELDS = ("model", "messages", "input", "stream", "n")
MAX_PRICE = 100_000
ADVANCED = (
    *("output_limit_field", "reasoning_effort", "system_role", "thoughts_back", "continues"),
    *("sees_pictures", "picture_tokens"),
    *("sends_temperature", "sends_seed", "extra_body"),
)


ADMINS_BIND = "An admin binds variables to addresses in MODEL_KEYS."


class KeyField(forms.ChoiceField):
    """The name of a variable. What is not among the choices is refused by the form, which says why."""

    def valid_value(self, value: Any) -> bool:  # noqa: ARG002
        """See SamplerForm.clean."""
        return True


def _price(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        required=False, min_value=0, max_value=MAX_PRICE, decimal_places=6, label=label, help_text=help_text
    )


def _count(label: str, most: int, help_text: str = "", *, required: bool = False) -> forms.IntegerField:
    return forms.IntegerField(required=required, min_value=1, max_value=most, label=label, help_text=help_text)


class SamplerForm(PlainForm):
    """`cleaned_data["settings"]` holds the checked ChatSettings."""

    title = TitleField(label="Title", help_text="What people see.")
    name = forms.SlugField(max_length=80, label="Name", help_text="For commands: letters, digits, hyphens.")
    base_url = forms.CharField(
        max_length=500,
        label="Base URL",
        help_text="Usually ends in /v1.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "hx-get": "",
                "hx-trigger": "input changed delay:300ms, change",
                "hx-target": "#key-choice",
                "hx-swap": "outerHTML",
                "hx-include": "[name=key_variable]",
                "hx-sync": "this:replace",
            }
        ),
    )
    model = forms.CharField(max_length=200, label="Model", help_text="As the endpoint calls it.")
    api = forms.ChoiceField(
        choices=[(CHAT_COMPLETIONS, "Chat Completions"), (RESPONSES, "Responses")],
        label="API",
        help_text="Responses has no seed.",
    )
    key_variable = KeyField(required=False, label="Variable with the key")
    input_price = _price("Input", "Empty where unknown.")
    cached_price = _price("Cached input", "Empty: as any input.")
    output_price = _price("Output", "Reasoning included.")
    concurrency = _count("Calls at once", 1_000, "Over all runs of this sampler.", required=True)
    requests_per_minute = _count("Requests a minute", 10_000_000, "Shared by all workers; empty for no limit.")
    tokens_per_minute = _count("Tokens a minute", 2_000_000_000, "Input and output; empty for no limit.")
    context_limit = _count(
        "Longest prompt", 100_000_000, "Tokens the model takes; longer prompts are not sent. Empty where unknown."
    )
    max_output_tokens = _count("Longest answer", 10_000_000, "Tokens, reasoning included.", required=True)
    output_limit_field = forms.ChoiceField(
        choices=[(name, name) for name in ("max_tokens", "max_completion_tokens")],
        label="Limit sent as",
        help_text="OpenAI's reasoning models want the longer one.",
    )
    timeout_seconds = forms.FloatField(
        min_value=1, max_value=1_500, label="Time limit", help_text="Seconds for a whole answer."
    )
    tries = _count(
        "Tries", 20, "How often a call is made in all while the endpoint is busy or out of reach.", required=True
    )
    samples_per_call = _count(
        "Samples a call", 128, "More than one is sent as n; an endpoint that ignores it is noticed.", required=True
    )
    logprobs = forms.BooleanField(required=False, label="Ask for log-probabilities", help_text="Makes answers larger.")
    streaming = forms.BooleanField(
        required=False,
        label="Stream answers",
        help_text="Words can be read as they come, and endpoints that drop long connections stay with it.",
    )
    sends_temperature = forms.BooleanField(
        required=False, label="Send a temperature", help_text="OpenAI's reasoning models refuse any but their own."
    )
    sends_seed = forms.BooleanField(required=False, label="Send a seed", help_text="Some endpoints refuse it.")
    reasoning_effort = forms.ChoiceField(
        required=False,
        choices=[("", "Not sent"), *((effort, effort) for effort in EFFORTS)],
        label="Reasoning effort",
        help_text="Not every model takes every one.",
    )
    system_role = forms.ChoiceField(
        choices=[(role, role) for role in SYSTEM_ROLES],
        label="Role of instructions",
        help_text="Of messages that instruct, as a model judge has them.",
    )
    thoughts_back = forms.ChoiceField(
        choices=[
            (NEVER, "never"),
            (SAME, "as they came"),
            ("reasoning", "as reasoning"),
            ("reasoning_details", "as reasoning_details"),
        ],
        label="Thoughts in agent turns",
        help_text="How a model's thoughts go back to it with its tool calls. Some refuse them, some insist.",
    )
    continues = forms.ChoiceField(
        choices=[(NEVER, "not gone on with"), (PREFIX, "as they are"), (FINAL, "by continue_final_message (vLLM)")],
        label="Unfinished messages",
        help_text="Whether it goes on with a message of its own, as values of steps ask it to. The test tells.",
    )
    sees_pictures = forms.BooleanField(
        required=False, label="Sees pictures", help_text="Instructions may show it pictures of grids. The test tells."
    )
    picture_tokens = _count(
        "Tokens a picture", 10_000, f"What estimates count one as; empty for {PICTURE_TOKENS}. The test measures it."
    )
    transport = forms.ChoiceField(
        required=False,
        choices=[(LIVE, "one by one, answered at once"), (BATCH, "in batches, answered within 24 hours")],
        label="Samples are asked for",
        help_text="Batches cost less at providers that have them. They are for runs; judges and other jobs ask live.",
    )
    batch_price = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=10,
        decimal_places=4,
        label="Price in a batch",
        help_text="Times the prices above; empty for 0.5, half of them.",
    )
    batch_tries = _count(
        "Batches a sample", 20, "In how many it is asked for while it comes back without an answer; empty for 3."
    )
    batch_then = forms.ChoiceField(
        required=False,
        choices=[(FAIL, "it fails"), (LIVE, "it is asked for live, at the full price")],
        label="After that",
    )
    extra_body = StrictJSONField(
        longest=MAX_BODY_CHARACTERS,
        required=False,
        label="Extra parameters",
        help_text='JSON, such as {"top_p": 0.95}. They have the last word; null takes a field out of the request.',
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, sampler: Sampler | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if sampler is not None:
            del self.fields["name"]
        self._access = endpoint_access()
        keys = self.fields["key_variable"]
        assert isinstance(keys, KeyField)
        given: Mapping[str, Any] = self.data if self.is_bound else self.initial
        base_url, chosen = (str(given.get(name) or "") for name in ("base_url", "key_variable"))
        keys.choices, keys.help_text = key_choices(base_url.strip(), chosen.strip(), self._access)

    @property
    def opens_advanced(self) -> bool:
        """Whether what is folded away is to be seen: something in it is wrong, or is not as it begins."""
        plain = ChatSettings(base_url="", model="").as_parameters()
        if any(name in self.errors for name in ADVANCED):
            return True
        return any(self[name].value() not in (plain[name], None, "", "{}") for name in ADVANCED)

    def clean_base_url(self) -> str:
        """An address in its one form that calls may go to, without a password in it."""
        try:
            return str(self._access.url(self.cleaned_data["base_url"]))
        except AccessError as fault:
            raise ValidationError(fault.message) from fault

    def clean_key_variable(self) -> str:
        """A name, never the key itself; what looks like a key is not shown again."""
        given: str = self.cleaned_data["key_variable"].strip()
        if LOOKS_LIKE_A_KEY.search(given):
            self.data = {**{name: self.data.get(name) for name in self.data}, "key_variable": ""}
            raise ValidationError("This looks like a key. Expected the name of the variable that holds it.")
        if given and not VARIABLE_NAME.fullmatch(given):
            raise ValidationError(f"Found {given!r}, expected the name of a variable such as OPENAI_API_KEY.")
        return given

    def clean_extra_body(self) -> dict[str, Any]:
        """An object that leaves alone what the engine sets itself."""
        given = self.cleaned_data["extra_body"]
        if given in (None, ""):
            return {}
        if not isinstance(given, dict):
            raise ValidationError(f"Found {describe(given)}, expected an object.")
        if taken := [name for name in FIXED_FIELDS if name in given]:
            raise ValidationError(f"Found {taken[0]!r}, which is set by the engine.")
        return given

    def clean(self) -> dict[str, Any]:
        """Put the settings together."""
        data = super().clean() or self.cleaned_data
        self._check_key(data)
        if self.errors:
            return data
        if (data["input_price"] is None) != (data["output_price"] is None):
            self.add_error("output_price", "Expected both prices, of input and output, or neither.")
            return data
        if data["api"] == RESPONSES and data["samples_per_call"] > 1:
            self.add_error(
                "samples_per_call",
                f"Found {data['samples_per_call']} with the Responses API, which gives one sample a call; expected 1.",
            )
            return data
        plain = ChatSettings(base_url="", model="")
        for name in ("picture_tokens", "transport", "batch_price", "batch_tries", "batch_then"):
            data[name] = getattr(plain, name) if data[name] in (None, "") else data[name]
        if data["transport"] == BATCH and data["samples_per_call"] > 1:
            text = f"Found {data['samples_per_call']} with batches, whose every request is one sample; expected 1."
            self.add_error("samples_per_call", text)
            return data
        if self._extra_contradicts(data):
            return data
        settings = ChatSettings(**{name: value for name, value in data.items() if name not in ("title", "name")})
        return {**data, "settings": settings}

    def _extra_contradicts(self, data: Mapping[str, Any]) -> bool:
        """Whether the extra parameters undo what budgets count on, or say what a field of the form says."""
        extra, limit = data["extra_body"], data["output_limit_field"]
        limit = "max_output_tokens" if data["api"] == RESPONSES else limit
        if limit in extra and extra[limit] is None:
            self.add_error("extra_body", f"Found {limit} taken out, expected it kept: budgets count on the limit.")
        twice = next((name for name in ("reasoning_effort", "reasoning") if name in extra), "")
        if data["reasoning_effort"] and twice:
            self.add_error("extra_body", f"Found {twice!r} here and a reasoning effort above, expected one of them.")
        return bool(self.errors)

    def _check_key(self, data: Mapping[str, Any]) -> None:
        """A variable is taken only with a base URL that the settings bind it to."""
        name = data.get("key_variable")
        if not name or "base_url" not in data:
            return
        url = self._access.url(data["base_url"])
        try:
            self._access.check_key(name, url)
        except AccessError:
            fitting = " or ".join(["no key", *self._access.keys.names_for(url)])
            self.add_error(
                "key_variable",
                f"Found {name}, which the settings do not bind to {url}; expected {fitting}. {ADMINS_BIND}",
            )


def key_choices(base_url: str, chosen: str, access: EndpointAccess) -> tuple[list[tuple[str, str]], str]:
    """(choices, help text) of the variable with the key: those bound to the base URL; without one, all of them. The
    text says where the one chosen before is not among them."""
    none = ("", "No key")
    try:
        url = access.url(base_url)
    except AccessError:
        every = [(name, f"{_with_state(name, access)}, for {bound}") for name, bound in access.keys.pairs]
        return [none, *every], f"Fitting the base URL. The key itself is never stored. {ADMINS_BIND}"
    names = access.keys.names_for(url)
    choices = [none, *((name, _with_state(name, access)) for name in names)]
    if chosen and chosen not in names and VARIABLE_NAME.fullmatch(chosen) and not LOOKS_LIKE_A_KEY.search(chosen):
        return choices, f"{chosen} is not bound to this base URL. {ADMINS_BIND}"
    if not names:
        return choices, f"No variable is bound to this base URL. {ADMINS_BIND}"
    return choices, "The key itself is never stored."


def _with_state(name: str, access: EndpointAccess) -> str:
    return f"{name} ({'set' if access.is_set(name) else 'not set'})"


def first_values(preset: str) -> dict[str, Any]:
    """The values an empty form begins with."""
    plain = ChatSettings(base_url="", model="")
    _, values = PRESETS.get(preset, ("", {}))
    if "name" in values:
        values = {**values, **_free_names(values["title"], values["name"])}
    return {**plain.as_parameters(), "timeout_seconds": round(plain.timeout_seconds), **values}


def _free_names(title: str, name: str) -> dict[str, str]:
    """A title and a name that no sampler has yet: a second one of a kind gets a number."""
    taken = set(Sampler.objects.filter(name__startswith=name).values_list("name", flat=True))
    number = next(n for n in count(1) if (name if n == 1 else f"{name}-{n}") not in taken)
    return {"title": title, "name": name} if number == 1 else {"title": f"{title} {number}", "name": f"{name}-{number}"}


def values_of(sampler: Sampler) -> dict[str, Any]:
    """The values of a form that changes this sampler; what its version was made before is as it was sent then."""
    return {"title": sampler.title, **ChatSettings(base_url="", model="").as_parameters(), **sampler.parameters}
