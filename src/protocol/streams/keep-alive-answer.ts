import type { Clock } from "../../ports/clock.ts";
import type { ClientSink, HttpAnswer, StreamedBody } from "../../ports/http-exchange.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** Starts responses before their answer is available, so that no load balancer's idle timeout ends the connection. */
export interface KeepAliveAnswers {
  /**
   * Resolves to the answer if it comes within 45 to 60 s. After that it resolves to a response that begins with white
   * space, which JSON allows before a value. If the answer then is an error, the connection is cut, because the status
   * has been sent. `answer` must not reject.
   */
  wait(answer: Promise<HttpAnswer>, contentType: string): Promise<HttpAnswer>;
}

/** In ms. The shortest common idle timeout is 60 s (Azure's is 230 s). */
const PATIENCE = 45_000;
const INTERVAL = 15_000;

export function createKeepAliveAnswers(clock: Clock): KeepAliveAnswers {
  const ticker = createTicker(clock, INTERVAL);

  return {
    wait(answer, contentType) {
      return new Promise((resolve) => {
        const begun = clock.monotonic();
        const waiting = {
          tick(now: number) {
            if (now - begun >= PATIENCE) {
              ticker.remove(waiting);
              const body = new KeepAliveBody(ticker, answer);
              resolve({ status: 200, headers: { "content-type": contentType }, body });
            }
          },
        };
        ticker.add(waiting);
        void answer.then((response) => {
          ticker.remove(waiting);
          resolve(response);
        });
      });
    },
  };
}

/** Sends white space until the answer is available, and then the answer. */
class KeepAliveBody implements StreamedBody, Ticking {
  readonly #ticker: Ticker;
  readonly #answer: Promise<HttpAnswer>;
  #client: ClientSink | undefined;

  constructor(ticker: Ticker, answer: Promise<HttpAnswer>) {
    this.#ticker = ticker;
    this.#answer = answer;
  }

  sendTo(client: ClientSink): void {
    this.#client = client;
    this.tick();
    this.#ticker.add(this);
    void this.#answer.then(({ status, body }) => {
      this.#ticker.remove(this);
      if (status !== 200 || typeof body !== "string") {
        client.cut(new Error(`the answer failed with status ${status} after its response had begun`));
        return;
      }
      client.write(body);
      client.end();
    });
  }

  tick(): void {
    this.#client?.write(" ");
  }

  leave(): void {
    this.#ticker.remove(this);
  }
}
