import { fileURLToPath } from "node:url";
import { Message, TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { durableStream } from "../../src/index.ts";
import type { DurableEvent } from "../../src/index.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

let azurite: Azurite;
let hosts: HostProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  hosts = await Promise.all([start(), start()]);
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.end("SIGKILL")));
  await azurite.close();
});

test("a client of a host that is killed gets each event once, and its task's end, from another host", async () => {
  const [first, second] = hosts as [HostProcess, HostProcess];
  const message = Message.fromJSON({ messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text: "count" }] });
  const url = [first, second].map((host) => `${host.url}/agents/count`);
  const breaks: string[] = [];
  const events: DurableEvent[] = [];
  for await (const event of durableStream({ url, message, onReconnect: ({ reason }) => breaks.push(reason.message) })) {
    events.push(event);
    if (events.length === 5) await first.end("SIGKILL");
  }

  expect(breaks.length).toBeGreaterThan(0);
  expect(events.map(({ generation }) => generation)).toEqual(events.map((_, at) => at + 1));
  const last = events.at(-1)?.response.payload;
  expect(last?.$case === "statusUpdate" && last.value.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  expect(second.output).toContain("turn.taken");
  expect(toNumbers(events)).toBe("1 2 3 4 5 6 7 8 9 10 11 12");

  const taskId = events[0]?.response.payload?.$case === "task" ? events[0].response.payload.value.id : "";
  const again: DurableEvent[] = [];
  for await (const event of durableStream({ url: url[1] ?? "", taskId })) again.push(event);
  expect(again.slice(1)).toEqual(events.slice(1));
});

function start(): Promise<HostProcess> {
  return startHost({
    STORAGE_CONNECTION_STRING: azurite.connectionString,
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
    LEASE_SECONDS: "2",
    SWEEP_SECONDS: "1",
  });
}

/** The artifact that its updates add up to. */
function toNumbers(events: readonly DurableEvent[]): string {
  return events.reduce((text, { response: { payload } }) => {
    if (payload?.$case !== "artifactUpdate") return text;
    const more = payload.value.artifact?.parts.map(({ content }) => content?.value).join("") ?? "";
    return payload.value.append ? text + more : more;
  }, "");
}
