// Brings a question's page up to date while somebody looks at it: asks every five seconds whether there is news and
// puts the new parts, found by their ids, in place of the old. A part that has the focus is left alone until later.
(() => {
  const news = document.getElementById("news");
  let wait = 5000, timer;

  const put = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body, said = fresh.querySelector("#news");
    let busy = false;
    for (const part of [...fresh.children]) {
      const old = part !== said && document.getElementById(part.id);
      if (!old || old.isEqualNode(part)) continue;
      if (old.contains(document.activeElement)) { busy = true; continue; }
      old.querySelectorAll("details").forEach((one, i) => { const now = part.querySelectorAll("details")[i]; if (now) now.open = one.open; });
      old.replaceWith(part);
    }
    if (said.textContent) news.textContent = said.textContent;
    news.dataset.from = said.dataset.from;
    if (!busy) news.dataset.tag = said.dataset.tag;
  };

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(news.dataset.from, { headers: { "If-None-Match": news.dataset.tag } });
      if (answer.status === 200) put(await answer.text());
      else if (answer.status !== 304) throw 0;
      wait = 5000;
    } catch { wait = Math.min(wait * 2, 160000); }
    timer = setTimeout(ask, wait);
  };

  document.addEventListener("visibilitychange", ask);
  timer = setTimeout(ask, wait);
})();
