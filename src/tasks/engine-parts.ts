import type { AgentRegistry } from "../ports/agent-registry.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inbox } from "../ports/inbox.ts";
import type { Logger } from "../ports/logger.ts";
import type { Payloads } from "../ports/payloads.ts";
import type { Random } from "../ports/random.ts";
import type { StateKeys } from "../ports/state-keys.ts";
import type { TaskIndex } from "../ports/task-index.ts";
import type { TaskLog } from "../ports/task-log.ts";
import type { WorkQueue } from "../ports/work-queue.ts";
import type { Outbox } from "./outbox.ts";
import type { Rules } from "./log/rules.ts";

/** Times in milliseconds. */
interface EngineSettings {
  readonly lease: number;
  readonly turnTimeout: number;
  readonly inputTimeout: number;
  /** How long an ended task is kept. */
  readonly retention: number;
  /** Reads a second that all watchers of this instance may spend. */
  readonly tailReadsPerSecond: number;
  readonly maxEventsPerTask: number;
  /** Turns that may run on this instance at once. */
  readonly maxTurns: number;
}

/** What changes and reads tasks. */
export interface TaskParts {
  /** Unique among instances, alive or dead. */
  readonly instance: string;
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: AgentRegistry;
  readonly settings: EngineSettings;
  readonly stateKeys: StateKeys;
  readonly rules: Rules;
}

/** Everything the engine needs from outside. */
export interface EngineParts extends TaskParts {
  readonly outbox: Outbox;
}
