import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "../../bundle-functions.ts";

/** A function app, built like `npm run build`. */
export interface FunctionsBundle {
  /** Path of its entry file. */
  readonly main: string;
  remove(): void;
}

/** Bundles with another gateway config module, or with another entry file. Paths are relative to the project's root. */
export async function buildFunctions(gatewayConfig: string, entry?: string): Promise<FunctionsBundle> {
  const folder = mkdtempSync(join(tmpdir(), "a2a-functions-"));
  const root = fileURLToPath(new URL("../../", import.meta.url));
  await bundleFunctions(resolve(root, gatewayConfig), folder, entry);
  return { main: join(folder, "main.cjs"), remove: () => rmSync(folder, { recursive: true }) };
}
