import type { SendMessageRequest, StreamResponse } from "@a2a-js/sdk";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import type { Agent } from "../ports/agent.ts";
import type { LoggedResponse } from "../tasks/task-engine.ts";
import { TaskError } from "../tasks/task-fault.ts";
import { toAgentCard, toExtendedCard } from "./cards/agent-card.ts";
import { callOf } from "./call-context.ts";
import type { EdgeCall } from "./call-context.ts";
import { toCardSecurity } from "./cards/card-security.ts";
import type { EdgeParts } from "./edge.ts";
import { splitEvent } from "./streams/split-event.ts";

/** The engine as the SDK's transports see it. */
export function createRequestHandler(
  agent: Agent,
  { cardSigner, engine, issuers, publicBaseUrl: baseUrl, pushConfigs }: EdgeParts,
): A2ARequestHandler {
  const place = { baseUrl, path: `/agents/${agent.id}`, tenant: "" };
  const security = toCardSecurity(issuers);
  const card = toAgentCard(agent, place, security);

  return {
    getAgentCard: async () => card,
    sendMessage: (params, context) => keep(callOf(context), (call) => engine.send(call, prepare(params))),
    sendMessageStream: (params, context) => deliver(callOf(context), (call) => engine.stream(call, prepare(params))),
    getTask: (params, context) => keep(callOf(context), (call) => engine.get(call, params)),
    listTasks: (params, context) => keep(callOf(context), (call) => engine.list(call, params)),
    cancelTask: (params, context) => keep(callOf(context), (call) => engine.cancel(call, params)),
    resubscribe: (params, context) => deliver(callOf(context), (call) => engine.subscribe(call, params)),
    getAuthenticatedExtendedAgentCard: (_params, context) =>
      keep(callOf(context), async ({ caller: { tenant } }) => {
        if (!agent.card.extendedSkills) {
          throw new TaskError({ code: "unsupported", message: "This agent has no extended Agent Card." });
        }
        return cardSigner.sign(toExtendedCard(agent, { ...place, tenant }, security));
      }),
    createTaskPushNotificationConfig: (params, context) =>
      keep(callOf(context), (call) => pushConfigs.create(call, params)),
    getTaskPushNotificationConfig: (params, context) => keep(callOf(context), (call) => pushConfigs.get(call, params)),
    listTaskPushNotificationConfigs: (params, context) =>
      keep(callOf(context), (call) => pushConfigs.list(call, params)),
    deleteTaskPushNotificationConfig: (params, context) =>
      keep(callOf(context), (call) => pushConfigs.delete(call, params)),
  };
}

async function keep<T>(call: EdgeCall, run: (call: EdgeCall) => Promise<T>): Promise<T> {
  try {
    return await run(call);
  } catch (error) {
    call.failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  }
}

/** An event too large for one SSE event goes out in pieces; only with the last one does the generation move on. */
async function* deliver(
  call: EdgeCall,
  run: (call: EdgeCall) => AsyncGenerator<LoggedResponse, void, undefined>,
): AsyncGenerator<StreamResponse, void, undefined> {
  for await (const { generation, response } of run(call)) {
    let waiting: StreamResponse | undefined;
    for (const piece of splitEvent(response)) {
      if (waiting) {
        call.generation = 0;
        yield waiting;
      }
      waiting = piece;
    }
    call.generation = generation;
    if (waiting) {
      yield waiting;
    }
  }
}

/** A part whose data is null is one without content to the SDK; the checks have refused all others without any. */
function prepare(params: SendMessageRequest): SendMessageRequest {
  for (const part of params.message?.parts ?? []) {
    part.content ??= { $case: "data", value: null };
  }
  return params;
}
