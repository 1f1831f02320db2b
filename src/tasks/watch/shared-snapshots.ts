import type { StreamResponse } from "@a2a-js/sdk";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { callPatience } from "../log/lease.ts";
import { readTask } from "../log/read-task.ts";
import { retry } from "../retry.ts";

/** A Task as the first event of a subscription. All streams that begin with it share it. */
interface Snapshot {
  readonly generation: number;
  readonly response: StreamResponse;
  /** The stream has sent it, or has ended. */
  release(): void;
}

/** Snapshots of tasks, each read once for all streams that begin with it while one of them still sends it. */
export interface SharedSnapshots {
  /**
   * The task at generation `atLeast` or later, a generation that is known to be in the log. Undefined if the task does not
   * exist. @throws TaskError `unavailable`
   */
  read(key: TaskKey, atLeast: number): Promise<Snapshot | undefined>;
}

interface Shared {
  readonly generation: number;
  readonly response: StreamResponse;
  holders: number;
}

export function createSharedSnapshots(parts: EngineParts): SharedSnapshots {
  const reading = new Map<string, Promise<Shared | undefined>>();
  const shared = new Map<string, Shared>();

  return {
    async read(key, atLeast) {
      const name = `${key.scope}.${key.taskId}`;
      for (;;) {
        const found = shared.get(name);
        if (found && found.generation >= atLeast) {
          return hold(name, found);
        }
        const running = reading.get(name);
        // A read that has begun before may miss the generation.
        const read = await (running ?? readOnce(name, key));
        if (!read || read.generation >= atLeast || !running) {
          return read && hold(name, read);
        }
      }
    },
  };

  function readOnce(name: string, key: TaskKey): Promise<Shared | undefined> {
    const read = readNow(key).finally(() => reading.delete(name));
    reading.set(name, read);
    return read;
  }

  async function readNow(key: TaskKey): Promise<Shared | undefined> {
    const deadline = parts.clock.monotonic() + callPatience(parts.settings.lease);
    const stored = await retry(parts, deadline, () => readTask(parts, key));
    return (
      stored && {
        generation: stored.head.generation,
        response: { payload: { $case: "task", value: stored.task } },
        holders: 0,
      }
    );
  }

  function hold(name: string, one: Shared): Snapshot {
    const { generation, response } = one;
    const current = shared.get(name);
    if (!current || current.generation < generation) {
      shared.set(name, one);
    }
    one.holders += 1;
    let isHeld = true;
    return {
      generation,
      response,
      release() {
        one.holders -= Number(isHeld);
        isHeld = false;
        if (one.holders === 0 && shared.get(name) === one) {
          shared.delete(name);
        }
      },
    };
  }
}
