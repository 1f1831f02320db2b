import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { analyze } from "../../../src/agents/anomaly/analyze.ts";
import type { AnalysisInput } from "../../../src/agents/anomaly/analyze.ts";
import { runInThread } from "../../../src/agents/anomaly/run-in-thread.ts";
import { InputError } from "../../../src/agents/anomaly/series.ts";

const csv = readFileSync(new URL("../../../samples/server-cpu.csv", import.meta.url));
const never = new AbortController().signal;
const ignore = () => {};

test("gives what the same analysis gives here, with progress, and leaves the bytes alone", async () => {
  const fractions: number[] = [];
  const analysis = await runInThread({ csv }, never, (fraction) => fractions.push(fraction));
  expect(analysis).toEqual(analyze({ csv }));
  expect(analysis.anomalies).toHaveLength(3);
  expect(fractions.length).toBeGreaterThan(3);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(csv.byteLength).toBeGreaterThan(0);
});

test("refuses bad input as the analysis does", async () => {
  await expect(runInThread({ rows: [1, 2] }, never, ignore)).rejects.toThrow(InputError);
});

test("stops with the signal's reason when aborted on the way", async () => {
  const controller = new AbortController();
  const reason = new Error("canceled");
  const run = runInThread({ csv }, controller.signal, () => controller.abort(reason));
  await expect(run).rejects.toBe(reason);
});

test("tells a crash of the thread as an error", async () => {
  const broken = { csv, options: null } as unknown as AnalysisInput;
  await expect(runInThread(broken, never, ignore)).rejects.toThrow("The analysis failed");
});
