"""The report is one page that loads nothing and shows untrusted text as text, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from eval.compare import compare_sides, side_of
from eval.report import html_report
from tests.eval.records import answered, good_run, run_of

ATTACK = (
    "</script><script>document.title='broken'</script>"
    "<img src='http://127.0.0.1:9/x' onerror=\"document.title='broken'\">"
)


def test_untrusted_text_stays_text(tmp_path: Path) -> None:
    run = good_run()
    record = replace(answered(1, 0.9, ATTACK, 600), reason=ATTACK)
    after = run_of(run.gold, [run.records[0], record, *run.records[2:]])
    page_file = tmp_path / "report.html"
    text = html_report(after, compare_sides(side_of(run, "a"), side_of(after, "b")), ATTACK)
    page_file.write_text(text, "utf-8")
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", text)
    requests: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(page_file.as_uri())
        page.select_option("#outcome", "lost")
        assert page.locator("#count").text_content() == "1 of 20"
        page.locator("#rows summary").click()
        opened = page.locator("#rows details[open]")
        assert ATTACK in (opened.locator(".pair").text_content() or "")
        assert "The bridge opened in 1931." in (opened.locator(".pair").text_content() or "")
        assert opened.locator("img, script").count() == 0
        page.fill("#words", "q7")
        page.select_option("#outcome", "")
        assert page.locator("#count").text_content() == "1 of 20"
        assert page.title() == "docqa evaluation: gold.jsonl"
        browser.close()
    assert requests == [page_file.as_uri()]
    assert errors == []
