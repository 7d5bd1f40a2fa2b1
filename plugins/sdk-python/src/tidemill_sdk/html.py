"""Owns the escaping of text for HTML fragments. Knows nothing about events."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape_html(text: str) -> str:
    """A text for use between tags and inside quoted attribute values, for `render` with the target `html`."""
    return text.translate(_ESCAPES)
