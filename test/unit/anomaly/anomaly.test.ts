import { readFileSync } from "node:fs";
import { Message } from "@a2a-js/sdk";
import { describe, expect, test } from "vitest";
import { anomaly, createAnomaly } from "../../../src/agents/anomaly/anomaly.ts";
import type { PlainPart, Turn } from "../../../src/ports/agent.ts";

const csv = readFileSync(new URL("../../../samples/server-cpu.csv", import.meta.url));
const file = { raw: csv.toString("base64"), mediaType: "text/csv", filename: "cpu.csv" };

interface Chunk {
  readonly parts: PlainPart[];
  readonly closed: boolean;
}

/** Runs one turn over the parts (ProtoJSON) and records what the agent does. */
async function runTurn(parts: unknown[], agent = anomaly) {
  const said = { working: [] as string[], artifacts: {} as Record<string, Chunk[]>, end: "", text: "" };
  const finish = (end: string) => async (text: string) => {
    Object.assign(said, { end, text });
    throw new Error("the turn has ended");
  };
  const turn = {
    message: Message.fromJSON({ messageId: "m", role: "ROLE_USER", parts }),
    signal: new AbortController().signal,
    working: async (text: string) => void said.working.push(text),
    artifact: (id: string) => ({
      append: async (chunk: PlainPart[]) => void (said.artifacts[id] ??= []).push({ parts: chunk, closed: false }),
      close: async (chunk: PlainPart[]) => void (said.artifacts[id] ??= []).push({ parts: chunk, closed: true }),
    }),
    ask: finish("asked"),
    reject: finish("rejected"),
    complete: finish("completed"),
  } as unknown as Turn;
  await expect(agent.run(turn)).rejects.toThrow("the turn has ended");
  return said;
}

function summaryOf(artifacts: Record<string, Chunk[]>): string {
  return (artifacts["summary"] ?? []).flatMap(({ parts }) => parts.map(({ text }) => text ?? "")).join("");
}

test("streams anomalies, plot and summary, with progress, and says the summary once", async () => {
  const { working, artifacts, end, text } = await runTurn([{ text: "What is unusual here?" }, file]);
  expect(end).toBe("completed");
  expect(summaryOf(artifacts)).toMatch(/^3 anomalies in 2016 readings of cpu, [^\n]*\.\n/);
  // The artifact has it: clients that show artifacts and the last message would show it twice.
  expect(text).toBe("The analysis is complete. Its result is in the artifacts anomalies, plot and summary.");
  expect(working.length).toBeGreaterThanOrEqual(4);
  expect(working[0]).toBe("0 %: reading the data");
  expect(Object.keys(artifacts)).toEqual(["anomalies", "plot", "summary"]);
  const anomalies = artifacts["anomalies"]?.[0]?.parts[0]?.data as { anomalies: unknown[] } | undefined;
  expect(anomalies?.anomalies).toHaveLength(3);
  expect(anomalies?.anomalies[0]).toMatchObject({
    index: 700,
    time: "2025-06-03T10:20:00Z",
    value: expect.closeTo(69, 0),
    expected: { value: expect.closeTo(14, 0), lower: expect.any(Number), upper: expect.any(Number) },
    score: expect.any(Number),
    reason: expect.stringContaining("above its neighbours"),
  });
  const [plot] = artifacts["plot"]?.[0]?.parts ?? [];
  expect(plot).toMatchObject({ mediaType: "image/svg+xml", filename: "plot.svg" });
  expect(new TextDecoder().decode(plot?.raw)).toMatch(/^<svg .*<\/svg>$/s);
  expect(artifacts["summary"]?.length).toBeGreaterThan(2);
  expect(artifacts["summary"]?.map(({ closed }) => closed)).toEqual([false, false, false, true]);
});

describe("input", () => {
  const rows = csv
    .toString()
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));

  test.each([
    ["a text part", [{ text: csv.toString() }]],
    ["rows in a data part", [{ data: rows }]],
    ["rows and options in a data part", [{ data: { rows, options: { valueColumn: 2 } } }]],
    ["a file and options beside it", [file, { data: { options: { valueColumn: "cpu" } } }]],
    ["a JSON file", [{ raw: Buffer.from(JSON.stringify(rows)).toString("base64"), mediaType: "application/json" }]],
    ["a data: URL", [{ url: `data:text/csv;base64,${file.raw}` }]],
    ["a file known by its name only", [{ ...file, mediaType: "application/octet-stream" }]],
  ])("takes %s", async (_, parts) => {
    const { end, artifacts } = await runTurn(parts);
    expect(end).toBe("completed");
    expect(summaryOf(artifacts)).toMatch(/^3 anomalies/);
  });

  test("asks for data where there is none", async () => {
    const { end, text } = await runTurn([{ text: "Hello, can you find anomalies?\nIn 2 files,\nplease.\nThanks" }]);
    expect(end).toBe("asked");
    expect(text).toContain("Send a CSV file");
  });

  test.each([
    ["another media type", [{ ...file, mediaType: "application/pdf" }], 'cannot read the media type "application/pdf"'],
    ["another kind of file", [{ raw: "AA==", filename: "a.exe" }], 'a file named "a.exe"'],
    ["two series", [file, file], "2 series"],
    [
      "broken JSON",
      [{ raw: Buffer.from("[1,").toString("base64"), mediaType: "application/json" }],
      "JSON file cannot be read",
    ],
    ["unknown options", [file, { data: { options: { column: 1 } } }], 'Unknown option "column"'],
    ["a data part of another shape", [{ data: { values: [1] } }], "rows and options"],
    ["a bad CSV", [{ ...file, raw: Buffer.from("a,b\n1,2").toString("base64") }], "Only 1 usable readings"],
    ["a malformed data: URL", [{ url: "data:text/csv;base64,&&" }], "data: URL is malformed"],
    ["a URL", [{ url: "https://example.com/a.csv", mediaType: "text/csv" }], "No host is allowed"],
  ])("rejects %s and says why", async (_, parts, why) => {
    expect(await runTurn(parts)).toMatchObject({ end: "rejected", text: expect.stringContaining(why), artifacts: {} });
  });

  test.each([
    "https://example.org/a.csv",
    "http://example.com/a.csv",
    "https://example.com.evil.test/",
    "https://example.com:8443/",
    "file:///etc/passwd",
  ])("rejects %s where only https://example.com is allowed", async (url) => {
    const said = await runTurn([{ url }], createAnomaly({ allowedHosts: ["example.com"] }));
    expect(said).toMatchObject({
      end: "rejected",
      text: expect.stringContaining("Allowed: https URLs of example.com"),
    });
  });
});
