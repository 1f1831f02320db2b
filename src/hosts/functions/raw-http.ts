import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { format } from "node:util";
import { InvocationContext } from "@azure/functions";
import { getProgrammingModel, setProgrammingModel } from "@azure/functions-core";
import type { CoreInvocationContext, InvocationModel } from "@azure/functions-core";
import type { CallPairs } from "./call-pairs.ts";

/**
 * Makes the handlers of HTTP functions receive the raw request and response (a RawCall) instead of the library's objects;
 * an invocation ends when its handler does. Other functions are not affected.
 *
 * Call it after a function is registered, because that installs the library's own model, and before the app has started.
 * Reasons: docs/decisions/0010-functions-http-uses-the-raw-request.md.
 */
export function takeHttpRaw(pairs: CallPairs): void {
  const library = getProgrammingModel();
  setProgrammingModel({
    name: library.name,
    version: library.version,
    async getCapabilities(given) {
      const capabilities = await library.getCapabilities(given);
      // The port of the server that the library has just opened and reports to the Functions host.
      takeRequests(Number(new URL(capabilities["HttpUri"] ?? "").port), pairs);
      return capabilities;
    },
    getInvocationModel: (invocation) =>
      isHttp(invocation) ? toRawModel(invocation, pairs) : library.getInvocationModel(invocation),
  });
}

/** In ms. Longer than the Functions host keeps idle connections: this side must not close first. */
const KEEP_ALIVE = 120_000;

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

/** The library does not expose its server. The first request does, before any listener has run. */
function takeRequests(port: number, pairs: CallPairs): void {
  const channel = "http.server.request.start";
  const take = (message: unknown): void => {
    const { request, server } = message as RequestStart;
    if (request.socket.localPort === port) {
      unsubscribe(channel, take);
      server.keepAliveTimeout = KEEP_ALIVE;
      server.removeAllListeners("request");
      server.on("request", (incoming, outgoing) => pairs.arrived({ incoming, outgoing }));
    }
  };
  subscribe(channel, take);
}

function isHttp({ metadata }: CoreInvocationContext): boolean {
  return Object.values(metadata.bindings ?? {}).some(({ type }) => type?.toLowerCase() === "httptrigger");
}

function toRawModel(invocation: CoreInvocationContext, pairs: CallPairs): InvocationModel {
  const { invocationId, metadata } = invocation;
  return {
    async getArguments() {
      const call = await pairs.take(invocationId);
      // The library sets this header too; it finds the invocation of a response in the logs.
      call.outgoing.setHeader("x-ms-invocation-id", invocationId);
      const context = new InvocationContext({
        invocationId,
        functionName: metadata.name ?? "",
        logHandler: (level, ...args) => invocation.log(level, "user", format(...args)),
      });
      return { context, inputs: [call] };
    },
    invokeFunction: async (context, inputs, handler) => handler(...inputs, context),
    getResponse: async () => ({ invocationId }),
  };
}
