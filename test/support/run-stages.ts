import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/**
 * Runs the steps in its arguments (without arguments all of them), stage by stage. A tool is one result, vitest one
 * result per test; the last line is `N passed, N failed`.
 *
 * Exceeding a stage's budget fails in CI only: other machines may be slow or busy.
 */
interface Stage {
  readonly name: string;
  readonly budgetSeconds: number;
  readonly steps: readonly Step[];
}

/** A command line, or the vitest project of the step's name. */
type Step = { readonly name: string; readonly command?: string };

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const stages: readonly Stage[] = [
  {
    name: "fast",
    budgetSeconds: 45,
    steps: [
      { name: "format", command: "oxfmt --check ." },
      { name: "lint", command: "oxlint" },
      { name: "types", command: "tsc" },
      { name: "unit" },
    ],
  },
  {
    name: "structure",
    budgetSeconds: 30,
    steps: [{ name: "dead-code", command: "knip" }, { name: "architecture" }],
  },
  { name: "contract", budgetSeconds: 75, steps: [{ name: "contract" }] },
  { name: "hosts", budgetSeconds: 300, steps: [{ name: "hosts" }] },
  { name: "conformance", budgetSeconds: 150, steps: [{ name: "conformance" }] },
  { name: "security", budgetSeconds: 90, steps: [{ name: "security" }] },
  { name: "simulation", budgetSeconds: 90, steps: [{ name: "simulation" }] },
  { name: "chaos", budgetSeconds: 90, steps: [{ name: "chaos" }] },
];
/** Steps that measure the time of real processes, so no other step may run meanwhile. The other steps mostly wait. */
const TIMED = new Set(["hosts", "chaos"]);
const installBudgetSeconds = 90;
const isBudgetEnforced = process.env["CI"] !== undefined;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // The time of `npm ci`. It replaces the Node that runs this file, so only the caller can measure it.
  options: { "install-seconds": { type: "string" } },
});
const known = stages.flatMap((stage) => stage.steps.map((step) => step.name));
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(", ")}. Steps: ${known.join(", ")}.`);
  process.exit(2);
}

const report: string[] = [];
let passed = 0;
let failed = 0;

if (values["install-seconds"] !== undefined) {
  closeStage("install", Number(values["install-seconds"]), installBudgetSeconds);
}
for (const stage of stages) {
  const steps = stage.steps.filter((step) => positionals.length === 0 || positionals.includes(step.name));
  if (steps.length === 0) continue;
  const start = performance.now();
  for (const step of steps) {
    console.log(`\n> ${step.name}`);
    const count = step.command === undefined ? runTests(step.name) : runTool(step.command);
    passed += count.passed;
    failed += count.failed;
    if (count.failed > 0) report.push(`${step.name}: ${count.failed} failed`);
  }
  closeStage(stage.name, (performance.now() - start) / 1000, stage.budgetSeconds);
}

console.log(`\n${report.join("\n")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function closeStage(name: string, seconds: number, budgetSeconds: number): void {
  const isOver = seconds > budgetSeconds;
  report.push(`${name}: ${seconds.toFixed(1)} s of ${budgetSeconds} s${isOver ? ", over its budget" : ""}`);
  if (isOver && isBudgetEnforced) failed += 1;
}

function runTool(command: string): Count {
  return run(command) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runTests(project: string): Count {
  const folder = mkdtempSync(join(tmpdir(), "a2a-stage-"));
  const results = join(folder, "results.json");
  const isGreen = run(
    `vitest run --project ${project} --maxWorkers=${TIMED.has(project) ? 1 : 2} --reporter=default --reporter=json --outputFile.json="${results}"`,
  );
  const count = readCount(results);
  rmSync(folder, { recursive: true });
  // A file that cannot be loaded, or an error outside every test, fails the run without failing a test.
  return isGreen || count.failed > 0 ? count : { ...count, failed: 1 };
}

function readCount(results: string): Count {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** npm puts node_modules/.bin on the PATH; a shell finds `.cmd` files there on Windows. */
function run(command: string): boolean {
  return spawnSync(command, { shell: true, stdio: "inherit" }).status === 0;
}
