from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.endpoints.test_keys import fault_of
from trajectories.adapters.endpoints import AddressRules, read_url
from trajectories.adapters.endpoints.addresses import is_public

PRIVATE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "169.254.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1"),
    *("ff02::1", "ff0e::1", "2001:db8::1", "2001::1", "100::1", "4000::1", "64:ff9b:1::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"),
    *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::1"),
]
GLOBAL, NAT64 = IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96")
PUBLIC = ["8.8.8.8", "104.18.7.192", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::6810:7c0", "2002:808:808::1"]


@pytest.mark.parametrize("text", PRIVATE)
def test_what_is_not_everybodys_is_refused_without_a_setting(text):
    assert not AddressRules.read("").allow("x.example", 443, ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_need_no_setting(text):
    assert AddressRules.read("").allow("x.example", 443, ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_is_treated_alike_however_it_is_written(address):
    mapped = IPv6Address(f"::ffff:{address}")
    assert is_public(mapped) == is_public(address)
    assert is_public(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))) == is_public(address)
    for setting in ("loopback", "private", "10.0.0.0/8", ""):
        rules = AddressRules.read(setting)
        assert rules.allow("x", 80, mapped) == rules.allow("x", 80, address)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_public(address):
    if is_public(address) and address.ipv4_mapped is None and address not in NAT64:
        assert address in GLOBAL


@pytest.mark.parametrize(
    ("setting", "allowed", "refused"),
    [
        ("loopback", ["127.0.0.1", "127.8.9.1", "::1"], ["10.0.0.1", "0.0.0.0", "::", "169.254.169.254", "fe80::1"]),
        (
            "private",
            ["10.1.2.3", "172.31.0.1", "192.168.0.9", "fd00::1"],
            ["127.0.0.1", "169.254.169.254", "100.64.0.1"],
        ),
        ("10.1.0.0/16, fd00:1::/32", ["10.1.2.3", "fd00:1::9"], ["10.2.0.1", "fd00:2::1"]),
        ("192.168.7.7", ["192.168.7.7"], ["192.168.7.8"]),
        ("loopback:8000", ["127.0.0.1"], ["10.0.0.1"]),
        ("[::1]:8000 10.0.0.0/8:8000", ["::1", "10.0.0.1"], ["127.0.0.1"]),
        ("[fd00::]/8:8000", ["fd00::1"], ["fe80::1"]),
        ("LOOPBACK\n100.64.0.0/10", ["127.0.0.1", "100.64.0.1"], ["10.0.0.1"]),
        ("vllm.internal:8000", [], ["127.0.0.1", "10.0.0.1"]),
    ],
)
def test_a_setting_allows_what_it_names_and_no_more(setting, allowed, refused):
    rules = AddressRules.read(setting)
    assert all(rules.allow("x.example", 8000, ip_address(text)) for text in allowed)
    assert not any(rules.allow("x.example", 8000, ip_address(text)) for text in refused)


def test_a_port_holds_for_its_entry():
    rules = AddressRules.read("loopback:8000 gpu:9000")
    assert not rules.allow("localhost", 5432, IPv4Address("127.0.0.1"))
    assert rules.allow("gpu", 9000, IPv4Address("10.0.0.1"))
    assert not rules.allow("gpu", 9001, IPv4Address("10.0.0.1"))


def test_a_host_named_may_lead_anywhere_and_no_other_host_may():
    rules = AddressRules.read("vllm, GPU.internal")
    assert rules.allow("vllm", 8000, IPv4Address("172.18.0.4"))
    assert rules.allow("gpu.internal", 8000, IPv4Address("10.0.0.4"))
    assert not rules.allow("gpu.internal.evil.example", 8000, IPv4Address("10.0.0.4"))
    assert not rules.allow("evil.example", 8000, IPv4Address("172.18.0.4"))


@pytest.mark.parametrize(
    "word",
    ["10.0.0.1/8", "10.0.0.0/33", "a/b", "-x", "http://localhost", "10.0.0.999", "host:0", "host:65536", "[::1", "@"],
)
def test_a_setting_that_cannot_be_read_is_said_in_one_sentence(word):
    with pytest.raises(ValueError, match=r"^MODEL_ADDRESSES: found .*, expected words, addresses, networks or hosts"):
        AddressRules.read(f"loopback, {word}")


@given(st.text(max_size=40))
def test_whatever_the_setting_holds_it_is_read_or_refused(text):
    assert fault_of(AddressRules.read, text).startswith(("MODEL_ADDRESSES: ", "none"))


@pytest.mark.parametrize(
    ("url", "setting", "fine"),
    [
        ("http://127.0.0.1:8000/v1", "", False),
        ("http://localhost:8000/v1", "", False),
        ("http://x.localhost/v1", "", False),
        ("http://[::1]/v1", "", False),
        ("http://[::ffff:127.0.0.1]/v1", "", False),
        ("http://169.254.169.254/latest", "loopback private", False),
        ("http://localhost:8000/v1", "loopback", True),
        ("http://[::ffff:127.0.0.1]/v1", "loopback", True),
        ("http://8.8.8.8/v1", "", True),
        ("https://api.openai.com/v1", "", True),
    ],
)
def test_what_can_be_told_without_asking_for_a_name_is_told(url, setting, fine):
    assert AddressRules.read(setting).may_allow(read_url(url)) is fine
