import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A host in its own process. */
export interface HostProcess {
  /** Without a trailing slash. */
  readonly url: string;
  /** What it has printed so far to stdout and stderr. */
  readonly output: string;
  readonly pid: number;
  /** Resolves when the process has ended for any reason: to its exit code, or to null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Resolves to the exit code when the process has ended; to null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface HostEnd {
  readonly code: number | null;
  readonly output: string;
}

type Env = Readonly<Record<string, string>>;

const folder = fileURLToPath(new URL("../../src/hosts/node/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts `serve.ts`, `start.ts` or another host on a free port, with this environment only. Rejects when the process ends early. */
export async function startHost(env: Env, script = "serve.ts", cwd = root): Promise<HostProcess> {
  const child = spawnHost(env, script, cwd);
  const output = collect(child);
  const ended = once(child, "exit").then(() => child.exitCode);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      // Version 0.1.0 called it `host.listening`.
      const listening = /"event":"host\.(?:started|listening)"|host\.started/.test(output.text);
      const found = listening ? /https?:\/\/(?:[\d.]+|localhost):\d+/.exec(output.text) : null;
      if (found) resolve(found[0]);
    });
    child.once("exit", (code) => reject(new Error(`the host ended with ${code}:\n${output.text}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    get output() {
      return output.text;
    },
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, "exit");
        child.kill(signal);
        await exit;
      }
      return child.exitCode;
    },
  };
}

/** Runs a command, or a host that cannot start, and resolves to its output and exit code. */
export async function endedHost(
  env: Env,
  script = "serve.ts",
  cwd = root,
  args: readonly string[] = [],
): Promise<HostEnd> {
  const child = spawnHost(env, script, cwd, args);
  const output = collect(child);
  await once(child, "close");
  return { code: child.exitCode, output: output.text };
}

function spawnHost(env: Env, script: string, cwd: string, args: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, ["--conditions=a2a-source", `${folder}${script}`, ...args], {
    cwd,
    env: { PORT: "0", AUTH_MODE: "none", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function collect(child: ChildProcess): { readonly text: string } {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
  }
  return output;
}
