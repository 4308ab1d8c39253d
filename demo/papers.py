"""A delivery note for the demo: a PDF of one page, made here so that no file lies in the source."""

from collections.abc import Sequence

NOTE = (
    "Alder & Pine - Delivery note 48166",
    "",
    "2 x Summit stove",
    "6 x Gas cartridge 230 g",
    "",
    "Packed by J. M. - 2 parcels",
)


def pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines; letters of ASCII only."""
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    text = f"BT /F1 14 Tf 20 TL 60 760 Td\n{shown}ET"
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    ]
    out, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(parts) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return (out + f"startxref\n{out.rindex('xref')}\n%%EOF\n").encode("ascii")
