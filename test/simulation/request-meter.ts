import type { WorkMessage } from "../../src/ports/work-queue.ts";
import type { Endpoint } from "./fault-injection.ts";
import type { Scheduler, SimProcess } from "./scheduler.ts";

/** Counts the requests of every process: what a task costs, what a reader costs, and when a loop last ran. */
export interface Meter {
  count(process: SimProcess, endpoint: Endpoint, operation: string, key: unknown): void;
  /** A call was answered. */
  answer(process: SimProcess, operation: string, result: unknown): void;
  /** When this process last got an answer to this operation, in virtual ms. */
  lastAnswer(process: SimProcess, operation: string): number;
  /** Rows of tasks that this process has read so far. */
  rowsRead(process: SimProcess): number;
  /** All requests so far. */
  readonly requests: number;
  /** The most that one task cost within a window. */
  readonly peaks: readonly Peak[];
}

interface Peak {
  readonly taskId: string;
  readonly endpoint: Endpoint;
  readonly requests: number;
  /** Virtual ms at which the window began. */
  readonly at: number;
}

/** Requests are counted within windows of this many ms. */
export const WINDOW = 10_000;

export function createMeter(scheduler: Scheduler): Meter {
  const answered = new Map<string, number>();
  const rows = new Map<SimProcess, number>();
  const windows = new Map<string, number>();
  const peaks = new Map<string, Peak>();
  let requests = 0;

  return {
    count(_process, endpoint, _operation, key) {
      requests += 1;
      const taskId = toTaskId(key);
      // The deliveries of a webhook are as many as its events.
      const isDelivery = endpoint === "queue" && (key as WorkMessage).kind === "push";
      if (taskId === undefined || isDelivery) {
        return;
      }
      const window = Math.floor(scheduler.now / WINDOW);
      const name = `${endpoint} ${taskId}`;
      const sum = (windows.get(`${window} ${name}`) ?? 0) + 1;
      windows.set(`${window} ${name}`, sum);
      if (sum > (peaks.get(name)?.requests ?? 0)) {
        peaks.set(name, { taskId, endpoint, requests: sum, at: window * WINDOW });
      }
    },
    answer(process, operation, result) {
      answered.set(`${process.name} ${operation}`, scheduler.now);
      if (operation === "readRange" && Array.isArray(result)) {
        rows.set(process, (rows.get(process) ?? 0) + result.length);
      }
    },
    lastAnswer: (process, operation) => answered.get(`${process.name} ${operation}`) ?? 0,
    rowsRead: (process) => rows.get(process) ?? 0,
    get requests() {
      return requests;
    },
    get peaks() {
      return [...peaks.values()];
    },
  };
}

function toTaskId(key: unknown): string | undefined {
  return typeof key === "object" && key !== null && "taskId" in key && typeof key.taskId === "string"
    ? key.taskId
    : undefined;
}
