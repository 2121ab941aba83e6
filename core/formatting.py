"""Words for what users read."""


def pluralize(count: int, thing: str) -> str:
    """How many there are of a thing: "1 row", "2,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
