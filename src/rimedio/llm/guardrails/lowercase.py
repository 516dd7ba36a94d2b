"""Lower case that keeps every position, so that a finding can be shown in the words of the writer."""


def lowered(text: str) -> str:
    """`text` in lower case, always as long as `text`; patterns without IGNORECASE are several times faster."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
