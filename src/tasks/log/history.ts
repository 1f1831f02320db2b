import type { Task } from "@a2a-js/sdk";

/** The task with at most the `limit` newest messages of its history; all without a limit (specification 3.2.4). */
export function withHistory(task: Task, limit: number | undefined): Task {
  if (limit === undefined || task.history.length <= limit) {
    return task;
  }
  return { ...task, history: limit === 0 ? [] : task.history.slice(-limit) };
}
