import { createMemoryInbox } from "./adapters/memory/inbox.ts";
import { createMemoryPayloads } from "./adapters/memory/payloads.ts";
import { createMemoryTaskIndex } from "./adapters/memory/task-index.ts";
import { createMemoryTaskLog } from "./adapters/memory/task-log.ts";
import { createMemoryWorkQueue } from "./adapters/memory/work-queue.ts";
import type { LocalWork } from "./adapters/local-work.ts";
import { createIssuerKeys } from "./adapters/openid/issuer-keys.ts";
import { openSecrets } from "./adapters/secrets/open-secrets.ts";
import type { OpenSecrets } from "./adapters/secrets/open-secrets.ts";
import { openStateKeys } from "./adapters/secrets/secret-state-keys.ts";
import { createSystemClock, createSystemRandom } from "./adapters/system/clock.ts";
import { createWebhookSender } from "./adapters/webhook/webhook-sender.ts";
import type { GatewayDefinition } from "./agents/define-gateway.ts";
import { createRegistry } from "./agents/registry.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { authenticateAnonymous } from "./auth/identity.ts";
import type { Authenticate } from "./auth/identity.ts";
import { createSigningKeys } from "./auth/signing-keys.ts";
import type { SigningKeys } from "./auth/signing-keys.ts";
import { toTrustedIssuers } from "./auth/trusted-issuer.ts";
import type { TrustedIssuer } from "./auth/trusted-issuer.ts";
import { ConfigError } from "./config/config.ts";
import { toStorageLocations } from "./config/storage-locations.ts";
import type { Config } from "./config/config.ts";
import { createGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { delay } from "./ports/clock.ts";
import type { Clock } from "./ports/clock.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { Logger } from "./ports/logger.ts";
import type { Payloads } from "./ports/payloads.ts";
import type { Probe } from "./ports/probe.ts";
import type { Random } from "./ports/random.ts";
import type { TaskIndex } from "./ports/task-index.ts";
import type { TaskKey, TaskLog } from "./ports/task-log.ts";
import type { Secrets } from "./ports/secrets.ts";
import { createStateKeys } from "./ports/state-keys.ts";
import type { StateKeys } from "./ports/state-keys.ts";
import { createCallerLimits } from "./protocol/admission/caller-limits.ts";
import { createCardSigner } from "./protocol/cards/card-signer.ts";
import type { CardSigner } from "./protocol/cards/card-signer.ts";
import { JWKS_PATH } from "./protocol/gateway-endpoints.ts";
import { createCredentialSealer } from "./push/credentials.ts";
import { deliver } from "./push/deliver.ts";
import { deliveryRules } from "./push/delivery-rules.ts";
import { createOutbox } from "./push/outbox.ts";
import { retryConfigs } from "./push/retry-configs.ts";
import type { RetriedConfig } from "./push/retry-configs.ts";
import { createPushConfigs } from "./push/push-configs.ts";
import { createReadiness } from "./protocol/readiness.ts";
import { createEngine } from "./tasks/engine.ts";
import { rules } from "./tasks/log/rules.ts";
import { createUpkeep } from "./tasks/upkeep/upkeep.ts";

/** A gateway in a process that can receive from the work queue itself. */
export interface ComposedGateway extends Gateway {
  /** Id of this process in leases and logs. */
  readonly instance: string;
  takeWork(): void;
  /** Resumes the delivery to a task's webhooks. Undefined if the task does not exist. */
  retryPush(which: { readonly taskId: string; readonly scope?: string }): Promise<readonly RetriedConfig[] | undefined>;
}

interface Stores {
  readonly log: TaskLog;
  readonly index: TaskIndex;
  readonly inbox: Inbox;
  readonly payloads: Payloads;
}

interface OpenStores extends Stores {
  readonly queue: LocalWork;
  readonly probes: readonly Probe[];
}

/** How long handlers of work messages have to end at shutdown, once turns are handed over, in ms. */
const LAST_WORK = 500;
/** Interval of the comments that keep streams open, in ms. */
const HEARTBEAT = 15_000;

/**
 * Builds the gateway from its configuration. Cards use `baseUrl` if PUBLIC_BASE_URL is not set.
 * @throws ConfigError if the store or the key vault cannot be opened, or the configuration is invalid.
 */
export async function compose(
  config: Config,
  definition: GatewayDefinition,
  logger: Logger,
  baseUrl: string,
): Promise<ComposedGateway> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const reading = readSecrets(config, clock, logger);
  try {
    const stores = await openStores(config, clock, random, logger);
    return await composeWith(config, definition, logger, baseUrl, { clock, random, stores, secrets: await reading });
  } catch (error) {
    // What could not start must not go on: on Azure Functions this process tries again.
    await reading.then(
      (secrets) => secrets.close(),
      () => {},
    );
    throw error;
  }
}

