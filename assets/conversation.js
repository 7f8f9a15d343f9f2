// Keeps the conversation: Python sends one block at a time ({id, html, clear, cite}), which is put in or replaced here.
// Blocks that were not sent again keep their open folds, their focus and their place.
const MAX_TURNS = 30;
const log = element.querySelector(".log");

const put = () => {
  const { id, html, clear, cite } = props.value ?? {};
  if (!id) return;
  if (clear) log.replaceChildren();
  if (id === "start" && log.querySelector(".turn")) return;
  if (id !== "start") log.querySelector("#start")?.remove();
  let block = log.querySelector(`#${CSS.escape(id)}`);
  if (!block) {
    block = document.createElement("article");
    block.id = id;
    block.className = id === "start" ? "" : "turn";
    log.append(block);
  }
  block.innerHTML = html;
  while (log.children.length > MAX_TURNS) log.firstElementChild.remove();
  if (id !== "start") log.scrollTo({ top: block.offsetTop - log.offsetTop - 8 });
  if (clear) document.dispatchEvent(new CustomEvent("docqa:cleared"));
  if (cite) document.dispatchEvent(new CustomEvent("docqa:answered", { detail: block.querySelector(".marker") }));
};

log.addEventListener("click", (event) => {
  const example = event.target.closest("[data-ask]");
  if (example) trigger("ask", { text: example.dataset.ask });
});
watch("value", put);
put();
