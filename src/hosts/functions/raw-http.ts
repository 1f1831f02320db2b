import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { format } from "node:util";
import { InvocationContext } from "@azure/functions";
import { getProgrammingModel, setProgrammingModel } from "@azure/functions-core";
import type { CoreInvocationContext, InvocationModel } from "@azure/functions-core";
import type { CallPairs } from "./call-pairs.ts";

/**
 * From here on the handlers of HTTP functions are given the raw request and response (a RawCall) instead of what the
 * library makes of them; an invocation ends when its handler does. Other functions stay with the library.
 *
 * Call it after a function was registered (the library puts its own model in place then) and before the app's start
 * has ended. docs/decisions/0010 says why.
 */
export function takeHttpRaw(pairs: CallPairs): void {
  const library = getProgrammingModel();
  setProgrammingModel({
    name: library.name,
    version: library.version,
    async getCapabilities(given) {
      const capabilities = await library.getCapabilities(given);
      // The server that the library has just opened, and tells the Functions host about.
      takeRequests(Number(new URL(capabilities["HttpUri"] ?? "").port), pairs);
      return capabilities;
    },
    getInvocationModel: (invocation) =>
      isHttp(invocation) ? toRawModel(invocation, pairs) : library.getInvocationModel(invocation),
  });
}

/** Keeps an idle connection for longer than the Functions host does: the side that closes first must not be this one. */
const KEEP_ALIVE = 120_000;

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

/** The library does not give its server away, but the first request does, before anybody has listened to it. */
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
      // As the library answers: it finds the invocation of a response in the logs.
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
