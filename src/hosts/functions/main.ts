import { app } from "@azure/functions";
import { compose } from "../../compose.ts";
import type { ComposedGateway } from "../../compose.ts";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";
import { readBaseUrl, readFunctionsConfig } from "../../config/functions-config.ts";
import { fromWorkJson } from "../../ports/work-queue.ts";
import { jsonAnswer } from "../../ports/http-exchange.ts";
import type { HttpAnswer } from "../../ports/http-exchange.ts";
import { createLogger } from "../node/logger.ts";
import hostJson from "../../../host.json" with { type: "json" };
import { registerHttpFunction } from "./http-function.ts";
import { openOnce } from "./open-once.ts";
import { toSchedule } from "./schedule.ts";

/** The entry of the function app: registers its functions, and opens the gateway once for all of them. */

/** Time between two attempts to start, in ms: a store that does not answer may recover. */
const RETRY_AFTER = 5_000;
/** A call is cut this many ms before the function timeout. */
const MARGIN = 30_000;

if (!("withResolvers" in Promise)) {
  // Fails here with a clear message instead of later. The Functions host logs it and answers no request.
  throw new Error(`This function app needs Node.js 22 or 24, but its worker runs ${process.version}.`);
}

const configured = configure();
const config = configured instanceof ConfigError ? undefined : configured;
const logger = createLogger(config?.LOG_LEVEL ?? "info");
const gateway = openOnce(open, RETRY_AFTER, () => performance.now());
let opened: ComposedGateway | undefined;

registerHttpFunction(
  async (request) => {
    const answering = await gateway().catch(() => undefined);
    return answering ? answering.answer(request) : notOpen();
  },
  (config?.FUNCTION_TIMEOUT ?? Number.POSITIVE_INFINITY) - MARGIN,
);
app.storageQueue("work", {
  queueName: "work",
  connection: "AzureWebJobsStorage",
  async handler(json) {
    const message = fromWorkJson(json);
    if (message) {
      await (await gateway()).work(message);
    } else {
      logger.warn("work.dropped");
    }
  },
});
app.timer("sweep", {
  schedule: toSchedule(config?.SWEEP_SECONDS ?? 30),
  async handler() {
    await (await gateway()).sweep();
  },
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

/** The reason is only in the log: it is for the operator. */
function notOpen(): HttpAnswer {
  const message = "The gateway could not start. See its log for the reason.";
  const error = { code: 503, status: "UNAVAILABLE", message, details: [] };
  return jsonAnswer({ error }, 503, { "retry-after": "5" });
}

async function close(): Promise<void> {
  await opened?.close(config?.SHUTDOWN_GRACE);
  logger.info("host.stopped");
}
