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
import type { BodyLimits } from "./request/body.ts";
import { createMethods } from "./request/methods.ts";
import type { Methods } from "./request/methods.ts";
import { createEventStreams } from "./streams/event-streams.ts";
import type { EventStreams, StreamLimits } from "./streams/event-streams.ts";
import { createKeepAliveAnswers } from "./streams/keep-alive-answer.ts";
import type { KeepAliveAnswers } from "./streams/keep-alive-answer.ts";

interface EdgeLimits extends BodyLimits {
  /** Parts of a message. */
  readonly maxParts: number;
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
  /** None where everyone is served. */
  readonly issuers: readonly TrustedIssuer[];
  readonly access: Access;
  readonly callers: CallerLimits;
  /** The role whose callers may read and cancel the tasks of others; absent: none may. */
  readonly operatorRole: string | undefined;
  readonly cardSigner: CardSigner;
  /** What URLs in cards begin with, without a slash at the end. Never from a request's Host header. */
  readonly publicBaseUrl: string;
  readonly limits: EdgeLimits;
  readonly streams: StreamLimits;
  /** Origins of pages that may call; none when empty, any with `*`. */
  readonly corsOrigins: readonly string[];
  /** When the cards last changed, in ms since the epoch: the start of the process. */
  readonly startedAt: number;
  /** Whether the store answers. */
  ready(): Promise<boolean>;
}

/** What all bindings share. */
export interface Edge extends EdgeParts {
  readonly methods: Methods;
  readonly eventStreams: EventStreams;
  readonly keepAlive: KeepAliveAnswers;
  /** Logs an error that is not one of the known faults. */
  toWireError(error: unknown): WireError;
}

export function createEdge(parts: EdgeParts): Edge {
  return {
    ...parts,
    methods: createMethods(parts.limits),
    eventStreams: createEventStreams(parts.clock, parts.streams, parts.callers),
    keepAlive: createKeepAliveAnswers(parts.clock),
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
