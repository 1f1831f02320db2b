import { openStorageAccount } from "./adapters/storage-account.ts";
import { createMemoryInbox } from "./adapters/memory/inbox.ts";
import { createMemoryPayloads } from "./adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "./adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "./adapters/memory/task-log.ts";
import { createMemoryWorkQueue } from "./adapters/memory/work-queue.ts";
import { createSystemClock } from "./adapters/system-clock.ts";
import { createSystemRandom } from "./adapters/system-random.ts";
import type { GatewayDefinition } from "./agents/define-gateway.ts";
import { createRegistry } from "./agents/registry.ts";
import { authenticateNobody } from "./auth/identity.ts";
import { ConfigError } from "./config/config.ts";
import type { Config } from "./config/config.ts";
import { createGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { Logger } from "./ports/logger.ts";
import type { Payloads } from "./ports/payloads.ts";
import type { TaskIndex } from "./ports/task-index.ts";
import type { TaskLog } from "./ports/task-log.ts";
import { createEngine } from "./tasks/engine.ts";
import { rules } from "./tasks/rules.ts";

interface Stores {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
}

/** Times of streams that nobody needs to configure, in ms. */
const HEARTBEAT = 15_000;

/**
 * The whole gateway from its configuration. Queued turns are handed to it as soon as it exists.
 * `baseUrl` is what cards name where PUBLIC_BASE_URL is not set.
 * @throws ConfigError when the store cannot be opened.
 */
export async function compose(
  config: Config,
  definition: GatewayDefinition,
  logger: Logger,
  baseUrl: string,
): Promise<Gateway> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const stores = await openStores(config);
  const registry = createRegistry(definition.agents, definition.default);
  const queue = createMemoryWorkQueue(config.MAX_TURNS, clock, logger);
  const engine = createEngine({
    ...stores,
    instance: random.id(),
    queue,
    clock,
    random,
    logger,
    registry,
    settings: {
      lease: config.LEASE_SECONDS * 1_000,
      turnTimeout: config.TURN_TIMEOUT,
      inputTimeout: config.INPUT_TIMEOUT,
      retention: config.TASK_RETENTION,
      tailReadsPerSecond: config.TAIL_READS_PER_SECOND,
      maxEventsPerTask: config.MAX_EVENTS_PER_TASK,
      maxTurns: config.MAX_TURNS,
    },
    pageTokenKey: config.STATE_KEY ?? crypto.getRandomValues(new Uint8Array(32)),
    rules,
  });
  const gateway = createGateway({
    engine,
    registry,
    clock,
    random,
    logger,
    authenticate: authenticateNobody,
    publicBaseUrl: (config.PUBLIC_BASE_URL ?? baseUrl).replace(/\/$/, ""),
    limits: {
      maxBody: config.MAX_BODY,
      maxDepth: config.MAX_DEPTH,
      maxParts: config.MAX_PARTS,
      maxStreams: config.MAX_STREAMS,
    },
    streams: { heartbeat: HEARTBEAT, idleTimeout: config.STREAM_IDLE_TIMEOUT, maxDuration: config.STREAM_MAX_DURATION },
    corsOrigins: config.CORS_ORIGINS,
    startedAt: clock.now(),
    ready: () => canReach(stores),
  });
  queue.onMessage((message) => gateway.work(message));
  return {
    ...gateway,
    async close(grace) {
      const emptied = queue.close();
      await gateway.close(grace);
      await emptied;
    },
  };
}

async function openStores(config: Config): Promise<Stores> {
  if (config.TASK_STORE === "memory") {
    return {
      log: createMemoryTaskLog(),
      index: createMemoryTaskIndex(),
      inbox: createMemoryInbox(),
      payloads: createMemoryPayloads(),
    };
  }
  const { STORAGE_ACCOUNT: account = "", STORAGE_CONNECTION_STRING: connectionString } = config;
  try {
    return await openStorageAccount(connectionString === undefined ? { account } : { connectionString });
  } catch (error) {
    const name = connectionString === undefined ? `STORAGE_ACCOUNT ${account}` : "STORAGE_CONNECTION_STRING";
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`The storage account of ${name} cannot be opened: ${reason}`, { cause: error });
  }
}

async function canReach({ log }: Stores): Promise<boolean> {
  try {
    await log.readHead({ scope: "readyz", taskId: "readyz" });
    return true;
  } catch {
    return false;
  }
}
