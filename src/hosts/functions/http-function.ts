import { app } from "@azure/functions";
import type { Gateway } from "../../gateway.ts";
import { createCallPairs } from "./call-pairs.ts";
import type { RawCall } from "./call-pairs.ts";
import { takeHttpRaw } from "./raw-http.ts";
import { serveCall } from "./serve-call.ts";

/** Answers every path and method with `answer`, each call for `longest` ms at most. It takes all HTTP functions over. */
export function registerHttpFunction(answer: Gateway["answer"], longest: number): void {
  app.setup({ enableHttpStream: true });
  // Routes are tried in the order of the names: the one that takes everything sorts behind what others may add.
  app.http("zz-gateway", {
    route: "{*path}",
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    // Tokens are the gateway's own business.
    authLevel: "anonymous",
    async handler(call) {
      await serveCall(answer, call as unknown as RawCall, longest);
      return {};
    },
  });
  takeHttpRaw(createCallPairs());
}
