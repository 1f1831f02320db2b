import { fileURLToPath } from "node:url";
import type { Task } from "@a2a-js/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStorageAccount } from "../../src/adapters/storage-account/storage-account.ts";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, toSend } from "../support/a2a-client.ts";
import { endedHost, startHost } from "../support/host-process.ts";
import type { HostEnd, HostProcess } from "../support/host-process.ts";

let azurite: Azurite;
let env: Record<string, string>;
let host: HostProcess;

beforeAll(async () => {
  azurite = await startAzurite();
  env = {
    STORAGE_CONNECTION_STRING: azurite.connectionString,
    GATEWAY_CONFIG: fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url)),
  };
  host = await startHost(env);
});
afterAll(async () => {
  await host.end("SIGKILL");
  await azurite.close();
});

test("removes one task, then a whole scope, and leaves nothing of them", async () => {
  const echo = await connect(host.url, "echo");
  const large = { text: "x".repeat(100_000) };
  const one = (await echo.sendMessage(toSend(large))) as Task;
  const other = (await echo.sendMessage(toSend(large))) as Task;
  expect(await purge("--task", one.id)).toEqual({ code: 0, output: "Deleted 1 task.\n" });
  await expect(echo.getTask({ tenant: "", id: one.id })).rejects.toThrow("was not found");
  expect(await echo.getTask({ tenant: "", id: other.id })).toMatchObject({ id: other.id });

  const { log, index, payloads } = await openStorageAccount(azurite);
  const [left] = (await log.listTasks(undefined)).tasks;
  expect(await purge("--scope", left?.scope ?? "")).toEqual({ code: 0, output: "Deleted 1 task.\n" });
  expect((await log.listTasks(undefined)).tasks).toEqual([]);
  expect((await index.listEnded(Date.now() + 1_000, undefined)).rows).toEqual([]);
  expect((await payloads.list(undefined)).payloads).toEqual([]);
});

test("says what it needs, and what it did not find", async () => {
  expect(await purge()).toMatchObject({ code: 2, output: expect.stringContaining("npm run purge -- --scope") });
  expect(await purge("--scope", "me")).toMatchObject({ code: 2, output: expect.stringContaining("32 hex digits") });
  expect(await purge("--all")).toMatchObject({ code: 2, output: expect.stringContaining("--all") });
  expect(await purge("--task", "unknown")).toEqual({ code: 1, output: "Deleted 0 tasks.\n" });
});

function purge(...args: string[]): Promise<HostEnd> {
  return endedHost(env, "purge.ts", undefined, args);
}
