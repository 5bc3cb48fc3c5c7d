// The theme, and the numbers behind a figure's marks.
(function () {
  const button = document.getElementById("theme");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
  }
  const tip = document.getElementById("tip");
  function show(event) {
    const mark = event.target.closest ? event.target.closest("svg [aria-label]") : null;
    const text = mark && mark.getAttribute("aria-roledescription") !== "legend" ? mark.getAttribute("aria-label") : "";
    tip.hidden = !text || mark.getAttribute("role") === "graphics-symbol" && mark.classList.contains("mark-group");
    if (tip.hidden) return;
    tip.textContent = text;
    const x = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY > 60 ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${y}px`;
  }
  if (tip) {
    document.addEventListener("pointermove", show);
    document.addEventListener("pointerdown", show);
  }
})();
