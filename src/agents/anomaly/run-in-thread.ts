import { Worker } from "node:worker_threads";
import type { Json } from "../../ports/agent.ts";
import type { Analysis, AnalysisInput, OnProgress } from "./analyze.ts";
import type { WorkerInput, WorkerMessage } from "./anomaly-worker.ts";
import { createGate } from "./gate.ts";
import { InputError } from "./series.ts";

/** Beyond these, runs wait: more threads than cores only slow each other and the event loop down. */
const gate = createGate(2);

/** What an analysis takes and tells besides its input. */
export interface ThreadOptions {
  readonly onProgress: OnProgress;
  /** What the first stages gave in an earlier analysis of the same input. */
  readonly kept?: readonly Json[];
  /** Told what each further stage gives, null for what is too large to keep. */
  readonly onStage?: (value: Json) => void;
}

/**
 * Runs {@link analyze} in a thread of its own, so that the event loop stays free. The thread ends with the run.
 * The input is copied, so its bytes stay the caller's.
 * @throws InputError for bad input; the signal's reason once aborted; Error when the thread dies
 */
export async function runInThread(
  input: AnalysisInput,
  signal: AbortSignal,
  options: ThreadOptions,
): Promise<Analysis> {
  const leave = await gate.enter(signal);
  try {
    return await start(input, signal, options);
  } finally {
    leave();
  }
}

/** From source the thread runs the source; in a bundle, the file bundled beside it. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./anomaly-worker.ts" : "./anomaly-worker.js",
  import.meta.url,
);

async function start(
  input: AnalysisInput,
  signal: AbortSignal,
  { onProgress, kept = [], onStage }: ThreadOptions,
): Promise<Analysis> {
  signal.throwIfAborted();
  const worker = new Worker(WORKER, {
    ...toOwn(input, kept),
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Analysis>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  worker.on("message", (message: WorkerMessage) => {
    switch (message.kind) {
      case "progress":
        return onProgress(message.fraction, message.stage);
      case "stage":
        return onStage?.(message.value);
      case "result":
        return resolve(message.analysis);
      case "refused":
        return reject(new InputError(message.message));
    }
  });
  worker.on("error", (error) => reject(new Error("The analysis failed", { cause: error })));
  worker.on("messageerror", (error) => reject(new Error("The analysis sent an unreadable result", { cause: error })));
  worker.on("exit", (code) => reject(new Error(`The analysis ended early with exit code ${code}`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}

/** Cloning a view would clone all of the buffer under it, which for a Buffer may hold much else: copy, then move. */
function toOwn(input: AnalysisInput, kept: readonly Json[]): { workerData: WorkerInput; transferList: ArrayBuffer[] } {
  if (!("csv" in input) || typeof input.csv === "string") return { workerData: { input, kept }, transferList: [] };
  const csv = new Uint8Array(input.csv);
  return { workerData: { input: { ...input, csv }, kept }, transferList: [csv.buffer] };
}
