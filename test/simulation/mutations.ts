import type { DeliveryRules } from "../../src/push/delivery-rules.ts";
import type { DurableEngine } from "../../src/tasks/engine.ts";
import { rules } from "../../src/tasks/log/rules.ts";
import type { Decision, Rules } from "../../src/tasks/log/rules.ts";
import { SNAPSHOT } from "../../src/tasks/log/rows.ts";
import type { LogWrite, TaskKey, TaskLog } from "../../src/ports/task-log.ts";
import type { Stores } from "./world.ts";

/** One rule broken on purpose: the checker has to see it. */
export interface Mutation {
  /** The invariants (docs/simulation.md) that the checker may report for it. */
  readonly breaks: readonly string[];
  readonly what: string;
  readonly rules?: Partial<Rules>;
  readonly deliveryRules?: Partial<DeliveryRules>;
  readonly stores?: (stores: Stores) => Stores;
  /** An instance's engine, given how one is made. */
  readonly engine?: (create: () => DurableEngine) => DurableEngine;
}

export const mutations: Readonly<Record<string, Mutation>> = {
  "generation-gap": {
    breaks: ["I1", "I4"],
    what: "a holder's events skip a generation",
    rules: {
      append: (head, responses, by) =>
        rules.append(responses.length > 0 ? { ...head, generation: head.generation + 1 } : head, responses, by),
    },
  },
  "no-fencing": {
    breaks: ["I1", "I2", "I4", "I5", "I12"],
    what: "the head is replaced whatever its etag, and epochs are not compared",
    rules: { append: (head, responses, by) => rules.append({ ...head, nonce: by.nonce }, responses, by) },
    stores: withLog((log) => ({
      append: async (task, head, writes, etag) =>
        log.append(task, head, writes.map(toPut), (await log.readHead(task))?.etag ?? etag),
    })),
  },
  "ended-tasks-run-again": {
    breaks: ["I2"],
    what: "a work message runs a turn that has ended",
    rules: { take: (head, taskId, turn, onCrash, by) => rules.take({ ...head, state: 2 }, taskId, turn, onCrash, by) },
  },
  "no-open-row": {
    breaks: ["I15", "I3"],
    what: "a new task gets no open row",
    stores: (stores) => withIndex(stores, { putOpen: () => Promise.resolve() }),
  },
  "no-done-row": {
    breaks: ["I15"],
    what: "an ended task loses its open row and gets no done row",
    stores: (stores) => withIndex(stores, { putDone: () => Promise.resolve() }),
  },
  "readers-delete-rows": {
    breaks: ["I15", "I3"],
    what: "a list deletes the open rows that it read",
    stores: (stores) =>
      withIndex(stores, {
        listOpen: async (scope, agent) => {
          const rows = await stores.index.listOpen(scope, agent);
          await Promise.all(rows.map((row) => stores.index.deleteOpen(row)));
          return rows;
        },
      }),
  },
  "acknowledged-before-commit": {
    breaks: ["I1", "I3", "I4", "I12"],
    what: "some appends are reported as committed and dropped",
    stores: withLog((log) => {
      let count = 0;
      return {
        append: (task, head, writes, etag) => {
          count += 1;
          return count % 5 === 0 ? Promise.resolve(etag) : log.append(task, head, writes, etag);
        },
      };
    }),
  },
  "stale-reads": {
    breaks: ["I11"],
    what: "a read returns the task as of the previous read",
    stores: withLog((log) => {
      const before = new Map<string, Awaited<ReturnType<TaskLog["readTask"]>>>();
      return {
        readTask: async (task) => {
          const now = await log.readTask(task);
          const old = before.get(task.taskId) ?? now;
          before.set(task.taskId, now);
          return old;
        },
      };
    }),
  },
  "snapshot-loses-artifacts": {
    breaks: ["I12", "I4"],
    what: "snapshots are stored without artifacts",
    stores: withLog((log) => ({
      append: (task, head, writes, etag) => log.append(task, head, writes.map(withoutArtifacts), etag),
    })),
  },
  "cancel-without-fence": {
    breaks: ["I2", "I14"],
    what: "canceling past the deadline does not begin an epoch, so the holder continues",
    rules: {
      endCanceled: keepEpoch,
      flagCancel: (head, taskId, by) => (head.lease ? keepEpoch(head, taskId, by) : rules.flagCancel(head, taskId, by)),
    },
  },
  "steps-forgotten": {
    breaks: ["I13"],
    what: "a resumed turn does not find its step results",
    stores: withLog((log) => ({
      readRange: async (task, from, to) => (from.startsWith("k-") ? [] : log.readRange(task, from, to)),
    })),
  },
  "steps-apart-from-events": {
    breaks: ["I13", "I12"],
    what: "a step's result is dropped if events are committed with it",
    stores: withLog((log) => ({
      append: (task, head, writes, etag) =>
        log.append(task, head, writes.some(({ op }) => op === "insert") ? writes.filter(isNoStep) : writes, etag),
    })),
  },
  "pages-overlap": {
    breaks: ["I9"],
    what: "a page begins with the last task of the previous page",
    stores: (stores) =>
      withIndex(stores, {
        listDone: (scope, agent, filter, after, limit) =>
          stores.index.listDone(scope, agent, filter, after && { ...after, statusTime: after.statusTime + 1 }, limit),
      }),
  },
  "keys-forgotten": {
    breaks: ["I6", "answers"],
    what: "the row of an accepted key is not found",
    stores: withLog((log) => ({
      readRow: async (task, key) => (key.startsWith("m-") ? undefined : log.readRow(task, key)),
    })),
  },
  "no-sweep": {
    breaks: ["I8", "I3"],
    what: "no open row ever comes due",
    stores: (stores) => withIndex(stores, { listDue: () => Promise.resolve([]) }),
  },
  "scopes-ignored": {
    breaks: ["I10"],
    what: "a task is found by its id alone",
    stores: withLog((log) => {
      const scopes = new Map<string, string>();
      const owned = ({ scope, taskId }: TaskKey): TaskKey => ({ scope: scopes.get(taskId) ?? scope, taskId });
      return {
        create: (task, head, writes) => {
          scopes.set(task.taskId, task.scope);
          return log.create(task, head, writes);
        },
        readTask: (task) => log.readTask(owned(task)),
        readRange: (task, from, to) => log.readRange(owned(task), from, to),
      };
    }),
  },
  "cursor-before-post": {
    breaks: ["I7"],
    what: "the cursor moves although the webhook did not answer",
    deliveryRules: {
      afterPost: (config, generation) => ({ ...config, cursor: generation, failures: 0, nextAt: 0 }),
    },
  },
  "deleted-configs-stay": {
    breaks: ["I17"],
    what: "the deletion of a config is acknowledged, and its row stays",
    stores: withLog(() => ({ deleteRow: () => Promise.resolve() })),
  },
  "payloads-kept": {
    breaks: ["I16"],
    what: "large content is not deleted with its task",
    stores: (stores) => ({ ...stores, payloads: { ...stores.payloads, deleteAll: () => Promise.resolve() } }),
  },
  "unlisted-tasks-kept": {
    breaks: ["I16"],
    what: "tasks that are in no list are not scanned for",
    stores: withLog(() => ({ listTasks: () => Promise.resolve({ tasks: [], next: undefined }) })),
  },
  "crashes-end-turns": {
    breaks: ["I18"],
    what: "a turn is given up after one crash of its instance, whatever else ran there",
    rules: {
      take: (head, taskId, turn, onCrash, by) =>
        rules.take(
          head.lease ? { ...head, attempts: head.attempts + 2, lease: { ...head.lease, aloneUntil: 1 } } : head,
          taskId,
          turn,
          onCrash,
          by,
        ),
    },
  },
  "list-never-answers": {
    breaks: ["I19"],
    what: "after some sweeps the list of due rows gets no answer",
    stores: (stores) => {
      let count = 0;
      return withIndex(stores, {
        listDue: (now, limit) => {
          count += 1;
          return count > 15 ? new Promise(() => {}) : stores.index.listDue(now, limit);
        },
      });
    },
  },
  "claims-do-not-move": {
    breaks: ["I20"],
    what: "a claimed row stays due, so that every sweep of every instance offers its turn",
    stores: (stores) => withIndex(stores, { claimOpen: () => Promise.resolve(true) }),
  },
  "readers-share-nothing": {
    breaks: ["I21"],
    what: "every stream follows and reads its task by itself",
    engine: (create) => {
      const subscribe: DurableEngine["subscribe"] = (call, request) => create().subscribe(call, request);
      return Object.assign(Object.create(create()) as DurableEngine, { subscribe });
    },
  },
  "cancel-is-forgotten": {
    breaks: ["I14", "answers"],
    what: "a flagged task is taken over and run again, and not ended past the deadline",
    rules: {
      take: (head, taskId, turn, onCrash, by) => {
        return rules.take({ ...head, cancel: undefined }, taskId, turn, onCrash, by);
      },
      flagCancel: (head, taskId, by) =>
        head.cancel ? { refused: { code: "idle" } } : rules.flagCancel(head, taskId, by),
    },
  },
};

