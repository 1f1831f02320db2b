import type { TaskPage } from "../ports/task-log.ts";
import type { TurnMessage } from "../ports/work-queue.ts";
import { cancelTask } from "./calls/cancel.ts";
import { findHead, findTask, keyOf, toAnswer } from "./calls/find-task.ts";
import { listTasks } from "./calls/list.ts";
import { createSendMessage } from "./calls/send-message.ts";
import type { EngineParts } from "./engine-parts.ts";
import { takeableAt } from "./log/lease.ts";
import { endsTurn, isTerminal } from "./log/task-state.ts";
import { readStoredHead } from "./log/transact.ts";
import type { Call, TaskAnswer, TaskEngine, TaskEvents } from "./task-engine.ts";
import { invalid, TaskError } from "./task-fault.ts";
import type { RoundControl } from "./rounds.ts";
import { createHeldTurns } from "./turn/held-turns.ts";
import { workOn } from "./turn/take-up.ts";
import { purgeTask } from "./upkeep/purge.ts";
import { createRetention } from "./upkeep/retention.ts";
import { sweep } from "./upkeep/sweep.ts";
import { createSharedSnapshots } from "./watch/shared-snapshots.ts";
import { createTails } from "./watch/tails.ts";
import { createTaskEvents } from "./watch/task-events.ts";

/** The engine with the methods that a host calls: for queue messages, timers and shutdown. */
export interface DurableEngine extends TaskEngine {
  /**
   * Handles a message from the work queue. Resolves when its turn has ended here, or when there was nothing to do.
   * @throws TaskError `busy`, `unavailable`: deliver the message again later
   */
  work(message: TurnMessage): Promise<void>;
  /** Handles open rows that are due. Resolves to their number. */
  sweep(control?: RoundControl): Promise<number>;
  /** Deletes some expired tasks. Resolves to their number. */
  retain(control?: RoundControl): Promise<number>;
  /** Deletes tasks of any age; running ones are canceled first. Resolves to the number of tasks deleted. */
  purge(which: Purged): Promise<number>;
  /** Number of turns that run on this instance. */
  readonly turns: number;
  /** Takes no new turns. Resolves when the running ones have ended, or after `grace` ms. */
  settle(grace: number): Promise<void>;
  /** Hands over running turns to other instances and ends every stream. */
  close(): Promise<void>;
}

/** Selects tasks by scope, by id, or both. Without a scope the tasks of all scopes are searched. */
interface Purged {
  readonly scope?: string;
  readonly taskId?: string;
}

export function createEngine(parts: EngineParts): DurableEngine {
  const tails = createTails(parts);
  const turns = createHeldTurns(parts, tails);
  const snapshots = createSharedSnapshots(parts);
  const retention = createRetention(parts);

  tails.onLook((key, head) => {
    const abandoned = head.lease && takeableAt(head.lease, parts.settings.lease) < parts.clock.now();
    if (abandoned && !endsTurn(head.state)) {
      const message = { kind: "turn" as const, ...key, agent: head.agent, turn: head.turn };
      parts.queue.send(message).catch((error: unknown) => {
        parts.logger.warn("queue.send-failed", { taskId: key.taskId, error: String(error) });
      });
    }
  });

  return {
    ...createSendMessage(parts, turns, tails),
    get: async (call, { id, historyLength }) => toAnswer(await findTask(parts, call, id), historyLength),
    list: (call, request) => listTasks(parts, call, request),
    cancel,
    subscribe,
    work: (message) => workOn(parts, turns, tails, message),
    sweep: (control) => sweep(parts, tails, control),
    retain: (control) => retention.run(control),
    purge,
    get turns() {
      return turns.size;
    },
    settle: (grace) => turns.settle(grace),
    async close() {
      await turns.handOver();
      tails.close();
    },
  };

  async function cancel(call: Call, request: { readonly id: string }): Promise<TaskAnswer> {
    const stored = await findTask(parts, call, request.id);
    await cancelTask(parts, turns, tails, keyOf(call, request.id), stored, call.signal);
    return findTask(parts, call, request.id);
  }

  async function subscribe(call: Call, { id }: { readonly id: string }): Promise<TaskEvents> {
    const { generation, state } = await findHead(parts, call, id);
    const from = call.lastEventId;
    if (from === undefined && isTerminal(state)) {
      const message = `Task ${id} has ended, so there is nothing to subscribe to. Use GetTask.`;
      throw new TaskError({ code: "unsupported", message });
    }
    if (from !== undefined && from > generation) {
      throw invalid("Last-Event-ID", `is ${from}, but the task has only ${generation} events`);
    }
    const key = keyOf(call, id);
    if (from === undefined) {
      const first = await snapshots.read(key, generation);
      if (!first) {
        throw new TaskError({ code: "not-found", taskId: id });
      }
      const { generation: begun, response } = first;
      const watcher = tails.watch(key).startAfter(begun);
      return createTaskEvents(watcher, { generation: begun, response }, begun + 1, () => first.release());
    }
    const watcher = tails.watch(key);
    if (from === generation && isTerminal(state)) {
      await watcher.return();
    }
    return createTaskEvents(watcher.startAfter(from, generation), undefined, generation);
  }

  async function purge({ scope, taskId }: Purged): Promise<number> {
    let removed = 0;
    let after: string | undefined;
    do {
      const page: TaskPage = await parts.log.listTasks(after, scope);
      for (const key of page.tasks.filter((task) => taskId === undefined || task.taskId === taskId)) {
        const version = await readStoredHead(parts, key);
        if (version && !version.head.purging && !isTerminal(version.head.state)) {
          await cancelTask(parts, turns, tails, key, version, new AbortController().signal);
        }
        removed += Number(await purgeTask(parts, key, ({ state }) => isTerminal(state)));
      }
      after = page.next;
    } while (after !== undefined);
    return removed;
  }
}
