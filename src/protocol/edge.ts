import type { Agent } from "../ports/agent.ts";
import { createDispatcher } from "./dispatch.ts";
import type { Dispatcher } from "./dispatch.ts";
import type { EdgeParts } from "./edge-parts.ts";
import { createMethods } from "./methods.ts";
import type { Methods } from "./methods.ts";
import { createEventStreams } from "./sse.ts";
import type { EventStreams } from "./sse.ts";
import { createTrickle } from "./trickle.ts";
import type { Trickle } from "./trickle.ts";
import { toWireError } from "./wire-error.ts";
import type { WireError } from "./wire-error.ts";

/** Who keeps a request's process alive, where the end of the response may be the end of that. */
export interface Attendant {
  /** Told of work that the request began and that may outlast its response. Never rejects. */
  readonly waitUntil: (work: Promise<void>) => void;
}

/** What all bindings share. */
export interface Edge extends EdgeParts {
  readonly attendants: WeakMap<Request, Attendant>;
  readonly methods: Methods;
  readonly eventStreams: EventStreams;
  readonly trickle: Trickle;
  dispatcherOf(agent: Agent): Dispatcher;
  /** Logs what nobody foresaw. */
  toWireError(error: unknown): WireError;
}

export function createEdge(parts: EdgeParts): Edge {
  const dispatchers = new Map<Agent, Dispatcher>();
  return {
    ...parts,
    attendants: new WeakMap(),
    methods: createMethods(parts.limits),
    eventStreams: createEventStreams(parts.clock, parts.streams, parts.limits.maxStreams),
    trickle: createTrickle(parts.clock),
    dispatcherOf(agent) {
      let dispatcher = dispatchers.get(agent);
      if (!dispatcher) {
        dispatcher = createDispatcher(agent, parts);
        dispatchers.set(agent, dispatcher);
      }
      return dispatcher;
    },
    toWireError: (error) =>
      toWireError(error, (unforeseen) => {
        const errorId = parts.random.id();
        const { message, stack } =
          unforeseen instanceof Error ? unforeseen : { message: String(unforeseen), stack: undefined };
        parts.logger.error("request.failed", { errorId, message, stack });
        return errorId;
      }),
  };
}
