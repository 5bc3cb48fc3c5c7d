// The examples: searched, filtered and ordered in memory, drawn a page at a time.
(function () {
  const data = JSON.parse(document.getElementById("payload").textContent);
  const place = document.getElementById("browser");
  if (!place) return;
  const PAGE = 20;
  const text = (key, values = {}) =>
    (data.texts[key] || key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  const number = (value) => value.toLocaleString(data.language);
  const reasonName = (reason) => data.reasons[reason] || reason.replaceAll("_", " ");
  const decimal = (value) =>
    value === null || value === undefined ? "–" : value.toLocaleString(data.language, { maximumSignificantDigits: 3 });
  const [DOC, RANK, SCORES, MARGIN, REASON, PROBABILITY, WEIGHT, NOTE] = [0, 1, 2, 3, 4, 5, 6, 7];
  const suspected = new Set(data.suspected);
  const hasSuspected = (query) => Object.keys(query.reasons).some((reason) => suspected.has(reason));
  const textOf = (id) => (data.docs[id] || ["", ""]).filter(Boolean).join(" ");

  const haystacks = data.queries.map((query) =>
    [query.id, query.text, ...rowsOf(query).map((row) => `${row[DOC]} ${textOf(row[DOC])}`)]
      .join("\n").normalize("NFKC").toLowerCase());
  let matching = [], page = 0;

  function rowsOf(query) {
    return [...query.positives, ...query.negatives, ...query.dropped];
  }
  function smallestMargin(query) {
    return Math.min(...query.negatives.map((row) => (row[MARGIN] === null ? Infinity : row[MARGIN])));
  }
  function highestProbability(query) {
    return Math.max(...rowsOf(query).map((row) => (row[PROBABILITY] === null ? -1 : row[PROBABILITY])), -1);
  }

  const filters = { any: () => true, short: (query) => query.short };
  if (data.queries.some(hasSuspected)) filters.suspected = hasSuspected;
  filters.above = (query) => query.negatives.some((row) => row[MARGIN] !== null && row[MARGIN] < 0);
  const orders = { as_mined: null, hardest: (a, b) => smallestMargin(a) - smallestMargin(b) };
  if (data.queries.some((query) => highestProbability(query) >= 0)) orders.most_probable = (a, b) => highestProbability(b) - highestProbability(a);

  const search = element("input", { type: "search", placeholder: text("examples.search"), "aria-label": text("examples.search") });
  const filter = element("select", { "aria-label": text("examples.filter") },
    ...Object.keys(filters).map((name) => element("option", { value: name }, text(`examples.${name}`))),
    ...[...new Set(data.queries.flatMap((query) => Object.keys(query.reasons)))].sort().map((reason) =>
      element("option", { value: `reason:${reason}` }, text("examples.reason", { reason: reasonName(reason) }))));
  const order = element("select", { "aria-label": text("examples.order") },
    ...Object.keys(orders).map((name) => element("option", { value: name }, text(`examples.${name}`))));
  const count = element("span", { class: "quiet", role: "status" });
  const list = element("div");
  const back = element("button", { type: "button", onclick: () => turn(-1) }, text("examples.previous"));
  const next = element("button", { type: "button", onclick: () => turn(1) }, text("examples.next"));
  const where = element("span", { class: "quiet" });
  const pager = element("div", { class: "pager" }, back, where, next);
  place.append(
    element("p", { class: "quiet" }, data.sampled < data.total
      ? text("examples.sampled", { shown: number(data.sampled), count: number(data.total) })
      : text("examples.all", { count: number(data.total) })),
    Object.keys(data.docs).length ? "" : element("p", { class: "quiet" }, text("examples.no_text")),
    element("div", { class: "tools" }, search, filter, order, count), list, pager);
  for (const control of [search, filter, order]) control.addEventListener("input", apply);
  apply();

  function apply() {
    const needles = search.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, reason] = filter.value.split(":");
    const passes = reason ? (query) => reason in query.reasons : filters[kind];
    matching = data.queries.filter((query, i) =>
      passes(query) && needles.every((needle) => haystacks[i].includes(needle)));
    if (orders[order.value]) matching.sort(orders[order.value]);
    page = 0;
    draw();
  }
  function turn(step) {
    page += step;
    draw();
    place.scrollIntoView();
  }
  function draw() {
    const pages = Math.max(1, Math.ceil(matching.length / PAGE));
    count.textContent = text("examples.found", { count: number(matching.length) });
    where.textContent = text("examples.page", { page: page + 1, pages });
    back.disabled = page === 0;
    next.disabled = page + 1 >= pages;
    pager.hidden = pages === 1;
    list.replaceChildren(...matching.slice(page * PAGE, (page + 1) * PAGE).map((query, i) => card(query, page === 0 && i === 0)));
    if (!matching.length) list.append(element("p", { class: "quiet" }, text("examples.nothing")));
  }

  function card(query, open) {
    const details = element("details", open ? { open: "" } : {},
      element("summary", {}, element("b", {}, query.text || query.id), element("span", { class: "id quiet" }, query.id),
        query.short ? element("span", { class: "tag suspected" }, reasonName(query.short)) : ""));
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
      inner.append(element("h4", { class: `text-${group}` }, `${(query.heads || {})[kind] || text(`examples.${kind}`)} `,
        element("span", { class: "quiet" }, rest > 0 ? text("examples.more", { count: number(rest) }) : "")));
      for (const row of query[kind]) inner.append(shown(query, row, suspected.has(row[REASON]) ? "suspected" : group));
    });
    return inner;
  }
  function shown(query, row, group) {
    const [title, body] = data.docs[row[DOC]] || ["", ""];
    const queryWords = wordSet(query.text);
    const facts = [
      element("span", { class: "why" }, reasonName(row[REASON])),
      row[RANK] ? `${text("examples.rank")} ${number(row[RANK])}` : "",
      ...data.rankers.map((name, i) => `${name} ${decimal(row[SCORES][i])}`),
      row[MARGIN] === null || group === "positive" ? "" : `${text("examples.margin")} ${decimal(row[MARGIN])}`,
      row[PROBABILITY] === null ? "" : `${text("examples.p")} ${decimal(row[PROBABILITY])}`,
      row[WEIGHT] === null || row[WEIGHT] === 1 ? "" : `${text("examples.weight")} ${decimal(row[WEIGHT])}`,
      row[NOTE] || "",
    ].filter(Boolean).map((fact) => (typeof fact === "string" ? element("span", {}, fact) : fact));
    const copied = group === "positive" ? null : query.positives.find((positive) => similarity(textOf(positive[DOC]), `${title} ${body}`) > 0.6);
    const differs = copied ? differences(body, (data.docs[copied[DOC]] || ["", ""])[1]) : null;
    const nodes = differs
      ? marked(body, (_, index) => differs.has(index), "differs")
      : marked(body, (word) => hasForm(queryWords, word));
    return element("div", { class: `doc ${group}` },
      element("div", { class: "facts" }, element("span", { class: "id" }, row[DOC]), ...facts,
        differs ? element("span", {}, element("mark", { class: "differs" }, text("examples.difference"))) : ""),
      element("p", {}, title ? element("b", {}, ...marked(title, (word) => hasForm(queryWords, word)), " ") : "", ...nodes));
  }
})();
