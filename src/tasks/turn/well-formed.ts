/**
 * What agents hand over, as every store and every stream can carry it: a lone surrogate becomes U+FFFD. UTF-8 has no lone
 * surrogates, so a text would otherwise differ between its live event and the stored one.
 */
export function toWellFormedText(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** A copy as JSON carries it, keys included. */
export function toWellFormedJson<T>(value: T): T {
  const json = JSON.stringify(value ?? null);
  return JSON.parse(json.includes("\\ud") ? json.replaceAll(ESCAPED, toReplacement) : json) as T;
}

/** An escaped backslash, or a lone surrogate: JSON.stringify escapes no other surrogates. */
const ESCAPED = /\\\\|\\ud[0-9a-f]{3}/g;

function toReplacement(escaped: string): string {
  return escaped === "\\\\" ? escaped : "\\ufffd";
}
