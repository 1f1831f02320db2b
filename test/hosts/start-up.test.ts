import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endedHost, startHost } from "../support/host-process.ts";

const memory = { TASK_STORE: "memory" };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "a2a-start-up-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test("a host with an invalid configuration lists every error, without a stack, and exits with 1", async () => {
  const { code, output } = await endedHost({
    PORT: "http",
    HOST: "0.0.0.0",
    LEASE_SECONDS: "0",
    TURN_TIMEOUT: "soon",
    MAX_BODY: "a lot",
  });
  expect(code).toBe(1);
  for (const name of ["PORT", "HOST", "LEASE_SECONDS", "TURN_TIMEOUT", "MAX_BODY", "STORAGE_CONNECTION_STRING"]) {
    expect(output).toContain(`at ${name}\n`);
  }
  expect(output).not.toMatch(/^\s+at .*:\d+/m);
});

test("a host whose port is in use says so, and how to choose another", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, output } = await endedHost({ ...memory, PORT: String(port) });
  other.close();
  expect(code).toBe(1);
  expect(output.trim()).toMatch(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. .*PORT=${port + 1}$`));
});

test("a host whose storage is unreachable names the setting to check", async () => {
  const endpoints =
    "BlobEndpoint=http://127.0.0.1:9/a;TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;";
  const { code, output } = await endedHost({
    STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;${endpoints}`,
  });
  expect(code).toBe(1);
  expect(output.trim()).toMatch(/^Cannot open the storage account of STORAGE_CONNECTION_STRING: .*ECONNREFUSED/);
  expect(output).not.toContain("c2VjcmV0");
});

test("a gateway config module in another folder imports the gateway by name", async () => {
  const config = join(folder, "my-gateway.config.ts");
  writeFileSync(
    config,
    `import { defineAgent, defineGateway } from "a2a-azure-gateway";
     const mine = defineAgent({
       id: "mine",
       version: "1.0.0",
       card: { name: "Mine", description: "Mine", skills: [{ id: "be", name: "Be", description: "Is", tags: [] }] },
       run: (turn) => turn.complete("yes"),
     });
     export default defineGateway({ agents: [mine] });`,
  );
  const host = await startHost({ ...memory, GATEWAY_CONFIG: config });
  const catalog = await fetch(`${host.url}/agents`).then((response) => response.json());
  await host.end("SIGKILL");
  expect(catalog).toMatchObject({ agents: [{ id: "mine" }] });
});

test.each([
  ["does not exist", undefined, /could not be loaded/],
  ["exports nothing", "export {};", /has no default export of defineGateway/],
  [
    "has an unknown default",
    `import { defineGateway } from "a2a-azure-gateway"; export default defineGateway({ agents: [], default: "x" });`,
    /could not be loaded: .*agent/,
  ],
])("a gateway config module that %s is reported in one line", async (title, source, expected) => {
  const config = join(folder, `${title.replaceAll(" ", "-")}.config.ts`);
  if (source !== undefined) writeFileSync(config, source);
  const { code, output } = await endedHost({ ...memory, GATEWAY_CONFIG: config });
  expect(code).toBe(1);
  expect(output.trim()).toContain(`GATEWAY_CONFIG ${config}`);
  expect(output.trim()).toMatch(expected);
  expect(output.trim()).not.toContain("\n");
});
