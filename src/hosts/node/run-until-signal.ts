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
  /** Where the log goes; JSON lines on standard output by default. */
  readonly createLogger?: (level: string) => Logger;
  /** Requests are answered. */
  readonly started?: (host: RunningHost, definition: GatewayDefinition) => void;
  /** Requests are answered no more, or never were. */
  readonly stopped?: () => Promise<void>;
}

export const DEFAULT_GATEWAY = join(fileURLToPath(new URL("../../..", import.meta.url)), "gateway.config.ts");
/** A store that is gone must not keep a process that was told to end for longer than this after its grace, in ms. */
const PATIENCE = 5_000;

/** Runs a host until SIGTERM or SIGINT, and ends the process in order. What cannot start says why and exits with 1. */
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
    // An agent's forgotten promise must not take everybody's streams with it.
    process.on("unhandledRejection", (reason) => {
      logger.error("process.unhandled-rejection", { error: reason instanceof Error ? reason.stack : String(reason) });
    });
    const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
    const host = await runHost(config, definition, logger);
    stop = async (signal) => {
      logger.info("host.stopping", { signal });
      setTimeout(() => {
        logger.error("host.stuck");
        process.exit(1);
      }, config.SHUTDOWN_GRACE + PATIENCE).unref();
      await host.close();
    };
    logger.info("host.listening", {
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

/** A terminal and npm both pass Ctrl+C on: repeats must not end the process before it is done. */
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
