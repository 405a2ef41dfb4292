// The sheet by keyboard and by touch. Without it every row is a form that does the same.
(() => {
  const sheet = document.getElementById("sheet");
  const said = document.getElementById("said");
  if (!sheet) return;
  const keys = sheet.dataset.keys === "on";
  const rowOf = element => element.closest(".row");
  const fieldOf = row => row.querySelector(".answer input:not([type=hidden])");
  const press = (row, name) => row.querySelector(`.act-${name} button`)?.click();
  let tapped = false;
  let typing = false;
  sheet.classList.add("live");

  function go(row, step) {
    const rows = [...sheet.querySelectorAll(".row")];
    const next = rows[rows.indexOf(row) + step];
    if (!next) return;
    (fieldOf(next) || next.querySelector("h3 a")).focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function help() {
    const box = document.getElementById("keys");
    box.open = !box.open;
    if (box.open) box.querySelector("summary").focus();
  }

  sheet.addEventListener("keydown", event => {
    const row = rowOf(event.target);
    if (!row || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const field = event.target.matches("input");
    const arrows = { ArrowDown: () => go(row, 1), ArrowUp: () => go(row, -1) };
    const letters = {
      j: arrows.ArrowDown,
      k: arrows.ArrowUp,
      u: () => press(row, "undo"),
      s: () => press(row, "reaffirmation"),
      "/": () => document.getElementById("q")?.focus(),
      "?": help,
    };
    // In a field for words a letter is a letter; in one for percentages it can be nothing but a command.
    let act = arrows[event.key];
    if (keys && (!field || event.target.inputMode === "decimal")) act ??= letters[event.key];
    const alone = field && row.querySelectorAll(".answer input:not([type=hidden])").length === 1;
    if (event.key === "Enter" && alone && !event.target.value) act = arrows.ArrowDown;
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Whoever saves is on the next question at once; what the server says of this one comes when it comes.
  sheet.addEventListener("submit", event => {
    if (event.target.matches(".answer") && !tapped) go(rowOf(event.target), 1);
    tapped = typing = false;
  });

  sheet.addEventListener("input", () => { typing = true; });

  sheet.addEventListener("click", event => {
    const track = event.target.closest(".track");
    if (!track) return;
    const { left, width } = track.getBoundingClientRect();
    const percent = Math.round(((event.clientX - left) / width) * 100);
    const form = track.closest("form");
    fieldOf(rowOf(form)).value = Math.min(99, Math.max(1, percent));
    tapped = true;
    form.requestSubmit();
  });

  document.addEventListener("htmx:afterSwap", event => {
    const row = document.getElementById(event.detail.target.id);
    if (!row || !sheet.contains(row)) return;
    const wrong = row.querySelector(".error");
    const title = row.querySelector("h3").innerText;
    said.textContent = `${title} ${(wrong || row.querySelector(".own")).innerText}`;
    // A refusal calls back whoever has not begun to answer the next question; the rest hear of it.
    const lost = document.activeElement === document.body;
    if (lost || (wrong && !typing)) (row.querySelector("[aria-invalid]") || fieldOf(row) || row.querySelector("h3 a")).focus();
    for (const old of sheet.querySelectorAll(".toast")) old.classList.remove("toast");
    const undo = row.classList.contains("saved") && row.querySelector(".act-undo");
    if (!undo) return;
    undo.classList.add("toast");
    setTimeout(() => undo.classList.remove("toast"), 8000);
  });
})();