function keepEpoch(
  head: Parameters<Rules["endCanceled"]>[0],
  taskId: string,
  by: Parameters<Rules["endCanceled"]>[2],
): Decision {
  const decision = rules.endCanceled(head, taskId, by);
  if ("refused" in decision) {
    return decision;
  }
  const { epoch, nonce, seq } = head;
  const events = decision.change.events.map((event) => ({ ...event, epoch }));
  return { change: { head: { ...decision.change.head, epoch, nonce, seq }, events } };
}

function withLog(change: (log: TaskLog) => Partial<TaskLog>): (stores: Stores) => Stores {
  return (stores) => ({ ...stores, log: { ...stores.log, ...change(stores.log) } });
}

function withIndex(stores: Stores, change: Partial<Stores["index"]>): Stores {
  return { ...stores, index: { ...stores.index, ...change } };
}

function isNoStep(write: LogWrite): boolean {
  return write.op === "delete" || !write.row.key.startsWith("k-0");
}

function toPut(write: LogWrite): LogWrite {
  return write.op === "insert" ? { op: "put", row: write.row } : write;
}

function withoutArtifacts(write: LogWrite): LogWrite {
  if (write.op === "delete" || write.row.key !== SNAPSHOT) {
    return write;
  }
  const json = JSON.parse(write.row.body);
  delete json.task.artifacts;
  return { ...write, row: { ...write.row, body: JSON.stringify(json) } };
}
