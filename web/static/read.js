// The points of a chart are one stop of the Tab key; the arrow keys go from one to the next.
document.addEventListener("focusin", ({ target }) => {
  for (const one of target.closest(".chart-tips")?.children ?? []) one.setAttribute("tabindex", one === target ? 0 : -1);
});
document.addEventListener("keydown", (event) => {
  const here = event.target.closest(".chart-tip"), way = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
  if (!here || !way) return;
  event.preventDefault();
  here[way + "ElementSibling"]?.focus();
});
// Where what was pressed is gone, the focus goes on to the field beside it.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (document.activeElement === document.body) (target.querySelector("input[id]") ?? target).focus();
});
// Whoever leaves has seen the page as it was.
addEventListener("pagehide", () => {
  const { look } = document.getElementById("news")?.dataset ?? {};
  if (look) fetch(look, { method: "POST", keepalive: true, redirect: "manual" });
});
