import { setTimeout as delay } from "node:timers/promises";
import { app } from "@azure/functions";
import { compose } from "../../compose.ts";
import type { ComposedGateway } from "../../compose.ts";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";
import { readBaseUrl, readFunctionsConfig } from "../../config/functions-config.ts";
import { fromWorkJson } from "../../ports/work-queue.ts";
import type { HttpAnswer } from "../../ports/http-exchange.ts";
import { createLogger } from "../node/logger.ts";
import hostJson from "../../../host.json" with { type: "json" };
import { registerHttpFunction } from "./http-function.ts";
import { openOnce } from "./open-once.ts";
import { toSchedule } from "./schedule.ts";
import { statusAnswer } from "./status-answer.ts";
import { createSweeping } from "./sweeping.ts";

/** Time between two attempts to start, in ms: a store that does not answer may recover. */
const RETRY_AFTER = 5_000;
/** A call is cut this many ms before the function timeout. */
const MARGIN = 30_000;
/** How long clients may take at the end to read the rest of their answers, in ms. */
const LAST_ANSWERS = 1_000;

/** Registers the functions of the app, and opens the gateway once for all of them. */
export function startFunctionApp(): void {
  const configured = configure();
  const config = configured instanceof ConfigError ? undefined : configured;
  const logger = createLogger(config?.LOG_LEVEL ?? "info");
  const gateway = openOnce(open, RETRY_AFTER, () => performance.now());
  let opened: ComposedGateway | undefined;

  const sweeping = createSweeping(
    async () => (await gateway()).sweep(),
    (config?.SWEEP_SECONDS ?? 30) * 1_000,
    () => performance.now(),
    (error) => logger.warn("sweep.failed", { error: String(error) }),
  );

  const http = registerHttpFunction(
    async (request) => {
      const answering = await gateway().catch(() => undefined);
      return answering ? answering.answer(request) : notOpen();
    },
    (config?.FUNCTION_TIMEOUT ?? Number.POSITIVE_INFINITY) - MARGIN,
    sweepWhenDue,
  );
  app.storageQueue("work", {
    queueName: "work",
    connection: "AzureWebJobsStorage",
    async handler(json) {
      const message = fromWorkJson(json);
      if (message) {
        await (await gateway()).work(message);
        await sweepWhenDue();
      } else {
        logger.warn("work.dropped");
      }
    },
  });
  app.timer("sweep", {
    schedule: toSchedule(config?.SWEEP_SECONDS ?? 30),
    handler: () => sweeping.now(),
  });

  app.hook.appTerminate(close);
  process.once("SIGTERM", () => void close().finally(() => process.exit(0)));
  // A promise that an agent does not handle must not end the streams of all callers.
  process.on("unhandledRejection", (reason) => {
    logger.error("process.rejection-unhandled", { error: reason instanceof Error ? reason.stack : String(reason) });
  });

  // Opens while the Functions host is still starting, not when the first client waits.
  gateway().catch(() => {});

  function configure(): Config | ConfigError {
    try {
      return readFunctionsConfig(hostJson.functionTimeout);
    } catch (error) {
      return error instanceof ConfigError ? error : new ConfigError(String(error), { cause: error });
    }
  }

  async function open(): Promise<ComposedGateway> {
    try {
      if (configured instanceof ConfigError) {
        throw configured;
      }
      const { default: definition } = await import("#gateway-config");
      opened = await compose(configured, definition, logger, readBaseUrl());
      logger.info("host.started", { instance: opened.instance, agents: definition.agents.map(({ id }) => id) });
      return opened;
    } catch (error) {
      logger.error("host.start-failed", { error: error instanceof ConfigError ? error.message : String(error) });
      throw error;
    }
  }

  /** Not before the gateway is open: its start has failed, or a client waits for it. */
  async function sweepWhenDue(): Promise<void> {
    if (opened) {
      await sweeping.whenDue();
    }
  }

  /** The reason is only in the log: it is for the operator. */
  function notOpen(): HttpAnswer {
    const message = "The gateway could not start. See its log for the reason.";
    return statusAnswer(503, message, { "retry-after": "5" });
  }

  async function close(): Promise<void> {
    await opened?.close(config?.SHUTDOWN_GRACE);
    await Promise.race([http.untilIdle(), delay(LAST_ANSWERS)]);
    logger.info("host.stopped");
  }
}
