import { TaskState } from "@a2a-js/sdk";

/** Whether no event can follow (specification 4.1.3). */
export function isTerminal(state: TaskState): boolean {
  return (
    state === TaskState.TASK_STATE_COMPLETED ||
    state === TaskState.TASK_STATE_FAILED ||
    state === TaskState.TASK_STATE_CANCELED ||
    state === TaskState.TASK_STATE_REJECTED
  );
}

/** Whether the turn has ended and the task waits for its caller. */
export function isInterrupted(state: TaskState): boolean {
  return state === TaskState.TASK_STATE_INPUT_REQUIRED || state === TaskState.TASK_STATE_AUTH_REQUIRED;
}

export function endsTurn(state: TaskState): boolean {
  return isTerminal(state) || isInterrupted(state);
}
