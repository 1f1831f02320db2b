import { TaskState } from "@a2a-js/sdk";
import type { Artifact, Part, Task, TaskArtifactUpdateEvent, TaskStatus } from "@a2a-js/sdk";
import type { AgentExecutionEvent } from "@a2a-js/sdk/server";
import { AgentFailure } from "../ports/agent.ts";
import type { ArtifactWriter, Turn } from "../ports/agent.ts";
import { toParts } from "../tasks/turn/content.ts";
import { createExecutorBacklog, weightOfParts } from "./executor-backlog.ts";

/** Converts the events that an executor publishes into calls of its turn. */
export interface ExecutorEvents {
  readonly handle: (event: AgentExecutionEvent) => void;
  /** Resolves when everything published is in the log. @throws the error of a refused event, or if no event ended the turn. */
  settled(): Promise<void>;
}

export function createExecutorEvents(turn: Turn): ExecutorEvents {
  const writers = new Map<string, ArtifactWriter>();
  const seen = new Map<string, string>();
  const backlog = createExecutorBacklog();
  let failure: AgentFailure | undefined;
  let hasEnded = false;

  return {
    handle(event) {
      switch (event.kind) {
        case "message":
          hasEnded = true;
          add(event.data.parts, (parts) => turn.reply(parts), true);
          return;
        case "task":
          diff(event.data);
          return;
        case "statusUpdate":
          apply(event.data.status);
          return;
        case "artifactUpdate":
          extend(event.data);
      }
    },
    async settled() {
      await backlog.settled();
      if (failure) {
        throw failure;
      }
      if (!hasEnded) {
        throw new Error(
          `the executor returned without ending its task, which is ${TaskState[turn.task.status?.state ?? 0]}`,
        );
      }
    },
  };

  /** A published Task is complete: only its differences from the log become events. */
  function diff(task: Task): void {
    for (const artifact of task.artifacts) {
      const known =
        seen.get(artifact.artifactId) ??
        toComparable(turn.task.artifacts.find(({ artifactId }) => artifactId === artifact.artifactId));
      if (known !== toComparable(artifact)) {
        extend({
          taskId: task.id,
          contextId: task.contextId,
          artifact,
          append: false,
          lastChunk: true,
          metadata: undefined,
        });
      }
    }
    const isNews = task.status?.state !== turn.task.status?.state || task.status?.message !== undefined;
    if (isNews && task.status?.state !== TaskState.TASK_STATE_SUBMITTED) {
      apply(task.status);
    }
  }

  function extend({ artifact, append, lastChunk }: TaskArtifactUpdateEvent): void {
    if (!artifact) {
      return;
    }
    const { artifactId, parts, name, description, metadata, extensions } = artifact;
    const open = append ? writers.get(artifactId) : undefined;
    const writer = open ?? turn.artifact(artifactId, { name, description, extensions, ...(metadata && { metadata }) });
    writers.set(artifactId, writer);
    seen.set(artifactId, toComparable(artifact));
    add(parts, (copied) => (lastChunk ? writer.close(copied) : writer.append(copied)));
  }

  /** A copy: the executor may change what it has published. */
  function add(parts: readonly Part[], send: (parts: readonly Part[]) => Promise<unknown>, isEnd = false): void {
    const copied = toParts(parts);
    backlog.add(weightOfParts(copied), () => send(copied), isEnd);
  }

  function apply(status: TaskStatus | undefined): void {
    const parts: Part[] = status?.message?.parts ?? [];
    hasEnded ||=
      status !== undefined &&
      status.state !== TaskState.TASK_STATE_WORKING &&
      status.state !== TaskState.TASK_STATE_SUBMITTED;
    switch (status?.state) {
      case TaskState.TASK_STATE_WORKING:
      case TaskState.TASK_STATE_SUBMITTED:
        add(parts, (copied) => turn.working(copied));
        return;
      case TaskState.TASK_STATE_INPUT_REQUIRED:
        add(parts, (copied) => turn.ask(copied), true);
        return;
      case TaskState.TASK_STATE_AUTH_REQUIRED:
        add(parts, (copied) => turn.requireAuth(copied), true);
        return;
      case TaskState.TASK_STATE_COMPLETED:
        add(parts, (copied) => turn.complete(copied), true);
        return;
      case TaskState.TASK_STATE_REJECTED:
        add(parts, (copied) => turn.reject(copied), true);
        return;
      case TaskState.TASK_STATE_FAILED:
        failure = new AgentFailure(parts);
        return;
      default:
    }
  }
}

function toComparable(artifact: Artifact | undefined): string {
  return artifact ? JSON.stringify([artifact.name, artifact.description, artifact.parts, artifact.metadata]) : "";
}
