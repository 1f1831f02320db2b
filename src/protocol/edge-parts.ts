import type { Access } from "../auth/access.ts";
import type { Authenticate } from "../auth/identity.ts";
import type { TrustedIssuer } from "../auth/trusted-issuer.ts";
import type { AgentRegistry } from "../ports/agent-registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { PushConfigs } from "../push/push-configs.ts";
import type { TaskEngine } from "../tasks/task-engine.ts";
import type { BodyLimits } from "./body.ts";
import type { CallerLimits } from "./caller-limits.ts";
import type { CardSigner } from "./card-signer.ts";
import type { StreamTimes } from "./sse.ts";

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
