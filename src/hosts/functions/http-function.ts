import { app } from "@azure/functions";
import type { Gateway } from "../../gateway.ts";
import { createCallPairs } from "./call-pairs.ts";
import type { RawCall } from "./call-pairs.ts";
import { takeHttpRaw } from "./raw-http.ts";
import { serveCall } from "./serve-call.ts";

/** Registers one function that answers all paths and methods with `answer`, each call for at most `longest` ms. */
export function registerHttpFunction(answer: Gateway["answer"], longest: number): void {
  app.setup({ enableHttpStream: true });
  // Routes match in the order of function names: this one sorts last, after any that are added.
  app.http("zz-gateway", {
    route: "{*path}",
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    // The gateway checks tokens itself.
    authLevel: "anonymous",
    async handler(call) {
      await serveCall(answer, call as unknown as RawCall, longest);
      return {};
    },
  });
  takeHttpRaw(createCallPairs());
}
