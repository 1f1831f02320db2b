import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { toScaleTable } from "../../bench/scale-model.ts";

test("docs/scale.md has what the model says", { timeout: 60_000 }, () => {
  const doc = readFileSync(new URL("../../docs/scale.md", import.meta.url), "utf8");
  expect(doc).toContain(toScaleTable().join("\n"));
});
