"""Words for what users read."""


def counted(count: int, thing: str) -> str:
    """ "1 row", "2,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