interface Opened {
  readonly clock: Clock;
  readonly random: Random;
  readonly stores: OpenStores;
  readonly secrets: OpenedSecrets;
}

async function composeWith(
  config: Config,
  definition: GatewayDefinition,
  logger: Logger,
  baseUrl: string,
  { clock, random, stores: { queue, probes, ...stores }, secrets }: Opened,
): Promise<ComposedGateway> {
  const { stateKeys } = secrets;
  const registry = createRegistry(definition.agents, definition.default);
  const instance = random.id();
  const issuers = config.AUTH_MODE === "jwt" ? readIssuers(config, definition) : [];
  const parts = {
    ...stores,
    instance,
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
      maxEventBytes: config.MAX_SSE_EVENT,
      maxTurns: config.MAX_TURNS,
    },
    stateKeys,
    rules,
  };
  const push = {
    ...parts,
    sender: createWebhookSender({ allowedHosts: config.WEBHOOK_ALLOWED_HOSTS }),
    sealer: createCredentialSealer(stateKeys),
    deliveryRules,
  };
  const publicBaseUrl = (config.PUBLIC_BASE_URL ?? baseUrl).replace(/\/$/, "");
  const cardSigner = await openCardSigner(secrets, publicBaseUrl);
  const engine = createEngine({ ...parts, outbox: createOutbox(push) });
  const upkeep = createUpkeep(engine, clock, logger, parts.settings.lease);
  const keys = openSigningKeys(issuers, clock, logger);
  const gateway = createGateway({
    engine,
    upkeep,
    pushConfigs: createPushConfigs(push),
    deliver: (message) => deliver(push, message),
    registry,
    clock,
    random,
    logger,
    authenticate: config.AUTH_MODE === "jwt" ? verifyTokens(issuers, keys, clock) : authenticateAnonymous,
    issuers,
    access: definition.access ?? {},
    operatorRole: config.AUTH_OPERATOR_ROLE,
    cardSigner,
    callers: createCallerLimits(
      { requestsPerSecond: config.MAX_REQUESTS_PER_SECOND, streams: config.MAX_STREAMS_PER_CALLER },
      clock,
    ),
    publicBaseUrl,
    limits: {
      maxBody: config.MAX_BODY,
      maxDepth: config.MAX_DEPTH,
      maxParts: config.MAX_PARTS,
    },
    streams: {
      heartbeat: HEARTBEAT,
      idleTimeout: config.STREAM_IDLE_TIMEOUT,
      maxDuration: config.STREAM_MAX_DURATION,
      maxStreams: config.MAX_STREAMS,
      maxEvent: config.MAX_SSE_EVENT,
    },
    corsOrigins: config.CORS_ORIGINS,
    startedAt: clock.now(),
    ready: createReadiness(clock, [
      ...probes,
      ...upkeep.probes,
      ...[...keys].map(([issuer, { problem }]) => ({ name: `keys of ${issuer}`, isRequired: false, check: problem })),
      ...(config.KEY_VAULT_URL === undefined
        ? []
        : [{ name: "key vault", isRequired: false, check: async () => secrets.problem() }]),
    ]),
  });
  return {
    ...gateway,
    instance,
    async retryPush({ taskId, scope }) {
      const key = await findTask(stores.log, taskId, scope);
      return key && retryConfigs(push, key);
    },
    takeWork: () => queue.take((message) => gateway.work(message)),
    async close(grace) {
      const emptied = queue.close();
      await gateway.close(grace);
      await Promise.race([emptied, delay(clock, LAST_WORK)]);
      secrets.close();
    },
  };
}

interface OpenedSecrets extends OpenSecrets {
  readonly stateKeys: StateKeys;
}

