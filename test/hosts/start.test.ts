import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { endedHost, startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

const run = promisify(execFile);
const sender = fileURLToPath(new URL("../../samples/send.ts", import.meta.url));
const node = ["--conditions=a2a-source", sender];
const sample = fileURLToPath(new URL("../../samples/warehouse-energy.csv", import.meta.url));

let folder: string;
let host: HostProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "a2a-start-"));
});

afterAll(async () => {
  await host?.end("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

test("what was sent right before kill -9 is there after the next start", async () => {
  host = await startHost({}, "start.ts", folder);
  const sent = await send("--url", host.url, sample);
  await host.end("SIGKILL");
  expect(sent).toMatch(
    /^2025-05-08T05:00:00 {2}87\.9, expected .* score \d+\.\d+\. A reading .* above its neighbours/m,
  );
  const id = /^Task (\S+) completed/m.exec(sent)?.[1] ?? "";

  host = await startHost({}, "start.ts", folder);
  const seen = await send("--url", host.url, "--task", id);
  expect(seen.split("\n").filter((line) => /^\d{4}-/.test(line))).toEqual(
    sent.split("\n").filter((line) => /^\d{4}-/.test(line)),
  );
});

test("a send goes on by itself after kill -9 and the next start", async () => {
  const long = join(folder, "long.csv");
  const rows = Array.from({ length: 100_000 }, (_, at) => {
    return `${new Date(17e11 + at * 60_000).toISOString()},${(Math.sin(at / 229) * 9 + ((at * 7919) % 100) / 100).toFixed(2)}`;
  });
  writeFileSync(long, rows.join("\n"));
  host ??= await startHost({}, "start.ts", folder);
  const { port } = new URL(host.url);
  const sending = spawn(process.execPath, [...node, "--url", host.url, long], { cwd: folder });
  let output = "";
  for (const stream of [sending.stdout, sending.stderr])
    stream.on("data", (text: Buffer) => (output += text.toString()));
  await vi.waitFor(() => expect(output).toContain("reading the data"), 20_000);
  await host.end("SIGKILL");
  await vi.waitFor(() => expect(output).toContain("Waiting for the gateway"), 20_000);
  const exit = once(sending, "exit");
  host = await startHost({ PORT: port }, "start.ts", folder);
  expect(await exit).toEqual([0, null]);
  expect(output.match(/^Task /gm)).toHaveLength(2);
  expect(output).toMatch(/^Task \S+ completed\. To see it again/m);
  expect(await host.end("SIGINT")).toBe(0);
}, 60_000);

test("memory needs no Azurite and leaves no data", async () => {
  const inMemory = await startHost({ TASK_STORE: "memory" }, "start.ts", folder);
  expect(inMemory.output).not.toContain("Azurite");
  await inMemory.end("SIGKILL");
});

test.each([
  [["no-such-file.csv"], /^File no-such-file\.csv does not exist\.$/],
  [
    ["--url", "http://127.0.0.1:9", sample],
    /^No gateway answers at http:\/\/127\.0\.0\.1:9\. Start it with: npm start$/,
  ],
  [[], /^npm run send -- FILE\.csv/],
])("the sender with arguments %j reports the problem", async (options, expected) => {
  const failure: unknown = await send(...options).catch((error: unknown) => error);
  expect((failure as { stderr: string }).stderr.trim()).toMatch(expected);
});

test("an invalid configuration is reported before Azurite starts", async () => {
  const { code, output } = await endedHost({ LEASE_SECONDS: "never" }, "start.ts", folder);
  expect(code).toBe(1);
  expect(output).toContain("at LEASE_SECONDS");
  expect(output).not.toContain("Azurite");
});

async function send(...options: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [...node, ...options], { cwd: folder });
  return stdout;
}
