import { request } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { toSend } from "../support/a2a-client.ts";
import { buildFunctions } from "../support/functions-bundle.ts";
import type { FunctionsBundle } from "../support/functions-bundle.ts";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import type { FunctionsHost } from "../support/functions-core/functions-host.ts";
import { SendMessageRequest } from "@a2a-js/sdk";

const WAVE = 100;
const MIB = 1024 ** 2;

let azurite: Azurite;
let bundle: FunctionsBundle;
let host: FunctionsHost;

beforeAll(async () => {
  [azurite, bundle] = await Promise.all([startAzurite(), buildFunctions("test/hosts/fixture-gateway.config.ts")]);
  const env = { AzureWebJobsStorage: azurite.connectionString, AUTH_MODE: "none", LOG_LEVEL: "warn" };
  host = await startFunctionsHost(bundle.main, env);
});

afterAll(async () => {
  await host.kill();
  bundle.remove();
  await azurite.close();
});

test("1,000 clients that vanish midway leave no invocation open once their turns have ended, and no memory behind", async () => {
  // What code and connections need once, whoever comes.
  await vanish(3 * WAVE);
  const before = await host.worker.memory();
  await vanish(10 * WAVE);
  const after = await host.worker.memory();

  const [was, is] = [before.heapUsed / MIB, after.heapUsed / MIB];
  process.stdout.write(`heap before ${was.toFixed(1)} MiB, after 1,000 clients ${is.toFixed(1)} MiB\n`);
  expect(is - was).toBeLessThan(3);
  const response = await fetch(`${host.url}/livez`);
  expect(response.status).toBe(200);
}, 120_000);

/** That many clients, a wave at a time: each leaves in the middle of its turn. */
async function vanish(clients: number): Promise<void> {
  for (let begun = 0; begun < clients; begun += WAVE) {
    await Promise.all(Array.from({ length: WAVE }, streamAndLeave));
    expect(host.worker.open.size).toBeGreaterThan(0);
    await vi.waitFor(() => expect(host.worker.open.size).toBe(0), 30_000);
  }
}

function streamAndLeave(): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "a2a-version": "1.0" };
    const call = request(`${host.url}/agents/brief/message:stream`, { method: "POST", headers });
    call.on("error", (error) => (call.destroyed ? resolve() : reject(error)));
    call.on("response", (answer) => {
      answer.once("data", () => {
        call.destroy();
        resolve();
      });
      answer.on("error", () => {});
    });
    call.end(JSON.stringify(SendMessageRequest.toJSON(toSend({ text: "go" }))));
  });
}
