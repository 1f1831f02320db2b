import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromWorker, RegisteredFunction, ToWorker } from "./worker.ts";

/** A worker as its host sees it. */
export interface WorkerProcess {
  readonly httpUri: URL;
  readonly functions: readonly RegisteredFunction[];
  /** Ms that loading the bundle and starting the app took. */
  readonly loading: number;
  readonly pid: number;
  /** What it has printed. */
  readonly output: string;
  /** Ids of the invocations that have not ended. */
  readonly open: ReadonlySet<string>;
  /** `ended` rejects when the invocation fails, also because the worker has died. */
  invoke(functionName: string, data: object, metadata?: Record<string, object>): { id: string; ended: Promise<void> };
  /** Bytes, after a garbage collection. */
  memory(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
  /** Tells it to end in order, as the host does when it is scaled in. */
  terminate(): Promise<number | null>;
  kill(): Promise<void>;
}

export async function startWorker(bundle: string, env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), [bundle], {
    env: { PATH: process.env["PATH"], ...env },
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const open = new Map<string, PromiseWithResolvers<void>>();
  const gone = once(child, "exit").then(() => {
    for (const { reject } of open.values()) reject(new Error("the worker has ended"));
    open.clear();
  });
  const ready = new Promise<FromWorker & { kind: "ready" }>((resolve, reject) => {
    child.on("message", (message: FromWorker) => {
      if (message.kind === "ready") {
        resolve(message);
      } else if (message.kind === "ended") {
        const waiting = open.get(message.id);
        open.delete(message.id);
        if (message.error === undefined) waiting?.resolve();
        else waiting?.reject(new Error(message.error));
      }
    });
    void gone.then(() => reject(new Error(`the worker did not start:\n${output}`)));
  });
  const { httpUri, functions, loading } = await ready;
  const tell = (message: ToWorker): void => void (child.connected && child.send(message));

  return {
    httpUri: new URL(httpUri),
    functions,
    loading,
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    get open() {
      return new Set(open.keys());
    },
    invoke(functionName, data, triggerMetadata = {}) {
      const id = randomUUID();
      const ended = Promise.withResolvers<void>();
      ended.promise.catch(() => {});
      open.set(id, ended);
      if (!child.connected) ended.reject(new Error("the worker has ended"));
      tell({ kind: "invoke", request: { id, functionName, data, triggerMetadata } });
      return { id, ended: ended.promise };
    },
    async memory() {
      const answer = new Promise<FromWorker & { kind: "memory" }>((resolve) => {
        const onMessage = (message: FromWorker): void => {
          if (message.kind === "memory") {
            child.off("message", onMessage);
            resolve(message);
          }
        };
        child.on("message", onMessage);
      });
      tell({ kind: "memory" });
      return answer;
    },
    async terminate() {
      tell({ kind: "terminate" });
      await gone;
      return child.exitCode;
    },
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
