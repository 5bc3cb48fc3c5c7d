// The examples: searched, filtered and ordered in memory, drawn a page at a time.
(function () {
  const data = JSON.parse(document.getElementById("payload").textContent);
  const place = document.getElementById("browser");
  if (!place) return;
  const PAGE = 20;
  const say = (key, values = {}) =>
    (data.words[key] || key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  const number = (value) => value.toLocaleString(data.language);
  const reasonName = (reason) => data.words[`reason.${reason}`] || reason.replaceAll("_", " ");
  const decimal = (value) =>
    value === null || value === undefined ? "–" : value.toLocaleString(data.language, { maximumSignificantDigits: 3 });
  const [DOC, RANK, SCORES, MARGIN, REASON, DOUBT, WEIGHT, NOTE] = [0, 1, 2, 3, 4, 5, 6, 7];
  const suspect = (row) => row[REASON].startsWith("suspected");
  const textOf = (id) => (data.docs[id] || ["", ""]).filter(Boolean).join(" ");

  const haystacks = data.queries.map((query) =>
    [query.id, query.text, ...rowsOf(query).map((row) => `${row[DOC]} ${textOf(row[DOC])}`)]
      .join("\n").normalize("NFKC").toLowerCase());
  let found = [], page = 0;

  function rowsOf(query) {
    return [...query.positives, ...query.negatives, ...query.dropped];
  }
  function least(query) {
    return Math.min(...query.negatives.map((row) => (row[MARGIN] === null ? Infinity : row[MARGIN])));
  }
  function most(query) {
    return Math.max(...rowsOf(query).map((row) => (row[DOUBT] === null ? -1 : row[DOUBT])), -1);
  }

  const filters = { any: () => true, short: (query) => query.short };
  if (data.queries.some((query) => Object.keys(query.reasons).some((reason) => reason.startsWith("suspected")))) {
    filters.suspected = (query) => Object.keys(query.reasons).some((reason) => reason.startsWith("suspected"));
  }
  filters.above = (query) => query.negatives.some((row) => row[MARGIN] !== null && row[MARGIN] < 0);
  const orders = { as_mined: null, hardest: (a, b) => least(a) - least(b) };
  if (data.queries.some((query) => most(query) >= 0)) orders.doubtful = (a, b) => most(b) - most(a);

  const search = element("input", { type: "search", placeholder: say("examples.search"), "aria-label": say("examples.search") });
  const filter = element("select", { "aria-label": say("examples.filter") },
    ...Object.keys(filters).map((name) => element("option", { value: name }, say(`examples.${name}`))),
    ...[...new Set(data.queries.flatMap((query) => Object.keys(query.reasons)))].sort().map((reason) =>
      element("option", { value: `reason:${reason}` }, say("examples.reason", { reason: reasonName(reason) }))));
  const order = element("select", { "aria-label": say("examples.order") },
    ...Object.keys(orders).map((name) => element("option", { value: name }, say(`examples.${name}`))));
  const count = element("span", { class: "quiet", role: "status" });
  const list = element("div");
  const back = element("button", { type: "button", onclick: () => turn(-1) }, say("examples.previous"));
  const on = element("button", { type: "button", onclick: () => turn(1) }, say("examples.next"));
  const where = element("span", { class: "quiet" });
  const pager = element("div", { class: "pager" }, back, where, on);
  place.append(
    element("p", { class: "quiet" }, data.sampled < data.total
      ? say("examples.sampled", { shown: number(data.sampled), count: number(data.total) })
      : say("examples.all", { count: number(data.total) })),
    Object.keys(data.docs).length ? "" : element("p", { class: "quiet" }, say("examples.no_text")),
    element("div", { class: "tools" }, search, filter, order, count), list, pager);
  for (const control of [search, filter, order]) control.addEventListener("input", look);
  look();

  function look() {
    const needles = search.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, reason] = filter.value.split(":");
    const passes = reason ? (query) => reason in query.reasons : filters[kind];
    found = data.queries.filter((query, i) =>
      passes(query) && needles.every((needle) => haystacks[i].includes(needle)));
    if (orders[order.value]) found.sort(orders[order.value]);
    page = 0;
    draw();
  }
  function turn(step) {
    page += step;
    draw();
    place.scrollIntoView();
  }
  function draw() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    count.textContent = say("examples.found", { count: number(found.length) });
    where.textContent = say("examples.page", { page: page + 1, pages });
    back.disabled = page === 0;
    on.disabled = page + 1 >= pages;
    pager.hidden = pages === 1;
    list.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map((query, i) => card(query, page === 0 && i === 0)));
    if (!found.length) list.append(element("p", { class: "quiet" }, say("examples.nothing")));
  }

  function card(query, open) {
    const details = element("details", open ? { open: "" } : {},
      element("summary", {}, element("b", {}, query.text || query.id), element("span", { class: "id quiet" }, query.id),
        query.short ? element("span", { class: "tag suspected" }, reasonName(query.short)) : "",
        ...(query.tags || []).map((tag) => element("span", { class: "tag negative" }, tag))));
    const fill = () => details.open && details.children.length === 1 && details.append(inside(query));
    details.addEventListener("toggle", fill);
    fill();
    return element("div", { class: "example card" }, details);
  }
  function inside(query) {
    const inner = element("div", { class: "inside" });
    const kinds = [["positives", "positive"], ["negatives", "negative"], ["dropped", query.heads ? "negative" : "dropped"]];
    kinds.forEach(([kind, group], i) => {
      if (!query[kind].length) return;
      const rest = query.counts[i] - query[kind].length;
      inner.append(element("h4", { class: `text-${group}` }, `${(query.heads || {})[kind] || say(`examples.${kind}`)} `,
        element("span", { class: "quiet" }, rest > 0 ? say("examples.more", { count: number(rest) }) : "")));
      for (const row of query[kind]) inner.append(shown(query, row, suspect(row) ? "suspected" : group));
    });
    return inner;
  }
  function shown(query, row, group) {
    const [title, text] = data.docs[row[DOC]] || ["", ""];
    const asked = wordSet(query.text);
    const facts = [
      element("span", { class: "why" }, reasonName(row[REASON])),
      row[RANK] ? `${say("examples.rank")} ${number(row[RANK])}` : "",
      ...data.rankers.map((name, i) => `${name} ${decimal(row[SCORES][i])}`),
      row[MARGIN] === null || group === "positive" ? "" : `${say("examples.margin")} ${decimal(row[MARGIN])}`,
      row[DOUBT] === null ? "" : `${say("examples.p")} ${decimal(row[DOUBT])}`,
      row[WEIGHT] === null || row[WEIGHT] === 1 ? "" : `${say("examples.weight")} ${decimal(row[WEIGHT])}`,
      row[NOTE] || "",
    ].filter(Boolean).map((fact) => (typeof fact === "string" ? element("span", {}, fact) : fact));
    const twin = group === "positive" ? null : query.positives.find((positive) => likeness(textOf(positive[DOC]), `${title} ${text}`) > 0.6);
    const differs = twin ? differences(text, (data.docs[twin[DOC]] || ["", ""])[1]) : null;
    const body = differs
      ? marked(text, (_, index) => differs.has(index), "differs")
      : marked(text, (word) => asked.has(word));
    return element("div", { class: `doc ${group}` },
      element("div", { class: "facts" }, element("span", { class: "id" }, row[DOC]), ...facts,
        differs ? element("span", {}, element("mark", { class: "differs" }, say("examples.difference"))) : ""),
      element("p", {}, title ? element("b", {}, ...marked(title, (word) => asked.has(word)), " ") : "", ...body));
  }
})();
