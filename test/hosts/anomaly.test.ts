import { readdirSync, readFileSync } from "node:fs";
import { TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAzurite } from "../../src/hosts/node/azurite.ts";
import type { Azurite } from "../../src/hosts/node/azurite.ts";
import { connect, toSend } from "../support/a2a-client.ts";
import { buildFunctions } from "../support/functions-bundle.ts";
import type { FunctionsBundle } from "../support/functions-bundle.ts";
import { startFunctionsHost } from "../support/functions-core/functions-host.ts";
import type { FunctionsHost } from "../support/functions-core/functions-host.ts";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";

const folder = new URL("../../samples/", import.meta.url);
const samples = readdirSync(folder).filter((name) => name.endsWith(".csv"));

let azurite: Azurite;
let bundle: FunctionsBundle;
let nodeHost: HostProcess;
let functionsHost: FunctionsHost;

beforeAll(async () => {
  [azurite, bundle] = await Promise.all([startAzurite(), buildFunctions("gateway.config.ts")]);
  const { connectionString } = azurite;
  [nodeHost, functionsHost] = await Promise.all([
    startHost({ STORAGE_CONNECTION_STRING: connectionString }),
    startFunctionsHost(bundle.main, { AzureWebJobsStorage: connectionString, AUTH_MODE: "none" }),
  ]);
});

afterAll(async () => {
  await Promise.all([nodeHost.end("SIGKILL"), functionsHost.kill()]);
  bundle.remove();
  await azurite.close();
});

describe.each([
  ["the Node host", "JSONRPC"],
  ["the Node host", "HTTP+JSON"],
  ["the Functions host", "JSONRPC"],
  ["the Functions host", "HTTP+JSON"],
])("the anomaly agent on %s over %s", (name, binding) => {
  test.each(samples)("streams what it finds in %s", async (filename) => {
    const host = name === "the Node host" ? nodeHost : functionsHost;
    const client = await connect(host.url, "anomaly", binding);
    const raw = readFileSync(new URL(filename, folder)).toString("base64");
    const arrivals: number[] = [];
    const artifacts = new Set<string>();
    let anomalies = 0;
    let last: TaskState | undefined;
    let taskId = "";
    for await (const { payload } of client.sendMessageStream(toSend({ raw, mediaType: "text/csv", filename }))) {
      arrivals.push(performance.now());
      if (payload?.$case === "task") taskId = payload.value.id;
      if (payload?.$case === "statusUpdate") last = payload.value.status?.state;
      if (payload?.$case !== "artifactUpdate") continue;
      artifacts.add(payload.value.artifact?.artifactId ?? "");
      for (const { content } of payload.value.artifact?.parts ?? []) {
        if (content?.$case === "data") anomalies += (content.value as { anomalies: unknown[] }).anomalies.length;
      }
    }
    expect(last).toBe(TaskState.TASK_STATE_COMPLETED);
    expect([...artifacts]).toEqual(["anomalies", "plot", "summary"]);
    expect(anomalies).toBeGreaterThan(0);
    // Not all at once when the work is done: the analysis alone takes longer than this.
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(50);
    // Nor in one block: each commit is some ms after the last, and what arrives together is parsed within one. A fast
    // machine takes 3 ms for a small file's steps.
    const gaps = arrivals.slice(1).map((arrival, at) => arrival - (arrivals[at] ?? 0));
    expect(gaps.filter((gap) => gap > 2).length).toBeGreaterThan(2);

    const task = await client.getTask({ tenant: "", id: taskId });
    const plot = task.artifacts.find(({ artifactId }) => artifactId === "plot")?.parts[0]?.content;
    expect(plot?.$case === "raw" && Buffer.from(plot.value).toString()).toMatch(/^<svg[^]*<\/svg>\s*$/);
  });
});
