// The review: shows one candidate, sends a judgment, shows the next.
(function () {
  const setup = JSON.parse(document.getElementById("payload").textContent);
  const at = (id) => document.getElementById(id);
  const text = (key, values = {}) =>
    (setup.texts[key] || key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  const decimal = (value) =>
    Number.isInteger(value) ? String(value) : value.toLocaleString(setup.language, { maximumSignificantDigits: 3 });
  const KEYS = {
    KeyR: "relevant", Digit1: "relevant", KeyN: "not_relevant", Digit2: "not_relevant",
    KeyU: "unsure", Digit3: "unsure", KeyZ: "withdrawn", Backspace: "withdrawn",
  };
  const buttons = [...document.querySelectorAll("[data-verdict]")];
  const tabs = [...document.querySelectorAll("[data-tab]")];
  let state = null, busy = false, tab = setup.tabs[0] || "";

  const nameInput = at("judge");
  nameInput.value = localStorage.getItem("judge") || setup.judge;
  nameInput.addEventListener("change", () => {
    nameInput.value = nameInput.value.trim() || setup.judge;
    localStorage.setItem("judge", nameInput.value);
    ask(statePath());
  });
  for (const button of tabs) {
    button.addEventListener("click", () => {
      if (busy || button.dataset.tab === tab) return;
      tab = button.dataset.tab;
      ask(statePath());
    });
  }
  for (const button of buttons) button.addEventListener("click", () => judge(button.dataset.verdict));
  document.addEventListener("keydown", (event) => {
    if (event.target === nameInput || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (KEYS[event.code]) {
      event.preventDefault();
      judge(KEYS[event.code]);
    }
  });
  ask(statePath());

  function statePath() {
    return `state?judge=${encodeURIComponent(nameInput.value)}&tab=${tab}`;
  }
  async function ask(path, judgment) {
    busy = true;
    enable();
    try {
      const answer = await fetch(path, judgment
        ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(judgment) }
        : {});
      const content = await answer.json();
      if (answer.ok) state = content;
      notice(answer.ok ? "" : text("review.refused", { why: content.error }));
    } catch {
      notice(text("review.lost"));
    }
    busy = false;
    draw();
  }

  function judge(verdict) {
    if (busy || !state) return;
    const item = state.items[0];
    const pair = verdict === "withdrawn" ? state.last : item && [item.query_id, item.candidate.doc_id];
    if (pair) ask("judge", { query_id: pair[0], doc_id: pair[1], verdict, judge: nameInput.value, tab });
  }

  function notice(text) {
    at("notice").textContent = text;
    at("notice").hidden = !text;
  }
  function enable() {
    for (const button of buttons) {
      button.disabled = busy || !state ||
        !(button.dataset.verdict === "withdrawn" ? state.last : state.items.length);
    }
  }

  function draw() {
    enable();
    for (const button of tabs) button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    if (!state) return;
    const item = state.items[0];
    at("item").hidden = !item;
    at("done").hidden = Boolean(item);
    at("progress").max = state.total;
    at("progress").value = state.judged;
    at("count").textContent = text("review.progress", state);
    at("counts").textContent = text("review.counts", state.counts);
    at("agreement").textContent = state.agreements.map((pair) =>
      text(pair.kappa === null ? "review.no_kappa" : "review.kappa", {
        one: pair.judges[0], other: pair.judges[1], both: pair.both,
        kappa: pair.kappa === null ? "" : pair.kappa.toFixed(2),
      })).join(" · ");
    if (!item) return;
    const queryWords = wordSet(item.query);
    at("query").textContent = item.query;
    at("query").dataset.pair = `${item.query_id}\t${item.candidate.doc_id}`;
    at("positives").replaceChildren(...item.positives.map((doc) => shown(doc, queryWords)));
    at("candidate").replaceChildren(shown(item.candidate, queryWords, item));
    scrollTo(0, 0);
  }

  function shown(doc, queryWords, item) {
    const marks = (word) => queryWords.has(word);
    return element("div", { class: "doc" },
      doc.title ? element("h3", {}, ...marked(doc.title, marks)) : "",
      element("div", { class: "text", tabindex: "0" }, ...marked(doc.text, marks)),
      element("div", { class: "facts" }, element("span", { class: "id" }, doc.doc_id), ...(item ? facts(item) : [])));
  }
  function plain(name) {
    return name.replace(/^(score|evidence|noise)\./, "").replace(/^percentile\.(.*)/, "$1 percentile");
  }
  function facts(item) {
    const names = { rank: text("examples.rank"), margin: text("examples.margin"), p_false_negative: text("examples.p"),
      p_noisy: text("examples.p_noisy") };
    return [element("b", {}, item.reason), ...Object.entries(item.facts).map(([name, value]) =>
      element("span", {}, `${names[name] || plain(name)} ${decimal(value)}`))];
  }
})();
