import { TaskState } from "@a2a-js/sdk";
import type { Artifact, Part, Task, TaskArtifactUpdateEvent, TaskStatus } from "@a2a-js/sdk";
import type { AgentExecutionEvent } from "@a2a-js/sdk/server";
import { AgentFailure } from "../ports/agent.ts";
import type { ArtifactWriter, Turn } from "../ports/agent.ts";

/** Converts the events that an executor publishes into calls of its turn. */
export interface ExecutorEvents {
  readonly handle: (event: AgentExecutionEvent) => void;
  /** Resolves when everything published is in the log. @throws the error of a refused event, or if no event ended the turn. */
  settled(): Promise<void>;
}

export function createExecutorEvents(turn: Turn): ExecutorEvents {
  const writers = new Map<string, ArtifactWriter>();
  const seen = new Map<string, string>();
  const commits: Promise<unknown>[] = [];
  let failure: AgentFailure | undefined;
  let hasEnded = false;

  return {
    handle(event) {
      switch (event.kind) {
        case "message":
          hasEnded = true;
          commits.push(turn.reply(event.data.parts));
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
      await Promise.all(commits);
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
    commits.push(lastChunk ? writer.close(parts) : writer.append(parts));
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
        commits.push(turn.working(parts));
        return;
      case TaskState.TASK_STATE_INPUT_REQUIRED:
        commits.push(turn.ask(parts));
        return;
      case TaskState.TASK_STATE_AUTH_REQUIRED:
        commits.push(turn.requireAuth(parts));
        return;
      case TaskState.TASK_STATE_COMPLETED:
        commits.push(turn.complete(parts));
        return;
      case TaskState.TASK_STATE_REJECTED:
        commits.push(turn.reject(parts));
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
