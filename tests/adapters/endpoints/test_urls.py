import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.endpoints import EndpointUrl, UrlError, read_url

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=3).map(".".join).filter(lambda name: not name[-1].isdigit())
segments = st.from_regex(r"[A-Za-z0-9._~@:+-]{1,8}", fullmatch=True).filter(lambda part: part not in (".", ".."))
urls = st.builds(
    EndpointUrl,
    st.sampled_from(["http", "https"]),
    names.filter(lambda name: not name.rpartition(".")[2].startswith("0x")),
    st.integers(1, 65_535),
    st.lists(segments, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts)),
)


@given(urls)
def test_a_url_reads_as_itself_and_as_the_client_reads_it(url):
    assert read_url(str(url)) == url
    assert read_url(f"{url}/") == url
    seen = httpx2.URL(str(url))
    port = seen.port or {"http": 80, "https": 443}[seen.scheme]
    assert (seen.scheme, seen.host, port, seen.path.rstrip("/")) == (url.scheme, url.host, url.port, url.path)
    assert seen.userinfo == b""


@given(st.text(max_size=60) | st.text("htps:/\\@.%[]#?0x127a:. \t", max_size=40).map("http://".__add__))
def test_what_is_taken_at_all_is_what_the_client_would_call(text):
    try:
        url = read_url(text)
    except UrlError:
        return
    seen = httpx2.URL(text)
    port = seen.port or {"http": 80, "https": 443}[seen.scheme]
    assert (seen.scheme, seen.host, port) == (url.scheme, url.host, url.port)
    assert seen.path.rstrip("/") == url.path


@given(urls, segments)
def test_a_url_covers_itself_and_what_lies_below_its_path(url, segment):
    below = read_url(f"{url}/{segment}")
    assert url.covers(url)
    assert url.covers(below)
    assert not below.covers(url)
    assert not read_url(f"{url}/v").covers(read_url(f"{url}/v{segment}"))


@given(urls, urls)
def test_a_url_covers_no_other_scheme_host_or_port(url, other):
    if (url.scheme, url.host, url.port) != (other.scheme, other.host, other.port):
        assert not url.covers(other)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("HTTPS://API.OpenAI.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com:443/v1/", "https://api.openai.com/v1"),
        ("http://host:0080", "http://host"),
        ("http://host:8000", "http://host:8000"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://[0:0:0:0:0:0:0:1]/v1", "http://[::1]/v1"),
        ("https://x/v1beta/models:generate/openai", "https://x/v1beta/models:generate/openai"),
        ("http://model_server:8000/v1", "http://model_server:8000/v1"),
    ],
)
def test_one_form_of_many(text, read):
    assert str(read_url(text)) == read


@pytest.mark.parametrize(
    "text",
    [
        *("", "api.openai.com/v1", "ftp://api.openai.com/v1", "file:///etc/passwd", "http://", "http:///v1"),
        *("https://api.openai.com@evil.example/v1", "https://me:pw@api.openai.com/v1", "https://@api.openai.com/v1"),
        *("https://api.openai.com\\@evil.example/v1", "https://evil.example\\.api.openai.com/v1"),
        *("https://api.openai.com#@evil.example/v1", "https://api.openai.com?x=/v1", "https://a.example/v1?key=1"),
        *("https://api.openai.com./v1", "https://.api.openai.com/v1", "https://api..openai.com/v1"),
        *("https://api.openai.com/v1/../admin", "https://api.openai.com/v1/./x", "https://api.openai.com/.."),
        *("https://api.openai.com/v1/%2e%2e/admin", "https://api.openai.com/v1%2Fx", "https://api.openai.com/v1//x"),
        *(
            "https://api.openai.com/v1;x",
            "https://api.openai.com/v1 ",
            " https://api.openai.com",
            "https://a\tb.example",
        ),
        *("https://api.openai.com/v1\n", "https://api.openai.com\n.evil.example", "https://api.openai.com\u3002evil"),
        *("https://аpi.openai.com/v1", "https://ａpi.openai.com/v1", "http://１２７.0.0.1/v1", "http://ß.example/v1"),
        *(
            "http://2130706433/v1",
            "http://0x7f000001/v1",
            "http://0x7f.1/v1",
            "http://0177.0.0.1/v1",
            "http://127.1/v1",
        ),
        *("http://127.0.0.1.0x1/v1", "http://256.1.1.1/v1", "http://1.2.3.4.5/v1", "http://0x/v1", "http://a.0/v1"),
        *("http://[::1/v1", "http://[fe80::1%25eth0]/v1", "http://[::ffff:1.2.3.4.5]/v1", "http://[1.2.3.4]/v1"),
        *(
            "http://host:0/v1",
            "http://host:65536/v1",
            "http://host:99999999/v1",
            "http://host:+80/v1",
            "http://host:/v1",
        ),
        *("http://-x.example/v1", "http://x-.example/v1", f"http://{'a' * 64}.example/v1", f"http://{'a.' * 130}b/v1"),
    ],
)
def test_whatever_two_readers_might_read_in_two_ways_is_refused(text):
    with pytest.raises(UrlError, match=r"^Found .*expected|^Found a password"):
        read_url(text)


@pytest.mark.parametrize("text", ["https://me:hunter2@api.openai.com/v1", "https://hunter2@x/v1"])
def test_a_password_is_not_repeated(text):
    with pytest.raises(UrlError, match="keys belong in a variable") as caught:
        read_url(text)
    assert "hunter2" not in str(caught.value)
