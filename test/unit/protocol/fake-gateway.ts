import { TaskState } from "@a2a-js/sdk";
import type { Message, Task } from "@a2a-js/sdk";
import { defineAgent } from "../../../src/agents/define-agent.ts";
import { createRegistry } from "../../../src/agents/registry.ts";
import { authenticateAnonymous } from "../../../src/auth/identity.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { createCardSigner } from "../../../src/protocol/cards/card-signer.ts";
import { createCallerLimits } from "../../../src/protocol/admission/caller-limits.ts";
import { createEdge } from "../../../src/protocol/edge.ts";
import type { EdgeParts } from "../../../src/protocol/edge.ts";
import type { StreamLimits } from "../../../src/protocol/streams/event-streams.ts";
import { fromFetchRequest, toFetchResponse } from "../../../src/protocol/http/fetch-api.ts";
import { createRoutes } from "../../../src/protocol/routes.ts";
import type { Call, LoggedResponse, TaskEngine } from "../../../src/tasks/task-engine.ts";
import { TaskError } from "../../../src/tasks/task-fault.ts";
import { fromPlainEngine } from "../../support/plain-engine.ts";
import type { PlainEngine } from "../../support/plain-engine.ts";

export const STREAMS: StreamLimits = {
  heartbeat: 15_000,
  idleTimeout: 600_000,
  maxDuration: 3_600_000,
  maxStreams: 3,
  maxEvent: 1024 * 1024,
};

export const BASE = "https://gateway.test";

const card = {
  name: "Echo",
  description: "Says it again.",
  skills: [{ id: "echo", name: "Echo", description: "Echoes.", tags: ["echo"] }],
};
const run = async (): Promise<void> => {};

const refusePush = (): Promise<never> => Promise.reject(new TaskError({ code: "push-unsupported" }));

/** A gateway over an engine that echoes; what a test cares about it replaces. */
export function createFakeGateway(engine: Partial<PlainEngine> = {}, parts: Partial<EdgeParts> = {}) {
  const calls: Call[] = [];
  const logged: unknown[] = [];
  const clock = createFakeClock();
  const edge = createEdge({
    registry: createRegistry([
      defineAgent({ id: "echo", version: "2.1.0", card, run }),
      defineAgent({ id: "echo", version: "1.4.0", card, run }),
      defineAgent({ id: "other", version: "1.0.0", card, run }),
    ]),
    engine: recordCalls(fromPlainEngine({ ...echoEngine, ...engine }), calls),
    pushConfigs: { create: refusePush, get: refusePush, list: refusePush, delete: refusePush },
    clock,
    random: { id: () => "id-1", fraction: () => 0.5 },
    logger: { info() {}, warn() {}, error: (event, fields) => logged.push({ event, ...fields }) },
    authenticate: authenticateAnonymous,
    issuers: [],
    cardSigner: createCardSigner(async () => [], `${BASE}/.well-known/jwks.json`),
    access: {},
    operatorRole: undefined,
    callers: createCallerLimits({ requestsPerSecond: 100, streams: 100 }, clock),
    publicBaseUrl: BASE,
    limits: { maxBody: 100_000, maxParts: 20, maxDepth: 64 },
    streams: STREAMS,
    corsOrigins: [],
    startedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    ready: async () => ({ status: "ok", checks: {} }),
    ...parts,
  });
  const routes = createRoutes(edge);
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input instanceof Request ? input : new URL(input, BASE), init);
    // As `fetch` sends it.
    if (!request.headers.has("accept")) {
      request.headers.set("accept", "*/*");
    }
    return toFetchResponse(await routes(fromFetchRequest(request)));
  };
  return { fetch, edge, answer: routes, calls, clock, logged, close: () => edge.eventStreams.close() };
}

export const userMessage = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] };
export const legacyMessage = {
  kind: "message",
  messageId: "m-1",
  role: "user",
  parts: [{ kind: "text", text: "hello" }],
};

