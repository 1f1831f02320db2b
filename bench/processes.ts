import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Started {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Starts a server of its own process; it prints a JSON line with its `url` once it listens. */
export async function startServer(script: string, env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const child = spawn(process.execPath, [...process.execArgv, script], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url: unknown = line.startsWith("{") ? JSON.parse(line).url : undefined;
    if (typeof url === "string" && child.pid !== undefined) {
      child.stdout.resume();
      return { url, pid: child.pid, stop };
    }
  }
  throw new Error(`${script} ended before it listened`);

  async function stop(): Promise<void> {
    if (child.exitCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  }
}

/** The gateway with the agents of the benchmark. */
export function startGateway(env: Readonly<Record<string, string>>): Promise<Started> {
  return startServer("src/hosts/node/serve.ts", {
    AUTH_MODE: "none",
    PORT: "0",
    GATEWAY_CONFIG: fileURLToPath(new URL("echo-gateway.config.ts", import.meta.url)),
    ...env,
  });
}
