import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { compose } from "../../compose.ts";
import type { Config } from "../../config/config.ts";
import type { Logger } from "../../ports/logger.ts";
import type { GatewayDefinition } from "../../agents/define-gateway.ts";
import { createHttpServer } from "./http-server.ts";
import { repeat } from "./repeat.ts";

export interface RunningHost {
  readonly url: string;
  /** Refuses new work, gives running requests the grace, hands turns over, and lets go of the port. */
  close(): Promise<void>;
}

/** Serves the gateway over HTTP in this process. @throws when the port is taken or the store cannot be reached. */
export async function runHost(config: Config, definition: GatewayDefinition, logger: Logger): Promise<RunningHost> {
  let isClosing = false;
  const { server, use } = createHttpServer();
  server.listen(config.PORT, config.HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.HOST.includes(":") ? `[${config.HOST}]` : config.HOST}:${port}`;
  const gateway = await compose(config, definition, logger, url).catch((error: unknown) => {
    server.close();
    throw error;
  });
  use((request) => {
    if (isClosing && new URL(request.url).pathname === "/readyz") {
      return new Response("shutting down\n", { status: 503 });
    }
    return gateway.fetch(request);
  });
  const sweeping = repeat(config.SWEEP_SECONDS * 1_000, () =>
    gateway.sweep().catch((error: unknown) => logger.warn("sweep.failed", { error: String(error) })),
  );
  logger.info("host.listening", { url, agents: definition.agents.map(({ id }) => id), store: config.TASK_STORE });
  return { url, close };

  async function close(): Promise<void> {
    isClosing = true;
    const closed = once(server, "close");
    server.close();
    const cut = setTimeout(() => server.closeAllConnections(), config.SHUTDOWN_GRACE).unref();
    await sweeping.stop();
    await gateway.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(cut);
    logger.info("host.closed");
  }
}
