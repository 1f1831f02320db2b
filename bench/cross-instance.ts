import { startAzurite } from "../src/hosts/node/azurite.ts";
import { readSse } from "../test/conformance/sse.ts";
import { at } from "./load.ts";
import { startGateway } from "./processes.ts";

const HEADERS = { "content-type": "application/json", "a2a-version": "1.0" };

/**
 * The time from an event's timestamp, right before its commit on one host, to its arrival in a stream of another host.
 * The agent emits an event about every 200 ms. Both hosts, Azurite and the client run on this machine.
 */
export async function benchCrossInstance(): Promise<void> {
  console.log("\nFrom a commit on one host to the SSE event on another, about 5 events a second");
  const azurite = await startAzurite();
  const env = { TASK_STORE: "table", STORAGE_CONNECTION_STRING: azurite.connectionString };
  const [one, other] = await Promise.all([startGateway(env), startGateway(env)]);
  try {
    const sent = await fetch(`${one.url}/agents/ticker/message:stream`, {
      method: "POST",
      headers: HEADERS,
      body: JSON.stringify({ message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "go" }] } }),
    });
    const id = await firstTask(sent);
    const watched = await fetch(`${other.url}/agents/ticker/tasks/${id}:subscribe`, { headers: HEADERS });
    const delays: number[] = [];
    for await (const { data } of readSse(watched.body ?? new ReadableStream())) {
      const timestamp = data === undefined ? undefined : JSON.parse(data).statusUpdate?.status.timestamp;
      if (timestamp !== undefined) {
        delays.push(Date.now() - Date.parse(timestamp));
      }
    }
    delays.sort((fast, slow) => fast - slow);
    console.log(
      `  ${delays.length} events  p50 ${at(delays, 0.5)} ms  p95 ${at(delays, 0.95)} ms  max ${at(delays, 1)} ms (goal: p50 at most 100 ms)`,
    );
  } finally {
    await Promise.all([one.stop(), other.stop()]);
    await azurite.close();
  }
}

async function firstTask(response: Response): Promise<string> {
  for await (const { data } of readSse(response.body ?? new ReadableStream())) {
    if (data !== undefined) {
      return JSON.parse(data).task.id;
    }
  }
  throw new Error("the stream has no task");
}
