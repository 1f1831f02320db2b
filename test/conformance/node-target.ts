import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort, isReady } from "./free-port.ts";
import { MAX_STREAMS } from "./limits.ts";
import type { ConformanceTarget } from "./target.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const config = fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url));

/** Starts the Node host as a process of its own, on a free port, over the memory store. */
export async function startNodeTarget(): Promise<ConformanceTarget> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ["--conditions=a2a-source", "src/hosts/node/serve.ts"], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      HOST: "127.0.0.1",
      PORT: String(port),
      PUBLIC_BASE_URL: url,
      TASK_STORE: "memory",
      AUTH_MODE: "none",
      WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
      MAX_STREAMS: String(MAX_STREAMS),
      GATEWAY_CONFIG: config,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`the host ended with ${child.exitCode}:\n${output.join("")}`);
    await wait(25);
  }
  return { url, close: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
