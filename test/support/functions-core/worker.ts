import { createRequire } from "node:module";
import type { FunctionBinding, InvocationRequest } from "./core-module.ts";
import { installCoreModule } from "./core-module.ts";

/** A worker process: loads the bundle that its argument names, and does what the host says on the channel. */

export type ToWorker =
  | { readonly kind: "invoke"; readonly request: InvocationRequest }
  | { readonly kind: "memory" }
  | { readonly kind: "terminate" };

export type FromWorker =
  | {
      readonly kind: "ready";
      readonly httpUri: string;
      readonly functions: readonly RegisteredFunction[];
      /** Ms that loading the bundle and starting the app took. */
      readonly loading: number;
    }
  | { readonly kind: "ended"; readonly id: string; readonly error?: string }
  | { readonly kind: "memory"; readonly heapUsed: number; readonly rss: number };

export interface RegisteredFunction {
  readonly name: string;
  readonly trigger: FunctionBinding;
}

const core = installCoreModule();
process.on("message", (message: ToWorker) => void obey(message));
// A worker without its host has nobody to work for.
process.on("disconnect", () => process.exit(0));

const begun = performance.now();
createRequire(import.meta.url)(process.argv[2] ?? "");
const { HttpUri = "" } = await core.start();
const loading = performance.now() - begun;
const functions = [...core.functions.values()].flatMap(({ name, bindings }) => {
  const trigger = Object.values(bindings)[0];
  return trigger ? [{ name, trigger }] : [];
});
tell({ kind: "ready", httpUri: HttpUri, functions, loading });

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "invoke": {
      const { id } = message.request;
      const outcome = await core.invoke(message.request).then(
        () => ({}),
        (error: unknown) => ({ error: String(error) }),
      );
      tell({ kind: "ended", id, ...outcome });
      break;
    }
    case "memory": {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      tell({ kind: "memory", heapUsed, rss });
      break;
    }
    case "terminate":
      await core.runHooks("appTerminate");
      process.exit(0);
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
