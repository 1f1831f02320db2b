import { afterAll, beforeAll, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

let azurite: Azurite;
let host: HostProcess;

beforeAll(async () => {
  azurite = await startAzurite();
  host = await startHost({ STORAGE_CONNECTION_STRING: azurite.connectionString, SHUTDOWN_GRACE: "1 s" });
});

afterAll(async () => {
  await host.end("SIGKILL");
  await azurite.close();
});

test("a host without its store lives on, is not ready, and still ends in order", async () => {
  expect(await statuses()).toEqual([200, 200]);
  await azurite.close();
  // The answer is cached for a second.
  await expect.poll(statuses, { timeout: 5_000 }).toEqual([200, 503]);
  expect(await host.end("SIGTERM")).toBe(0);
});

async function statuses(): Promise<number[]> {
  const answers = await Promise.all(["/livez", "/readyz"].map((path) => fetch(host.url + path)));
  return answers.map(({ status }) => status);
}
