import { execFileSync } from "node:child_process";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Task } from "@a2a-js/sdk";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connect, toSend } from "../support/a2a-client.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

const READERS = 80;
/** Memory in MiB that they may cost: each had tens before they shared what they read. */
const MOST = 120;

let host: HostProcess;
const sockets: Socket[] = [];

beforeAll(async () => {
  host = await startHost({
    TASK_STORE: "memory",
    NODE_OPTIONS: "--max-old-space-size=400",
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
  });
});
afterAll(async () => {
  for (const socket of sockets) {
    socket.destroy();
  }
  await host.end("SIGKILL");
});

test.each([
  ["replay it", { "last-event-id": "0" }],
  ["begin with a snapshot of it", {}],
])(
  `${READERS} subscribers of a task of 12 MB that do not read (they %s) cost little, and others go on`,
  async (_what, more) => {
    const client = await connect(host.url, "twelve");
    const { id } = (await client.sendMessage(toSend({ text: "go" }))) as Task;
    const before = rssOf(host.pid);
    let peak = before;
    for (let at = 0; at < READERS; at += 1) {
      await stall(id, more);
      peak = at % 10 === 9 ? Math.max(peak, rssOf(host.pid)) : peak;
    }
    // One that reads is served meanwhile, to the last byte.
    const artifacts = new Map<string, number>();
    const reading = fetch(`${host.url}/agents/twelve/tasks/${id}:subscribe`, {
      headers: headersOf({ "last-event-id": "0" }),
    });
    for (const [, json = ""] of (await (await reading).text()).matchAll(/^data: (.*)$/gm)) {
      const artifact = JSON.parse(json).artifactUpdate?.artifact;
      const length = artifact?.parts.reduce((sum: number, { text }: { text: string }) => sum + text.length, 0) ?? 0;
      artifacts.set(artifact?.artifactId, (artifacts.get(artifact?.artifactId) ?? 0) + length);
    }
    peak = Math.max(peak, rssOf(host.pid));
    artifacts.delete(undefined as never);
    expect([...artifacts.values()]).toEqual(Array.from({ length: 12 }, () => 1_000_000));
    expect(peak - before).toBeLessThan(MOST);
    expect(host.output).not.toContain("FATAL");
  },
);

/** Subscribes, takes the first bytes of the stream, and reads no more. */
async function stall(id: string, more: Record<string, string>): Promise<void> {
  const { hostname, port } = new URL(host.url);
  const socket = connectSocket(Number(port), hostname);
  sockets.push(socket);
  let got = "";
  socket.on("data", (bytes) => {
    got += bytes.toString();
    if (got.includes("\ndata: ")) socket.pause();
  });
  const headers = Object.entries(headersOf(more)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /agents/twelve/tasks/${id}:subscribe HTTP/1.1\r\nhost: localhost\r\n${headers.join("")}\r\n`);
  await vi.waitFor(() => expect(got).toContain("\ndata: "), { timeout: 10_000, interval: 10 });
}

function headersOf(more: Record<string, string>): Record<string, string> {
  return { "a2a-version": "1.0", "a2a-extensions": "urn:a2a-azure-gateway:durable:v1", ...more };
}

/** Of a process, in MiB. */
function rssOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)]).toString()) / 1024;
}
