import type { ClientSink, HttpAnswer, StreamedBody } from "../../ports/http-exchange.ts";

/** Ms that a turn has to end after its stream. */
const PATIENCE = 1_000;

/**
 * The Functions host ends a client's stream when the invocation ends, and that lasts as long as the turn. A stream that is
 * over before its turn (the token expired, say) would stay open without a byte: it is cut instead, which clients notice at
 * once. `work` resolves when the turn that the call began has ended.
 */
export function holdEnd(answer: HttpAnswer, work: () => Promise<unknown>): HttpAnswer {
  const { body } = answer;
  return typeof body === "object" ? { ...answer, body: holdBody(body, work) } : answer;
}

function holdBody(body: StreamedBody, work: () => Promise<unknown>): StreamedBody {
  return {
    sendTo: (client) => body.sendTo(holdSink(client, work)),
    leave: () => body.leave(),
  };
}

function holdSink(client: ClientSink, work: () => Promise<unknown>): ClientSink {
  return {
    get isReady() {
      return client.isReady;
    },
    write: (text) => client.write(text),
    untilReady: () => client.untilReady(),
    cut: (reason) => client.cut(reason),
    end: () => void endWith(client, work()),
  };
}

async function endWith(client: ClientSink, work: Promise<unknown>): Promise<void> {
  const patience = Promise.withResolvers<"late">();
  const timer = setTimeout(() => patience.resolve("late"), PATIENCE);
  const first = await Promise.race([work, patience.promise]);
  clearTimeout(timer);
  if (first === "late") {
    client.cut(new Error("The stream is over, and its turn goes on."));
  } else {
    client.end();
  }
}
