import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "./load.ts";
import { end, printed, root } from "./processes.ts";
import { getCard } from "./requests.ts";
import { median } from "./table.ts";
import type { Part, Row } from "./table.ts";
import { within } from "./within.ts";

const RUNS = 7;
/** In ms. */
const SERVE = 350;
const START = 2_000;
const PATIENCE = 30_000;

export async function benchStartUp(): Promise<Part> {
  const serve: number[] = [];
  const start: number[] = [];
  const folder = mkdtempSync(join(tmpdir(), "a2a-bench-"));
  try {
    copyStartScript(folder);
    // The first start fills the compile cache that later starts use.
    await timeServe();
    for (let run = 0; run < RUNS; run += 1) {
      serve.push(await timeServe());
      start.push(await timeStart(folder));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    rows: [toRow("serve, to the first card", serve, SERVE), toRow("npm start, to ready", start, START)],
    notes: [],
  };
}

function toRow(part: string, values: readonly number[], aim: number): Row {
  const text = `at most ${aim.toLocaleString("en")} ms`;
  return { part, server: "this gateway", unit: "ms", values, aim: { text, isMet: median(values) <= aim } };
}

/** `npm run serve` without npm, with the memory store: the time from the start of the process to its first card. */
async function timeServe(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--conditions=a2a-source", "src/hosts/node/serve.ts"], {
    cwd: root,
    env: { ...process.env, TASK_STORE: "memory", AUTH_MODE: "none", PORT: "0", LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await within(PATIENCE, "the URL of serve.ts", printed(child, /"url":"([^"]+)"/));
    await load({ url, connections: 1, request: getCard(url), expected: '"skills"', until: { answers: 1 } });
    return performance.now() - started;
  } finally {
    // SIGTERM, like an operator, so that the process writes its compile cache.
    await end(child, "SIGTERM");
  }
}

/** Runs in a temporary folder, so that it does not use the data of the person who runs the benchmark. */
function copyStartScript(folder: string): void {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
  const start = scripts.start.replace("src/", `${root}src/`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, scripts: { start } }));
}

/** The time from `npm start` to the line that says that the gateway is ready. */
async function timeStart(folder: string): Promise<number> {
  const started = performance.now();
  const child = spawn("npm", ["start"], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    // A signal to the process group ends npm, its shell and the host together.
    detached: true,
  });
  try {
    await within(PATIENCE, "the ready line of npm start", printed(child, /The gateway is ready/));
    return performance.now() - started;
  } finally {
    await endGroup(child);
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  try {
    process.kill(-(child.pid ?? 0), "SIGTERM");
  } catch {
    // The process has already ended.
    return;
  }
  await within(PATIENCE, "the end of npm start", closed);
}
