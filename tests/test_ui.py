"""The page in a real browser, over a real index with the shipped models."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import ui
from qa import AnswerChain, Config, ConfigError, Hit, build_chain, build_index
from qa.read import Evidence, Reading, answer_sentences
from qa.source_panel import SHOWN_CHARACTERS
from tests.browser import PATIENCE, QUESTION, Traffic, Watch, ask, browser_fixture  # noqa: F401 (found by name)

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
KEEPER = "The first lighthouse keeper of Skarholm was Ingrid Aune."
ATTACK = "<script>document.title='hacked';alert(1)</script><img src=x onerror=\"document.title='hacked';alert(2)\">"
CHRONICLE = "The bridge of Norwick was opened in the spring of 1887."
GUIDE = "The bridge of Norwick was opened to carts in 1889."
BADGER = "Badgers dig their setts under the roots of old oaks."
FILES = {
    "ferry.html": f"<title>Ferry notes {escape(ATTACK)}</title>"
    f"<p>The ferry {escape(ATTACK)} leaves Norwick at nine o'clock.</p>",
    "animals/badgers.md": f"# Badgers\n\n## Where they live\n\n{BADGER}\n\n## What they eat\n\nEarthworms.\n",
    "chronicle.md": f"# Chronicle of Norwick\n\n{CHRONICLE} A brass band played.\n",
    "guide.md": f"# Guide for visitors\n\nNorwick lies on both banks. {GUIDE} Lorries must go round.\n",
    "long.txt": "The coast\n\n"
    + "The wind came from the west and the sea was grey. Nobody had seen a sail for days.\n\n" * 6_400
    + f"{KEEPER}\n\n"
    + "Gulls sat on the wall of the old customs house. The tide went out in the evening.\n\n" * 6_400,
}

NewPage = Callable[..., Page]


class YearReader:
    """Answers with the years that sentences about the same things name; years that differ contradict each other.

    It reads when `may_read` is set: a test can look at the page while a question is being answered.
    """

    name = "years"
    digest = "0" * 64
    threshold = 0.5

    def __init__(self) -> None:
        self.may_read = threading.Event()
        self.may_read.set()

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        assert self.may_read.wait(120)
        asked = set(re.findall(r"\w{4,}", question.lower()))
        evidence = []
        for number, hit in enumerate(hits):
            for start, end in answer_sentences(hit):
                sentence = hit.chunk.text[start:end]
                year = re.search(r"\b1\d{3}\b", sentence)
                if year and len(asked & set(re.findall(r"\w+", sentence.lower()))) >= 2:
                    first = hit.chunk.start + start
                    span = (first + year.start(), first + year.end())
                    evidence.append(Evidence(number, first, hit.chunk.start + end, 1.0, span))
        years = {hits[e.hit].chunk.text[e.span[0] - hits[e.hit].chunk.start :][:4] for e in evidence if e.span}
        return Reading(tuple(evidence), tuple(h.score for h in hits), 0.8, conflict=len(years) > 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    for name, text in FILES.items():
        (folder / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "corpus" / name).write_text(text, "utf-8")
    (folder / "corpus" / "harbour.pdf").write_bytes((DATA / "harbour.pdf").read_bytes())
    return folder


@pytest.fixture(scope="module")
def config(folder: Path) -> Config:
    return Config(corpus=folder / "corpus", index_dir=folder / "index")


@pytest.fixture(scope="module")
def chain(config: Config) -> AnswerChain:
    build_index(config)
    return build_chain(config)


@pytest.fixture(scope="module")
def served(chain: AnswerChain) -> Iterator[Any]:
    page = ui.serve(chain)
    yield page
    page.close(verbose=False)


@pytest.fixture(scope="module")
def years() -> YearReader:
    return YearReader()


@pytest.fixture(scope="module")
def years_served(chain: AnswerChain, config: Config, years: YearReader) -> Iterator[Any]:
    """A page over the same documents, whose reader knows spans and contradictions."""
    page = ui.serve(AnswerChain(config, chain.retriever, years))
    yield page
    page.close(verbose=False)


@pytest.fixture
def new_page(browser: Browser, served: Any) -> Iterator[NewPage]:
    """Opens the page, each time as another user; in the end nothing may have gone wrong on any of them."""
    watches = []
    contexts = []

    def open_page(at: Any = served, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        watches.append(Watch(page, at.local_url))
        page.goto(at.local_url)
        page.get_by_role("heading", name="Ask your documents").wait_for()
        return page

    yield open_page
    faults = [fault for watch in watches for fault in watch.faults]
    for context in contexts:
        context.close()
    assert faults == []


def quote_shown(page: Page) -> str:
    page.locator("#source mark").first.wait_for()
    return "".join(page.locator("#source mark").all_text_contents())


def wait_until_in_sight(page: Page, selector: str) -> None:
    """Wait until the first line of the first such element lies within the shown part of the source."""
    page.wait_for_function(
        """selector => {
            const box = e => document.querySelector(e).getBoundingClientRect();
            const inner = box(selector), outer = box("#source .page-text");
            const bottom = Math.min(inner.bottom, inner.top + 24);
            return inner.top >= outer.top && bottom <= outer.bottom && bottom <= innerHeight;
        }""",
        arg=selector,
    )


def test_an_answer_opens_its_document_at_the_quote(new_page: NewPage) -> None:
    page = new_page()
    ask(page, "Where do badgers dig their setts?")
    turn = page.locator(".turn").last
    assert BADGER in turn.locator(".answer").inner_text()
    assert re.search(r"(Confident|Likely|Unsure)", turn.locator(".confidence").inner_text())
    assert turn.locator(".source .title").first.inner_text() == "Badgers"
    assert quote_shown(page) == BADGER
    assert page.locator("#source h2").inner_text() == "Badgers"
    assert page.locator("#source .heading").all_text_contents()[0] == "Badgers"


def test_a_click_on_a_marker_or_card_changes_the_document(new_page: NewPage) -> None:
    page = new_page()
    ask(page, "Where do badgers dig their setts?")
    ask(page, "Who was the first lighthouse keeper of Skarholm?")
    assert quote_shown(page) == KEEPER
    first, second = page.locator(".turn").all()
    first.locator(".marker").first.click()
    page.locator("#source h2", has_text="Badgers").wait_for()
    assert quote_shown(page) == BADGER
    assert first.locator(".source").first.get_attribute("aria-current") == "true"
    second.locator(".source").first.click()
    page.locator("#source h2", has_text="The coast").wait_for()
    assert quote_shown(page) == KEEPER
    assert page.locator('[aria-current="true"]').count() == 2, "the marker and the card of what is open, no others"


def test_a_long_document_comes_in_parts(new_page: NewPage, chain: AnswerChain) -> None:
    page = new_page()
    ask(page, "Who was the first lighthouse keeper of Skarholm?")
    assert quote_shown(page) == KEEPER
    wait_until_in_sight(page, "#source mark")
    text = page.locator("#source .text")
    shown = text.evaluate("e => e.textContent")
    document = chain.corpus.document_by_uri("long.txt")
    assert document is not None
    assert len(document.text) > 1_000_000
    assert len(shown) < 3 * SHOWN_CHARACTERS
    before = page.get_by_role("button", name="Show more before")
    before.scroll_into_view_if_needed()
    top = page.locator("#source mark").first.evaluate("e => e.getBoundingClientRect().top")
    before.click()
    page.wait_for_function("n => document.querySelector('#source .text').textContent.length > n", arg=len(shown))
    longer = text.evaluate("e => e.textContent")
    assert longer.endswith(shown)
    now = page.locator("#source mark").first.evaluate("e => e.getBoundingClientRect().top")
    assert abs(now - top) < 2, "what is being read stays where it is"
    page.get_by_role("button", name="Show more after").click()
    page.wait_for_function("n => document.querySelector('#source .text').textContent.length > n", arg=len(longer))
    longest = text.evaluate("e => e.textContent")
    assert longest.startswith(longer)
    assert longest in document.text


def test_of_a_long_document_little_is_sent(new_page: NewPage, chain: AnswerChain) -> None:
    page = new_page()
    page.locator("#source .library").wait_for()
    traffic = Traffic(page)
    ask(page, "Who was the first lighthouse keeper of Skarholm?")
    assert quote_shown(page) == KEEPER
    page.get_by_role("button", name="Show more after").click()
    page.wait_for_function("document.querySelector('#source .text').textContent.length > 7000")
    document = chain.corpus.document_by_uri("long.txt")
    assert document is not None
    shown = page.locator("#source .text").evaluate("e => e.textContent")
    assert len(shown) < traffic.received < len(document.text) / 10


def test_the_search_tells_how_far_it_is(new_page: NewPage, years_served: Any, years: YearReader) -> None:
    page = new_page(at=years_served)
    page.locator("#start p", has_text="Looking for questions").wait_for(state="detached")
    years.may_read.clear()
    try:
        page.get_by_label(QUESTION).fill("When was the bridge of Norwick opened?")
        page.get_by_label(QUESTION).press("Enter")
        found = page.locator(".turn .searching", has_text="found")
        found.wait_for()
        assert re.fullmatch(r"Searching… [1-9]\d* passages found", found.inner_text())
    finally:
        years.may_read.set()
    page.locator(".turn .confidence").wait_for()
    assert page.locator(".turn .searching").count() == 0


def test_the_span_that_answers_is_strong(new_page: NewPage, years_served: Any) -> None:
    page = new_page(at=years_served)
    ask(page, "In which spring was the great day of Norwick?")
    strong = page.locator(".turn .answer strong")
    assert strong.all_inner_texts() == ["1887"]
    assert page.locator(".turn .answer").inner_text().startswith(CHRONICLE)
    assert strong.evaluate("e => Number(getComputedStyle(e).fontWeight)") >= 600
    assert quote_shown(page) == CHRONICLE
    assert page.locator("#source mark.strong").all_inner_texts() == ["1887"]


def test_sources_that_contradict_each_other_stand_side_by_side(new_page: NewPage, years_served: Any) -> None:
    page = new_page(at=years_served)
    ask(page, "When was the bridge of Norwick opened?")
    turn = page.locator(".turn").last
    assert "contradict each other" in turn.locator(".conflict").inner_text()
    assert "Unsure" in turn.locator(".confidence").inner_text()
    claims = turn.locator(".claim")
    assert sorted(claims.locator("strong").all_inner_texts()) == ["1887", "1889"]
    boxes = [box for claim in claims.all() if (box := claim.bounding_box())]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    for claim in claims.all():
        said = CHRONICLE if "1887" in claim.inner_text() else GUIDE
        title = "Chronicle of Norwick" if said == CHRONICLE else "Guide for visitors"
        assert claim.locator(".source .title").inner_text() == title
        claim.locator(".marker").click()
        page.locator("#source h2", has_text=title).wait_for()
        assert quote_shown(page) == said
    page.set_viewport_size({"width": 390, "height": 800})
    boxes = [box for claim in claims.all() if (box := claim.bounding_box())]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], "one below the other where it is narrow"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_document_with_pages_shows_where_they_begin(new_page: NewPage) -> None:
    page = new_page()
    ask(page, "What is the fee for a berth a year?")
    assert page.locator(".turn .source .page").first.inner_text() == "page 2"
    assert "310 crowns" in quote_shown(page)
    pages = page.locator("#source .page-start").evaluate_all("es => es.map(e => e.dataset.page)")
    assert pages == ["Page 1", "Page 2", "Page 3"]


def test_an_abstention_says_so_and_offers_the_closest_passages(new_page: NewPage) -> None:
    page = new_page()
    ask(page, "How many moons does the planet Jupiter have?")
    turn = page.locator(".turn").last
    assert turn.locator(".verdict").inner_text() == "The documents do not answer this."
    assert turn.locator(".answer, .marker, .confidence").count() == 0
    assert turn.locator(".source").count() == 3
    assert page.locator("#source mark").count() == 0, "nothing is shown as if it were a source"
    reason = turn.locator(".abstention")
    assert "Jupiter" in reason.inner_text()
    for card in turn.locator(".source").all():
        assert reason.evaluate("(e, card) => e.compareDocumentPosition(card) & 4", card.element_handle())
        card.click()
        page.locator("#source h2", has_text=card.locator(".title").inner_text()).wait_for()
        begins = card.locator(".quote").inner_text().removesuffix("…")
        assert begins in " ".join(quote_shown(page).split())
        wait_until_in_sight(page, "#source mark")


def test_why_lists_the_parts_of_the_scores(new_page: NewPage) -> None:
    page = new_page()
    ask(page, "Where do badgers dig their setts?")
    fold = page.locator(".turn .why")
    assert not fold.locator("table").is_visible()
    fold.get_by_text("Why this answer").click()
    assert fold.locator("thead th").all_inner_texts() == ["Passage", "BM25", "Vectors", "Fused", "Reader"]
    cells = fold.locator("tbody tr").first.locator("td").all_inner_texts()
    assert all(re.match(r"-?\d+\.\d+|–", cell) for cell in cells)
    assert re.match(r"-?\d", cells[0]), "the best passage shares words with this question"


def test_markup_in_documents_and_questions_stays_text(new_page: NewPage) -> None:
    page = new_page()
    ask(page, f"When does the ferry {ATTACK} leave Norwick?")
    ask(page, "At what time does the ferry leave Norwick?")
    page.locator(".turn").last.locator(".source", has_text="Ferry notes").first.click()
    page.locator("#source h2", has_text="Ferry notes").wait_for()
    assert ATTACK in page.locator("#source .text").inner_text()
    assert "onerror" in page.locator("#source h2").inner_text()
    assert ATTACK in page.locator(".turn .question").first.inner_text()
    page.evaluate("document.dispatchEvent(new CustomEvent('docqa:cleared'))")
    page.locator("#source .library .title", has_text="Ferry notes").wait_for()
    assert page.locator("#conversation :is(img, script), #source :is(img, script)").count() == 0
    assert page.title() == "docqa"


@pytest.mark.parametrize(
    ("question", "message"),
    [("   ", "The question is empty"), ("?!…", "no word in it"), ("long " * 20_000, "2,000 is the most")],
)
def test_a_question_that_cannot_be_asked_gets_one_plain_sentence(
    new_page: NewPage, question: str, message: str
) -> None:
    page = new_page()
    ask(page, question)
    error = page.locator(".turn .error")
    assert message in error.inner_text()
    assert "Traceback" not in page.locator("body").inner_text()
    assert page.locator("#conversation").evaluate("e => e.textContent.length") < 5_000
    ask(page, "Where do badgers dig their setts?")
    assert BADGER in page.locator(".turn .answer").inner_text()


def test_a_missing_index_is_one_plain_sentence(new_page: NewPage, config: Config, folder: Path) -> None:
    page = new_page()
    config.index_dir.rename(folder / "away")
    try:
        ask(page, "Where do badgers dig their setts?")
        assert "docqa index" in page.locator(".turn .error").inner_text()
    finally:
        (folder / "away").rename(config.index_dir)


def test_users_do_not_see_each_other(new_page: NewPage, served: Any) -> None:
    one, other = new_page(), new_page()
    ask(one, "Where do badgers dig their setts?")
    ask(other, "What is the fee for a berth a year?")
    assert "badgers" not in other.locator("#conversation").inner_text().lower()
    assert "berth" not in one.locator("#conversation").inner_text().lower()
    histories = [kept.turns for kept in conversations(served)]
    assert not any({"badgers", "berth"} <= set(re.findall(r"\w+", str(h).lower())) for h in histories)
    assert sum("berth" in str(h) for h in histories) >= 1
    again = one.context.new_page()
    again.goto(served.local_url)
    again.get_by_role("heading", name="Ask your documents").wait_for()
    assert "setts" not in again.locator(".log").inner_text(), "another tab is another conversation"


def test_a_conversation_does_not_grow_without_bound(new_page: NewPage, served: Any) -> None:
    page = new_page()
    for number in range(ui.MAX_TURNS):
        ask(page, f"Where do badgers dig their setts, for the {number}th time?")
    mine = max(conversations(served), key=lambda kept: kept.asked)
    assert mine.asked == ui.MAX_TURNS
    assert len(mine.turns) == ui.MAX_TURNS
    for _ in range(20):
        ask(page, "?")
    assert page.locator(".turn").count() == 30, "the oldest go first"
    assert page.locator(".turn .question").last.inner_text() == "?"
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("heading", name="Ask your documents").wait_for()
    assert page.locator(".turn").count() == 0
    assert page.locator("#source mark").count() == 0


def test_a_late_answer_does_not_come_back_into_a_new_conversation(
    new_page: NewPage, years_served: Any, years: YearReader
) -> None:
    page = new_page(at=years_served)
    page.locator("#start p", has_text="Looking for questions").wait_for(state="detached")
    years.may_read.clear()
    try:
        page.get_by_label(QUESTION).fill("When was the bridge of Norwick opened?")
        page.get_by_label(QUESTION).press("Enter")
        page.locator(".turn .searching", has_text="found").wait_for()
        page.get_by_role("button", name="New conversation").click()
        page.get_by_role("heading", name="Ask your documents").wait_for()
    finally:
        years.may_read.set()
    # The page takes no question while the late answer is on its way.
    page.wait_for_timeout(2_000)
    assert page.locator(".turn").count() == 0
    ask(page, "In which spring was the great day of Norwick?")
    assert page.locator(".turn .question").all_inner_texts() == ["In which spring was the great day of Norwick?"]
    said = [[turn.text for turn in kept.turns] for kept in conversations(years_served) if kept.turns]
    assert ["In which spring was the great day of Norwick?"] in [texts[::2] for texts in said]


def test_two_questions_at_once_are_both_kept(new_page: NewPage, served: Any) -> None:
    page = new_page()
    example = page.locator(".examples button").first
    example.wait_for()
    asked = example.inner_text()
    typed = "Where do badgers dig their setts?"
    page.get_by_label(QUESTION).fill(typed)
    page.evaluate("document.querySelector('.examples button').click()")
    page.get_by_label(QUESTION).press("Enter")
    page.locator(".turn .confidence").nth(1).wait_for()
    assert sorted(page.locator(".turn .question").all_inner_texts()) == sorted([asked, typed])
    said = [sorted(turn.text for turn in kept.turns if turn.role == "user") for kept in conversations(served)]
    assert sorted([asked, typed]) in said
    again = "Who was the first lighthouse keeper of Skarholm?"
    ask(page, again)
    assert page.locator(".turn .question").all_inner_texts()[2:] == [again]


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
def test_a_host_that_cannot_be_a_name_is_named(host: str, chain: AnswerChain) -> None:
    with pytest.raises(ConfigError, match="not the name or address of a machine"):
        ui.serve(chain, host=host)


def test_more_of_a_document_that_is_gone_says_so(new_page: NewPage, chain: AnswerChain) -> None:
    page = new_page()
    ask(page, "Who was the first lighthouse keeper of Skarholm?")
    page.locator("#source mark").first.wait_for()
    page.locator("#source .page-text").evaluate("e => { e.dataset.docId = '999999'; }")
    page.get_by_role("button", name="Show more after").click()
    page.locator("#source .changed", has_text="no longer in the index").wait_for()
    assert 999_999 not in chain.corpus.sources([999_999])


def conversations(served: Any) -> list[ui.Conversation]:
    """What the server holds for all tabs."""
    states = [state.state_data for state in served.state_holder.session_data.values()]
    return [value for state in states for value in state.values() if isinstance(value, ui.Conversation)]


def test_examples_come_from_the_documents(new_page: NewPage, chain: AnswerChain) -> None:
    page = new_page()
    example = page.locator(".examples button").first
    example.wait_for()
    asked = example.inner_text()
    topic = re.findall("“(.+)”", asked)[0]
    assert any(topic in chain.corpus.document(info.id).text for info in chain.corpus.documents())
    example.click()
    page.locator(".turn .answer").wait_for()
    assert page.locator(".turn .question").inner_text() == asked


def test_the_keyboard_is_enough(new_page: NewPage) -> None:
    page = new_page()
    assert page.get_by_label(QUESTION).evaluate("e => e === document.activeElement"), "one can type at once"
    ask(page, "Where do badgers dig their setts?")
    marker = page.locator(".turn .marker").first
    assert marker.get_attribute("aria-label") == "Source 1: Badgers"
    assert page.get_by_label(QUESTION).evaluate("e => e === document.activeElement"), "one can go on typing"
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if marker.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('#source h2')")
    page.keyboard.press("Escape")
    assert marker.evaluate("e => e === document.activeElement")


def test_on_a_phone_the_source_is_a_sheet(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, has_touch=True)
    ask(page, "Where do badgers dig their setts?")
    assert not page.locator("#source .bar").is_visible(), "it does not cover the answer by itself"
    page.locator(".turn .marker").first.tap()
    page.locator("#source mark").first.wait_for()
    wait_until_in_sight(page, "#source mark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#source").get_by_role("button", name="Close").tap()
    page.locator("#source .bar").wait_for(state="hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(new_page: NewPage, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2.2 asks for (success criterion 1.4.3, with its formula of relative luminance)."""
    page = new_page(color_scheme=scheme)
    ask(page, "Where do badgers dig their setts?")
    ask(page, "How many moons does the planet Jupiter have?")
    page.locator(".turn .marker").first.click()
    page.locator("#source mark").first.wait_for()
    page.mouse.move(2, 2)
    for selector in (
        ".question .answer .confidence .verdict .abstention .source_.quote .source_.title .marker .why_summary "
        "#source_h2 #source_.uri #source_.text #source_mark #name_h1 .submit-button"
    ).split():
        ratio = page.locator(selector.replace("_", " ")).first.evaluate(CONTRAST)
        assert ratio >= 4.5, selector


