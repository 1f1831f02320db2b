import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { TableClient } from "@azure/data-tables";
import { startAzurite } from "../src/hosts/node/azurite.ts";
import { at } from "./load.ts";
import { startGateway } from "./processes.ts";

const SAMPLES = 400;
const WARM_UP = 100;

/**
 * Time to a stream's first event on Azurite, against the same two writes (the open row, and the transaction with
 * head and first event) issued in parallel by a bare client. The two alternate, so that variations of Azurite's speed
 * affect both.
 */
export async function benchFirstEvent(): Promise<void> {
  console.log(`\nFirst SSE event on Azurite, one request at a time, ${SAMPLES} samples`);
  const azurite = await startAzurite();
  const gateway = await startGateway({ TASK_STORE: "table", STORAGE_CONNECTION_STRING: azurite.connectionString });
  const [tasks, index] = await Promise.all(
    ["benchtasks", "benchindex"].map((table) => openTable(azurite.connectionString, table)),
  );
  const bare: number[] = [];
  const stream: number[] = [];
  try {
    for (let sample = 0; sample < SAMPLES + WARM_UP; sample += 1) {
      const one = await timeBareWrites(tasks, index);
      const other = await timeFirstEvent(gateway.url);
      if (sample >= WARM_UP) {
        bare.push(one);
        stream.push(other);
      }
    }
  } finally {
    await gateway.stop();
    await azurite.close();
  }
  bare.sort((one, other) => one - other);
  stream.sort((one, other) => one - other);
  console.log(
    `  two writes in parallel, bare client  p50 ${at(bare, 0.5).toFixed(2)} ms  p95 ${at(bare, 0.95).toFixed(2)} ms`,
  );
  console.log(
    `  first SSE event                      p50 ${at(stream, 0.5).toFixed(2)} ms  p95 ${at(stream, 0.95).toFixed(2)} ms`,
  );
  console.log(`  ratio of the p50                     ${(at(stream, 0.5) / at(bare, 0.5)).toFixed(2)}`);
}

async function openTable(connectionString: string, name: string): Promise<TableClient> {
  const table = TableClient.fromConnectionString(connectionString, name, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
  await table.createTable();
  return table;
}

async function timeBareWrites(tasks: TableClient | undefined, index: TableClient | undefined): Promise<number> {
  const partitionKey = randomUUID();
  const started = performance.now();
  await Promise.all([
    index?.upsertEntity({ partitionKey: "open-0", rowKey: partitionKey, created: started, due: started }, "Replace"),
    tasks?.submitTransaction([
      ["create", { partitionKey, rowKey: "head", b0: new Uint8Array(450) }],
      ["create", { partitionKey, rowKey: "e-0000000001", b0: new Uint8Array(550) }],
    ]),
  ]);
  return performance.now() - started;
}

/** Uses node:http with keep-alive, like the bare client, because the client shares the machine with the server. */
function timeFirstEvent(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const options = { method: "POST", agent, headers: { "content-type": "application/json", "A2A-Version": "1.0" } };
    const call = request(`${url}/agents/steady/message:stream`, options, (response) => {
      let elapsed: number | undefined;
      let seen = "";
      response.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
        if (elapsed === undefined && seen.includes("data:")) {
          elapsed = performance.now() - started;
        }
      });
      response.on("end", () => resolve(elapsed ?? Number.NaN));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(JSON.stringify({ message: { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] } }));
  });
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
