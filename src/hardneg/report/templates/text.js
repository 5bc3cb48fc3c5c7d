"use strict";

// Documents are data: all that is shown is made with element(), as text nodes and never as markup.
function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

const WORD = /[\p{L}\p{N}]+/gu;

function wordsOf(text) {
  return (text.normalize("NFKC").toLowerCase().match(WORD) || []);
}

// Words of three letters or more, and numbers.
function wordSet(text) {
  return new Set(wordsOf(text).filter((word) => word.length > 2 || /\p{N}/u.test(word)));
}

// Returns whether a word or a form of it is in a set: forms share their beginning, four letters or more, and differ
// in no more than the last three letters.
function hasForm(words, word) {
  if (words.has(word)) return true;
  return [...words].some((other) => {
    let same = 0;
    while (same < word.length && word[same] === other[same]) same++;
    return same >= 4 && Math.max(word.length, other.length) - same <= 3;
  });
}

// Returns the text as nodes, with <mark> around the words for which `marks(word, index)` is true.
function marked(text, marks, className = "") {
  const nodes = [];
  let end = 0, index = 0;
  for (const match of text.matchAll(WORD)) {
    if (marks(match[0].normalize("NFKC").toLowerCase(), index++)) {
      nodes.push(text.slice(end, match.index), element("mark", className ? { class: className } : {}, match[0]));
      end = match.index + match[0].length;
    }
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

// Returns the share of words that two texts have in common, 0 to 1.
function similarity(one, other) {
  const [a, b] = [new Set(wordsOf(one)), new Set(wordsOf(other))];
  const both = [...a].filter((word) => b.has(word)).length;
  return both / Math.max(1, a.size + b.size - both);
}

// Returns the places of the words of `text` that a longest common subsequence with `other` leaves out.
function differences(text, other) {
  const [a, b] = [wordsOf(text), wordsOf(other)];
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const differs = new Set();
  for (let i = 0, j = 0; i < a.length;) {
    if (j < b.length && a[i] === b[j]) { i++; j++; }
    else if (j < b.length && length[i][j + 1] > length[i + 1][j]) j++;
    else differs.add(i++);
  }
  return differs;
}
