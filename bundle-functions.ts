import { globSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { BuildOptions, Metafile } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));

/**
 * Bundles the function app into `outdir`, with everything that it needs: `main.cjs`, and the files of worker threads.
 * `gatewayConfig` is the module that says what the gateway serves. CommonJS starts fastest in the Functions worker.
 */
export async function bundleFunctions(
  gatewayConfig: string,
  outdir: string,
  entry = "src/hosts/functions/main.ts",
): Promise<Metafile> {
  const shared: BuildOptions = {
    absWorkingDir: root,
    outdir,
    entryNames: "[name]",
    bundle: true,
    platform: "node",
    target: "node22",
    sourcemap: true,
    logLevel: "warning",
  };
  const [{ metafile }] = await Promise.all([
    build({
      ...shared,
      entryPoints: { main: entry },
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      // Built into the worker.
      external: ["@azure/functions-core"],
      alias: { "#gateway-config": resolve(gatewayConfig), "a2a-azure-gateway": resolve(root, "src/index.ts") },
      // CommonJS has no import.meta, which some packages read when they are loaded.
      define: { "import.meta.url": "bundleUrl" },
      banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
      // Without names of their own, stacks in the log would tell nothing.
      minifyWhitespace: true,
      minifySyntax: true,
      metafile: true,
    }),
    build({ ...shared, entryPoints: globSync("src/**/*worker.ts", { cwd: root }), format: "esm" }),
  ]);
  return metafile;
}
