import type { Artifact, Message, StreamResponse, Task, TaskArtifactUpdateEvent } from "@a2a-js/sdk";

/**
 * The task after one more event, as a client would apply it (specification 4.2). A status replaces the status, and the
 * message of the old status moves to the history. An artifact replaces or extends the one with the same id. Unchanged
 * objects are shared with `task`.
 */
export function fold(task: Task, response: StreamResponse, message?: Message): Task {
  const payload = response.payload;
  switch (payload?.$case) {
    case "task":
      return payload.value;
    case "statusUpdate": {
      const { status, metadata } = payload.value;
      const said = [task.status?.message, message].filter((one) => one !== undefined);
      return {
        ...task,
        status,
        history: said.length === 0 ? task.history : [...task.history, ...said],
        metadata: merge(task.metadata, metadata),
      };
    }
    case "artifactUpdate":
      return {
        ...task,
        artifacts: foldArtifact(task.artifacts, payload.value),
        metadata: merge(task.metadata, payload.value.metadata),
      };
    default:
      return task;
  }
}

function foldArtifact(artifacts: readonly Artifact[], { artifact, append }: TaskArtifactUpdateEvent): Artifact[] {
  if (!artifact) {
    return [...artifacts];
  }
  const at = artifacts.findIndex(({ artifactId }) => artifactId === artifact.artifactId);
  const known = artifacts[at];
  if (!known) {
    return [...artifacts, artifact];
  }
  return artifacts.with(at, append ? extend(known, artifact) : artifact);
}

function extend(known: Artifact, chunk: Artifact): Artifact {
  return {
    ...known,
    name: chunk.name || known.name,
    description: chunk.description || known.description,
    parts: [...known.parts, ...chunk.parts],
    metadata: merge(known.metadata, chunk.metadata),
    extensions: chunk.extensions.length > 0 ? chunk.extensions : known.extensions,
  };
}

function merge(known: Task["metadata"], more: Task["metadata"]): Task["metadata"] {
  return more === undefined ? known : { ...known, ...more };
}
