"""Hypothesis strategies for any request or response of the embedded broker."""

from typing import get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from streaming.broker.embedded import apis, codec
from streaming.broker.embedded.codec import Fixed, Since, Sized

COMMON_NAME = "t"
"""A text that messages name often: a topic or group of that name is met often."""
SIZES = {"b": 8, "h": 16, "i": 32, "q": 64}


def versions_of(kind):
    """The versions the table offers of a request or its response, and whether they are flexible."""
    for api in apis.APIS.values():
        stem = api.request.__name__.removesuffix("Request")
        if kind.__name__.removesuffix("Request").removesuffix("Response") == stem:
            return [(at, at >= api.flexible) for at in range(api.first, api.last + 1)]
    return [(0, False)]  # the answer to IncrementalAlterConfigs is that of AlterConfigs


def values(hint, version):
    base, marks = codec._unwrap(hint)
    options = get_args(base)
    nullable = type(None) in options
    if nullable:
        base = next(option for option in options if option is not type(None))
    for mark in marks:
        if isinstance(mark, Fixed):
            if mark.fmt == "?":
                return st.booleans()
            bits = SIZES[mark.fmt]
            any_number = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            return st.sampled_from((-1, 0, 1)) | any_number
        if isinstance(mark, Sized):
            text = st.sampled_from((COMMON_NAME, "")) | st.text(max_size=5)
            kind = text if mark.kind == "text" else st.binary(max_size=9)
            return st.none() | kind if nullable else kind
    if get_origin(base) is list:
        items = st.lists(values(get_args(base)[0], version), max_size=2)
        return st.none() | items if nullable else items
    return messages(base, version)


def messages(kind, version):
    """Instances with the fields of that version filled; the others keep their defaults."""
    fields = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        _, marks = codec._unwrap(hint)
        since = next((mark for mark in marks if isinstance(mark, Since)), Since(0))
        if since.first <= version <= since.last:
            fields[name] = values(hint, version)
    return st.builds(kind, **fields)
