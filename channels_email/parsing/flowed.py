"""Lines that a mailer has wrapped, put together again (RFC 3676)."""


def unflowed(text: str, *, delsp: bool) -> str:
    """A ``format=flowed`` text in whole lines; ``delsp``: the blank at a wrap is none of the text.

    A line flows into the next where it ends in a blank, is of the same quoting depth, and is no
    signature's mark.
    """
    done: list[str] = []
    depth_before, flowing = 0, False
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        flows = rest.endswith(" ") and rest != "-- "
        held = rest[:-1] if flows and delsp else rest
        if flowing and depth == depth_before and rest != "-- ":
            done[-1] += held
        else:
            done.append(f"{'>' * depth} {held}" if depth else held)
        depth_before, flowing = depth, flows
    return "\n".join(done)