CONTRAST = """element => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = element;
    while (behind && numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const one = light(numbers(getComputedStyle(element).color));
    const other = light(numbers(getComputedStyle(behind).backgroundColor));
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


def test_a_document_that_changed_is_not_shown_as_if_it_had_not(
    new_page: NewPage, config: Config, chain: AnswerChain
) -> None:
    page = new_page()
    ask(page, "Where do badgers dig their setts?")
    path = config.corpus / "animals" / "badgers.md"
    before = path.read_text("utf-8")
    path.write_text(before.replace("# Badgers", "# Badgers of the north", 1), "utf-8")
    try:
        build_index(config)
        page.locator(".turn .marker").first.click()
        notice = page.locator("#source .changed")
        notice.wait_for()
        assert re.search("has changed|no longer in the index", notice.inner_text())
        assert page.locator("#source mark").count() == 0
    finally:
        path.write_text(before, "utf-8")
        build_index(config)


def test_a_document_whose_file_can_no_longer_be_read_says_so(new_page: NewPage, config: Config) -> None:
    page = new_page()
    path = config.corpus / "animals" / "badgers.md"
    before = path.read_bytes()
    ask(page, "Where do badgers dig their setts?")
    page.locator("#source mark").first.wait_for()
    assert page.locator("#source .stale").count() == 0
    path.write_bytes(b"\0\1\2\0" * 64)
    try:
        assert [file.stale for file in build_index(config).left_out] == [True]
        page.locator(".turn .marker").first.click()
        page.locator("#source .stale").wait_for()
        assert "can no longer be read" in page.locator("#source .stale").inner_text()
        assert quote_shown(page) == BADGER, "its last good text is still a source"
    finally:
        path.write_bytes(before)
        build_index(config)


def program(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, as if docqa was installed."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_index_the_page_says_how_to_make_it(tmp_path: Path) -> None:
    for arguments in (("-m", "ui"), (str(ROOT / "ui.py"),)):
        done = program(tmp_path, *arguments, DOCQA_CHAT__PORT="0")
        assert done.returncode == 2
        assert done.stdout == ""
        assert re.fullmatch(r"Error: There is no index in \.docqa yet\. Run `docqa index` to make it\.\n", done.stderr)
        assert list(tmp_path.iterdir()) == [], "it has not prepared a model"


def test_without_documents_the_command_says_where_to_put_them(tmp_path: Path) -> None:
    done = program(tmp_path, "-m", "qa.cli", "chat", "--port", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(
        r"docqa: The folder of documents seeds does not exist\..*--corpus.*", done.stderr.splitlines()[-1]
    )
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_line(config: Config, chain: AnswerChain) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = {"DOCQA_CHAT__PORT": port, "DOCQA_INDEX_DIR": str(config.index_dir)}
        done = program(config.index_dir.parent, "-m", "ui", **settings)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(rf"Error: Port {port} on 127\.0\.0\.1 is in use .*--port\.\n", done.stderr)


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 error"), ("", "1 skipped")])
def test_a_missing_browser_is_an_error_where_changes_are_checked(tmp_path: Path, ci: str, outcome: str) -> None:
    (tmp_path / "test_it.py").write_text(
        "from tests.browser import browser_fixture\n\n\ndef test_it(browser):\n    pass\n", "utf-8"
    )
    done = program(tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py", CI=ci, PATH=str(tmp_path))
    assert outcome in done.stdout.splitlines()[-1]
    assert done.returncode == (1 if ci else 0)
    assert ("needs Chromium: apt-get install chromium" in done.stdout) == bool(ci)


def test_a_port_in_use_is_named(chain: AnswerChain) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} .* in use.*--port"):
            ui.serve(chain, port=port)
