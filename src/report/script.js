"use strict";
(() => {
  const form = document.querySelector(".filters");
  if (!form) return;
  const findings = [...document.querySelectorAll(".finding")];
  const words = findings.map((it) => it.textContent.toLowerCase());
  const none = document.querySelector(".none");
  const filter = () => {
    const search = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    findings.forEach((it, n) => {
      const fits = ["rule", "app", "safety", "when"].every((name) => {
        const wanted = form.elements[name].value;
        return !wanted || it.dataset[name] === wanted;
      });
      it.hidden = !(fits && search.every((word) => words[n].includes(word)));
      if (!it.hidden) shown += 1;
    });
    none.hidden = shown > 0;
    form.elements.shown.value = `${shown} shown`;
  };
  const open = form.elements.open;
  const setAll = (to) => {
    for (const it of findings) it.querySelector("details").open = to;
    open.textContent = to ? "Close all" : "Open all";
  };
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  open.addEventListener("click", () => setAll(open.textContent === "Open all"));
  const follow = () => {
    const target = /^#f\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (target) target.querySelector("details").open = true;
  };
  addEventListener("hashchange", follow);
  // Paper shows all of what is shown here; afterwards the screen is as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const it of closed) it.open = true;
  });
  addEventListener("afterprint", () => {
    for (const it of closed) it.open = false;
  });
  form.hidden = false;
  follow();
  filter();
})();
