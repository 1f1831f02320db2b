import { TableClient } from "@azure/data-tables";
import type { TableServiceClientOptions } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import type { QueueClient } from "@azure/storage-queue";
import type { Inbox } from "../../ports/inbox.ts";
import { StoreError } from "../../ports/store-error.ts";
import type { Payloads } from "../../ports/payloads.ts";
import type { Probe } from "../../ports/probe.ts";
import type { TaskIndex } from "../../ports/task-index.ts";
import type { TaskLog } from "../../ports/task-log.ts";
import { openDefaultCredential } from "../identity/default-credential.ts";
import { createPlacedStores } from "./placed-stores.ts";
import { createTablePlacement } from "./placement.ts";
import { attempt, QUIET, retryAfterOf, TRIES, wait } from "./store-attempt.ts";
import { createStorageProbes } from "./storage-probes.ts";
import { createBlobPayloads } from "../blob-storage/payloads.ts";
import { createTableInbox } from "../table-storage/inbox.ts";
import { createTableTaskIndex } from "../table-storage/task-index.ts";
import { createTableTaskLog } from "../table-storage/task-log.ts";
import type { Table } from "../table-storage/table.ts";

/**
 * Opens several accounts: queue, hints and placement are in the first, without which nothing can be done. Another account
 * that does not answer is reported, and opened when it does: the scopes of the others do not depend on it.
 */
export async function openStorageAccounts(
  locations: readonly NamedLocation[],
  onFailure: (account: string, error: unknown) => void,
): Promise<StorageAccount> {
  const connected = await Promise.all(
    locations.map(async ({ name, location }) => ({ name, account: await connectStorageAccount(location) })),
  );
  const [first, ...others] = connected;
  if (!first) {
    throw new RangeError("no storage account is named");
  }
  const prepareLater = ({ name, account }: (typeof connected)[number]): Promise<void> =>
    account.prepare().catch((error: unknown) => {
      onFailure(name, error);
      setTimeout(() => void prepareLater({ name, account }), PREPARE_AGAIN).unref();
    });
  const prepared = Promise.all(others.map(prepareLater));
  await Promise.all([first.account.prepare(), Promise.race([prepared, wait(PREPARE_PATIENCE)])]);
  if (others.length === 0) {
    return first.account;
  }
  const names = locations.map(({ name }) => name);
  const accounts = new Map(connected.map(({ name, account }) => [name, account]));
  const placement = createTablePlacement(await first.account.openTable("placement"), names);
  // Only the first account's queue is used, and only its tables are required.
  const probes = connected.flatMap(({ name, account }) =>
    account.probes
      .filter((probe) => account === first.account || probe.name !== "queue")
      .map((probe) => ({
        ...probe,
        name: `${probe.name} ${name}`,
        isRequired: probe.isRequired && account === first.account,
      })),
  );
  return { ...first.account, ...createPlacedStores(accounts, placement, onFailure), probes };
}

/** How long a start waits for the other accounts, in ms. */
const PREPARE_PATIENCE = 3_000;
/** Pause before an account that did not answer is asked again, in ms. */
const PREPARE_AGAIN = 5_000;

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
  readonly probes: readonly Probe[];
  /** Another table of the account, created if missing. */
  openTable(name: string): Promise<Table>;
}

/**
 * The stores of one storage account. Creates missing tables, container and queue. `timeout` limits one request to a table,
 * and the time without progress of any other, in ms; `observe` is called for each request to a table including retries, to
 * count them.
 * @throws if the account does not answer
 */
export async function openStorageAccount(
  location: StorageLocation,
  timeout = QUIET,
  observe: (request: TableRequest) => void = () => {},
): Promise<StorageAccount> {
  const account = await connectStorageAccount(location, timeout, observe);
  await account.prepare();
  return account;
}

interface ConnectedAccount extends StorageAccount {
  /** Creates what is missing. May be repeated. @throws if the account does not answer */
  prepare(): Promise<void>;
}

async function connectStorageAccount(
  location: StorageLocation,
  timeout = QUIET,
  observe: (request: TableRequest) => void = () => {},
): Promise<ConnectedAccount> {
  const { openTable, blobs, queues } = await connect(location);
  const tasks = toTable("tasks");
  const index = toTable("taskindex");
  const payloads = blobs.getContainerClient("payloads");
  const queue = queues.getQueueClient("work");
  const limits = { quiet: timeout, tries: TRIES };
  return {
    async prepare() {
      await Promise.all([
        tasks.retrying.createTable(),
        index.retrying.createTable(),
        attempt("create container", ({ abortSignal }) => payloads.createIfNotExists({ abortSignal }), limits),
        attempt("create queue", ({ abortSignal }) => queue.createIfNotExists({ abortSignal }), limits),
      ]);
    },
    log: createTableTaskLog(tasks),
    index: createTableTaskIndex(index),
    inbox: createTableInbox(index),
    payloads: createBlobPayloads(payloads, timeout),
    queue,
    probes: createStorageProbes(tasks.conditional, payloads, queue),
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

/** Each operation is repeated by {@link attempt}, which heeds Retry-After; the library does not. */
const ONCE = { retryOptions: { maxTries: 1 } };

async function connect(location: StorageLocation): Promise<Connection> {
  if ("connectionString" in location) {
    const { connectionString } = location;
    return {
      // The connection string decides whether TLS is used.
      openTable: (name, options) =>
        TableClient.fromConnectionString(connectionString, name, { ...options, allowInsecureConnection: true }),
      blobs: BlobServiceClient.fromConnectionString(connectionString, ONCE),
      queues: QueueServiceClient.fromConnectionString(connectionString, ONCE),
    };
  }
  const credential = await openDefaultCredential();
  const { account } = location;
  return {
    openTable: (name, options) =>
      new TableClient(`https://${account}.table.core.windows.net`, name, credential, options),
    blobs: new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential, ONCE),
    queues: new QueueServiceClient(`https://${account}.queue.core.windows.net`, credential, ONCE),
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
          async sendRequest(request, next) {
            request.abortSignal = AbortSignal.timeout(timeout);
            observe(request);
            const response = await next(request);
            // The library would wait for as long as it is asked to, however long that is.
            const retryAfter = retryAfterOf(response.status, response.headers.get("retry-after"));
            if (retryAfter !== undefined) {
              const code = "unknown" as const;
              throw new StoreError({ code, operation: `${request.method} of a table`, retryAfter });
            }
            return response;
          },
        },
      },
    ],
  };
}
