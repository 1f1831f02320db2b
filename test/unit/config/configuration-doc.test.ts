import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { environment } from "../../../src/config/config.ts";

const doc = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
const cells = /^\| `([A-Z_]+)` +\| (\S.*?) +\| (.*?) +\| (\S.*?) +\|$/gm;
const rows = [...doc.matchAll(cells)].map(([, name, value, range, meaning]) => ({ name, value, range, meaning }));

test("docs/configuration.md names every variable, in the schema's order, and no other", () => {
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(environment.shape));
});

test.each(Object.entries(environment.shape))("docs/configuration.md is right about %s", (name, schema) => {
  const row = rows.find((one) => one.name === name);
  expect(row?.meaning).toBe(schema.description);
  expect(row?.range?.trim()).toBe(schema.meta()?.["range"] ?? "");
  const documented = row?.value === "none" ? [undefined, []] : [schema.parse(row?.value?.replaceAll("`", ""))];
  expect(documented).toContainEqual(schema.parse(undefined));
});
