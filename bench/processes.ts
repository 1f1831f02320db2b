import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Probed } from "./probe.ts";
import { within } from "./within.ts";

export interface Started {
  readonly url: string;
  readonly pid: number;
  /** The process's CPU time so far in microseconds, or its memory after a full collection in bytes. */
  readonly used: (what: Probed) => Promise<number>;
  stop(): Promise<void>;
}

export const root = fileURLToPath(new URL("..", import.meta.url));
const probe = new URL("probe.ts", import.meta.url).href;

/** How long a server may take to start, or to report its usage, in ms. */
const START = 30_000;
const ANSWER = 20_000;

/** Starts a server in its own process. It prints a JSON line with its `url` when it listens. */
export async function startServer(script: string, env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const child = spawn(process.execPath, [...process.execArgv, "--expose-gc", "--import", probe, script], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const url = await within(START, `the URL of ${script}`, printed(child, /^\{.*"url":"([^"]+)"/m));
  return { url, pid: child.pid ?? 0, used, stop: () => end(child, "SIGKILL") };

  async function used(what: Probed): Promise<number> {
    const answer = once(child, "message");
    child.send(what);
    const [number] = await within(ANSWER, `the ${what} of ${script}`, answer);
    return number as number;
  }
}

/** Starts the gateway with the agents of the benchmark. */
export function startGateway(env: Readonly<Record<string, string>>): Promise<Started> {
  return startServer("src/hosts/node/serve.ts", {
    AUTH_MODE: "none",
    PORT: "0",
    GATEWAY_CONFIG: fileURLToPath(new URL("echo-gateway.config.ts", import.meta.url)),
    ...env,
  });
}

/**
 * Waits until the process's output matches, and resolves to the first group.
 * @throws Error with the output when it ends
 */
export function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      if (output.length < 100_000) {
        output += chunk.toString();
        const found = pattern.exec(output);
        if (found) resolve(found[1] ?? found[0]);
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`a server ended with ${code}: ${output}`)));
  });
}

/** Resolves when the process has ended. Kills it when that takes too long. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill(signal);
    await within(ANSWER, "the end of a server", exited).finally(() => child.kill("SIGKILL"));
  }
}
