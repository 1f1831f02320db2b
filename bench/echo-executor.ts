import { randomUUID } from "node:crypto";
import { TaskState } from "@a2a-js/sdk";
import type { Task } from "@a2a-js/sdk";
import { AgentEvent } from "@a2a-js/sdk/server";
import type { AgentExecutor } from "@a2a-js/sdk/server";

/** The echo agent as an SDK executor: a task, an artifact with the message's parts, completed. */
export const echoExecutor: AgentExecutor = {
  async execute({ taskId, contextId, userMessage }, bus) {
    const task: Task = {
      id: taskId,
      contextId,
      status: { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: new Date().toISOString() },
      artifacts: [],
      history: [userMessage],
      metadata: undefined,
    };
    bus.publish(AgentEvent.task(task));
    const artifact = {
      artifactId: randomUUID(),
      name: "echo",
      description: "",
      parts: userMessage.parts,
      metadata: undefined,
      extensions: [],
    };
    bus.publish(
      AgentEvent.artifactUpdate({ taskId, contextId, artifact, append: false, lastChunk: true, metadata: undefined }),
    );
    const status = { state: TaskState.TASK_STATE_COMPLETED, message: undefined, timestamp: new Date().toISOString() };
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status, metadata: undefined }));
    bus.finished();
  },
  cancelTask: () => Promise.resolve(),
};
