import type { Json, Turn } from "../../ports/agent.ts";
import { READING } from "./analyze.ts";
import type { Analysis, AnalysisInput, OnProgress } from "./analyze.ts";
import { STAGES } from "./detect.ts";
import { runInThread } from "./run-in-thread.ts";

/** Analyzes a turn's input and reports progress. A long analysis has steps, so that a resumed attempt continues after them. */
export async function analyzeTurn(turn: Turn, input: AnalysisInput): Promise<Analysis> {
  const progress = createProgress(turn);
  if (!isLong(input)) {
    const analysis = await runInThread(input, turn.signal, { onProgress: progress.tell });
    await progress.told();
    return analysis;
  }
  // Before the first step: clients see what a step emits when the step has ended.
  progress.tell(0, READING);
  await progress.told();
  const analysis = await analyzeInSteps(turn, input, progress.tell);
  await progress.told();
  return analysis;
}

/** Below it an analysis takes less than a second, and storing intermediate results costs more than it saves. */
const LONG_BYTES = 2 * 1024 * 1024;
const LONG_ROWS = 50_000;

function isLong(input: AnalysisInput): boolean {
  return "csv" in input ? input.csv.length > LONG_BYTES : Array.isArray(input.rows) && input.rows.length > LONG_ROWS;
}

/** One step per stage: a later attempt has its result and computes the remaining stages. */
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

/** Progress is reported when it increased by this share, because every message is a row in the task's log. */
const PROGRESS_STEP = 0.2;

function createProgress(turn: Turn): { readonly tell: OnProgress; told(): Promise<void> } {
  let last = -1;
  let telling = Promise.resolve();
  return {
    tell(fraction, stage) {
      if (fraction < last + PROGRESS_STEP) return;
      last = fraction;
      telling = telling.then(() => turn.working(`${Math.round(fraction * 100)} %: ${stage}`));
      // Awaited by `told`; until then a rejection must not be reported as unhandled.
      telling.catch(() => {});
    },
    told: () => telling,
  };
}
