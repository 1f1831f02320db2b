import { globSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { bundleFunctions } from "./bundle-functions.ts";

/**
 * Bundles the package's entry into dist/, with every worker thread's file beside it, and the function app, which
 * serves what GATEWAY_CONFIG names, into dist/functions/.
 */
rmSync("dist", { recursive: true, force: true });

await build({
  entryPoints: ["src/index.ts", ...globSync("src/**/*worker.ts")],
  outdir: "dist",
  // Flat: a worker's file is looked for next to the bundle that starts it.
  entryNames: "[name]",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  packages: "external",
  sourcemap: true,
  logLevel: "info",
});

await bundleFunctions(process.env["GATEWAY_CONFIG"] || "gateway.config.ts", "dist/functions");
