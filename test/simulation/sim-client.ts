import { Role, TaskState } from "@a2a-js/sdk";
import type { Message, SendMessageRequest, Task } from "@a2a-js/sdk";
import { createRegistry } from "../../src/agents/registry.ts";
import type { PushConfigs } from "../../src/push/push-configs.ts";
import type { Agent } from "../../src/ports/agent.ts";
import type { Call, LoggedResponse, TaskEngine } from "../../src/tasks/task-engine.ts";
import { TaskError } from "../../src/tasks/task-fault.ts";
import { createPlainEngine } from "../support/plain-engine.ts";
import type { EventStream, PlainEngine } from "../support/plain-engine.ts";
import type { Prng } from "./prng.ts";
import type { Transcript } from "./transcript.ts";

export const SCOPE = "0123456789abcdef0123456789abcdef";
/** A caller who must see nothing of the others. */
export const STRANGER = "fedcba9876543210fedcba9876543210";
/** Content that goes into payloads. */
const LARGE = "x".repeat(50_000);

/** Thrown where a connection broke because the process behind it died. */
class Disconnected extends Error {}

/** One server of the gateway as a client sees it. */
interface Server {
  readonly engine: TaskEngine;
  /** The agent as this server serves it, if it does. Without this method it serves all, elsewhere. */
  readonly agent?: (id: string) => Agent | undefined;
  readonly pushConfigs: Pick<PushConfigs, "create" | "delete">;
  readonly isDead: boolean;
  /** How long it has been stopped since then, in ms: what it owes, it cannot answer meanwhile. */
  readonly pausedFor?: (since: number) => number;
  /** Resolves when its process dies: its clients' connections break. */
  readonly death: Promise<void>;
}

/** What a client asks it. */
type Asked = Pick<Server, "pushConfigs"> & { readonly engine: PlainEngine };

/** Where clients act: among simulated instances, or real processes. */
export interface ClientWorld {
  readonly prng: Prng;
  readonly agents: readonly Agent[];
  /** Ms since the world began. */
  readonly now: number;
  /** What agents may be told to rest between two steps, in ms. */
  readonly pauses: readonly number[];
  /** Where a new webhook is. */
  newWebhook(): string;
  /** How long a client waits for the next event of a stream, in ms. */
  readonly patience: number;
  /** What does not wait for a turn is answered within this many ms. */
  readonly promptly?: number;
  alive(): readonly Server[];
  sleep(ms: number): Promise<void>;
}

export interface SimClient {
  /** One randomly chosen thing that a client does; resolves when it has its answer, or its connection broke. */
  act(): Promise<void>;
  /** Begins a task of this agent and does not wait for it. */
  begin(agent: string): Promise<void>;
  /** Opens a stream of a known task from its beginning at this server, takes one event and never asks for another. */
  stall(server: Server, taskId?: string): Promise<StalledReader | undefined>;
  /** A task of this agent. */
  lastOf(agent: string): string | undefined;
}

export interface StalledReader {
  leave(): Promise<void>;
}

