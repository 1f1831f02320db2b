import type { LocalWork } from "../adapters/local-work.ts";
import { createMemoryInbox } from "../adapters/memory/inbox.ts";
import { createMemoryPayloads } from "../adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "../adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "../adapters/memory/task-log.ts";
import { createMemoryWorkQueue } from "../adapters/memory/work-queue.ts";
import { ConfigError } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { toStorageLocations } from "../config/storage-locations.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inbox } from "../ports/inbox.ts";
import type { Logger } from "../ports/logger.ts";
import type { Payloads } from "../ports/payloads.ts";
import type { Probe } from "../ports/probe.ts";
import type { Random } from "../ports/random.ts";
import type { TaskIndex } from "../ports/task-index.ts";
import type { TaskLog } from "../ports/task-log.ts";

interface Stores {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
}

export interface OpenStores extends Stores {
  readonly queue: LocalWork;
  readonly probes: readonly Probe[];
}

/** The stores of TASK_STORE. @throws ConfigError that names the setting of a storage account that does not answer */
export async function openStores(config: Config, clock: Clock, random: Random, logger: Logger): Promise<OpenStores> {
  if (config.TASK_STORE === "memory") {
    return {
      log: createMemoryTaskLog(),
      index: createMemoryTaskIndex(),
      inbox: createMemoryInbox(),
      payloads: createMemoryPayloads(),
      queue: createMemoryWorkQueue(config.MAX_TURNS, clock, logger),
      probes: [],
    };
  }
  try {
    const [{ openStorageAccounts }, { createStorageLocalWork }] = await loadStorageClients();
    const onFailure = (name: string, error: unknown): void =>
      logger.warn("storage.request-failed", { account: name, error: String(error) });
    const { queue: client, ...stores } = await openStorageAccounts(toStorageLocations(config), onFailure);
    const lease = config.LEASE_SECONDS * 1_000;
    return {
      ...stores,
      queue: createStorageLocalWork({ client, concurrency: config.MAX_TURNS, lease, clock, random, logger }),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot open the storage account of ${config.storageSetting}: ${reason}`, { cause: error });
  }
}

/** Azure's clients take longer to load than the rest of the gateway, so that only a host that uses them loads them. */
export function loadStorageClients() {
  return Promise.all([
    import("../adapters/storage-account/storage-account.ts"),
    import("../adapters/storage-queue/work-queue.ts"),
  ]);
}
