import { parentPort, workerData } from "node:worker_threads";
import { analyze } from "./analyze.ts";
import type { Analysis, AnalysisInput } from "./analyze.ts";
import { InputError } from "./series.ts";

/** What the thread says to the one that started it. */
export type WorkerMessage =
  | { readonly kind: "progress"; readonly fraction: number; readonly stage: string }
  | { readonly kind: "result"; readonly analysis: Analysis }
  | { readonly kind: "refused"; readonly message: string };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origin
const say = (message: WorkerMessage) => parentPort?.postMessage(message);

try {
  const analysis = analyze(workerData as AnalysisInput, (fraction, stage) =>
    say({ kind: "progress", fraction, stage }),
  );
  say({ kind: "result", analysis });
} catch (error) {
  // Anything else ends the thread and reaches the starter as its error.
  if (!(error instanceof InputError)) throw error;
  say({ kind: "refused", message: error.message });
}
