// Asks for news every five seconds; new parts of the page replace old ones.
{
  const news = document.getElementById("news"), data = news.dataset;
  let rest = 0, pause = 0;
  const put = html => {
    const fresh = new Range().createContextualFragment(html), said = fresh.firstElementChild;
    for (const part of [...fresh.children]) {
      const old = document.getElementById(part.id), were = old?.querySelectorAll("details");
      if (!old || old == news || old.isEqualNode(part)) continue;
      if (old.contains(document.activeElement)) { said.dataset.tag = data.tag; continue; }
      part.querySelectorAll("details").forEach((one, i) => one.open = were[i]?.open);
      old.replaceWith(part);
    }
    news.textContent = said.textContent || news.textContent;
    Object.assign(data, said.dataset);
  };
  const ask = async () => {
    if (document.hidden || rest-- > 0) return;
    try {
      const got = await fetch(data.from, { headers: { "If-None-Match": data.tag } });
      if (got.ok) put(await got.text());
      else if (got.status != 304) throw 0;
      pause = 0;
    } catch { rest = pause = (2 * pause + 1) & 31; }
  };
  setInterval(ask, 5e3);
  document.addEventListener("visibilitychange", ask);
}
