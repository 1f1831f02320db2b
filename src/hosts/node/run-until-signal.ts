import { fileURLToPath } from "node:url";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";
import { createLogger } from "./logger.ts";
import { loadGatewayDefinition } from "./load-gateway-definition.ts";
import { runHost } from "./run-host.ts";
import type { RunningHost } from "./run-host.ts";

const DEFAULT_GATEWAY = fileURLToPath(new URL("../../../gateway.config.ts", import.meta.url));

/**
 * Runs a host until SIGTERM or SIGINT, and ends the process in order. What cannot start says why in words and
 * exits with 1. `started` is told once requests are answered; `stopped` once they no longer are.
 */
export async function runUntilSignal(
  configure: () => Config,
  started?: (host: RunningHost) => void,
  stopped?: () => Promise<void>,
): Promise<void> {
  try {
    const config = configure();
    const logger = createLogger(config.LOG_LEVEL);
    // An agent's forgotten promise must not take everybody's streams with it.
    process.on("unhandledRejection", (reason) => {
      logger.error("process.unhandled-rejection", { error: reason instanceof Error ? reason.stack : String(reason) });
    });
    const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
    const host = await runHost(config, definition, logger);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        logger.info("host.stopping", { signal });
        void host
          .close()
          .then(() => stopped?.())
          .then(() => process.exit(0));
      });
    }
    started?.(host);
  } catch (error) {
    console.error(error instanceof ConfigError || isExpected(error) ? `\n${error.message}\n` : error);
    await stopped?.();
    process.exit(1);
  }
}

/** Its message is for the person who starts the host; a stack would only hide it. */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && (error instanceof TypeError || "code" in error || error.message.startsWith("GATEWAY_CONFIG"));
}
