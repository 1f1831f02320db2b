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
  /** How long a task is kept after it has ended. */
  readonly retention: number;
  /** Head reads per second of all watchers of this instance together. */
  readonly tailReadsPerSecond: number;
  readonly maxEventsPerTask: number;
  /** Bytes of one SSE event. */
  readonly maxEventBytes: number;
  /** Turns that may run on this instance at the same time. */
  readonly maxTurns: number;
  /** Whether this process lives on by itself. On Azure Functions it lives only while its invocations do. */
  readonly ownsProcess: boolean;
}

/** What code needs to read and change tasks. */
export interface TaskParts {
  /** Id of this process. No other instance has ever had it. */
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

/** Everything that the engine depends on. */
export interface EngineParts extends TaskParts {
  readonly outbox: Outbox;
}
