import { globSync, rmSync } from "node:fs";
import { build } from "esbuild";

/** Bundles the package's entry into dist/, and every worker thread's file beside it. */
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
