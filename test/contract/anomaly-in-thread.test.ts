import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { analyze } from "../../src/agents/anomaly/analyze.ts";
import type { AnalysisInput } from "../../src/agents/anomaly/analyze.ts";
import { STAGES } from "../../src/agents/anomaly/detect.ts";
import { runInThread } from "../../src/agents/anomaly/run-in-thread.ts";
import { InputError } from "../../src/agents/anomaly/series.ts";
import type { Json } from "../../src/ports/agent.ts";

const csv = readFileSync(new URL("../../samples/server-cpu.csv", import.meta.url));
const never = new AbortController().signal;
const ignore = () => {};

test("gives what the same analysis gives here, with progress, and leaves the bytes alone", async () => {
  const fractions: number[] = [];
  const analysis = await runInThread({ csv }, never, { onProgress: (fraction) => fractions.push(fraction) });
  expect(analysis).toEqual(analyze({ csv }));
  expect(analysis.anomalies).toHaveLength(3);
  expect(fractions.length).toBeGreaterThan(3);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(csv.byteLength).toBeGreaterThan(0);
});

test("refuses bad input as the analysis does", async () => {
  await expect(runInThread({ rows: [1, 2] }, never, { onProgress: ignore })).rejects.toThrow(InputError);
});

test("stops with the signal's reason when aborted on the way", async () => {
  const controller = new AbortController();
  const reason = new Error("canceled");
  const run = runInThread({ csv }, controller.signal, { onProgress: () => controller.abort(reason) });
  await expect(run).rejects.toBe(reason);
});

test("tells a crash of the thread as an error", async () => {
  const broken = { csv, options: null } as unknown as AnalysisInput;
  await expect(runInThread(broken, never, { onProgress: ignore })).rejects.toThrow("The analysis failed");
});

test("goes on from what earlier stages gave, and comes to the same", async () => {
  const analyzeWith = async (kept: readonly Json[]) => {
    const stages: Json[] = [];
    const onStage = (value: Json): void => void stages.push(value);
    return { analysis: await runInThread({ csv }, never, { onProgress: ignore, kept, onStage }), stages };
  };
  const whole = await analyzeWith([]);
  expect(whole.stages).toHaveLength(STAGES.length);
  for (const done of [1, 4, STAGES.length]) {
    const rest = await analyzeWith(whole.stages.slice(0, done));
    expect(rest.stages).toEqual(whole.stages.slice(done));
    expect(rest.analysis).toEqual(whole.analysis);
  }
  const other = await analyzeWith(["daily", ...whole.stages.slice(1)]);
  expect(other.analysis).not.toEqual(whole.analysis);
});

test("computes again what was too large to keep", async () => {
  const stages: Json[] = [];
  const kept = [null];
  const analysis = await runInThread({ csv }, never, {
    onProgress: ignore,
    kept,
    onStage: (value) => stages.push(value),
  });
  expect(stages).toHaveLength(STAGES.length - 1);
  expect(analysis).toEqual(await runInThread({ csv }, never, { onProgress: ignore }));
});
