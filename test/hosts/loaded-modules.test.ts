import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startHost } from "../support/host-process.ts";

/** What a start loads decides how long it takes. */

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "a2a-loaded-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("a host over memory loads none of Azure's clients", async () => {
  const loaded = await modulesOf("serve.ts", { TASK_STORE: "memory" });

  expect(loaded.filter((url) => url.includes("/src/compose.ts"))).toHaveLength(1);
  expect(loaded.filter((url) => /node_modules\/(@azure|openid-client)\//.test(url))).toEqual([]);
});

it("Azurite's start loads no telemetry client and no database client", async () => {
  const loaded = await modulesOf("start.ts", {});

  expect(loaded.filter((url) => url.endsWith("/azurite.js"))).toHaveLength(1);
  expect(loaded.filter((url) => /node_modules\/(applicationinsights|@opentelemetry|sequelize)\//.test(url))).toEqual(
    [],
  );
});

it.each(["serve.ts", "start.ts"])(
  "%s keeps what was compiled in a folder that only this project's owner writes to",
  async (script) => {
    const loaded = await modulesOf(script, { TASK_STORE: "memory" });

    expect(loaded.at(-1)).toContain(join(root, ".data/compile-cache"));
  },
);

/** URLs of the modules of a host and of the processes that it starts; at the end the folder of its compile cache. */
async function modulesOf(script: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const file = join(folder, "loaded");
  const preload = `
    import { appendFileSync } from "node:fs";
    import { getCompileCacheDir, registerHooks } from "node:module";
    const tell = (line) => appendFileSync(${JSON.stringify(file)}, line + "\\n");
    registerHooks({ load(url, context, next) { tell(url); return next(url, context); } });
    process.on("exit", () => tell(String(getCompileCacheDir())));`;
  const host = await startHost(
    { ...env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` },
    script,
    folder,
  );
  await host.end("SIGTERM");
  return readFileSync(file, "utf8").trim().split("\n");
}
