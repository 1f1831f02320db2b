import { TaskState, taskStateToJSON } from "@a2a-js/sdk";
import type { Artifact, Part, StreamResponse, TaskStatus } from "@a2a-js/sdk";

export interface TaskPrinter {
  show(event: StreamResponse): void;
  /** `""` until the first event. */
  readonly taskId: string;
  /** Such as `completed`. */
  readonly state: string;
  /** The task has ended, or waits for another message. */
  readonly isOver: boolean;
  readonly plot: Uint8Array | undefined;
}

/** What the anomaly agent's artifact `anomalies` lists. */
interface Anomaly {
  readonly time: string;
  readonly value: number;
  readonly expected: { readonly lower: number; readonly upper: number };
  readonly score: number;
  readonly reason: string;
}

/** Writes the events of one task as lines for a person. */
export function createTaskPrinter(write: (text: string) => void): TaskPrinter {
  let taskId = "";
  let state = TaskState.TASK_STATE_UNSPECIFIED;
  let plot: Uint8Array | undefined;
  return {
    show({ payload }) {
      switch (payload?.$case) {
        case "task":
          taskId = payload.value.id;
          write(`Task ${taskId}\n`);
          showStatus(payload.value.status);
          for (const artifact of payload.value.artifacts) showArtifact(artifact, true);
          break;
        case "statusUpdate":
          showStatus(payload.value.status);
          break;
        case "artifactUpdate":
          showArtifact(payload.value.artifact, payload.value.lastChunk);
          break;
        default:
      }
    },
    get taskId() {
      return taskId;
    },
    get state() {
      return taskStateToJSON(state).replace("TASK_STATE_", "").toLowerCase();
    },
    get isOver() {
      return !RUNNING.has(state);
    },
    get plot() {
      return plot;
    },
  };

  function showStatus(status: TaskStatus | undefined): void {
    state = status?.state ?? state;
    // The message of a completed task only refers to the artifacts, which are shown already.
    if (state === TaskState.TASK_STATE_COMPLETED) return;
    for (const { content } of status?.message?.parts ?? []) {
      if (content?.$case === "text") write(`  ${content.value}\n`);
    }
  }

  function showArtifact(artifact: Artifact | undefined, isLast: boolean): void {
    for (const part of artifact?.parts ?? []) showPart(part);
    if (isLast && artifact?.parts.some(({ content }) => content?.$case === "text")) write("\n");
  }

  function showPart({ content, mediaType }: Part): void {
    switch (content?.$case) {
      case "data":
        for (const anomaly of (content.value as { anomalies?: Anomaly[] }).anomalies ?? []) write(toLine(anomaly));
        break;
      case "text":
        write(content.value);
        break;
      case "raw":
        if (mediaType === "image/svg+xml") plot = content.value;
        break;
      default:
    }
  }
}

const RUNNING: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STATE_UNSPECIFIED,
  TaskState.TASK_STATE_SUBMITTED,
  TaskState.TASK_STATE_WORKING,
]);

function toLine({ time, value, expected, score, reason }: Anomaly): string {
  const range = `${round(expected.lower)} to ${round(expected.upper)}`;
  return `${time}  ${value}, expected ${range}, score ${score}. ${reason}\n`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(5)));
}
