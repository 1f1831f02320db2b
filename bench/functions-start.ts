import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { bundleFunctions } from "../bundle-functions.ts";
import { startAzurite } from "../src/hosts/node/azurite.ts";
import { startFunctionsHost } from "../test/support/functions-core/functions-host.ts";

const RUNS = 9;
/** Limits for loading the bundle and for answering the first card, in ms. */
const BUDGET = 350;
const KIB = 1024;

/** The time of a cold start, from loading the bundled function app to its first Agent Card, and the bundle's size. */
export async function benchFunctionsStart(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "a2a-bench-"));
  const azurite = await startAzurite();
  const metafile = await bundleFunctions("gateway.config.ts", folder);
  const env = { AzureWebJobsStorage: azurite.connectionString, AUTH_MODE: "none", LOG_LEVEL: "warn" };
  const runs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const host = await startFunctionsHost(join(folder, "main.cjs"), env);
    const asked = performance.now();
    const response = await fetch(`${host.url}/.well-known/agent-card.json`);
    await response.text();
    runs.push(host.worker.loading + performance.now() - asked);
    await host.kill();
    if (!response.ok) throw new Error(`the first card was answered with ${response.status}`);
  }
  await azurite.close();
  rmSync(folder, { recursive: true });

  const sorted = runs.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(RUNS / 2)] ?? 0;
  console.log("functions-start");
  console.log(
    `  module load to first card            median ${median.toFixed(0)} ms, from ${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)} ms, at most ${BUDGET} ms`,
  );
  printSize(metafile);
  if (median > BUDGET) {
    process.exitCode = 1;
  }
}

function printSize({ outputs }: Metafile): void {
  const [, main] = Object.entries(outputs).find(([name]) => name.endsWith("main.cjs")) ?? [];
  const sizes = new Map<string, number>();
  for (const [input, { bytesInOutput }] of Object.entries(main?.inputs ?? {})) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? "this project";
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  console.log(`  bundle                               ${((main?.bytes ?? 0) / KIB).toFixed(0)} KiB, of which`);
  for (const [name, bytes] of [...sizes].toSorted(([, one], [, other]) => other - one).slice(0, 8)) {
    console.log(`    ${name.padEnd(34)} ${(bytes / KIB).toFixed(0).padStart(5)} KiB`);
  }
}
