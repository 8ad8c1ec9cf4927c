"""What cannot be an address is told before anything is sent there."""

import pytest

from receiptspec.addresses import host_of, is_base


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8080/im", "127.0.0.1"),
        ("http://[::1]:19099", "::1"),
        ("http://[fe80::1%25eth0]", "fe80::1%25eth0"),
        ("https://im_gateway.Example.com.:443", "im_gateway.example.com."),
        ("http://user:a:b@proxy:3128", "proxy"),
        ("http://münchen.example", "münchen.example"),
        ("http://", ""),
        ("http:///path", ""),
    ],
)
def test_the_host_of_an_address_is_named(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://[::1", "no host"),
        ("http://[1::2::3]", "no host"),
        ("http://[localhost]", "no host"),
        ("http://a..b", "no host"),
        ("http://*.example.com", "no host"),
        ("http://-a.example", "no host"),
        ("http://" + "a" * 64, "no host"),
        ("http://" + "a." * 127 + "a", "no host"),
        ("http://.ünï", "no host"),
        ("http://127.0.0.1\\x", "no host"),
        ("http://a b", "a blank"),
        ("http://ex ämple", "a blank"),
        ("http://a\nb", "a blank"),
        ("http://h/\0", "a blank"),
        ("http://127.0.0.1:", "a port"),
        ("http://127.0.0.1:0", "a port"),
        ("http://127.0.0.1:99999", "a port"),
        ("http://h:notaport", "a port"),
        ("http://h:²", "a port"),
    ],
)
def test_what_is_no_address_is_told_why(url, says):
    with pytest.raises(ValueError, match=says):
        host_of(url)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("http://127.0.0.1:8080/im", True),
        ("https://[::1]", True),
        ("nonsense", False),
        ("ftp://127.0.0.1", False),
        ("http://", False),
        ("http://127.0.0.1:0", False),
        ("http://user@127.0.0.1", False),
        ("http://127.0.0.1?a=b", False),
    ],
)
def test_calls_are_sent_below_an_address_that_has_nothing_else(url, fine):
    assert is_base(url) is fine
