import type { Message, StreamResponse, Task } from "@a2a-js/sdk";
import { ServerCallContext } from "@a2a-js/sdk/server";
import type { A2ARequestHandler } from "@a2a-js/sdk/server";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import type { Call, LoggedResponse, SendAnswer, TaskAnswer, TaskEvents } from "../../tasks/task-engine.ts";
import { invalid } from "../../tasks/task-fault.ts";
import { toAgentCard } from "../cards/agent-card.ts";
import { toCardSecurity } from "../cards/card-security.ts";
import type { Edge } from "../edge.ts";
import { isRecord } from "../request/field-checks.ts";
import type { WireEvent } from "../streams/event-streams.ts";
import { splitEvent } from "../streams/split-event.ts";
import { extendedCardFor, withNullData } from "./operations.ts";
import type { Operations, Params } from "./operations.ts";

/**
 * The methods of A2A 0.3 over JSON-RPC. The SDK's compatibility transport translates parameters and results. Each call
 * has its own transport, whose handler closes over the call.
 */
export const legacyOperations: Operations = {
  async run(edge, call, method, params) {
    const legacy = createLegacyCall(edge, call);
    const answer = await legacy.handle(method, params);
    return JSON.stringify((answer as { readonly result: unknown }).result);
  },
  async stream(edge, call, method, params) {
    const legacy = createLegacyCall(edge, call);
    const events = (await legacy.handle(method, params)) as AsyncGenerator<{ readonly result: LegacyEvent }>;
    const source = await legacy.opened();
    return {
      async next(): Promise<IteratorResult<WireEvent, undefined>> {
        const next = await events.next();
        return next.done
          ? { done: true, value: undefined }
          : {
              done: false,
              value: { generation: legacy.generation(), json: JSON.stringify(withFinal(next.value.result)) },
            };
      },
      return: () => source.return(),
    };
  },
};

interface LegacyEvent {
  readonly kind: string;
  final?: boolean;
  readonly status?: { readonly state: string };
}

interface LegacyCall {
  handle(method: string, params: Params): Promise<object>;
  /** The engine's answer to a streaming method. Rejects when the engine refused the call. */
  opened(): Promise<TaskEvents>;
  /** The generation of the last event that was translated. */
  generation(): number;
}

function createLegacyCall(edge: Edge, call: Call): LegacyCall {
  let generation = 0;
  let failure: Error | undefined;
  let opening: Promise<TaskEvents> | undefined;
  const { engine, pushConfigs, streams } = edge;
  const handler: A2ARequestHandler = {
    getAgentCard: async () => {
      const place = { baseUrl: edge.publicBaseUrl, path: `/agents/${call.agent.id}`, tenant: "" };
      return toAgentCard(call.agent, place, toCardSecurity(edge.issuers));
    },
    sendMessage: (params) => keep(async () => toSdkAnswer(await engine.send(call, withNullData(params)))),
    sendMessageStream: (params) => deliver(engine.stream(call, withNullData(params))),
    getTask: (params) => keep(async () => taskOf(await engine.get(call, params))),
    listTasks: () =>
      keep(async () =>
        Promise.reject(invalid("method", "ListTasks does not exist in A2A 0.3; send the header A2A-Version: 1.0")),
      ),
    cancelTask: (params) => keep(async () => taskOf(await engine.cancel(call, params))),
    resubscribe: (params) => deliver(engine.subscribe(call, params)),
    getAuthenticatedExtendedAgentCard: () => keep(() => extendedCardFor(edge, call)),
    createTaskPushNotificationConfig: (params) => keep(() => pushConfigs.create(call, params)),
    getTaskPushNotificationConfig: (params) => keep(() => pushConfigs.get(call, params)),
    listTaskPushNotificationConfigs: (params) => keep(() => pushConfigs.list(call, params)),
    deleteTaskPushNotificationConfig: (params) => keep(() => pushConfigs.delete(call, params)),
  };
  const transport = new LegacyJsonRpcTransportHandler(handler);

  return {
    async handle(method, params) {
      const request = { jsonrpc: "2.0", id: null, method, params: withBlockingDefault(params) };
      const answer = await transport.handle(request, new ServerCallContext({ requestedVersion: "0.3" }));
      if ("error" in answer) {
        // The engine's own error has more detail than the transport's translation of it.
        throw failure ?? fromTransport(answer.error);
      }
      return answer;
    },
    opened: () => opening ?? Promise.reject(new Error("the transport did not open a stream")),
    generation: () => generation,
  };

  async function keep<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  function deliver(accepted: Promise<TaskEvents>): AsyncGenerator<StreamResponse, void, undefined> {
    opening = accepted;
    return translated(accepted);
  }

  async function* translated(accepted: Promise<TaskEvents>): AsyncGenerator<StreamResponse, void, undefined> {
    const events = await accepted;
    for (let next = await events.next(); !next.done; next = await events.next()) {
      yield* piecesOf(next.value);
    }
  }

  /** Only the last piece of a split event has the generation, so that a replay repeats an event that was cut off. */
  function* piecesOf(event: LoggedResponse): Generator<StreamResponse> {
    const pieces = splitEvent(event.response, streams.maxEvent);
    for (const [at, piece] of pieces.entries()) {
      generation = at === pieces.length - 1 ? event.generation : 0;
      yield piece;
    }
  }
}

/** In 0.3 `final` marks the event that ends the stream. The SDK's translation does not set it for INPUT_REQUIRED. */
function withFinal(event: LegacyEvent): LegacyEvent {
  return event.kind === "status-update" && event.status?.state === "input-required" ? { ...event, final: true } : event;
}

/** In 0.3 a send waits unless `blocking` is false. The SDK's translation assumes the opposite. */
function withBlockingDefault(params: Params): Params {
  const { configuration } = params;
  return isRecord(configuration) && (configuration["blocking"] ?? null) === null
    ? { ...params, configuration: { ...configuration, blocking: true } }
    : params;
}

/** Reached only when the transport's checks are stricter than the gateway's. */
function fromTransport(error: { readonly code: number; readonly message: string }): Error {
  return error.code === -32602
    ? invalid("params", error.message)
    : new Error(`transport error ${error.code}: ${error.message}`);
}

function toSdkAnswer(answer: SendAnswer): Task | Message {
  return "message" in answer ? answer.message : answer.task;
}

function taskOf({ task }: TaskAnswer): Task {
  return task;
}
