import type { Json, Turn } from "../../ports/agent.ts";
import { READING } from "./analyze.ts";
import type { Analysis, AnalysisInput, OnProgress } from "./analyze.ts";
import { STAGES } from "./detect.ts";
import { runInThread } from "./run-in-thread.ts";

/** Analyzes a turn's input and tells how far it is. A long one in steps, so that another attempt goes on where one fell. */
export async function analyzeTurn(turn: Turn, input: AnalysisInput): Promise<Analysis> {
  const progress = createProgress(turn);
  if (!isLong(input)) {
    const analysis = await runInThread(input, turn.signal, { onProgress: progress.tell });
    await progress.told();
    return analysis;
  }
  // Before the first step: what is told within one is seen when it has ended.
  progress.tell(0, READING);
  await progress.told();
  const analysis = await analyzeInSteps(turn, input, progress.tell);
  await progress.told();
  return analysis;
}

/** Below it an analysis takes less than a second, and storing what it has found costs more than it saves. */
const LONG_BYTES = 2 * 1024 * 1024;
const LONG_ROWS = 50_000;

function isLong(input: AnalysisInput): boolean {
  return "csv" in input ? input.csv.length > LONG_BYTES : Array.isArray(input.rows) && input.rows.length > LONG_ROWS;
}

/** A step a stage: what it has found is there for every later attempt, which computes the others. */
async function analyzeInSteps(turn: Turn, input: AnalysisInput, onProgress: OnProgress): Promise<Analysis> {
  const kept: Json[] = [];
  const found = STAGES.map(() => Promise.withResolvers<Json>());
  let running: Promise<Analysis> | undefined;
  const run = (): Promise<Analysis> => {
    if (!running) {
      let next = kept.length;
      const onStage = (value: Json): void => found[next++]?.resolve(value);
      running = runInThread(input, turn.signal, { onProgress, kept: [...kept], onStage });
      // Awaited by each step and at the end; it may fail between two of them.
      running.catch(() => {});
    }
    return running;
  };
  for (const [at, stage] of STAGES.entries()) {
    const value = found[at]?.promise ?? Promise.resolve(null);
    kept.push(await turn.step(stage, () => Promise.race([value, run().then(() => value)])));
  }
  return run();
}

/** Progress is told when it grew by this share: every message is a row in the task's log. */
const PROGRESS_STEP = 0.2;

function createProgress(turn: Turn): { readonly tell: OnProgress; told(): Promise<void> } {
  let last = -1;
  let telling = Promise.resolve();
  return {
    tell(fraction, stage) {
      if (fraction < last + PROGRESS_STEP) return;
      last = fraction;
      telling = telling.then(() => turn.working(`${Math.round(fraction * 100)} %: ${stage}`));
      // Awaited by `told`; until then a refusal must not count as unhandled.
      telling.catch(() => {});
    },
    told: () => telling,
  };
}
