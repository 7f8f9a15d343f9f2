"""A run as JUnit XML, which every CI system can show: one case a metric, one case a question."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from eval.catalogue import METRICS
from eval.compare import Comparison
from eval.saved import Run

# What XML 1.0 does not allow even escaped (section 2.2 of the recommendation).
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run, comparison: Comparison | None = None) -> str:
    """The document. A metric at fault and a question that turned wrong are failures, a question that could not be
    asked is an error; one that is wrong as it was before is skipped, so that it does not turn every build red.
    """
    root = ElementTree.Element("testsuites", name="docqa evaluation")
    if comparison is not None:
        _metrics(root, comparison)
    _questions(root, run, comparison)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _metrics(root: ElementTree.Element, comparison: Comparison) -> None:
    faults = {fault.difference.metric: fault for fault in comparison.faults}
    suite = _suite(root, "metrics", len(comparison.differences), failures=len(faults))
    for found in comparison.differences:
        case = _case(suite, "metrics", METRICS[found.metric].title)
        if fault := faults.get(found.metric):
            ElementTree.SubElement(case, "failure", message=_clean(str(fault)), type=fault.reason)


def _questions(root: ElementTree.Element, run: Run, comparison: Comparison | None) -> None:
    lost = {item.id: item for item in comparison.lost} if comparison else {}
    skipped = sum(not row.right and not row.failed and row.id not in lost for row in run.scored)
    suite = _suite(root, "questions", len(run.scored), len(lost), len(run.failed), skipped)
    for item, record, scored in zip(run.gold, run.records, run.scored, strict=True):
        case = _case(suite, f"questions.{scored.type or 'none'}", f"{scored.id}: {item.question.question}")
        case.set("time", f"{record.timings_s.get('total', 0.0):.3f}")
        if record.error:
            ElementTree.SubElement(case, "error", message=_clean(record.error))
        elif turned := lost.get(scored.id):
            failure = ElementTree.SubElement(case, "failure", message="right before, wrong now")
            failure.text = _clean(f"before: {turned.before.answer or 'abstained'}\nnow: {record.answer or 'abstained'}")
        elif not scored.right:
            ElementTree.SubElement(case, "skipped", message=_clean(f"wrong: {record.answer or 'abstained'}"))


def _suite(
    root: ElementTree.Element, name: str, tests: int, failures: int = 0, errors: int = 0, skipped: int = 0
) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    return ElementTree.SubElement(root, "testsuite", {"name": name} | {key: str(n) for key, n in counts.items()})


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_clean(group), name=_clean(name))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
