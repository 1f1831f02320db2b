import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { startGateway } from "./processes.ts";

const STREAMS = 10_000;
const TASKS = 100;

/** Memory of a process that serves idle streams: subscriptions to tasks that wait for input. */
export async function benchIdleStreams(): Promise<void> {
  console.log(`\n${STREAMS} idle streams on one process, memory store, tasks in INPUT_REQUIRED`);
  const gateway = await startGateway({ TASK_STORE: "memory", LOG_LEVEL: "info" });
  const sockets: Socket[] = [];
  try {
    const tasks = await Promise.all(Array.from({ length: TASKS }, () => ask(gateway.url)));
    for (let warm = 0; warm < 200; warm += 1) {
      await ask(gateway.url);
    }
    const before = residentBytes(gateway.pid);
    for (let opened = 0; opened < STREAMS; opened += 200) {
      const batch = Array.from({ length: 200 }, (_, at) => subscribe(gateway.url, tasks[(opened + at) % TASKS] ?? ""));
      sockets.push(...(await Promise.all(batch)));
    }
    const after = residentBytes(gateway.pid);
    const started = performance.now();
    await ask(gateway.url);
    const beside = performance.now() - started;
    console.log(
      `  ${((after - before) / STREAMS / 1024).toFixed(1)} KB a stream (resident ${mb(before)} MB before, ${mb(after)} MB after)`,
    );
    console.log(`  a blocking request beside them took ${beside.toFixed(1)} ms`);
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    await gateway.stop();
  }
}

async function ask(url: string): Promise<string> {
  const response = await fetch(`${url}/agents/ask/message:send`, {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0" },
    body: JSON.stringify({ message: { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] } }),
  });
  const { task } = (await response.json()) as { task: { id: string } };
  return task.id;
}

/** Resolves once the stream's first event, the task, has arrived. */
function subscribe(url: string, taskId: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let seen = "";
    socket.on("error", reject);
    socket.on("connect", () => {
      socket.write(
        `GET /agents/ask/tasks/${taskId}:subscribe HTTP/1.1\r\nhost: bench\r\nA2A-Version: 1.0\r\naccept: text/event-stream\r\n\r\n`,
      );
    });
    socket.on("data", (chunk: Buffer) => {
      seen += chunk.toString("latin1");
      if (seen.includes("data:")) {
        seen = "";
        resolve(socket);
      } else if (seen.startsWith("HTTP/1.1 4") || seen.startsWith("HTTP/1.1 5")) {
        reject(new Error(seen.slice(0, 500)));
      }
    });
  });
}

function residentBytes(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb) * 1024;
}

function mb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
