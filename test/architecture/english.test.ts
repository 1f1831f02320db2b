import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/**
 * Words that hide who does what, or that stand in for the field's own term: "counts" for is valid, "is told" for receives
 * or is reported, "by comma" for comma-separated, "of ours" for the gateway's.
 */
const banned: readonly RegExp[] = [
  /\b(?:whoever|somebody|nobody|anybody|everybody)\b/gi,
  /\bis told\b/gi,
  /\bof ours\b/gi,
  /\bby comma\b/gi,
  /\bcounts\b/gi,
  /\b(?:still|longer|not) count\b/gi,
];

/** Uses of the same words in another sense: `counts` as a name in the code, and with a number of things that are counted. */
const allowed: readonly RegExp[] = [/\bcounts\b(?=[.:,;()[\]=]| =)/g, /\bcounts (?:rows|requests|events|failures)\b/g];

describe("plain English", () => {
  const sources = globSync("src/**/*.ts");
  const documents = ["README.md", "AGENTS.md", ...globSync("{docs,keycloak}/**/*.md")];
  const programs = globSync("{samples,bench,eval}/**/*.ts");

  test.each([...sources, ...documents, ...programs])("%s", (path) => {
    expect(findBanned(readFileSync(path, "utf8"))).toEqual([]);
  });

  test("in the titles of tests", () => {
    const found = globSync("test/**/*.ts").flatMap((path) =>
      toTitles(readFileSync(path, "utf8")).flatMap((title) => findBanned(title).map(() => `${path}: ${title}`)),
    );

    expect(found).toEqual([]);
  });

  test.each(["whoever asks", "The token counts here.", "Nobody answers", "origins, by comma", "no message of ours"])(
    "refuses %j",
    (text) => {
      expect(findBanned(text)).toHaveLength(1);
    },
  );

  test.each(["const counts = read();", "counts.total", "the test that counts requests"])("allows %j", (text) => {
    expect(findBanned(text)).toEqual([]);
  });
});

/** Each banned use with some words around it. */
function findBanned(text: string): string[] {
  const rest = allowed.reduce((left, pattern) => left.replaceAll(pattern, ""), text);
  return banned.flatMap((pattern) =>
    Array.from(rest.matchAll(pattern), ({ index, 0: word }) =>
      rest.slice(Math.max(0, index - 40), index + word.length + 20).replaceAll(/\s+/g, " "),
    ),
  );
}

/** First arguments of `test`, `it` and `describe`, and of what `each` returns. */
function toTitles(text: string): string[] {
  const calls = text.matchAll(/\b(?:test|it|describe\w*)(?:\.\w+(?:<[^>]*>)?\([^]*?\])?\(\s*(["`])(.*?)\1/g);
  const tables = text.matchAll(/^ *\]\)\(\s*(["`])(.*?)\1/gm);
  return [...calls, ...tables].map(([, , title = ""]) => title);
}
