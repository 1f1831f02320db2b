import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSourceFiles } from "./source-files.ts";

const documents = ["README.md", "AGENTS.md", ...globSync("docs/**/*.md")].map((path) => {
  return { path, text: readFileSync(path, "utf8") };
});

describe.each(documents)("$path", ({ path, text }) => {
  test("names only source files and folders that exist", () => {
    const named = Array.from(text.matchAll(/\bsrc\/[\w./-]*\w/g), ([name]) => name);

    expect(named.filter((name) => !existsSync(name))).toEqual([]);
  });

  test("links only to files and sections that exist", () => {
    const targets = Array.from(text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g), ([, target = ""]) => target);

    expect(targets.filter((target) => !isThere(path, target))).toEqual([]);
  });
});

describe("comments in src", () => {
  test("cite only sections of the documents that exist", () => {
    const cited = readSourceFiles().flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\bdocs\/[\w./-]+\.md(?:#[\w-]+)?/g), ([target]) => ({ path, target })),
    );

    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ target }) => !isThere("README.md", target))).toEqual([]);
  });
});

describe("docs/logging.md", () => {
  test("lists every log event with its level, and no other", () => {
    const calls = readSourceFiles().flatMap(({ text }) =>
      Array.from(
        text.matchAll(/\blogger\.(info|warn|error)\(\s*"([^"]+)"/g),
        ([, level, event]) => `${event} ${level}`,
      ),
    );
    const listed = Array.from(
      readFileSync("docs/logging.md", "utf8").matchAll(/^\| `([^`]+)` +\| (\w+)/gm),
      ([, event, level]) => `${event} ${level}`,
    );

    expect(listed).toEqual([...new Set(calls)].toSorted());
  });
});

/** Whether a link in the document `from` leads anywhere. */
function isThere(from: string, target: string): boolean {
  const [file = "", section] = target.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  return existsSync(path) && (section === undefined || sectionsOf(path).includes(section));
}

/** The anchors of a document's headings, as GitHub makes them. */
function sectionsOf(path: string): string[] {
  const prose = readFileSync(path, "utf8").replaceAll(/^```[^]*?^```/gm, "");
  return Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
