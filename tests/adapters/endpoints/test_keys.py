import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.endpoints import WELL_KNOWN_KEYS, KeyBindings, is_reserved, read_url
from trajectories.adapters.instance import MARK
from trajectories.forms.samplers import PRESETS

ROOT = Path(__file__).resolve().parents[3]
READERS = ("flag", "words", "getenv", "os.getenv")
OPENAI = "https://api.openai.com/v1"


def fault_of(read, text) -> str:
    """The sentence that a setting is refused with; "none" where it is taken."""
    try:
        read(text)
    except ValueError as fault:
        return str(fault)
    return "none"


def allows(setting, name, url):
    return KeyBindings.read(setting).allows(name, read_url(url))


def test_a_variable_goes_to_the_addresses_it_is_bound_to_and_below_them():
    setting = f"A_KEY={OPENAI}, B_KEY=http://localhost:8000/v1\nA_KEY=https://eu.example/openai/"
    assert allows(setting, "A_KEY", OPENAI)
    assert allows(setting, "A_KEY", "https://API.openai.com:443/v1/projects/x")
    assert allows(setting, "A_KEY", "https://eu.example/openai/v1")
    assert allows(setting, "B_KEY", "http://localhost:8000/v1")
    assert KeyBindings.read(setting).names_for(read_url("http://localhost:8000/v1")) == ["B_KEY"]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("A_KEY", "http://api.openai.com/v1"),
        ("A_KEY", "https://api.openai.com:8443/v1"),
        ("A_KEY", "https://api.openai.com"),
        ("A_KEY", "https://api.openai.com/v10"),
        ("A_KEY", "https://api.openai.com/V1"),
        ("A_KEY", "https://api.openai.com.evil.example/v1"),
        ("A_KEY", "https://evil.example/api.openai.com/v1"),
        ("A_KEY", "https://xapi.openai.com/v1"),
        ("a_key", OPENAI),
        ("B_KEY", OPENAI),
        ("", OPENAI),
    ],
)
def test_a_variable_goes_nowhere_else(name, url):
    assert not allows(f"A_KEY={OPENAI}", name, url)


@given(st.text(max_size=80))
def test_whatever_the_setting_holds_it_is_read_or_refused_in_one_sentence(text):
    assert fault_of(KeyBindings.read, text).startswith(("MODEL_KEYS: ", "none"))


@pytest.mark.parametrize("secret", ["sk-live-0123456789", "hunter2hunter2", "https://user:hunter2@x.example/v1"])
@pytest.mark.parametrize("entry", ["{}", "A_KEY={}", "A_KEY=https://x.example/v1,{}", "A KEY={}", "=  {}"])
def test_a_key_in_the_setting_is_refused_and_not_repeated(entry, secret):
    with pytest.raises(ValueError, match=r"^MODEL_KEYS: .*expected OPENAI_API_KEY=https://api.openai.com/v1") as caught:
        KeyBindings.read(entry.format(secret))
    assert "hunter2" not in str(caught.value)
    assert "0123456789" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "name",
    [
        *("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "secret_key", "PGPASSWORD", "POSTGRES_PASSWORD"),
        *("BROKER_PASSWORD", "DJANGO_SETTINGS_MODULE", "MODEL_KEYS", "PATH", "LD_PRELOAD", "HTTPS_PROXY"),
    ],
)
def test_what_the_product_reads_itself_is_never_a_key(name):
    with pytest.raises(ValueError, match=f"found {name}, which the product or its surroundings read themselves"):
        KeyBindings.read(f"{name}={OPENAI}")
    assert not KeyBindings(((name, read_url(OPENAI)),)).allows(name, read_url(OPENAI))


def variables_read() -> set[str]:
    """Names of environment variables in the source of the project: in `environ` and in its own readers of it."""
    found = set()
    for path in [ROOT / "manage.py", *ROOT.glob("webapp/*.py"), *ROOT.glob("trajectories/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
                found.add(node.slice)
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function = ast.unparse(node.func)
            if function in READERS or function.endswith(("environ.get", "environ.setdefault", "environ.pop")):
                found.add(node.args[0])
    return {str(each.value) for each in found if isinstance(each, ast.Constant)}


def test_every_variable_that_the_source_reads_is_reserved():
    names = variables_read()
    assert {"SECRET_KEY", "DATABASE_URL", "MODEL_KEYS", "WORKER_PROCESSES"} <= names, "the search finds what there is"
    assert [name for name in sorted({*names, MARK}) if not is_reserved(name)] == []


def test_the_presets_work_without_any_setting():
    for _, values in PRESETS.values():
        if "key_variable" in values:
            assert allows(WELL_KNOWN_KEYS, values["key_variable"], values["base_url"])