export function createSimClient(world: ClientWorld, transcript: Transcript): SimClient {
  const { prng } = world;
  const registry = createRegistry(world.agents);
  const seen = new Map<string, number>();
  const agents = registry.list().map(({ id }) => id);

  return { act, begin, stall, lastOf: pickTask };

  async function act(): Promise<void> {
    const actions = [
      sendBlocking,
      sendStreaming,
      sendStreaming,
      sendImmediate,
      sendImmediate,
      answer,
      repeat,
      trespass,
      listen,
      stopListening,
      cancel,
      read,
      subscribe,
      walk,
    ];
    try {
      await prng.pick(actions)();
    } catch (error) {
      excuse(error);
    }
  }

  async function begin(agent: string): Promise<void> {
    try {
      const task = await ask(agent, (server, call) => server.engine.send(call, request({ returnImmediately: true })));
      acknowledge(agent, task as Task);
    } catch (error) {
      excuse(error);
    }
  }

  async function stall(server: Server, taskId = pickTask()): Promise<StalledReader | undefined> {
    const agent = taskId && transcript.acknowledged.get(taskId)?.agent;
    if (!taskId || !agent) {
      return undefined;
    }
    try {
      const call = { ...callOf(agent, server), lastEventId: 0 };
      const stream = toAsked(server).engine.subscribe(call, { id: taskId });
      await Promise.race([stream.next(), broken(server)]).catch((error: unknown) => lost(server, error));
      return {
        leave: async () => {
          await stream.return();
        },
      };
    } catch (error) {
      excuse(error);
      return undefined;
    }
  }

  /** What a correct server may answer in trouble, and a connection that broke. */
  function excuse(error: unknown): void {
    if (error instanceof Disconnected) {
      return;
    }
    const when = Math.round(world.now);
    if (!(error instanceof TaskError)) {
      transcript.surprises.push(`${when} ${error instanceof Error ? error.stack : String(error)}`);
    } else if (!["busy", "unavailable", "unsupported", "not-cancelable"].includes(error.fault.code)) {
      transcript.surprises.push(`${when} ${error.fault.code}: ${error.message}`);
    }
  }

  async function sendBlocking(): Promise<void> {
    const agent = prng.pick(agents);
    const task = await ask(agent, (server, call) => server.engine.send(call, request()), false);
    acknowledge(agent, task as Task);
    const state = (task as Task).status?.state;
    const waits = state !== TaskState.TASK_STATE_WORKING && state !== TaskState.TASK_STATE_SUBMITTED;
    if (!waits) {
      transcript.surprises.push(`a blocking send of ${(task as Task).id} returned at ${TaskState[state ?? 0]}`);
    }
  }

  async function sendImmediate(): Promise<void> {
    const agent = prng.pick(agents);
    const task = await ask(agent, (server, call) => server.engine.send(call, request({ returnImmediately: true })));
    acknowledge(agent, task as Task);
  }

  async function sendStreaming(): Promise<void> {
    const agent = prng.pick(agents);
    await receive(agent, undefined, (server, call) => server.engine.stream(call, request()));
  }

  async function answer(): Promise<void> {
    const known = pickTask("asker");
    if (known) {
      const follow = request({}, known);
      await receive("asker", known, (server, call) => server.engine.stream(call, follow));
    }
  }

  /** One message sent several times under one key, as a client does that hears nothing: a new one, or an answer. */
  async function repeat(): Promise<void> {
    const known = prng.chance(0.4) ? pickTask("asker") : undefined;
    const agent = known === undefined ? prng.pick(agents) : "asker";
    const key = `k-${prng.int(0, 1_000_000)}`;
    const text = `${textOf()} ${key}`;
    const attempts = Array.from({ length: prng.int(1, 4) }, async () => {
      await world.sleep(prng.int(0, 3_000));
      const sent = request({}, known, text);
      const kind = prng.int(0, 2);
      if (kind === 0) {
        const taskId = await receive(agent, known, (server, call) => {
          return server.engine.stream({ ...call, idempotencyKey: key }, sent);
        });
        return taskId;
      }
      const configured = kind === 1 ? sent : request({ returnImmediately: true }, known, text);
      const task = await ask(
        agent,
        (server, call) => server.engine.send({ ...call, idempotencyKey: key }, configured),
        kind !== 1,
      );
      acknowledge(agent, task as Task);
      return (task as Task).id;
    });
    for (const attempt of await Promise.allSettled(attempts)) {
      if (attempt.status === "fulfilled" && attempt.value !== "") {
        transcript.keys.push({ key, agent, taskId: attempt.value, text });
      } else if (attempt.status === "rejected") {
        excuse(attempt.reason);
      }
    }
  }

  /** Asks for push notifications: with a new task, or of one that is known. */
  async function listen(): Promise<void> {
    const url = world.newWebhook();
    const id = `w-${prng.int(0, 1_000_000)}`;
    const config = { tenant: "", id, url, taskId: "", token: "t", authentication: undefined };
    const known = prng.chance(0.5) ? pickTask() : undefined;
    const agent = known === undefined ? prng.pick(agents) : transcript.acknowledged.get(known)?.agent;
    if (agent === undefined) {
      return;
    }
    if (known !== undefined) {
      await ask(agent, ({ pushConfigs }, call) => pushConfigs.create(call, { ...config, taskId: known }));
    }
    const sent = request({ returnImmediately: true });
    const taskId =
      known ??
      (
        (await ask(agent, ({ engine }, call) => {
          const configuration = { ...sent.configuration, taskPushNotificationConfig: config };
          return engine.send(call, { ...sent, configuration: configuration as SendMessageRequest["configuration"] });
        })) as Task
      ).id;
    if (known === undefined) {
      transcript.acknowledged.set(taskId, { agent, at: world.now });
    }
    const fromBeginning = known === undefined;
    transcript.webhooks.push({ url, id, taskId, fromBeginning, created: world.now, isDeletionAsked: false });
    if (prng.chance(0.4)) {
      await world.sleep(prng.int(0, 300));
      await stopListening();
    }
  }

  async function stopListening(): Promise<void> {
    const recent = transcript.webhooks.slice(-3);
    const record = recent.length > 0 ? prng.pick(recent) : undefined;
    const agent = record && transcript.acknowledged.get(record.taskId)?.agent;
    if (record && agent) {
      record.isDeletionAsked = true;
      await ask(agent, ({ pushConfigs }, call) =>
        pushConfigs.delete(call, { tenant: "", taskId: record.taskId, id: record.id }),
      );
      record.deleted ??= world.now;
    }
  }

  /** I10: what is another's does not exist, whoever asks for it and however. */
  async function trespass(): Promise<void> {
    const known = pickTask();
    const agent = known && transcript.acknowledged.get(known)?.agent;
    if (!known || !agent) {
      return;
    }
    const foreign = (call: Call): Call => ({ ...call, caller: { ...call.caller, scope: STRANGER } });
    const attempts: ((server: Asked, call: Call) => Promise<unknown>)[] = [
      ({ engine }, call) => engine.get(foreign(call), { id: known }),
      ({ engine }, call) => engine.cancel(foreign(call), { id: known }),
      ({ engine }, call) => engine.subscribe(foreign(call), { id: known }).next(),
      ({ engine }, call) => engine.subscribe({ ...foreign(call), lastEventId: 0 }, { id: known }).next(),
      ({ engine }, call) => engine.send(foreign(call), request({}, known)),
    ];
    try {
      await ask(agent, prng.pick(attempts));
      transcript.surprises.push(`I10 ${known} answered a stranger`);
    } catch (error) {
      if (error instanceof TaskError && !["not-found", "unavailable", "busy"].includes(error.fault.code)) {
        transcript.surprises.push(`I10 ${known} told a stranger ${error.fault.code}`);
      } else if (!(error instanceof TaskError)) {
        throw error;
      }
    }
  }

  async function subscribe(): Promise<void> {
    const known = pickTask();
    const agent = known && transcript.acknowledged.get(known)?.agent;
    if (known && agent) {
      const last = prng.chance(0.5) ? prng.int(0, seen.get(known) ?? 0) : undefined;
      const before = transcript.streams.length;
      await receive(agent, known, (server, call) =>
        server.engine.subscribe(last === undefined ? call : { ...call, lastEventId: last }, { id: known }),
      );
      if (last !== undefined) {
        transcript.replayed +=
          transcript.streams.slice(before).find(({ taskId }) => taskId === known)?.events.length ?? 0;
      }
    }
  }

  async function cancel(): Promise<void> {
    const known = pickTask();
    const agent = known && transcript.acknowledged.get(known)?.agent;
    if (known && agent) {
      const task = await ask(agent, (server, call) => server.engine.cancel(call, { id: known }));
      if (task.status?.state !== TaskState.TASK_STATE_CANCELED) {
        transcript.surprises.push(`cancel of ${known} returned ${TaskState[task.status?.state ?? 0]}`);
      }
      transcript.cancels.push({ taskId: known, at: world.now });
    }
  }

  async function read(): Promise<void> {
    const known = pickTask();
    const agent = known && transcript.acknowledged.get(known)?.agent;
    if (known && agent) {
      const seenBefore = seen.get(known) ?? 1;
      const task = await ask(agent, (server, call) => server.engine.get(call, { id: known }));
      transcript.reads.push({ taskId: known, task, seenBefore });
    }
  }

  async function walk(): Promise<void> {
    const agent = prng.pick(agents);
    const began = world.now;
    const tasks: Task[] = [];
    let pageToken = "";
    do {
      const token = pageToken;
      const page = await ask(agent, (server, call) =>
        server.engine.list(call, {
          tenant: "",
          contextId: "",
          status: TaskState.TASK_STATE_UNSPECIFIED,
          pageSize: prng.int(1, 5),
          pageToken: token,
          historyLength: undefined,
          statusTimestampAfter: undefined,
          includeArtifacts: false,
        }),
      );
      tasks.push(...page.tasks);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    transcript.walks.push({ agent, began, ended: world.now, tasks });
  }

  /** One call at a random server; its answer is lost when the server dies. */
  async function ask<T>(agentId: string, run: (server: Asked, call: Call) => Promise<T>, isQuick = true): Promise<T> {
    const server = prng.pick(world.alive());
    const call = callOf(agentId, server);
    const asked = world.now;
    try {
      return await Promise.race([run(toAsked(server), call), broken(server)]).catch((error: unknown) =>
        lost(server, error),
      );
    } finally {
      const took = world.now - asked;
      if (isQuick && took > (world.promptly ?? Infinity) + (server.pausedFor?.(asked) ?? 0) && !server.isDead) {
        transcript.surprises.push(`${Math.round(asked)} a call to ${agentId} took ${Math.round(took)} ms`);
      }
    }
  }

  async function receive(
    agentId: string,
    expected: string | undefined,
    open: (server: Asked, call: Call) => EventStream,
  ): Promise<string> {
    const server = prng.pick(world.alive());
    const leave = new AbortController();
    const patience = prng.chance(0.3) ? prng.int(0, 5) : Infinity;
    const record = { taskId: expected ?? "", events: [] as LoggedResponse[] };
    const stream = open(toAsked(server), { ...callOf(agentId, server), signal: leave.signal });
    try {
      for (;;) {
        const coming = stream.next();
        // Left while it waits, a connection may end with an error that nobody hears.
        coming.catch(() => {});
        const next = await Promise.race([coming, broken(server), world.sleep(world.patience)]).catch((error: unknown) =>
          lost(server, error),
        );
        if (!next || next.done) {
          break;
        }
        const { response, generation } = next.value;
        if (response.payload?.$case === "task") {
          acknowledge(agentId, response.payload.value);
          record.taskId = response.payload.value.id;
        }
        if (record.events.length === 0) {
          transcript.streams.push(record);
        }
        record.events.push(next.value);
        seen.set(record.taskId, Math.max(seen.get(record.taskId) ?? 0, generation));
        if (record.events.length > patience) {
          break;
        }
      }
    } finally {
      leave.abort();
      if (!server.isDead) {
        stream.return().catch(() => {});
      }
    }
    return record.taskId;
  }

  function acknowledge(agent: string, task: Task): void {
    if (!transcript.acknowledged.has(task.id)) {
      transcript.acknowledged.set(task.id, { agent, at: world.now });
    }
  }

  function pickTask(agent?: string): string | undefined {
    const known = [...transcript.acknowledged]
      .filter(([, task]) => agent === undefined || task.agent === agent)
      .slice(-8);
    return known.length === 0 ? undefined : prng.pick(known)[0];
  }

  /** @throws Disconnected where the server does not serve the agent: its paths are unknown there. */
  function callOf(agentId: string, server: Server): Call {
    const agent = server.agent ? server.agent(agentId) : registry.find(agentId);
    if (!agent) {
      throw new Disconnected();
    }
    const caller = { scope: SCOPE, tenant: "", subject: "client", roles: [] };
    return { agent, caller, signal: new AbortController().signal };
  }

  function textOf(): string {
    return `work ${prng.int(0, 6)} ${prng.pick(world.pauses)}${prng.chance(0.02) ? LARGE : ""}`;
  }

  function request(configuration?: { returnImmediately?: boolean }, taskId = "", text = textOf()): SendMessageRequest {
    const message: Message = {
      messageId: `m-${prng.int(0, 1_000_000)}`,
      contextId: "",
      taskId,
      role: Role.ROLE_USER,
      parts: [{ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    };
    return {
      tenant: "",
      message,
      configuration: {
        acceptedOutputModes: [],
        taskPushNotificationConfig: undefined,
        historyLength: undefined,
        returnImmediately: configuration?.returnImmediately ?? false,
      },
      metadata: undefined,
    };
  }

  function toAsked({ engine, pushConfigs }: Server): Asked {
    return { engine: createPlainEngine(engine), pushConfigs };
  }

  /** A dying process breaks connections before it is known to be dead. */
  function lost(server: Server, error: unknown): never {
    throw server.isDead && !(error instanceof TaskError) ? new Disconnected() : error;
  }

  async function broken(server: Server): Promise<never> {
    await server.death;
    await world.sleep(1);
    throw new Disconnected();
  }
}
