"""The catalogue of metrics: names, meanings, and the drop of each that the gate lets pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CUTOFFS = (1, 5, 10)
DEPTH = 10

Kind = Literal["yes/no", "share", "set"]
Step = Literal["prove", "retrieve", "abstain", "read", "calibrate", "all"]

# In the order in which a fault shows: what is not retrieved cannot be read, what is abstained on is not read.
STEPS: tuple[Step, ...] = ("prove", "retrieve", "abstain", "read", "calibrate", "all")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's key, its title and meaning for people, its kind, the step it speaks of and its direction.

    `kind`: "yes/no" is 0 or 1 a question, "share" a number from 0 to 1 a question, "set" one number for many questions.
    `tolerance` is the drop that the gate lets pass while it may be chance. `when_abstained` is the value of a question
    that the run before abstained on; without one, only questions that both runs have a value for are compared.
    """

    name: str
    title: str
    meaning: str
    kind: Kind
    step: Step
    tolerance: float
    higher_is_better: bool = True
    when_abstained: float | None = None


def _of_retrieval(item: str, label: str, gold: str) -> tuple[Metric, ...]:
    return (
        *(
            Metric(
                f"{item}_hit@{k}",
                f"{label} hit at {k}",
                f"any {gold} among the best {k}",
                "yes/no",
                "retrieve",
                t,
            )
            for k, t in ((1, 0.05), (5, 0.03), (DEPTH, 0.02))
        ),
        *(
            Metric(
                f"{item}_recall@{k}",
                f"{label} recall at {k}",
                f"share of {gold}s in the best {k}",
                "share",
                "retrieve",
                t,
            )
            for k, t in ((5, 0.03), (DEPTH, 0.02))
        ),
        Metric(f"{item}_mrr@10", f"{label} MRR at 10", f"1 / rank of the first {gold}", "share", "retrieve", 0.04),
        Metric(f"{item}_ndcg@10", f"{label} nDCG at 10", f"discounted gain of the {gold}s", "share", "retrieve", 0.04),
    )


_ALL = (
    Metric("right", "Right", "answered with an accepted answer, or rightly abstained", "yes/no", "all", 0.03),
    # Whoever abstained quoted nothing wrongly, so every answer of a new run counts.
    Metric(
        "quotes_exact",
        "Quotes exact",
        "every quote is its document's text at that place",
        "yes/no",
        "prove",
        0.0,
        when_abstained=1.0,
    ),
    *_of_retrieval("document", "Document", "gold document"),
    *_of_retrieval("evidence", "Evidence", "gold quote"),
    Metric("answered", "Answered", "answerable questions not met with an abstention", "yes/no", "abstain", 0.05),
    Metric("abstention_precision", "Abstention precision", "abstentions that were right", "set", "abstain", 0.08),
    Metric("abstention_recall", "Abstention recall", "unanswerable questions abstained on", "set", "abstain", 0.05),
    Metric("abstention_f1", "Abstention F1", "precision and recall of abstaining in one", "set", "abstain", 0.05),
    Metric("evidence_first", "Evidence first", "the first citation holds a gold quote", "yes/no", "read", 0.04),
    Metric("answer_contained", "Answer contained", "an accepted answer stands in the text", "yes/no", "read", 0.03),
    Metric("exact_match", "Exact match", "the short answer is an accepted one (SQuAD)", "yes/no", "read", 0.05),
    Metric("token_f1", "Token F1", "words shared with an accepted answer (SQuAD)", "share", "read", 0.03),
    Metric("answer_recall", "Answer recall", "words of a long accepted answer in the text", "share", "read", 0.05),
    Metric("citation_precision", "Citation precision", "how much of what is cited is evidence", "share", "read", 0.05),
    Metric("citation_recall", "Citation recall", "how much of the evidence is cited", "share", "read", 0.05),
    Metric("aurc", "Risk-coverage area", "mean share wrong over all coverages", "set", "calibrate", 0.03, False),
    Metric("ece", "Calibration error", "gap of confidence and share right", "set", "calibrate", 0.05, False),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
