"""Signs for Volcengine's face as a client does; written apart from the code that verifies."""

import hashlib
import hmac

USUAL = ("content-type", "host", "x-content-sha256", "x-date")


def sign(headers, names, query, body, secret, scope, method="POST"):
    """Return the signature over the named headers, all of them given in lower case."""
    block = "".join(f"{n}:{headers[n]}\n" for n in sorted(names))
    text = "\n".join(
        [method, "/", query, block, ";".join(sorted(names)), hashlib.sha256(body).hexdigest()]
    )
    hashed = hashlib.sha256(text.encode()).hexdigest()
    text = "\n".join(["HMAC-SHA256", headers.get("x-date", ""), "/".join(scope), hashed])
    key = secret
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