/** @throws ConfigError if the key vault does not answer, or lacks a required secret */
async function readSecrets(config: Config, clock: Clock, logger: Logger): Promise<OpenedSecrets> {
  const { CARD_SIGNING_KEY: pem, KEY_VAULT_URL: vaultUrl, STATE_KEY: given } = config;
  const secrets = await openSecrets(vaultUrl, pem === undefined ? {} : { [SIGNING_KEY]: [pem] }, clock, logger);
  try {
    if (vaultUrl === undefined) {
      // A random key: page tokens and encrypted credentials become invalid when this process ends.
      const keys = given.length > 0 ? given : [crypto.getRandomValues(new Uint8Array(32))];
      return { ...secrets, stateKeys: createStateKeys(keys) };
    }
    const [stateKeys] = await Promise.all([openStateKeys(secrets), secrets.get(SIGNING_KEY)]);
    return { ...secrets, stateKeys };
  } catch (error) {
    secrets.close();
    throw new ConfigError(`KEY_VAULT_URL: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Name of the secret that signs cards. */
const SIGNING_KEY = "card-signing-key";

function readIssuers(config: Config, { issuers: details = [] }: GatewayDefinition): readonly TrustedIssuer[] {
  if (config.AUTH_ISSUER.length + details.length === 0) {
    const otherwise = "or AUTH_MODE=none to serve all requests on a loopback address";
    throw new ConfigError(`No issuer is configured. Set AUTH_ISSUER, or issuers in the gateway config, ${otherwise}.`);
  }
  try {
    return toTrustedIssuers(config.AUTH_ISSUER, details, {
      audiences: config.AUTH_AUDIENCE,
      requiredRole: config.AUTH_REQUIRED_ROLE,
      maxTokenLifetime: config.AUTH_MAX_TOKEN_LIFETIME / 1_000,
    });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function openSigningKeys(
  issuers: readonly TrustedIssuer[],
  clock: Clock,
  logger: Logger,
): ReadonlyMap<string, SigningKeys> {
  const source = createIssuerKeys();
  return new Map(issuers.map(({ issuer }) => [issuer, createSigningKeys(issuer, source, clock, logger)]));
}

function verifyTokens(
  issuers: readonly TrustedIssuer[],
  keys: ReadonlyMap<string, SigningKeys>,
  clock: Clock,
): Authenticate {
  return createAuthenticate({
    issuers,
    clock,
    keysOf(issuer) {
      const found = keys.get(issuer);
      if (!found) {
        throw new RangeError(`issuer ${issuer} has no signing keys`);
      }
      return found;
    },
  });
}

/** @throws ConfigError if the key cannot sign */
async function openCardSigner(secrets: Secrets, baseUrl: string): Promise<CardSigner> {
  const signer = createCardSigner(() => secrets.get(SIGNING_KEY), baseUrl + JWKS_PATH);
  try {
    await signer.keys();
  } catch (error) {
    throw new ConfigError(`CARD_SIGNING_KEY: ${error instanceof Error ? error.message : String(error)}`);
  }
  return signer;
}

/** Without a scope it searches all tasks. */
async function findTask(log: TaskLog, taskId: string, scope: string | undefined): Promise<TaskKey | undefined> {
  let after: string | undefined;
  do {
    const { tasks, next } = await log.listTasks(after, scope);
    const found = tasks.find((task) => task.taskId === taskId);
    if (found) {
      return found;
    }
    after = next;
  } while (after !== undefined);
  return undefined;
}

async function openStores(config: Config, clock: Clock, random: Random, logger: Logger): Promise<OpenStores> {
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
    const { STORAGE_ACCOUNT: accounts, STORAGE_CONNECTION_STRING: connection } = config;
    const name = connection === undefined ? `STORAGE_ACCOUNT ${accounts.join(",")}` : "STORAGE_CONNECTION_STRING";
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`Cannot open the storage account of ${name}: ${reason}`, { cause: error });
  }
}

/** Azure's clients take longer to load than the rest of the gateway, which only those wait for who need them. */
export function loadStorageClients() {
  return Promise.all([
    import("./adapters/storage-account/storage-account.ts"),
    import("./adapters/storage-queue/work-queue.ts"),
  ]);
}
