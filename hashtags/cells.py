"""Cells of a CSV file that no spreadsheet takes for a formula."""

# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Echo:
    """A file that gives back what is written to it."""

    def write(self, value: str) -> str:
        """The line itself."""
        return value


def cell(text: str) -> str:
    """A value as a cell that is text and nothing else."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
