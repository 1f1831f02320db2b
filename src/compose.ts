import { createSystemClock, createSystemRandom } from "./adapters/system/clock.ts";
import { createWebhookSender } from "./adapters/webhook/webhook-sender.ts";
import type { GatewayDefinition } from "./agents/define-gateway.ts";
import { createRegistry } from "./agents/registry.ts";
import { authenticateAnonymous } from "./auth/identity.ts";
import { openSigningKeys, readIssuers, verifyTokens } from "./compose/auth.ts";
import { openCardSigner, openSecretKeys } from "./compose/secrets.ts";
import type { SecretKeys } from "./compose/secrets.ts";
import { openStores } from "./compose/stores.ts";
import type { OpenStores } from "./compose/stores.ts";
import type { Config } from "./config/config.ts";
import { createGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { delay } from "./ports/clock.ts";
import type { Clock } from "./ports/clock.ts";
import type { Logger } from "./ports/logger.ts";
import type { Random } from "./ports/random.ts";
import type { TaskKey, TaskLog } from "./ports/task-log.ts";
import { createCallerLimits } from "./protocol/admission/caller-limits.ts";
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
  const reading = openSecretKeys(config, clock, logger);
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
  readonly secrets: SecretKeys;
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
      ownsProcess: config.FUNCTION_TIMEOUT === undefined,
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
  const cardSigner = await openCardSigner(config, secrets, publicBaseUrl);
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
