import type { Access } from "../auth/access.ts";
import type { Authenticate } from "../auth/identity.ts";
import type { TrustedIssuer } from "../auth/trusted-issuer.ts";
import type { AgentRegistry } from "../ports/agent-registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { PushConfigs } from "../push/push-configs.ts";
import type { TaskEngine } from "../tasks/task-engine.ts";
import type { CallerLimits } from "./admission/caller-limits.ts";
import { toWireError } from "./bindings/wire-error.ts";
import type { WireError } from "./bindings/wire-error.ts";
import type { CardSigner } from "./cards/card-signer.ts";
import type { Readiness } from "./readiness.ts";
import type { BodyLimits } from "./request/body.ts";
import { createMethods } from "./request/methods.ts";
import type { Methods } from "./request/methods.ts";
import { createEventStreams } from "./streams/event-streams.ts";
import type { EventStreams, StreamLimits } from "./streams/event-streams.ts";
import { createKeepAliveAnswers } from "./streams/keep-alive-answer.ts";
import type { KeepAliveAnswers } from "./streams/keep-alive-answer.ts";

interface EdgeLimits extends BodyLimits {
  /** Largest number of parts of a message. */
  readonly maxParts: number;
}

/** Everything that the edge depends on. */
export interface EdgeParts {
  readonly registry: AgentRegistry;
  readonly engine: TaskEngine;
  readonly pushConfigs: PushConfigs;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Empty when callers are not authenticated. */
  readonly issuers: readonly TrustedIssuer[];
  readonly access: Access;
  readonly callers: CallerLimits;
  /** Callers with this role may read and cancel the tasks of others. Absent: no caller may. */
  readonly operatorRole: string | undefined;
  readonly cardSigner: CardSigner;
  /** The start of URLs in cards, without a trailing slash. Never taken from a request's Host header. */
  readonly publicBaseUrl: string;
  readonly limits: EdgeLimits;
  readonly streams: StreamLimits;
  /** Origins whose web pages may call the gateway; `*` allows all, an empty list none. */
  readonly corsOrigins: readonly string[];
  /** When the cards last changed: the start of the process, in ms since 1970. */
  readonly startedAt: number;
  /** Resolves to whether the instance can answer calls. */
  ready(): Promise<Readiness>;
}

/** What all bindings use. */
export interface Edge extends EdgeParts {
  readonly methods: Methods;
  readonly eventStreams: EventStreams;
  readonly keepAlive: KeepAliveAnswers;
  /** Converts any error. Logs it as `request.failed` unless it is a TaskError, EdgeError or AuthError. */
  toWireError(error: unknown): WireError;
}

export function createEdge(parts: EdgeParts): Edge {
  return {
    ...parts,
    methods: createMethods(parts.limits),
    eventStreams: createEventStreams(parts.clock, parts.streams, parts.callers),
    keepAlive: createKeepAliveAnswers(parts.clock),
    toWireError: (error) =>
      toWireError(error, (unexpected) => {
        const errorId = parts.random.id();
        const { message, stack } =
          unexpected instanceof Error ? unexpected : { message: String(unexpected), stack: undefined };
        parts.logger.error("request.failed", { errorId, message, stack });
        return errorId;
      }),
  };
}
