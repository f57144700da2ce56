"""Which environment variables hold keys of endpoints, and which base URLs each of them may be sent to.

An allow-list in the settings and not keys in the database: so no dump, no backup and no page holds a secret, and who
may change samplers cannot widen what the administrator of the machine has decided.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.adapters.endpoints.urls import EndpointUrl, UrlError, read_url

SETTING = "MODEL_KEYS"
EXAMPLE = "OPENAI_API_KEY=https://api.openai.com/v1"
WELL_KNOWN_KEYS = "OPENAI_API_KEY=https://api.openai.com/v1, OPENROUTER_API_KEY=https://openrouter.ai/api/v1"
"""What holds where the setting is absent: the makers' own addresses."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
RESERVED_NAMES = frozenset(
    (
        *("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "POSTGRES_PASSWORD", "BROKER_PASSWORD"),
        *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "BEHIND_HTTPS", "PORT", "HOST", "WORKER_PROCESSES", "DEBUG"),
        *("PROGRAM_ENGINE", "SANDBOX_PYTHON", "LEASE_SECONDS", "BELL_SECONDS", "TIME_ZONE"),
        *("CURRENCY", "DATABASE_WAIT_SECONDS", "DISK_RESERVE_BYTES", "WORKER_LOG_LEVEL", "WORKER_SILENT_SECONDS"),
        *("MODELS_DIR", "TRAINING_HOURS", "TRAINING_PYTHON", "WORKER_TRAINING"),
        *("HSTS_SECONDS", "WORKER_SERVES"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PATH", "HOME", "USER", "SHELL", "HOSTNAME", "PWD"),
        "XDG_DATA_HOME",
    )
)
RESERVED_PREFIXES = (
    *(
        "CELERY_",
        "DJANGO_",
        "MINICOLUMN_",
        "MODEL_",
        "HUB_",
        "EXPORT_",
        "AWS_",
        "EMAIL_",
        "METRICS",
        "OIDC_",
        "PROMETHEUS_",
        "LOG_",
        "OTEL_",
        "TRACE_",
    ),
    *("PG", "POSTGRES_", "PYTHON", "LD_", "SSL_", "SSH_"),
)


def is_reserved(name: str) -> bool:
    """Whether the product, its database, its broker or the interpreter reads the variable: never a model's key."""
    return name.upper() in RESERVED_NAMES or name.upper().startswith(RESERVED_PREFIXES)


@dataclass(frozen=True, slots=True)
class KeyBindings:
    """Pairs of a variable's name and a base URL that its value may be sent to."""

    pairs: Sequence[tuple[str, EndpointUrl]] = ()

    @classmethod
    def read(cls, text: str, setting: str = SETTING, example: str = EXAMPLE) -> "KeyBindings":
        """Read `NAME=URL, NAME=URL`, the value of `setting`. Raises ValueError with one sentence that repeats nothing
        that may be a key."""
        words = [word for word in re.split(r"[,\s]+", text) if word]
        return cls(tuple(_read_pair(word, number, setting, example) for number, word in enumerate(words, start=1)))

    def allows(self, name: str, url: EndpointUrl) -> bool:
        """Whether the variable's value may be sent to the URL."""
        return not is_reserved(name) and any(name == bound and to.covers(url) for bound, to in self.pairs)

    def names_for(self, url: EndpointUrl) -> list[str]:
        """The variables that may be sent to the URL, in the order of the setting."""
        return list(dict.fromkeys(name for name, _ in self.pairs if self.allows(name, url)))


def _read_pair(word: str, number: int, setting: str, example: str) -> tuple[str, EndpointUrl]:
    name, equals, address = word.partition("=")
    if not equals or not VARIABLE_NAME.fullmatch(name):
        raise ValueError(
            f"{setting}: entry {number} does not begin with the name of a variable and =; expected {example}."
        )
    if is_reserved(name):
        raise ValueError(
            f"{setting}: found {name}, which the product or its surroundings read themselves; expected the name of a "
            "variable that holds the key of a model's endpoint."
        )
    try:
        return name, read_url(address)
    except UrlError:
        # What stands there may be the key itself: neither it nor the fault that quotes it is repeated.
        message = f"{setting}: what follows {name}= is not the base URL of an endpoint; expected {example}."
        raise ValueError(message) from None
