"""Writes the binary files of tests/data again: `python -m tests.make_data`. Needs reportlab and Pillow."""

from __future__ import annotations

from pathlib import Path

from docx import Document
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A5
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

DATA = Path(__file__).parent / "data"
PAGES = [
    [
        "The harbour of Lindholm was dug in 1874 by convicts who",
        "were promised their freedom. It took eleven years, and the con-",
        "tract was signed by Mayor A. J. Brandt himself.",
        "",
        "The first ship to enter was the Aurora.",
    ],
    [
        "Today the harbour holds forty-two fishing boats. The fee for a berth",
        "is 310 crowns a year, and a waiting list is kept at the",
        "harbour office.",
    ],
    ["The lighthouse burns every night from dusk until", "dawn. Its keeper, Marit Solberg, retires in 2031."],
]


def write_pdf(path: Path, encryption: StandardEncryption | None = None) -> None:
    """Three pages with a running header and a page number."""
    canvas = Canvas(str(path), pagesize=A5, encrypt=encryption, invariant=1)
    canvas.setTitle("The harbour of Lindholm")
    for number, lines in enumerate(PAGES, 1):
        canvas.drawString(50, 560, "Lindholm Harbour Board")
        for row, line in enumerate(lines):
            canvas.drawString(50, 520 - 16 * row, line)
        canvas.drawString(200, 30, f"Page {number}")
        canvas.showPage()
    canvas.save()


def write_scan(path: Path) -> None:
    """A page that is only a picture of text."""
    picture = Image.new("L", (300, 80), 255)
    ImageDraw.Draw(picture).text((10, 30), "Nobody has typed this.", fill=0)
    canvas = Canvas(str(path), pagesize=A5, invariant=1)
    canvas.drawImage(ImageReader(picture), 50, 400)
    canvas.save()


def write_docx(path: Path) -> None:
    """Headings, a list, and a table between two paragraphs."""
    document = Document()
    document.core_properties.title = "Minutes of the harbour board"
    document.add_heading("Minutes, 4 March 2024", 1)
    document.add_paragraph("Present were Marit Solberg and Jon Eide. The chair was vacant.")
    document.add_heading("Berth fees", 2)
    document.add_paragraph("The board set these fees:")
    table = document.add_table(rows=0, cols=2)
    for cells in (("Boat", "Fee"), ("Rowing boat", "90 crowns"), ("Fishing boat", "310 crowns")):
        for cell, text in zip(table.add_row().cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("They apply from 1 May.")
    document.add_paragraph("Paint the lighthouse", style="List Bullet")
    document.add_paragraph("Dredge the basin", style="List Bullet")
    document.save(str(path))


def main() -> None:
    """Write every binary file."""
    write_pdf(DATA / "harbour.pdf")
    write_pdf(DATA / "encrypted.pdf", StandardEncryption("secret", canPrint=0))
    write_scan(DATA / "scan.pdf")
    write_docx(DATA / "minutes.docx")
    (DATA / "damaged.pdf").write_bytes((DATA / "harbour.pdf").read_bytes()[:400])
    (DATA / "damaged.docx").write_bytes((DATA / "minutes.docx").read_bytes()[:2000])
    (DATA / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (DATA / "latin.txt").write_bytes(
        "Die Straße führt über die Brücke nach Köln. Für Fußgänger ist sie gesperrt.\n".encode("cp1252")
    )
    (DATA / "wide.txt").write_bytes("Line one of a file from an old editor.\r\nLine two.\r\n".encode("utf-16"))


if __name__ == "__main__":
    main()
