import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createProxy } from "./proxy.ts";
import { startTriggers } from "./triggers.ts";
import { startWorker } from "./worker-process.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A stand-in for the Functions host: the proxy and the triggers in this process, the worker in one of its own. */
export interface FunctionsHost {
  /** Without a slash at its end. */
  readonly url: string;
  readonly worker: WorkerProcess;
  /** The host and its worker end at once, as when an instance is lost. */
  kill(): Promise<void>;
  /** Scaled in: no more triggers, and the worker is told to end. Resolves to its exit code. */
  scaleIn(): Promise<number | null>;
}

/** `AzureWebJobsStorage` in the environment is where queue triggers look; without it there are none. */
export async function startFunctionsHost(
  bundle: string,
  env: Readonly<Record<string, string>>,
): Promise<FunctionsHost> {
  const ready = Promise.withResolvers<WorkerProcess>();
  const proxy = createProxy(ready.promise);
  const url = await listen(proxy);
  const started = await startWorker(bundle, { WEBSITE_HOSTNAME: new URL(url).host, ...env }).catch((error: unknown) => {
    proxy.close();
    throw error;
  });
  ready.resolve(started);
  const storage = env["AzureWebJobsStorage"];
  const triggers = storage === undefined ? undefined : startTriggers(started, storage);
  return {
    url,
    worker: started,
    async kill() {
      triggers?.stop();
      await started.kill();
      close(proxy);
    },
    async scaleIn() {
      triggers?.stop();
      const code = await started.terminate();
      close(proxy);
      return code;
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
