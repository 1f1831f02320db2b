import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepLedger } from "../simulation/sim-agents.ts";

/** A ledger that survives the processes that write it: a file for each completed step, and one of violations. */
export function openLedger(folder: string): StepLedger {
  mkdirSync(folder, { recursive: true });
  const fileOf = (name: string): string => join(folder, name.replaceAll("/", "."));
  return {
    isCompleted: (name) => existsSync(fileOf(name)),
    complete: (name) => writeFileSync(fileOf(name), ""),
    report: (violation) => appendFileSync(join(folder, VIOLATIONS), `${violation}\n`),
  };
}

export function readReported(folder: string): string[] {
  const file = join(folder, VIOLATIONS);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

const VIOLATIONS = "violations";
