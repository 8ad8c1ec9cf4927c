"""A client like Tencent Chat's SDKs, behind a harness, on the reference server.

It keeps what the SDK documents promise; named faults break one promise each, named variants use
one freedom each. ``python -m receiptspec.reference.harness`` is one process for one user.
"""
