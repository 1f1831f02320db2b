import { once } from "node:events";
import { compose } from "../../compose.ts";
import type { Config } from "../../config/config.ts";
import type { Logger } from "../../ports/logger.ts";
import type { GatewayDefinition } from "../../agents/define-gateway.ts";
import { createHttpServer } from "./http-server.ts";
import { listen } from "./listen.ts";

/** How long clients may take to read the rest of their responses at shutdown, in ms. */
const LAST_ANSWERS = 1_000;

export interface RunningHost {
  readonly url: string;
  /** Id of this process in leases and logs. */
  readonly instance: string;
  /** Refuses new work, waits SHUTDOWN_GRACE for running turns, hands over the rest, and closes the port. */
  close(): Promise<void>;
}

/** Serves the gateway over HTTP in this process. @throws ConfigError if the port is in use or the store does not answer. */
export async function runHost(config: Config, definition: GatewayDefinition, logger: Logger): Promise<RunningHost> {
  let isClosing = false;
  const { server, answerWith } = createHttpServer({ headers: config.HEADERS_TIMEOUT, request: config.REQUEST_TIMEOUT });
  const url = await listen(server, config);
  const gateway = await compose(config, definition, logger, url).catch((error: unknown) => {
    server.close();
    throw error;
  });
  gateway.takeWork();
  answerWith((request) => {
    if (isClosing && /^\/readyz\/?(?:\?|$)/.test(request.target)) {
      return { status: 503, headers: { "content-type": "text/plain" }, body: "shutting down\n" };
    }
    return gateway.answer(request);
  });
  gateway.startSweeping(config.SWEEP_SECONDS * 1_000);
  return { url, instance: gateway.instance, close };

  /** The port stays open while turns are handed over, so that /readyz answers 503 and not nothing. */
  async function close(): Promise<void> {
    isClosing = true;
    await gateway.close(config.SHUTDOWN_GRACE);
    const cut = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS).unref();
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(cut);
    logger.info("host.stopped");
  }
}