export function toTask(message: Partial<Message>, state = TaskState.TASK_STATE_COMPLETED): Task {
  const status = { state, message: undefined, timestamp: "2026-01-02T03:04:05.000Z" };
  const artifact = {
    artifactId: "a",
    name: "",
    description: "",
    parts: message.parts ?? [],
    metadata: undefined,
    extensions: [],
  };
  return { id: "t-1", contextId: "c-1", status, artifacts: [artifact], history: [], metadata: undefined };
}

export function statusUpdate(generation: number, state: TaskState): LoggedResponse {
  const status = { state, message: undefined, timestamp: "2026-01-02T03:04:05.000Z" };
  const value = { taskId: "t-1", contextId: "c-1", status, metadata: undefined };
  return { generation, response: { payload: { $case: "statusUpdate", value } } };
}

export function artifactUpdate(generation: number, parts: Message["parts"]): LoggedResponse {
  const artifact = { artifactId: "a", name: "n", description: "", parts, metadata: undefined, extensions: [] };
  const value = { taskId: "t-1", contextId: "c-1", artifact, append: false, lastChunk: true, metadata: undefined };
  return { generation, response: { payload: { $case: "artifactUpdate", value } } };
}

export function snapshot(generation: number, task: Task): LoggedResponse {
  return { generation, response: { payload: { $case: "task", value: task } } };
}

/** Sends a JSON-RPC request; `version` "" leaves the header out. */
export function rpc(
  method: string,
  params?: unknown,
  version = "1.0",
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...(version && { "a2a-version": version }), ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }),
  };
}

export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/a2a+json", "a2a-version": "1.0", ...headers },
    body: JSON.stringify(body),
  };
}

/** Typed as what a test expects it to be. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function readBody(response: Response): Promise<any> {
  return response.json();
}

export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // What a test expects it to be.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any;
}

export async function readEvents(response: Response): Promise<SseEvent[]> {
  return parseEvents(await response.text());
}

export function parseEvents(text: string): SseEvent[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    const data = fields.get("data");
    return data === undefined ? [] : { id: fields.get("id"), event: fields.get("event"), data: JSON.parse(data) };
  });
}

/** Time stands still until `advance`. */
function createFakeClock(): Clock & { advance(ms: number): void; readonly pending: number } {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, run: callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (!next) {
          break;
        }
        now = next.at;
        timers.delete(next);
        next.run();
      }
      now = end;
    },
  };
}

const echoEngine: PlainEngine = {
  send: async (_call, request) => toTask(request.message ?? {}),
  async *stream(_call, request) {
    yield snapshot(1, { ...toTask({}, TaskState.TASK_STATE_WORKING), artifacts: [] });
    yield artifactUpdate(2, request.message?.parts ?? []);
    yield statusUpdate(3, TaskState.TASK_STATE_COMPLETED);
  },
  get: async (_call, { id }) => {
    if (id !== "t-1") {
      throw new TaskError({ code: "not-found", taskId: id });
    }
    return toTask({});
  },
  list: async () => ({ tasks: [toTask({})], nextPageToken: "", pageSize: 1, totalSize: 1 }),
  cancel: async (_call, { id }) => {
    throw new TaskError({ code: "not-cancelable", taskId: id, state: "TASK_STATE_COMPLETED" });
  },
  async *subscribe(_call, { id }) {
    if (id !== "t-1") {
      throw new TaskError({ code: "not-found", taskId: id });
    }
    yield snapshot(4, { ...toTask({}, TaskState.TASK_STATE_WORKING), artifacts: [] });
    yield statusUpdate(5, TaskState.TASK_STATE_INPUT_REQUIRED);
  },
};

function recordCalls(engine: TaskEngine, calls: Call[]): TaskEngine {
  const record = (call: Call): Call => {
    calls.push(call);
    return call;
  };
  return {
    send: (call, request) => engine.send(record(call), request),
    stream: (call, request) => engine.stream(record(call), request),
    get: (call, request) => engine.get(record(call), request),
    list: (call, request) => engine.list(record(call), request),
    cancel: (call, request) => engine.cancel(record(call), request),
    subscribe: (call, request) => engine.subscribe(record(call), request),
  };
}
