import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface Azurite {
  readonly connectionString: string;
  readonly blobPort: number;
  readonly tablePort: number;
  readonly queuePort: number;
  /** Resolves once its data is saved and the process has ended. */
  close(): Promise<void>;
}

/**
 * Starts Azurite, the Azure Storage emulator, on free ports of 127.0.0.1, with its data in `folder`, or in memory without
 * one. It ends with this process, however this process ends.
 * @throws Error with Azurite's output if it does not start, or if another Azurite uses the folder.
 */
export async function startAzurite(folder?: string): Promise<Azurite> {
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    await waitForPrevious(folder);
  }
  const child = spawn(process.execPath, ["--import", PRELOAD, findAzurite(), ...options(folder)], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // In its own process group: a signal to this one would end it before its data is saved.
    detached: true,
  });
  if (folder !== undefined) {
    writeFileSync(join(folder, PID_FILE), String(child.pid));
  }
  const [blobPort, tablePort, queuePort] = await readPorts(child);
  child.unref();
  child.channel?.unref();
  const endpoint = (port: number): string => `http://127.0.0.1:${port}/${ACCOUNT}`;
  return {
    connectionString:
      `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${ACCOUNT_KEY};` +
      `BlobEndpoint=${endpoint(blobPort)};TableEndpoint=${endpoint(tablePort)};` +
      `QueueEndpoint=${endpoint(queuePort)};`,
    blobPort,
    tablePort,
    queuePort,
    async close() {
      if (child.connected) {
        const ended = once(child, "exit");
        const impatience = setTimeout(() => child.kill("SIGKILL"), 10_000);
        child.ref();
        // An open channel would keep Azurite running.
        child.disconnect();
        await ended;
        clearTimeout(impatience);
      }
    },
  };
}

/** The account of every Azurite, published with it. Not a secret. */
const ACCOUNT = "devstoreaccount1";
const ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const PID_FILE = "azurite.pid";

/** What runs in Azurite's process before it does. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";

  // Azurite saves its data on SIGTERM, but gets none when its parent is killed. Its output pipe is then closed, and
  // without a listener the error of its next line would end it before it has saved.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));

  // Three quarters of its start are 3,000 files of a telemetry client, which --disableTelemetry leaves idle, and of a
  // database client for another store than its own.
  const idle = new Map([["applicationinsights", ""], ["sequelize", "exports.Model = class {};"]]);
  registerHooks({
    resolve: (name, context, next) => idle.has(name) ? { url: "idle:" + name, shortCircuit: true } : next(name, context),
    load(url, context, next) {
      const source = idle.get(url.replace("idle:", ""));
      return source === undefined ? next(url, context) : { source, format: "commonjs", shortCircuit: true };
    },
  });
`)}`;

function findAzurite(): string {
  return createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
}

function options(folder: string | undefined): string[] {
  const place = folder === undefined ? ["--inMemoryPersistence"] : ["--location", folder];
  const flags = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"];
  return [...place, ...flags, "--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
}

/**
 * The Azurite of a process that was just killed may still be saving its data. Two at once would overwrite each other's
 * data.
 */
async function waitForPrevious(folder: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  const pid = readPid(folder);
  while (pid !== undefined && isAlive(pid)) {
    if (performance.now() > deadline) {
      throw new Error(
        `${folder} is in use by process ${pid}. If that process is not Azurite, delete ${join(folder, PID_FILE)}.`,
      );
    }
    await delay(20);
  }
}

function readPid(folder: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(folder, PID_FILE), "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function readPorts(child: ChildProcess): Promise<[blob: number, table: number, queue: number]> {
  let said = "";
  child.stderr?.on("data", (chunk) => (said += chunk));
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      said += chunk;
      const blob = /Blob service is successfully listening at \S+:(\d+)/.exec(said);
      const table = /Table service is successfully listening at \S+:(\d+)/.exec(said);
      const queue = /Queue service is successfully listening at \S+:(\d+)/.exec(said);
      if (blob && table && queue) {
        resolve([Number(blob[1]), Number(table[1]), Number(queue[1])]);
      }
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`Azurite did not start: ${said}`)));
  });
}
