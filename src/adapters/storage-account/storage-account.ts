import { TableClient } from "@azure/data-tables";
import type { TableServiceClientOptions } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import type { QueueClient } from "@azure/storage-queue";
import type { Inbox } from "../../ports/inbox.ts";
import type { Payloads } from "../../ports/payloads.ts";
import type { TaskIndex } from "../../ports/task-index.ts";
import type { TaskLog } from "../../ports/task-log.ts";
import { createPlacedStores } from "./placed-stores.ts";
import { createTablePlacement } from "./placement.ts";
import { createBlobPayloads } from "../blob-storage/payloads.ts";
import { createTableInbox } from "../table-storage/inbox.ts";
import { createTableTaskIndex } from "../table-storage/task-index.ts";
import { createTableTaskLog } from "../table-storage/task-log.ts";
import type { Table } from "../table-storage/table.ts";

/** Opens several accounts: queue, hints and placement are in the first. */
export async function openStorageAccounts(
  locations: readonly NamedLocation[],
  onFailure: (account: string, error: unknown) => void,
): Promise<StorageAccount> {
  const opened = await Promise.all(locations.map(({ location }) => openStorageAccount(location)));
  const [first] = opened;
  if (!first) {
    throw new RangeError("no storage account is named");
  }
  if (opened.length === 1) {
    return first;
  }
  const names = locations.map(({ name }) => name);
  const accounts = new Map(opened.map((account, at) => [names[at] ?? "", account]));
  const placement = createTablePlacement(await first.openTable("placement"), names);
  return { ...first, ...createPlacedStores(accounts, placement, onFailure) };
}

export interface NamedLocation {
  readonly name: string;
  readonly location: StorageLocation;
}

/** By name, with the identity of this process, or by connection string. */
export type StorageLocation = { readonly account: string } | { readonly connectionString: string };

/** A request to a table as it is sent; a transaction is one request. */
export interface TableRequest {
  readonly method: string;
  readonly url: string;
}

export interface StorageAccount {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
  /** The work queue. */
  readonly queue: QueueClient;
  /** Another table of the account, created if missing. */
  openTable(name: string): Promise<Table>;
}

/**
 * The stores of one storage account. Creates missing tables, container and queue. `timeout` limits one request to a table,
 * in ms; `observe` is called for each request including retries, to count them.
 * @throws if the account does not answer
 */
export async function openStorageAccount(
  location: StorageLocation,
  timeout = 10_000,
  observe: (request: TableRequest) => void = () => {},
): Promise<StorageAccount> {
  const { openTable, blobs, queues } = await connect(location);
  const tasks = toTable("tasks");
  const index = toTable("taskindex");
  const payloads = blobs.getContainerClient("payloads");
  const queue = queues.getQueueClient("work");
  await Promise.all([
    tasks.retrying.createTable(),
    index.retrying.createTable(),
    payloads.createIfNotExists({ abortSignal: AbortSignal.timeout(timeout) }),
    queue.createIfNotExists({ abortSignal: AbortSignal.timeout(timeout) }),
  ]);
  return {
    log: createTableTaskLog(tasks),
    index: createTableTaskIndex(index),
    inbox: createTableInbox(index),
    payloads: createBlobPayloads(payloads),
    queue,
    async openTable(name) {
      const table = toTable(name);
      await table.retrying.createTable();
      return table;
    },
  };

  function toTable(name: string): Table {
    const policy = requestPolicy(timeout, observe);
    return {
      conditional: openTable(name, { ...policy, retryOptions: { maxRetries: 0 } }),
      retrying: openTable(name, {
        ...policy,
        retryOptions: { maxRetries: 3, retryDelayInMs: 50, maxRetryDelayInMs: 1_000 },
      }),
    };
  }
}

interface Connection {
  readonly openTable: (name: string, options: TableServiceClientOptions) => TableClient;
  readonly blobs: BlobServiceClient;
  readonly queues: QueueServiceClient;
}

const RETRYING = { retryOptions: { maxTries: 4, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 } };

async function connect(location: StorageLocation): Promise<Connection> {
  if ("connectionString" in location) {
    const { connectionString } = location;
    return {
      // The connection string decides whether TLS is used.
      openTable: (name, options) =>
        TableClient.fromConnectionString(connectionString, name, { ...options, allowInsecureConnection: true }),
      blobs: BlobServiceClient.fromConnectionString(connectionString, RETRYING),
      queues: QueueServiceClient.fromConnectionString(connectionString, RETRYING),
    };
  }
  const { DefaultAzureCredential } = await import("@azure/identity");
  const credential = new DefaultAzureCredential();
  const { account } = location;
  return {
    openTable: (name, options) =>
      new TableClient(`https://${account}.table.core.windows.net`, name, credential, options),
    blobs: new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential, RETRYING),
    queues: new QueueServiceClient(`https://${account}.queue.core.windows.net`, credential, RETRYING),
  };
}

/** Limits each attempt of a request including its body; the library's own timeout covers only the response headers. */
function requestPolicy(
  timeout: number,
  observe: (request: TableRequest) => void,
): Pick<TableServiceClientOptions, "additionalPolicies"> {
  return {
    additionalPolicies: [
      {
        position: "perRetry",
        policy: {
          name: "requestPolicy",
          sendRequest(request, next) {
            request.abortSignal = AbortSignal.timeout(timeout);
            observe(request);
            return next(request);
          },
        },
      },
    ],
  };
}
