"""Tencent Chat, the REST dialect: one module for each kind of operation."""
