import {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  Message,
  SendMessageRequest,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from "@a2a-js/sdk";
import type { Call, SendAnswer, TaskAnswer } from "../../tasks/task-engine.ts";
import { TaskError } from "../../tasks/task-fault.ts";
import { toExtendedCard } from "../cards/agent-card.ts";
import { toCardSecurity } from "../cards/card-security.ts";
import type { Edge } from "../edge.ts";
import type { WireEvents } from "../streams/event-streams.ts";
import { createWireEvents } from "../streams/wire-events.ts";

/** Parameters that have been checked. */
export type Params = Record<string, unknown>;

/** Runs the methods of one A2A version: takes checked parameters, returns the result as JSON text. @throws TaskError */
export interface Operations {
  run(edge: Edge, call: Call, method: string, params: Params): Promise<string>;
  stream(edge: Edge, call: Call, method: string, params: Params): Promise<WireEvents>;
}

/** The methods of A2A 1.0. Both bindings of 1.0, and HTTP+JSON of 0.3, use them. */
export const operations: Operations = {
  async run(edge, call, method, params) {
    const { engine, pushConfigs } = edge;
    switch (method) {
      case "SendMessage":
        return toSendJson(await engine.send(call, toSendRequest(params)));
      case "GetTask":
        return toTaskJson(await engine.get(call, GetTaskRequest.fromJSON(params)));
      case "ListTasks": {
        const { tasks, ...page } = await engine.list(call, ListTasksRequest.fromJSON(params));
        return `{"tasks":[${tasks.map(toTaskJson).join(",")}],${JSON.stringify(page).slice(1)}`;
      }
      case "CancelTask":
        return toTaskJson(await engine.cancel(call, CancelTaskRequest.fromJSON(params)));
      case "GetExtendedAgentCard":
        return JSON.stringify(AgentCard.toJSON(await extendedCardFor(edge, call)));
      case "CreateTaskPushNotificationConfig":
        return toConfigJson(await pushConfigs.create(call, TaskPushNotificationConfig.fromJSON(params)));
      case "GetTaskPushNotificationConfig":
        return toConfigJson(await pushConfigs.get(call, GetTaskPushNotificationConfigRequest.fromJSON(params)));
      case "ListTaskPushNotificationConfigs": {
        const page = await pushConfigs.list(call, ListTaskPushNotificationConfigsRequest.fromJSON(params));
        return JSON.stringify(ListTaskPushNotificationConfigsResponse.toJSON(page));
      }
      case "DeleteTaskPushNotificationConfig":
        await pushConfigs.delete(call, DeleteTaskPushNotificationConfigRequest.fromJSON(params));
        return "{}";
      default:
        throw new Error(`method ${method} has no operation`);
    }
  },
  async stream(edge, call, method, params) {
    const { engine, streams } = edge;
    const events =
      method === "SubscribeToTask"
        ? await engine.subscribe(call, SubscribeToTaskRequest.fromJSON(params))
        : await engine.stream(call, toSendRequest(params));
    return createWireEvents(events, streams.maxEvent);
  },
};

/**
 * The card for authenticated callers (specification 3.1.11).
 * @throws TaskError `unsupported` when the agent has none
 */
export function extendedCardFor(edge: Edge, { agent, caller }: Call): Promise<AgentCard> {
  if (!agent.card.extendedSkills) {
    throw new TaskError({
      code: "unsupported",
      message: `Agent ${agent.id} has no extended Agent Card. Use its public card.`,
    });
  }
  const place = { baseUrl: edge.publicBaseUrl, path: `/agents/${agent.id}`, tenant: caller.tenant };
  return edge.cardSigner.sign(toExtendedCard(agent, place, toCardSecurity(edge.issuers)));
}

/**
 * Restores data that is null, which the SDK decodes as a part without content. The checks refuse all other such parts.
 */
export function withNullData(request: SendMessageRequest): SendMessageRequest {
  for (const part of request.message?.parts ?? []) {
    part.content ??= { $case: "data", value: null };
  }
  return request;
}

function toSendRequest(params: Params): SendMessageRequest {
  return withNullData(SendMessageRequest.fromJSON(params));
}

function toSendJson(answer: SendAnswer): string {
  return "message" in answer
    ? `{"message":${JSON.stringify(Message.toJSON(answer.message))}}`
    : `{"task":${toTaskJson(answer)}}`;
}

function toTaskJson(answer: TaskAnswer): string {
  return answer.json ?? JSON.stringify(Task.toJSON(answer.task));
}

function toConfigJson(config: TaskPushNotificationConfig): string {
  return JSON.stringify(TaskPushNotificationConfig.toJSON(config));
}
