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
    // What the first start compiles is there for every later one.
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

/** `npm run serve` without npm, over the memory store: from the process's start to its first card. */
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
    // As an operator ends it: what was compiled is kept for the next start.
    await end(child, "SIGTERM");
  }
}

/** In a folder of its own, so that its data is not that of the person who runs the benchmark. */
function copyStartScript(folder: string): void {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
  const start = scripts.start.replace("src/", `${root}src/`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, scripts: { start } }));
}

/** From `npm start` to the line that says it is ready. */
async function timeStart(folder: string): Promise<number> {
  const started = performance.now();
  const child = spawn("npm", ["start"], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    // npm, its shell and the host end together, by a signal to their group.
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
    // It has ended already.
    return;
  }
  await within(PATIENCE, "the end of npm start", closed);
}
