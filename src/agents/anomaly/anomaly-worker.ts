import { parentPort, workerData } from "node:worker_threads";
import type { Json } from "../../ports/agent.ts";
import { analyze } from "./analyze.ts";
import type { Analysis, AnalysisInput } from "./analyze.ts";
import type { Keep } from "./detect.ts";
import { InputError } from "./series.ts";

export interface WorkerInput {
  readonly input: AnalysisInput;
  /** What the first of `STAGES` gave before; null for what was too large to keep. */
  readonly kept: readonly Json[];
}

/** What the thread says to the one that started it. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly fraction: number; readonly stage: string }
  /** The next of `STAGES` that was not kept before. */
  | { readonly kind: "stage"; readonly value: Json }
  | { readonly kind: "result"; readonly analysis: Analysis }
  | { readonly kind: "refused"; readonly message: string };

/** Characters of JSON: what is more would rather be computed again than stored. */
const MAX_KEPT = 256 * 1024;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origin
const say = (message: WorkerMessage) => parentPort?.postMessage(message);

const { input, kept } = workerData as WorkerInput;

try {
  const analysis = analyze(input, (fraction, stage) => say({ kind: "progress", fraction, stage }), createKeep());
  say({ kind: "result", analysis });
} catch (error) {
  // Anything else ends the thread and reaches the starter as its error.
  if (!(error instanceof InputError)) throw error;
  say({ kind: "refused", message: error.message });
}

function createKeep(): Keep {
  const before = [...kept];
  return <T>(compute: () => T): T => {
    const isKept = before.length > 0;
    const earlier = before.shift() ?? null;
    if (earlier !== null) return earlier as T;
    const value = compute();
    if (!isKept) say({ kind: "stage", value: JSON.stringify(value).length > MAX_KEPT ? null : (value as Json) });
    return value;
  };
}
