import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { findFreePort, isReady } from "./free-port.ts";
import { takeAccount } from "./functions-target.ts";
import { MAX_STREAMS } from "./limits.ts";
import type { ConformanceTarget } from "./target.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts the built function app with `func start`: the real host and the real worker. */
export async function startFuncTarget(): Promise<ConformanceTarget> {
  const app = mkdtempSync(join(tmpdir(), "a2a-func-"));
  for (const file of ["host.json", "package.json"]) cpSync(join(root, file), join(app, file));
  cpSync(dirname(inject("functionsBundle")), join(app, "dist/functions"), { recursive: true });
  const port = await findFreePort();
  const values = {
    FUNCTIONS_WORKER_RUNTIME: "node",
    AzureWebJobsStorage: await takeAccount(),
    AUTH_MODE: "none",
    PUBLIC_BASE_URL: `http://127.0.0.1:${port}`,
    WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
    MAX_STREAMS: String(MAX_STREAMS),
  };
  writeFileSync(join(app, "local.settings.json"), JSON.stringify({ IsEncrypted: false, Values: values }));
  // A group of its own: func starts the worker, and both must go.
  const child = spawn("func", ["start", "--port", String(port)], { cwd: app, stdio: "pipe", detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`func ended with ${child.exitCode}:\n${output}`);
    await wait(100);
  }
  return {
    url,
    async close() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
      await wait(100);
      rmSync(app, { recursive: true, force: true });
    },
  };
}
