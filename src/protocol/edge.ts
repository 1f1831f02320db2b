import type { Agent } from "../ports/agent.ts";
import { createDispatcher } from "./dispatch.ts";
import type { Dispatcher } from "./dispatch.ts";
import { createMethods } from "./request/methods.ts";
import type { Methods } from "./request/methods.ts";
import { createEventStreams } from "./streams/event-streams.ts";
import type { EventStreams, StreamTimes } from "./streams/event-streams.ts";
import { createKeepAliveResponses } from "./streams/keep-alive-response.ts";
import type { KeepAliveResponses } from "./streams/keep-alive-response.ts";
import { toWireError } from "./bindings/wire-error.ts";
import type { WireError } from "./bindings/wire-error.ts";
import type { Access } from "../auth/access.ts";
import type { Authenticate } from "../auth/identity.ts";
import type { TrustedIssuer } from "../auth/trusted-issuer.ts";
import type { AgentRegistry } from "../ports/agent-registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { PushConfigs } from "../push/push-configs.ts";
import type { TaskEngine } from "../tasks/task-engine.ts";
import type { BodyLimits } from "./request/body.ts";
import type { CallerLimits } from "./admission/caller-limits.ts";
import type { CardSigner } from "./cards/card-signer.ts";

/** Who keeps a request's process alive, where the end of the response may be the end of that. */
export interface ExecutionContext {
  /** Told of work that the request began and that may outlast its response. Never rejects. */
  readonly waitUntil: (work: Promise<void>) => void;
}

/** What all bindings share. */
export interface Edge extends EdgeParts {
  readonly attendants: WeakMap<Request, ExecutionContext>;
  readonly methods: Methods;
  readonly eventStreams: EventStreams;
  readonly keepAlive: KeepAliveResponses;
  dispatcherOf(agent: Agent): Dispatcher;
  /** Logs what nobody foresaw. */
  toWireError(error: unknown): WireError;
}

export function createEdge(parts: EdgeParts): Edge {
  const dispatchers = new Map<Agent, Dispatcher>();
  return {
    ...parts,
    attendants: new WeakMap(),
    methods: createMethods(parts.limits),
    eventStreams: createEventStreams(parts.clock, parts.streams, parts.limits.maxStreams),
    keepAlive: createKeepAliveResponses(parts.clock),
    dispatcherOf(agent) {
      let dispatcher = dispatchers.get(agent);
      if (!dispatcher) {
        dispatcher = createDispatcher(agent, parts);
        dispatchers.set(agent, dispatcher);
      }
      return dispatcher;
    },
    toWireError: (error) =>
      toWireError(error, (unforeseen) => {
        const errorId = parts.random.id();
        const { message, stack } =
          unforeseen instanceof Error ? unforeseen : { message: String(unforeseen), stack: undefined };
        parts.logger.error("request.failed", { errorId, message, stack });
        return errorId;
      }),
  };
}

export interface EdgeLimits extends BodyLimits {
  /** Parts of a message. */
  readonly maxParts: number;
  /** Streams open at once. */
  readonly maxStreams: number;
}

/** What the edge is made of. */
export interface EdgeParts {
  readonly registry: AgentRegistry;
  readonly engine: TaskEngine;
  readonly pushConfigs: PushConfigs;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** None where everybody is served. */
  readonly issuers: readonly TrustedIssuer[];
  readonly access: Access;
  readonly callers: CallerLimits;
  /** Whose callers may look at and cancel what is others'; nobody's when absent. */
  readonly operatorRole: string | undefined;
  readonly cardSigner: CardSigner;
  /** What URLs in cards begin with, without a slash at the end. Never from a request's Host header. */
  readonly publicBaseUrl: string;
  readonly limits: EdgeLimits;
  readonly streams: StreamTimes;
  /** Origins of pages that may call; none when empty, any with `*`. */
  readonly corsOrigins: readonly string[];
  /** When the cards last changed, in ms since the epoch: the start of the process. */
  readonly startedAt: number;
  /** Whether the store answers. */
  ready(): Promise<boolean>;
}
