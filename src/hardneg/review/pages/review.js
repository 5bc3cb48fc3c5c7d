// The review: shows one candidate, sends a judgment, shows the next.
(function () {
  const setup = JSON.parse(document.getElementById("payload").textContent);
  const at = (id) => document.getElementById(id);
  const say = (key, values = {}) =>
    (setup.words[key] || key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  const decimal = (value) =>
    Number.isInteger(value) ? String(value) : value.toLocaleString(setup.language, { maximumSignificantDigits: 3 });
  const KEYS = {
    KeyR: "relevant", Digit1: "relevant", KeyN: "not_relevant", Digit2: "not_relevant",
    KeyU: "unsure", Digit3: "unsure", KeyZ: "withdrawn", Backspace: "withdrawn",
  };
  const buttons = [...document.querySelectorAll("[data-verdict]")];
  let state = null, busy = false;

  const named = at("judge");
  named.value = localStorage.getItem("judge") || setup.judge;
  named.addEventListener("change", () => {
    named.value = named.value.trim() || setup.judge;
    localStorage.setItem("judge", named.value);
    ask(`state?judge=${encodeURIComponent(named.value)}`);
  });
  for (const button of buttons) button.addEventListener("click", () => judge(button.dataset.verdict));
  document.addEventListener("keydown", (event) => {
    if (event.target === named || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (KEYS[event.code]) {
      event.preventDefault();
      judge(KEYS[event.code]);
    }
  });
  ask(`state?judge=${encodeURIComponent(named.value)}`);

  async function ask(path, told) {
    busy = true;
    enable();
    try {
      const answer = await fetch(path, told
        ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) }
        : {});
      const content = await answer.json();
      if (answer.ok) state = content;
      notice(answer.ok ? "" : say("review.refused", { why: content.error }));
    } catch {
      notice(say("review.lost"));
    }
    busy = false;
    draw();
  }

  function judge(verdict) {
    if (busy || !state) return;
    const item = state.items[0];
    const pair = verdict === "withdrawn" ? state.last : item && [item.query_id, item.candidate.doc_id];
    if (pair) ask("judge", { query_id: pair[0], doc_id: pair[1], verdict, judge: named.value });
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
    if (!state) return;
    const item = state.items[0];
    at("item").hidden = !item;
    at("done").hidden = Boolean(item);
    at("progress").max = state.total;
    at("progress").value = state.judged;
    at("count").textContent = say("review.progress", state);
    at("counts").textContent = say("review.counts", state.counts);
    at("agreement").textContent = state.agreements.map((pair) =>
      say(pair.kappa === null ? "review.no_kappa" : "review.kappa", {
        one: pair.judges[0], other: pair.judges[1], both: pair.both,
        kappa: pair.kappa === null ? "" : pair.kappa.toFixed(2),
      })).join(" · ");
    if (!item) return;
    const asked = wordSet(item.query);
    at("query").textContent = item.query;
    at("query").dataset.pair = `${item.query_id}\t${item.candidate.doc_id}`;
    at("positives").replaceChildren(...item.positives.map((doc) => shown(doc, asked)));
    at("candidate").replaceChildren(shown(item.candidate, asked, item));
    scrollTo(0, 0);
  }

  function shown(doc, asked, item) {
    const marks = (word) => asked.has(word);
    return element("div", { class: "doc" },
      doc.title ? element("h3", {}, ...marked(doc.title, marks)) : "",
      element("div", { class: "text", tabindex: "0" }, ...marked(doc.text, marks)),
      element("div", { class: "facts" }, element("span", { class: "id" }, doc.doc_id), ...(item ? facts(item) : [])));
  }
  function facts(item) {
    const reason = setup.words[`reason.${item.reason}`] || item.reason;
    const names = { rank: say("examples.rank"), margin: say("examples.margin"), p_false_negative: say("examples.p") };
    return [element("b", {}, reason), ...Object.entries(item.facts).map(([name, value]) =>
      element("span", {}, `${names[name] || name.replace(/^(score|evidence)\./, "")} ${decimal(value)}`))];
  }
})();
