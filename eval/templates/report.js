"use strict";
// Everything that comes from documents, questions and answers is written with textContent: none of it is markup.
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

function box(title, ...children) {
  return make("div", "box", make("h3", "", title), ...children);
}

// Offsets count code points, JavaScript strings count UTF-16 units: texts are cut as arrays of code points.
function highlighted(text, start, ranges) {
  const points = Array.from(text);
  const kinds = new Array(points.length).fill("");
  for (const [from, to, kind] of ranges)
    for (let i = Math.max(0, from - start); i < Math.min(points.length, to - start); i++)
      kinds[i] = kinds[i] && kinds[i] !== kind ? "both" : kind;
  const paragraph = make("p", "text");
  for (let i = 0; i < points.length; ) {
    let end = i;
    while (end < points.length && kinds[end] === kinds[i]) end++;
    const piece = points.slice(i, end).join("");
    paragraph.append(kinds[i] ? make("mark", kinds[i], piece) : piece);
    i = end;
  }
  return paragraph;
}

function answerOf(answer, reason, error) {
  if (error) return make("p", "text", error);
  if (answer) return make("p", "text", answer);
  return make("p", "muted", reason ? "Abstained: " + reason : "Abstained");
}

function passagesOf(question) {
  const quotes = question.citations.map((c) => [c[7], c[2], c[2] + Array.from(c[4]).length, "quote"]);
  const gold = question.places.map((place) => [...place, "gold"]);
  const key = make("p", "muted", make("mark", "quote", "cited"), " ", make("mark", "gold", "gold evidence"), " ", make("mark", "both", "both"));
  const list = box("Passages found, before reading", key);
  question.passages.forEach(([position, score, parts], rank) => {
    const passage = data.passages[position];
    if (!passage) return;
    const ranges = [...gold, ...quotes].filter((r) => r[0] === passage.doc).map((r) => r.slice(1));
    const numbers = Object.entries(parts).map(([name, value]) => `${name.replace("_", " ")} ${Number(value.toPrecision(4))}`);
    const head = `${rank + 1}. ${passage.doc} · score ${score.toPrecision(4)}${numbers.length ? " · " + numbers.join(" · ") : ""}`;
    list.append(make("div", "passage", make("p", "muted", head), highlighted(passage.text, passage.start, ranges)));
  });
  return list;
}

function citationsOf(question) {
  const list = box("Citations in their context");
  for (const [n, uri, , before, quote, after, exact] of question.citations) {
    const head = make("p", "muted", `[${n}] ${uri}${exact ? "" : " · this quote is not what the document says here"}`);
    const text = make("p", "text", before ? "…" + before : "", make("mark", "quote", quote), after ? after + "…" : "");
    list.append(make("div", "passage", head, text));
  }
  return list;
}

function goldOf(question) {
  const gold = box("Gold");
  if (!question.answers.length && !question.evidence.length && !question.documents.length)
    gold.append(make("p", "muted", "The documents do not hold the answer."));
  if (question.answers.length) gold.append(make("p", "text", question.answers.join(" / ")));
  for (const quote of question.evidence) gold.append(make("p", "text", make("mark", "gold", quote)));
  if (question.documents.length) gold.append(make("p", "muted", question.documents.join(", ")));
  return gold;
}

function detail(question) {
  const answer = box(
    `Answer, ${Math.round(100 * question.confidence)} % certain`,
    answerOf(question.answer, question.reason, question.error),
    question.short ? make("p", "muted", "In short: " + question.short) : null,
  );
  const pair = make("div", "pair", goldOf(question), answer);
  if (question.before) {
    const tag = make("span", question.before.good ? "tag yes" : "tag", question.before.outcome);
    const title = `The run before, ${Math.round(100 * question.before.confidence)} % certain `;
    pair.append(box(title, tag, answerOf(question.before.answer, "", "")));
  }
  const parts = make("div", "detail");
  if (question.history.length) {
    const talk = box("Conversation before");
    for (const [role, text] of question.history) talk.append(make("p", "text", `${role}: ${text}`));
    if (question.searched && question.searched !== question.question)
      talk.append(make("p", "muted", "Searched: " + question.searched));
    parts.append(talk);
  }
  parts.append(pair);
  if (question.citations.length) parts.append(citationsOf(question));
  if (question.passages.length) parts.append(passagesOf(question));
  const values = Object.entries(question.values).map(([name, value]) => `${data.metrics[name] || name}: ${Number(value.toFixed(3))}`);
  const times = Object.entries(question.milliseconds).map(([step, value]) => `${step}: ${value} ms`);
  parts.append(box("Scores", make("p", "muted", values.join(" · ")), make("p", "muted", times.join(" · "))));
  return parts;
}

function row(question) {
  const turned = question.before && question.before.good !== question.good;
  const label = (turned ? (question.good ? "now " : "turned ") : "") + question.outcome;
  const summary = make(
    "summary", "",
    make("span", "", question.question, make("br"), make("span", "muted", `${question.id} · ${question.type}`)),
    make("span", question.good ? "tag yes" : "tag", label),
    make("span", "right muted", question.confidence.toFixed(2)),
  );
  const details = make("details", "", summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(detail(question));
  });
  return details;
}

const rows = data.questions.map((question) => ({
  question,
  element: row(question),
  words: [question.id, question.question, question.answer, ...question.documents, ...question.answers].join(" ").toLowerCase(),
}));

function fill(select, labels) {
  for (const label of [...new Set(labels)].sort()) {
    const option = make("option", "", label);
    option.value = label;
    select.append(option);
  }
}
fill(at("type"), data.questions.map((question) => question.type));
fill(at("outcome"), data.questions.map((question) => question.outcome));
if (data.questions.some((question) => question.before))
  for (const [value, label] of [["lost", "Turned from right to wrong"], ["won", "Turned from wrong to right"]]) {
    const option = make("option", "", label);
    option.value = value;
    at("outcome").append(option);
  }

const orders = {
  gold: null,
  certain: (a, b) => b.question.confidence - a.question.confidence,
  doubtful: (a, b) => a.question.confidence - b.question.confidence,
  slow: (a, b) => (b.question.milliseconds.total || 0) - (a.question.milliseconds.total || 0),
};

function fits(item) {
  const { question } = item;
  const wanted = at("outcome").value;
  const turned = question.before && question.before.good !== question.good;
  const matches =
    wanted === "lost" ? turned && !question.good : wanted === "won" ? turned && question.good : !wanted || question.outcome === wanted;
  const words = at("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  return matches && (!at("type").value || question.type === at("type").value) && words.every((word) => item.words.includes(word));
}

function show() {
  const shown = rows.filter(fits);
  const order = orders[at("order").value];
  if (order) shown.sort(order);
  at("rows").replaceChildren(...shown.map((item) => item.element));
  at("count").textContent = `${shown.length} of ${rows.length}`;
}
for (const id of ["words", "type", "outcome", "order"]) at(id).addEventListener("input", show);
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
show();
