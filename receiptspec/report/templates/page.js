"use strict";
(() => {
  const form = document.querySelector("form.filter");
  if (form) {
    const rows = [...document.querySelectorAll(".matrix tbody tr")];
    const said = rows.map((row) => row.textContent.toLowerCase());
    const output = form.querySelector("output");
    const show = () => {
      const { level, operation, outcome, text, unlike } = form.elements;
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach((row, index) => {
        const kept =
          (!level.value || row.dataset.l === level.value) &&
          (!operation.value || row.dataset.o === operation.value) &&
          (!outcome.value || row.dataset.r.split(" ").includes(outcome.value)) &&
          (!unlike || !unlike.checked || row.dataset.u === "1") &&
          words.every((word) => said[index].includes(word));
        row.hidden = !kept;
        count += kept ? 1 : 0;
      });
      output.textContent = `${count} of ${rows.length} requirements`;
    };
    form.hidden = false;
    form.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }

  const reveal = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { return; }
    const found = name && document.getElementById(name);
    if (found && found.tagName === "DETAILS") {
      found.open = true;
      found.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (button) {
      const source = button.parentElement.querySelector("pre");
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = "copy"; }, 2000);
    }
    const all = event.target.closest("button.all");
    if (all) {
      const open = all.getAttribute("aria-expanded") !== "true";
      document.querySelectorAll("details.case").forEach((found) => { found.open = open; });
      all.setAttribute("aria-expanded", String(open));
      all.textContent = open ? "close all" : "open all";
    }
  });
  document.querySelectorAll("button[hidden]").forEach((button) => { button.hidden = false; });

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((found) => { found.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((found) => { found.open = false; }));
})();
