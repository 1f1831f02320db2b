import { app } from "@azure/functions";
import type { Gateway } from "../../gateway.ts";
import { createCallPairs } from "./call-pairs.ts";
import type { RawCall } from "./call-pairs.ts";
import { takeHttpRaw } from "./raw-http.ts";
import { serveCall } from "./serve-call.ts";

export interface HttpFunction {
  /** Resolves when no call is open. */
  untilIdle(): Promise<unknown>;
}

/**
 * Registers one function that answers all paths and methods with `answer`, each call for at most `longest` ms. Each
 * invocation also waits for `afterwards`, which never rejects.
 */
export function registerHttpFunction(
  answer: Gateway["answer"],
  longest: number,
  afterwards: () => Promise<void> = async () => {},
): HttpFunction {
  const open = new Set<Promise<unknown>>();
  app.setup({ enableHttpStream: true });
  // Routes match in the order of function names: this one sorts last, after any that are added.
  app.http("zz-gateway", {
    route: "{*path}",
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    // The gateway checks tokens itself.
    authLevel: "anonymous",
    async handler(call) {
      const served = serveCall(answer, call as unknown as RawCall, longest);
      open.add(served);
      const { isStream } = await served;
      open.delete(served);
      // A stream ends for its client when the invocation does.
      if (!isStream) {
        await afterwards();
      }
      return {};
    },
  });
  takeHttpRaw(createCallPairs());
  return { untilIdle: () => Promise.all(open) };
}
