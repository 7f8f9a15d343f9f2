"""Every format, every way a file can be unreadable, and the walk over a folder."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import docx
import pytest
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from index.errors import CorpusError, LoadError
from index.load import SUFFIXES, load_file
from index.normal import normalise
from index.settings import LoadSettings
from index.titles import readable_name, shortened
from index.types import Document
from index.walk import walk

DATA = Path(__file__).parent.parent / "data"


def load(name: str, settings: LoadSettings | None = None) -> Document:
    (document,) = load_file(DATA / name, DATA, settings or LoadSettings())
    return document


def write(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (document,) = load_file(path, folder, LoadSettings())
    return document


def headings(document: Document) -> list[tuple[str, int]]:
    return [(document.text[heading.start : heading.end], heading.level) for heading in document.headings]


def test_markdown_becomes_clean_text() -> None:
    document = load("guide.md")
    assert document.title == "Visitor's guide to Lindholm"
    assert document.text == (
        "Lindholm\n\n"
        "A small port on the west coast. It has 42 berths\nand one inn.\n\n"
        "Getting there\n\n"
        "1. Take the train to Nordby.\n2. Change to the ferry.\n\n"
        "Ferries leave daily:\n\n"
        "Day: Monday | First ferry: 06:10 | Last ferry: 21:40\nDay: Sunday | First ferry: 09:00\n\n"
        "Where to stay\n\n"
        "The inn is the oldest house in town.\n\n"
        "The inn\n\n"
        "Rooms cost 640 crowns & include breakfast.\n\n"
        "booking --nights 2"
    )
    assert headings(document) == [("Lindholm", 1), ("Getting there", 2), ("Where to stay", 2), ("The inn", 3)]


def test_html_is_what_a_reader_sees() -> None:
    document = load("page.html")
    assert document.title == "Ferry & harbour news"
    assert document.text == (
        "Ferry news\n\n"
        "The ferry Aurora II was launched in 2019.\nShe carries 120 passengers.\n\n"
        "Winter timetable\n\n"
        "Day: Monday | Leaves: 06:10\n\n"
        "- Dogs are allowed.\n- Bicycles cost 20 crowns."
    )
    assert headings(document) == [("Ferry news", 1), ("Winter timetable", 2)]


def test_html_in_a_declared_encoding(tmp_path: Path) -> None:
    page = '<meta charset="windows-1251"><title>Порт</title><p>Маяк горит всю ночь.</p>'
    document = write(tmp_path, "a.html", page.encode("cp1251"))
    assert (document.title, document.text) == ("Порт", "Маяк горит всю ночь.")


@pytest.mark.parametrize("encoding", ["undefined", "idna", "punycode", "base64", "nowhere"])
def test_a_declared_encoding_that_is_none_is_passed_over(tmp_path: Path, encoding: str) -> None:
    page = f'<meta charset="{encoding}"><p>Die Brücke führt über den Fluss. Für Fußgänger ist sie gesperrt.</p>'
    document = write(tmp_path, "a.html", page.encode("cp1252"))
    assert document.text == "Die Brücke führt über den Fluss. Für Fußgänger ist sie gesperrt."


def test_html_nested_thousands_deep_is_read(tmp_path: Path) -> None:
    assert "deep down" in write(tmp_path, "a.html", "<div>" * 5000 + "deep down" + "</div>" * 5000).text


def test_html_keeps_captions_numbers_and_layout_tables(tmp_path: Path) -> None:
    page = (
        "<!-- a comment --><table><caption>Fares <b>2024</b></caption><tr><th>Day<td>Fare<tr><td>Sunday<td>9<br>10"
        "</table><table><tr><td><p>Left</p><table><tr><td>a<td>b</table></td><td hidden>gone</td></tr></table>"
        '<ol start="3"><li>Three<li hidden>gone<li>Four</ol><svg><title>No</title></svg>tail<pre>two\n  lines</pre>'
    )
    document = write(tmp_path, "a.html", "<title>A &amp; B</title>" + page)
    assert document.title == "A & B"
    assert document.text == (
        "Fares 2024\nDay | Fare\nSunday | 9 10\n\nLeft\n\na | b\n\n3. Three\n4. Four\n\ntail\n\ntwo\n  lines"
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("<tr><th>Day<th>Fare<tr><th>Sunday<td>9<tr><td>Monday<td>", "Day: Sunday | Fare: 9\nMonday"),
        ("<caption>Fares</caption><tr><th>Day<th>Fare<tr><td>Sunday<td>9", "Fares\nDay: Sunday | Fare: 9"),
        ("<thead><tr><th><th>2024</thead><tr><td>Sunday<td>9", "Sunday | 2024: 9"),
        # What cannot be told apart stays as it is: spans, rows longer than their header, a header of nothing.
        ("<tr><th colspan=2>Fares<tr><td>Sunday<td>9", "Fares\nSunday | 9"),
        ("<tr><th>Day<th>Fare<tr><td rowspan=2>Sunday<td>9<tr><td>10", "Day | Fare\nSunday | 9\n10"),
        ("<tr><th>Day<th>Fare<tr><td>Sunday<td>9<td>10", "Day | Fare\nSunday | 9 | 10"),
        ("<tr><th>Day<th>Fare<tr><th>from<th>crowns<tr><td>Sunday<td>9", "Day | Fare\nfrom | crowns\nSunday | 9"),
        ("<tr><th>Day:<th>Fare:<tr><td>Winter<tr><td>Sunday<td>9", "Winter\nDay: Sunday | Fare: 9"),
        ("<tr><th>Day<th>Fare", "Day | Fare"),
        ("<tr><th>Day<tr><td>Sunday", "Day\nSunday"),
    ],
)
def test_a_table_row_names_its_columns(tmp_path: Path, table: str, text: str) -> None:
    assert write(tmp_path, "a.html", f"<p>Before<table>{table}</table>").text == f"Before\n\n{text}"


def test_html_with_an_xml_declaration(tmp_path: Path) -> None:
    page = '<?xml version="1.0" encoding="ISO-8859-2"?><html><body><p>Łódź</p></body></html>'
    assert write(tmp_path, "a.xhtml", page.encode("iso-8859-2")).text == "Łódź"


def test_inline_markup_does_not_part_words(tmp_path: Path) -> None:
    assert write(tmp_path, "a.html", "<h1>H<sub>2</sub>O</h1><p>un<b>believ</b>able</p>").text == "H2O\n\nunbelievable"


def test_pdf_flows_and_knows_its_pages() -> None:
    document = load("harbour.pdf")
    assert document.title == "The harbour of Lindholm"
    assert "the contract was signed by Mayor A. J. Brandt himself." in document.text
    assert "by convicts who were promised" in document.text
    assert "Harbour Board" not in document.text
    assert "Page 2" not in document.text
    assert len(document.page_starts) == 3
    for words, page in (("The first ship", 1), ("Today the harbour", 2), ("a waiting list", 2), ("The lighthouse", 3)):
        assert document.page(document.text.index(words)) == page


def write_pages(folder: Path, pages: list[tuple[str, str]]) -> str:
    """The text of a PDF with a first and a last line on each page, and one between them that names the page."""
    canvas = Canvas(str(folder / "a.pdf"), invariant=1)
    for page, (first, last) in enumerate(pages):
        for row, line in enumerate((first, f"Body {'abcdefghij'[page]}.", last)):
            canvas.drawString(50, 700 - 200 * row, line)
        canvas.showPage()
    canvas.save()
    return load_file(folder / "a.pdf", folder, LoadSettings())[0].text


@pytest.mark.parametrize(
    "pages",
    [
        [(f"Invoice 107{i} for berth {7 * i}", f"Total due: {13 + i}.50 EUR") for i in range(4)],
        # Numbered one by one, as page numbers are, but far ahead of the page.
        [(f"Invoice {1071 + i}", f"Due on 0{i + 1}/03/2024") for i in range(4)],
        [(f"Berth {3 * i}", f"Paid at 1{i}:30") for i in range(4)],
    ],
)
def test_pdf_lines_that_differ_in_their_figures_are_kept(tmp_path: Path, pages: list[tuple[str, str]]) -> None:
    text = write_pages(tmp_path, pages)
    for line in (line for page in pages for line in page):
        assert line in text


@pytest.mark.parametrize(
    ("header", "footer", "ahead"),
    [
        ("Harbour report 2024", "Page {} of 12", 1),
        ("{}", "Harbour report 2024", 1071),
        ("Part 2 | {}", "- {} -", 9),
        ("Harbour report", "{}/12", 1),
    ],
)
def test_pdf_running_lines_with_page_numbers_are_left_out(tmp_path: Path, header: str, footer: str, ahead: int) -> None:
    pages = [(header.format(number + ahead), footer.format(number + ahead)) for number in range(4)]
    assert write_pages(tmp_path, pages) == "Body a.\n\nBody b.\n\nBody c.\n\nBody d."


def test_pdf_headings_stand_alone_with_their_levels() -> None:
    document = load("typeset.pdf")
    # Scaled text counts by what is seen; bold words within a paragraph, a label and a row of a table are no headings.
    assert headings(document) == [
        ("Ferries of Lindholm", 1),
        ("A heading so long that it has to be divided between two lines", 2),
        ("Fares", 2),
        ("Bold alone", 3),
        ("Crew", 2),
    ]
    for heading in document.headings:
        before, after = document.text[: heading.start], document.text[heading.end :]
        assert before == "" or before.endswith("\n\n")
        assert after.startswith("\n\n")
    assert "Note: cards are taken" in document.text
    assert document.page(document.text.index("Crew")) == 2
    assert document.text[document.page_starts[1] :].startswith("Crew\n\n")


def test_pdf_rows_of_tables_keep_their_cells_apart() -> None:
    assert "Day | First ferry | Last ferry\nMonday | 06:10 | 21:40\nSunday |  | 20:00\n\n" in load("typeset.pdf").text


def test_pdf_paragraphs_are_parted_by_space_and_by_clause_numbers() -> None:
    text = load("typeset.pdf").text
    assert "\n\n1.1 The fare is paid on board.\n\n1.2 Dogs travel free." in text
    assert "\n\nAfter a space a paragraph begins" in text


def test_pdf_words_divided_at_line_ends() -> None:
    text = load("typeset.pdf").text
    for words in (
        "forty-two boats",
        "the contract of",
        "a well-known",
        "the Franco-Prussian war",
        "state-of-the-art engines",
        "with pre- and post-war",
        "under high tension",
        "a year-end sale",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("rows", "mark", "text"),
    [
        ("Day Fare/Sunday nine", "1", "Day: Sunday | Fare: nine"),
        ("Ole Mira/Jon Eva", "0", "Ole | Mira\nJon | Eva"),
        ("Day Adult Child/Sunday 9 4", "", "Day: Sunday | Adult: 9 | Child: 4"),
        ("Name Ole/Born 1964", "", "Name | Ole\nBorn | 1964"),
        ("Ole is absent/Mira is here", "", "Ole | is | absent\nMira | is | here"),
    ],
)
def test_a_word_table_names_its_columns_where_it_has_a_header(tmp_path: Path, rows: str, mark: str, text: str) -> None:
    cells = [row.split() for row in rows.split("/")]
    made = docx.Document()
    table = made.add_table(len(cells), len(cells[0]))
    for row, words in zip(table.rows, cells, strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    if mark:
        properties = table.rows[0]._tr.get_or_add_trPr()
        header = properties.makeelement(qn("w:tblHeader"), {qn("w:val"): mark})
        properties.append(header)
    made.save(str(tmp_path / "a.docx"))
    assert load_file(tmp_path / "a.docx", tmp_path, LoadSettings())[0].text == text


def write_word(folder: Path, body: str) -> str:
    """The text of a Word document with this in its body; "{Some text}" stands for a run."""
    body = re.sub(r"\{(.*?)\}", r'<w:r><w:t xml:space="preserve">\1</w:t></w:r>', body)
    made = docx.Document()
    for number, element in enumerate(parse_xml(f"<w:body {nsdecls('w')}>{body}</w:body>")):
        made.element.body.insert(number, element)
    made.save(str(folder / "a.docx"))
    return load_file(folder / "a.docx", folder, LoadSettings())[0].text


SDT = "<w:sdt><w:sdtPr/><w:sdtContent>%s</w:sdtContent></w:sdt>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            '<w:p>{The fee is }<w:del w:id="1"><w:r><w:delText>10 pounds</w:delText></w:r></w:del>'
            '<w:ins w:id="2">{12 pounds}<w:del w:id="3"><w:r><w:delText> net</w:delText></w:r></w:del></w:ins>'
            "{ per day.}</w:p>",
            "The fee is 12 pounds per day.",
        ),
        (
            '<w:p>{It opens }<w:moveFrom w:id="1">{at nine }</w:moveFrom>{on Sunday}'
            '<w:moveTo w:id="2">{ at nine}</w:moveTo>{.}</w:p>',
            "It opens on Sunday at nine.",
        ),
        (f"<w:p>{{Name: }}{SDT % '{Mira}'}</w:p>", "Name: Mira"),
        (f"<w:p>{{One.}}</w:p>{SDT % ('<w:p>{Two.}</w:p>' + SDT % '<w:p>{Three.}</w:p>')}", "One.\n\nTwo.\n\nThree."),
        ('<w:p>{Page }<w:fldSimple w:instr="PAGE">{7}</w:fldSimple></w:p>', "Page 7"),
        (f'<w:p>{{See }}<w:hyperlink w:anchor="a">{{the }}{SDT % "{map}"}</w:hyperlink>{{.}}</w:p>', "See the map."),
        (
            "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
            "<w:sdtContent><w:p>{Fees 3}</w:p></w:sdtContent></w:sdt><w:p>{Fees}</w:p>",
            "Fees",
        ),
    ],
)
def test_docx_text_is_that_of_the_accepted_document(tmp_path: Path, body: str, text: str) -> None:
    assert write_word(tmp_path, body) == text


BOX = '<w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape><v:textbox><w:txbxContent>%s'
BOX += "</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
# Word writes a text box twice: as it is, and as older programs understand it.
TWICE = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice Requires="wps"><w:drawing><w:txbxContent>%s</w:txbxContent></w:drawing></mc:Choice>'
    "<mc:Fallback><w:pict><w:txbxContent>%s</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent>"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<w:p>{{One.}}{BOX % '<w:p>{In a box.}</w:p>'}{{ Two.}}</w:p>", "One. Two.\n\nIn a box."),
        (f"<w:p>{{One.}}<w:r>{TWICE % (('<w:p>{In a box.}</w:p>',) * 2)}</w:r></w:p>", "One.\n\nIn a box."),
        (
            f"<w:p>{{One.}}{BOX % ('<w:p>{In a box.}' + BOX % '<w:p>{In both.}</w:p>' + '</w:p>')}</w:p>",
            "One.\n\nIn a box.\n\nIn both.",
        ),
        (f'<w:p>{{One.}}<w:del w:id="1">{BOX % "<w:p>{In a box.}</w:p>"}</w:del></w:p>', "One."),
        (
            f"<w:tbl><w:tr><w:tc><w:p>{{Ole}}{BOX % '<w:p>{In a box.}</w:p>'}</w:p></w:tc>"
            "<w:tc><w:p>{Mira}</w:p></w:tc></w:tr></w:tbl><w:p>{End.}</w:p>",
            "Ole | Mira\n\nIn a box.\n\nEnd.",
        ),
    ],
)
def test_docx_text_boxes_follow_their_paragraph(tmp_path: Path, body: str, text: str) -> None:
    assert write_word(tmp_path, body) == text


def test_docx_notes_follow_their_section(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("Fares", 1)
    for number, text in enumerate(("Dogs travel free.", "Bicycles pay half."), 1):
        mark = parse_xml(f'<w:r {nsdecls("w")}><w:footnoteReference w:id="{number}"/></w:r>')
        made.add_paragraph(text)._p.append(mark)
    made.add_paragraph()._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:footnoteReference w:id="9"/></w:r>'))
    made.add_heading("Season", 1)
    made.add_paragraph("From May to October.")
    notes = "".join(
        f'<w:footnote w:id="{number}"><w:p><w:r><w:footnoteRef/></w:r>'
        f'<w:r><w:t xml:space="preserve"> {text}</w:t></w:r></w:p></w:footnote>'
        for number, text in enumerate(("Not drawn.", "Two at most.", "Folding ones none."))
    )
    part = Part(
        PackURI("/word/footnotes.xml"),
        CONTENT_TYPE.WML_FOOTNOTES,
        f"<w:footnotes {nsdecls('w')}>{notes}</w:footnotes>".encode(),
        made.part.package,
    )
    made.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    made.save(str(tmp_path / "a.docx"))
    assert load_file(tmp_path / "a.docx", tmp_path, LoadSettings())[0].text == (
        "Fares\n\nDogs travel free.\n\nBicycles pay half.\n\nTwo at most.\n\nFolding ones none."
        "\n\nSeason\n\nFrom May to October."
    )


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"


GOES_ON = "<w:tcPr><w:vMerge/></w:tcPr>"
BEGINS = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>'


@pytest.mark.parametrize(
    ("table", "text"),
    [
        # A cell that goes on from above, in the first row, and below one that it belongs to.
        (row(f"{GOES_ON}<w:p>{{Ole}}</w:p>", "<w:p>{Mira}</w:p>"), "Ole | Mira"),
        (
            row(f"{BEGINS}<w:p>{{May}}</w:p>", "<w:p>{3}</w:p>") + row(f"{GOES_ON}<w:p/>", "<w:p>{4}</w:p>"),
            "May | 3\nMay | 4",
        ),
        (SDT % row("<w:p>{Ole}</w:p>") + f"<w:tr>{SDT % '<w:tc><w:p>{Mira}</w:p></w:tc>'}</w:tr>", "Ole\nMira"),
        (row(SDT % "<w:p>{Ole}</w:p>", '<w:p><w:ins w:id="1">{Mira}</w:ins></w:p>'), "Ole | Mira"),
        (
            row("<w:p>{Ole}</w:p>", "<w:p>{Mira}</w:p>")
            + row(
                "<w:p>{Fees}</w:p>", f"<w:tbl>{row('<w:p>{Day}</w:p>', '<w:p>{nine}</w:p>')}</w:tbl><w:p>{{net}}</w:p>"
            )
            + row("<w:p>{Jon}</w:p>", "<w:p>{Eva}</w:p>"),
            "Ole | Mira\n\nFees\n\nDay | nine\n\nnet\n\nJon | Eva",
        ),
        (
            '<w:tr><w:trPr><w:tblHeader/><w:del w:id="1"/></w:trPr><w:tc><w:p/></w:tc><w:tc><w:p/></w:tc></w:tr>'
            + "<w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc><w:p>{Day}</w:p></w:tc><w:tc><w:p>{Fare}</w:p></w:tc></w:tr>"
            + row("<w:p>{Sunday}</w:p>", "<w:p>{nine}</w:p>"),
            "Day: Sunday | Fare: nine",
        ),
    ],
)
def test_docx_tables_keep_the_text_of_every_cell(tmp_path: Path, table: str, text: str) -> None:
    assert write_word(tmp_path, f"<w:p>{{Before}}</w:p><w:tbl>{table}</w:tbl>") == f"Before\n\n{text}"


def test_docx_in_document_order() -> None:
    document = load("minutes.docx")
    assert document.title == "Minutes of the harbour board"
    assert document.text == (
        "Minutes, 4 March 2024\n\n"
        "Present were Marit Solberg and Jon Eide. The chair was vacant.\n\n"
        "Berth fees\n\n"
        "The board set these fees:\n\n"
        "Boat | Fee\nRowing boat | 90 crowns\nFishing boat | 310 crowns\n\n"
        "They apply from 1 May.\n\n"
        "- Paint the lighthouse\n- Dredge the basin"
    )
    assert headings(document) == [("Minutes, 4 March 2024", 1), ("Berth fees", 2)]


def test_a_table_without_a_text_column_is_one_document() -> None:
    assert load("boats.csv").text == (
        "name: Aurora | story: The first ship to enter the harbour, in 1885. | year: 1885\n"
        "name: Gull | story: A trawler. It sank in 1931. | year: 1902\n"
        "name: Empty | year: 1950"
    )


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", "\n\r\nArticle;Price\nBread;3,50\n", "Article: Bread | Price: 3,50"),
        ("a.csv", ";;\nArticle;Price;\nBread;3,50;\n", "Article: Bread | Price: 3,50"),
        ("a.csv", "sep=;\r\nArticle;Price\r\nBread, white;3,50\r\n", "Article: Bread, white | Price: 3,50"),
        ("a.csv", '\ufeff"sep=|"\nArticle|Price\nBread|3\n', "Article: Bread | Price: 3"),
        ("a.tsv", "SEP=,\nArticle,Price\nBread,3\n", "Article: Bread | Price: 3"),
        (
            "a.csv",
            "Price list 2024\n\nArticle;Price\nBread;3,50\nMilk;1,20\n",
            "Price list 2024\n\nArticle: Bread | Price: 3,50\nArticle: Milk | Price: 1,20",
        ),
        ("a.csv", "Prices,,\nArticle,Price,Unit\nBread,3,loaf\n", "Prices\n\nArticle: Bread | Price: 3 | Unit: loaf"),
        ("a.csv", "Sales\nArticle,2023,2024\nBread,3,4\n", "Sales\n\nArticle: Bread | 2023: 3 | 2024: 4"),
        # One column whose commas nobody quoted, and columns without a name.
        ("a.csv", "text\nHello, world\nGoodbye, moon\n", "text: Hello, world\ntext: Goodbye, moon"),
        ("a.csv", "price\n3,50\n4,20\n", "price: 3,50\nprice: 4,20"),
        ("a.csv", "name,\nOle,3\nMira,4\n", "name: Ole | column 2: 3\nname: Mira | column 2: 4"),
        ("a.csv", ",value\na,3\nb,4\n", "column 1: a | value: 3\ncolumn 1: b | value: 4"),
    ],
)
def test_a_table_is_read_from_its_header_on(tmp_path: Path, name: str, content: str, text: str) -> None:
    assert write(tmp_path, name, content).text == text


def test_a_line_above_a_table_is_its_title_and_no_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Notes\n\nname,note\nOle,Came late.\nMira,Left.\n")
    assert headings(load_file(tmp_path / "a.csv", tmp_path, LoadSettings())[0]) == [("Notes", 1)]
    rows = load_file(tmp_path / "a.csv", tmp_path, LoadSettings(text_column="note"))
    assert [(row.uri, row.text) for row in rows] == [("a.csv#1", "Came late."), ("a.csv#2", "Left.")]
    (tmp_path / "b.csv").write_text("note\na,b\nc,d\n")
    assert [row.text for row in load_file(tmp_path / "b.csv", tmp_path, LoadSettings(text_column="note"))] == [
        "a,b",
        "c,d",
    ]


def test_a_text_column_makes_each_row_a_document() -> None:
    rows = load_file(DATA / "boats.csv", DATA, LoadSettings(text_column="story", title_column="name"))
    assert [(row.uri, row.title, row.text) for row in rows] == [
        ("boats.csv#1", "Aurora", "The first ship to enter the harbour, in 1885."),
        ("boats.csv#2", "Gull", "A trawler.\nIt sank in 1931."),
    ]
    assert rows[0].sha256 != rows[1].sha256
    lines = load_file(DATA / "notes.jsonl", DATA, LoadSettings(text_column="body", title_column="headline"))
    assert [(line.uri, line.title) for line in lines] == [("notes.jsonl#1", "Storm"), ("notes.jsonl#2", "Light")]


def test_a_missing_text_column_names_those_there_are() -> None:
    with pytest.raises(LoadError, match=r"no column 'body'.*name, story, year"):
        load("boats.csv", LoadSettings(text_column="body"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("encrypted.pdf", "Encrypted with a password"),
        ("damaged.pdf", "Damaged, or not a PDF"),
        ("scan.pdf", "only pictures"),
        ("damaged.docx", "Damaged, or not a Word document"),
        ("binary.txt", "binary data"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, reason: str) -> None:
    with pytest.raises(LoadError, match=reason) as caught:
        load(name)
    assert str(caught.value) == f"{name}: {caught.value.reason}"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \r\n\t\n", "empty"),
        ("a.txt", "\ufeff\u200b".encode(), "no text"),
        ("a.md", b"[hidden]: http://example.org\n", "no text"),
        ("a.html", b"<script>only()</script>", "no text"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "Line 2 is not json"),
        ("a.jsonl", b"[1, 2]\n", "Line 1 is not a json object"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Encrypted with a password"),
        ("a.docx", b"PK\x05\x06" + bytes(18), "not a Word document"),
        ("a.pdf", b"%PDF-1.7\n%%EOF", "Damaged"),
        ("a.xyz", b"text", "not supported"),
    ],
)
def test_unusable_content_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        write(tmp_path, name, content)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_random_bytes_are_refused_for_a_foreseen_reason(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "index.load")
    path = tmp_path / f"noise{suffix}"
    for seed in range(20):
        path.write_bytes(bytes((seed * 131 + i * i * 7 + (i >> 3)) % 256 for i in range(3000)))
        try:
            load_file(path, tmp_path, LoadSettings())
        except LoadError as error:
            assert error.reason
    assert not caplog.records


@pytest.mark.parametrize("name", ["harbour.pdf", "minutes.docx"])
def test_a_file_cut_or_altered_anywhere_is_refused_for_a_foreseen_reason(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "index.load")
    whole = (DATA / name).read_bytes()
    path = tmp_path / name
    for i in range(1, 40):
        at = len(whole) * i // 40
        for content in (whole[:at], whole[:at] + b"\x00\xff\x13\x37" * 3 + whole[at + 12 :]):
            path.write_bytes(content)
            try:
                load_file(path, tmp_path, LoadSettings())
            except LoadError as error:
                assert error.reason
    assert not caplog.records


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("word " * 300)
    with pytest.raises(LoadError, match=r"limit of 0\.001 MB.*max_file_mb"):
        load_file(path, tmp_path, LoadSettings(max_file_mb=0.001))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "Die Brücke führt über den Fluss. Für Fußgänger ist sie gesperrt, für Züge nicht."
    assert write(tmp_path, "a.txt", text.encode(encoding)).text == text


def test_one_bad_byte_does_not_spoil_utf8(tmp_path: Path) -> None:
    content = "Zoë café naïve façade über Ærø".encode() + b"\xff end"
    assert write(tmp_path, "a.txt", content).text == "Zoë café naïve façade über Ærø\N{REPLACEMENT CHARACTER} end"


def test_text_is_normalised() -> None:
    assert normalise("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
    assert normalise("\ufeffcafe\u0301 non\u00adsense\u200b a\u00a0b\x00") == "café nonsense a b"
    assert normalise("👩\u200d🔬 می\u200cخواهم") == "👩\u200d🔬 می\u200cخواهم"
    assert normalise("a\ud800b") == "a\N{REPLACEMENT CHARACTER}b"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set("\r\x00\ufeff\u00ad\u200b\u2028") & set(once)
    once.encode()


def test_short_lines_above_paragraphs_are_headings(tmp_path: Path) -> None:
    body = "The harbour was dug in 1874 by convicts who were promised their freedom."
    document = write(
        tmp_path,
        "a.txt",
        f"Lindholm\n\n{body}\nWhat is it?\n{body}\n\n2.1 The Fees\n\n{body}\nPhone: 555\n{body}\n"
        f"so it goes\n{body}\nANNA: Says who?\n{body}\n- an item\n{body}\n“Who is it?”\n{body}\nYours truly",
    )
    assert headings(document) == [("Lindholm", 1), ("What is it?", 2), ("2.1 The Fees", 3)]
    assert document.title == "Lindholm"


def test_titles_say_something(tmp_path: Path) -> None:
    text = "On Sunday the harbour board of Lindholm met for the first time since the great storm of 1931. It was cold."
    assert write(tmp_path, "000_cc3acd2b822d88fe.txt", text).title == (
        "On Sunday the harbour board of Lindholm met for the first time since the great…"
    )
    assert write(tmp_path, "annual-report_2024.txt", text).title == "Annual report 2024"
    assert readable_name("IMG_0042") == ""
    assert readable_name("untitled-1") == ""
    assert readable_name("03_Minutes") == "Minutes"
    assert readable_name("港の歴史") == "港の歴史"
    assert shortened("a" * 300) == "a" * 119 + "…"


def test_walk_finds_and_leaves_out(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    (root / "b").mkdir(parents=True)
    for hidden in (".git", ".docqa"):
        (root / hidden).mkdir()
        (root / hidden / "x.txt").write_text("hidden")
    for name in ("a.txt", "b/C.MD", "b/tool.exe", "README", ".secret.txt", "~$a.docx"):
        (root / name).write_text("text")
    os.mkfifo(root / "pipe.txt")
    found, left_out = walk(root)
    assert [file.uri for file in found] == ["a.txt", "b/C.MD"]
    assert found[0].size == 4
    assert found[0].mtime_ns == (root / "a.txt").stat().st_mtime_ns
    assert {entry.uri: entry.reason.split(" ")[0] for entry in left_out} == {
        "README": "Files",
        "b/tool.exe": "Files",
        "pipe.txt": "Not",
    }


def test_walk_and_links(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    (root / "folder").mkdir(parents=True)
    (root / ".store").mkdir()
    (root / ".store" / "kept.txt").write_text("kept")
    (root / "a.txt").write_text("text")
    (tmp_path / "secret.txt").write_text("not of the corpus")
    (root / "same.txt").symlink_to(root / "a.txt")
    (root / "kept.txt").symlink_to(root / ".store" / "kept.txt")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "out").symlink_to(tmp_path)
    (root / "dangling.txt").symlink_to(root / "nothing")
    (root / "self.txt").symlink_to(root / "self.txt")
    (root / "folder" / "up").symlink_to(root)
    found, left_out = walk(root)
    assert [file.uri for file in found] == ["a.txt", "kept.txt"]
    reasons = {entry.uri: entry.reason for entry in left_out}
    assert set(reasons) == {"out", "out.txt", "dangling.txt", "self.txt"}
    assert "out of the corpus" in reasons["out.txt"]
    assert "leads nowhere" in reasons["self.txt"]


def test_walk_goes_on_past_a_folder_that_may_be_listed_but_not_entered(tmp_path: Path) -> None:
    for name in ("a.txt", "closed/b.txt", "closed/deeper/c.txt", "z/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    program = (
        "import json, os, sys; from pathlib import Path; from index.walk import walk\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "found, left_out = walk(Path())\n"
        "print(json.dumps([[f.uri for f in found], {l.uri: l.reason for l in left_out}]))"
    )
    for folder, mode in ((tmp_path, 0o755), (tmp_path / "z", 0o755), (tmp_path / "closed", 0o444)):
        folder.chmod(mode)
    # Permissions do not hold for root: there the walk runs as another user.
    command = [sys.executable, "-c", program, str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=DATA.parents[1])
    finally:
        (tmp_path / "closed").chmod(0o755)
    found, left_out = json.loads(done.stdout)
    assert found == ["a.txt", "z/d.txt"]
    assert left_out == dict.fromkeys(
        ("closed/b.txt", "closed/deeper"), "The file or folder cannot be reached: Permission denied."
    )


def test_walk_reads_names_that_are_not_utf8(tmp_path: Path) -> None:
    shutil.copy(DATA / "latin.txt", tmp_path / os.fsdecode(b"caf\xe9.txt"))
    (tmp_path / "caf\\xe9.txt").write_text("The same name once escaped.")
    (tmp_path / "naïve 名.txt").write_text("text")
    found, left_out = walk(tmp_path)
    assert [file.uri for file in found] == ["caf\\xe9.txt", "naïve 名.txt"]
    assert ["rename" in entry.reason for entry in left_out] == [True]
    for file in found:
        (document,) = load_file(file.path, tmp_path, LoadSettings())
        assert document.uri == file.uri
        document.title.encode()


@pytest.mark.parametrize(("name", "message"), [("missing", "does not exist"), ("file", "is a file")])
def test_a_corpus_that_is_none(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(CorpusError, match=message):
        walk(tmp_path / name)
