"""Requests and responses of the Kafka protocol, as its guide lists them, one class a message.

`Since(n)` is the version that brought a field; only versions this server offers are described.
"""
