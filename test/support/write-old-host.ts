import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Writes test/fixtures/host-0.1.0.mjs, the Node host of version 0.1.0 as one file: `node test/support/write-old-host.ts`.
 * Packages that this version still depends on stay imports; hono is bundled, which this version no longer has.
 */
const COMMIT = "d1a38a6";
const BUNDLED = ["hono@4.13.19", "@hono/node-server@2.1.8"];

const root = fileURLToPath(new URL("../../", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "a2a-old-host-"));
run(`git archive ${COMMIT} src package.json | tar -x -C "${folder}"`, root);
run(`npm install --prefix "${join(folder, "bundled")}" --no-audit --no-fund ${BUNDLED.join(" ")}`, folder);
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
await build({
  entryPoints: [join(folder, "src/hosts/node/serve.ts")],
  outfile: join(root, "test/fixtures/host-0.1.0.mjs"),
  absWorkingDir: folder,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifyWhitespace: true,
  legalComments: "inline",
  external: Object.keys(dependencies),
  nodePaths: [join(folder, "bundled/node_modules")],
});
rmSync(folder, { recursive: true });

function run(command: string, cwd: string): void {
  const { status } = spawnSync(command, { shell: true, stdio: "inherit", cwd });
  if (status !== 0) {
    throw new Error(`${command} ended with ${status}`);
  }
}
