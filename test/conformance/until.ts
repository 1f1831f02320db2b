import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "./json.ts";
import type { Peer } from "./peer.ts";

const terminal = /^TASK_STATE_(?:COMPLETED|FAILED|CANCELED|REJECTED)$/;

/** Polls GetTask until the task is in the state, or ended in another. The test's own timeout bounds it. */
export async function untilState(peer: Peer, id: string, state: string): Promise<Answer> {
  for (;;) {
    const task = await peer.call("GetTask", { id });
    if (task.status.state === state) return task;
    if (terminal.test(task.status.state)) throw new Error(`task ${id} is ${task.status.state}, not ${state}`);
    await wait(20);
  }
}

export function readText(artifact: Answer): string {
  return artifact.parts.map((part: Answer) => part.text).join("");
}
