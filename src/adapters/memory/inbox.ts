import type { Inbox } from "../../ports/inbox.ts";
import type { TaskKey } from "../../ports/task-log.ts";

interface Hint {
  readonly task: TaskKey;
  readonly put: number;
}

/** An inbox in this process's memory, for several engines that share it. */
export function createMemoryInbox(now: () => number = Date.now): Inbox {
  const hints = new Map<string, Hint[]>();
  return {
    async put(holder, task) {
      const others = hints.get(holder)?.filter((hint) => hint.task.taskId !== task.taskId) ?? [];
      hints.set(holder, [...others, { task, put: now() }]);
    },
    async take(holder) {
      const taken = hints.get(holder) ?? [];
      hints.delete(holder);
      return taken.map(({ task }) => task);
    },
    async clear(age) {
      for (const [holder, all] of hints) {
        const kept = all.filter(({ put }) => put + age > now());
        if (kept.length === 0) {
          hints.delete(holder);
        } else {
          hints.set(holder, kept);
        }
      }
    },
  };
}
