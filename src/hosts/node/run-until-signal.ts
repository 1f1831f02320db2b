import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GatewayDefinition } from "../../agents/define-gateway.ts";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";
import type { Logger } from "../../ports/logger.ts";
import { createLogger } from "./logger.ts";
import { loadGatewayDefinition } from "./load-gateway-definition.ts";
import { runHost } from "./run-host.ts";
import type { RunningHost } from "./run-host.ts";

export interface HostRun {
  readonly configure: () => Config | Promise<Config>;
  /** By default the log is JSON lines on standard output. */
  readonly createLogger?: (level: string) => Logger;
  /** Called when requests are answered. */
  readonly started?: (host: RunningHost, definition: GatewayDefinition) => void;
  /** Called after the host has stopped, or could not start. */
  readonly stopped?: () => Promise<void>;
}

export const DEFAULT_GATEWAY = join(fileURLToPath(new URL("../../../", import.meta.url)), "gateway.config.ts");
/** In ms. If the store does not answer, the process ends this long after SHUTDOWN_GRACE. */
const PATIENCE = 5_000;

/** Runs a host until SIGTERM or SIGINT, then stops it and exits. If it cannot start, prints the reason and exits with 1. */
export async function runUntilSignal(run: HostRun): Promise<void> {
  let stop = (_signal: string): Promise<void> => Promise.resolve();
  onSignal(
    (signal) =>
      void stop(signal)
        .then(() => run.stopped?.())
        .then(() => process.exit(0)),
  );
  try {
    const config = await run.configure();
    const logger = (run.createLogger ?? createLogger)(config.LOG_LEVEL);
    // A promise that an agent does not handle must not end the streams of all callers.
    process.on("unhandledRejection", (reason) => {
      logger.error("process.rejection-unhandled", { error: reason instanceof Error ? reason.stack : String(reason) });
    });
    const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
    const host = await runHost(config, definition, logger);
    stop = async (signal) => {
      logger.info("host.stop-requested", { signal });
      setTimeout(() => {
        logger.error("host.stop-timed-out");
        process.exit(1);
      }, config.SHUTDOWN_GRACE + PATIENCE).unref();
      await host.close();
    };
    logger.info("host.started", {
      url: host.url,
      instance: host.instance,
      agents: definition.agents.map(({ id }) => id),
      store: config.TASK_STORE,
    });
    run.started?.(host, definition);
  } catch (error) {
    console.error(error instanceof ConfigError ? `\n${error.message}\n` : error);
    await run.stopped?.();
    process.exit(1);
  }
}

/** A terminal and npm both send the signal of Ctrl+C: the repeat must not end the process during its shutdown. */
function onSignal(stop: (signal: string) => void): void {
  let isStopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (!isStopping) {
        isStopping = true;
        stop(signal);
      }
    });
  }
}
