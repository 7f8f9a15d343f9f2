// The source side: opens the place that a marker, card or list entry names, and extends the text at both ends.
const panel = element.querySelector(".panel");
const narrow = window.matchMedia("(max-width: 860px)");
let opener = null;
let latest = 0;

const show = (html) => { panel.innerHTML = html; };
const failed = '<p class="changed" role="alert">The source cannot be shown: docqa does not reply. Is it still running?</p>';

const place = (button) => {
  const { doc, start, end, check, span } = button.dataset;
  return { doc: Number(doc), start: Number(start), end: Number(end), check: check ?? "", ...(span && { span: span.split(",").map(Number) }) };
};

const mark = (button) => {
  document.querySelectorAll('[aria-current="true"]').forEach((b) => b.removeAttribute("aria-current"));
  const { doc, start, end } = button.dataset;
  document.querySelectorAll(`[data-doc="${doc}"][data-start="${start}"][data-end="${end}"]`)
    .forEach((b) => b.setAttribute("aria-current", "true"));
};

const open = async (button, { sheet, focus }) => {
  const mine = ++latest;
  opener = button;
  mark(button);
  const html = await server.open_source(place(button)).catch(() => failed);
  if (mine !== latest) return; // a later click was faster
  show(html);
  if (sheet) element.classList.add("open");
  const scroller = panel.querySelector(".page-text");
  const quote = panel.querySelector("mark");
  if (scroller && quote) {
    const from = scroller.getBoundingClientRect(), at = quote.getBoundingClientRect();
    scroller.scrollTop += at.top - from.top - from.height / 4;
  }
  if (focus) panel.querySelector("h2")?.focus({ preventScroll: true });
};

const list = async () => {
  const mine = ++latest;
  const html = await server.list_documents({}).catch(() => failed);
  if (mine === latest) show(html);
};

const close = () => {
  element.classList.remove("open");
  if (opener?.isConnected) opener.focus();
};

const more = async (button) => {
  const scroller = panel.querySelector(".page-text");
  const text = panel.querySelector(".text");
  const before = "before" in button.dataset;
  const at = Number(before ? button.dataset.before : button.dataset.after);
  button.disabled = true;
  let reply;
  try {
    reply = await server.more_text({ doc: Number(scroller.dataset.docId), at, before });
  } catch {
    show(failed);
    return;
  }
  if (reply.gone) {
    show(reply.html);
    return;
  }
  button.disabled = false;
  const height = scroller.scrollHeight;
  text.insertAdjacentHTML(before ? "afterbegin" : "beforeend", reply.html);
  if (before) scroller.scrollTop += scroller.scrollHeight - height; // what is being read stays where it is
  button.dataset[before ? "before" : "after"] = reply.at;
  button.hidden = reply.done;
  if (button.hidden) scroller.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  // A click that came from the keyboard has no detail: its user wants to be taken to the text.
  if (target.dataset.doc !== undefined) open(target, { sheet: true, focus: narrow.matches || event.detail === 0 });
  else if (target.matches("#source .more")) more(target);
  else if (target.matches("#source .close")) close();
  else if (target.matches("#source .library-button, #documents")) { element.classList.add("open"); list(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && (element.classList.contains("open") || element.contains(document.activeElement))) close();
});
// A new answer shows its first source, but on a narrow screen it never covers the answer by itself.
document.addEventListener("docqa:answered", (event) => { if (event.detail) open(event.detail, { sheet: false, focus: false }); });
document.addEventListener("docqa:cleared", () => { element.classList.remove("open"); list(); });
list();
