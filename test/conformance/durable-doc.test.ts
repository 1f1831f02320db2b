import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkedFetch } from "./checked-fetch.ts";
import { describeHosts } from "./target.ts";

const doc = readFileSync(new URL("../../docs/extensions/durable-v1.md", import.meta.url), "utf8");
const blocks = [...doc.matchAll(/```http\n([^]*?)```/g)].map(([, text = ""]) => parseBlock(text));
const exchanges = blocks.flatMap((request, at) => {
  const answer = blocks[at + 1];
  return at % 2 === 0 && answer ? [{ request, answer }] : [];
});
const told = idOf(doc) ?? "";

describeHosts("the exchanges of docs/extensions/durable-v1.md", (host) => {
  test("happen as documented, one after the other", async () => {
    expect(exchanges.length).toBeGreaterThan(4);
    expect(told).not.toBe("");
    let taskId = "";
    for (const { request, answer } of exchanges) {
      const [method = "", path = ""] = request.start.split(" ");
      const inPlace = (text: string): string => text.replaceAll(told, taskId);
      const response = await checkedFetch(host.url + inPlace(path), {
        method,
        headers: request.headers,
        ...(request.body && { body: inPlace(request.body) }),
      });
      const body = await response.text();
      taskId ||= idOf(body) ?? "";
      expect(response.status).toBe(Number(answer.start.split(" ")[1]));
      for (const [name, value] of answer.headers) expect(response.headers.get(name)).toBe(value);
      expect(withoutChance(body)).toBe(withoutChance(answer.body));
    }
  });
});

interface Block {
  /** The request line or status line. */
  readonly start: string;
  readonly headers: [string, string][];
  readonly body: string;
}

function parseBlock(text: string): Block {
  const end = text.indexOf("\n\n");
  const [start = "", ...lines] = text
    .slice(0, end === -1 ? undefined : end)
    .trim()
    .split("\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { start, headers, body: end === -1 ? "" : text.slice(end + 2).trim() };
}

/** A task's id under a key, as this gateway makes it. */
function idOf(text: string): string | undefined {
  return /\b[\da-f]{32}\b/.exec(text)?.[0];
}

/** Ids and times are others each time. */
function withoutChance(text: string): string {
  return text
    .trim()
    .replaceAll(/\b(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\b/g, "ID")
    .replaceAll(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "TIME");
}
