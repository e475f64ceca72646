// Comfort only: keys, changed parts refreshed, one click is one request. Every page is complete without it.
(() => {
  "use strict";
  const find = (selector) => document.querySelector(selector);
  const follow = (selector) => { const link = find(selector); if (link) link.click(); };
  let leading = false;

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input,select,textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = event.key, led = leading;
    leading = key === "g";
    if (led) follow(`a[data-key="${CSS.escape(key)}"]`);
    else if (key === "/") { event.preventDefault(); find("#q")?.focus(); }
    else if (key === "?") follow("a[data-key=help]");
    else if (key === "n") follow("a[rel=next]");
    else if (key === "p") follow("a[rel=prev]");
  });

  addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    const button = event.submitter || event.target.querySelector("button");
    // Disabled once the form is on its way, so that its own value still goes along.
    setTimeout(() => { button.disabled = true; button.textContent = document.body.dataset.wait; });
  });

  const changed = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    const same = old.tagName === fresh.tagName && old.children.length === fresh.children.length && old.children.length;
    const plain = [...old.childNodes, ...fresh.childNodes].every((node) => node.nodeType === 1);
    if (same && plain) [...old.children].forEach((child, at) => changed(child, fresh.children[at]));
    else if (!old.contains(document.activeElement) && !old.closest("form")) old.replaceWith(fresh.cloneNode(true));
  };

  const refresh = async () => {
    const live = find("main[data-live]");
    if (!live || document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (fresh) changed(live, fresh);
    } catch { /* The line is down: the page stays as it is and says its own age. */ }
  };
  if (find("main[data-live]")) setInterval(refresh, 60000);
})();
