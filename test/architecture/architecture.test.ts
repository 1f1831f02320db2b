import { builtinModules } from "node:module";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { toBreach } from "./layers.ts";
import { readSourceFiles } from "./source-files.ts";

const files = readSourceFiles();

describe("the core", () => {
  test("bundles for a neutral platform, without Node.js or Azure", async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: ["src/gateway.ts"],
      bundle: true,
      platform: "neutral",
      format: "esm",
      external: ["node:*", "@azure/*", ...builtinModules],
      metafile: true,
      write: false,
      logLevel: "silent",
    });

    const left = Object.values(metafile.outputs).flatMap((output) => output.imports.map((entry) => entry.path));
    expect(left).toEqual([]);
    expect(outputFiles[0]?.text).toContain("createGateway");
  });
});

describe("imports", () => {
  test("run one way between the layers", () => {
    const breaches = files.flatMap((file) => file.imports.map((imported) => toBreach(file.path, imported)));

    expect(breaches.filter((breach) => breach !== undefined)).toEqual([]);
  });

  test.each([
    ["src/tasks/commit.ts", "src/ports/clock.ts"],
    ["src/agents/anomaly/agent.ts", "src/agents/define-agent.ts"],
    ["src/hosts/node/start.ts", "src/compose.ts"],
  ])("%s may know %s", (from, to) => {
    expect(toBreach(from, to)).toBeUndefined();
  });

  test.each([
    ["src/ports/clock.ts", "src/tasks/commit.ts"],
    ["src/tasks/commit.ts", "src/adapters/memory/task-log.ts"],
    ["src/gateway.ts", "src/compose.ts"],
    ["src/agents/anomaly/agent.ts", "src/agents/contracts/agent.ts"],
    ["src/utils/array.ts", "src/ports/clock.ts"],
  ])("%s may not know %s", (from, to) => {
    expect(toBreach(from, to)).toBeDefined();
  });
});

describe("the environment", () => {
  test("is read by src/config alone", () => {
    const readers = files.filter((file) => /\bprocess\.env\b|\benv\b[^;]*from "node:process"/.test(file.text));

    expect(readers.map((file) => file.path).filter((path) => !path.startsWith("src/config/"))).toEqual([]);
  });
});
